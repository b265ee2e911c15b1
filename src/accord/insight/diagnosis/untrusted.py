"""Data that cannot be trusted: more facts are doubled, in the future, guessed, late or without a name than before."""

from __future__ import annotations

from collections.abc import Sequence

from accord.facts.engine import text
from accord.insight.diagnosis.case import Case
from accord.insight.diagnosis.chance import Share, above
from accord.insight.diagnosis.finding import MOST_RECORDS, Candidate, Examined, Rule
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval
from accord.insight.stages import moment_sql

THRESHOLD = 0.02  # of the touches, or of the facts about deals, of one source
LATE_DAYS = 3.0  # later than this after it happened, a fact that was recorded live came late
_KINDS = {"deals": "facts about deals", "touches": "touches by sales"}
_WAYS = {
    "doubled": "repeat another fact under a new identity",
    "future": "lie in the future",
    "guessed": "say when they happened, but not when they could be known",
    "late": "came more than three days late",
    "nobody": "name nobody",
}


def defects_sql(case: Case, *, seek_doubled: bool = True) -> str:
    """Touches by sales and facts about deals of the period by source: how many, and how many with each defect; one row
    per source and kind, for one that is sound must not hide what is wrong with the other. Unless sought, doubled facts
    are not found."""
    return f"""{_facts(case, seek_doubled)}
SELECT source, kind, count(*) AS n, {", ".join(f"sum({way}) AS {way}" for way in _WAYS)},
  sum(CASE WHEN {" + ".join(_WAYS)} > 0 THEN 1 ELSE 0 END) AS wrong
FROM judged GROUP BY source, kind ORDER BY source, kind"""


def _facts(case: Case, seek_doubled: bool) -> str:
    """`judged`: every fact about sales of the period with its defects."""
    at, known = moment_sql(case.at), "CASE WHEN known_inferred THEN 1 ELSE 0 END"
    late = f"""CASE WHEN NOT known_inferred AND known_at > t.occurred_at + INTERVAL '{LATE_DAYS:.0f}' DAY
      THEN 1 ELSE 0 END"""
    future = f"CASE WHEN t.occurred_at > {at} OR t.occurred_at > known_at THEN 1 ELSE 0 END"
    touches, deals = _of_period(case)
    doubled, of_touches, of_deals = "0", "", ""
    if seek_doubled:
        doubled, of_touches, of_deals = _DOUBLED, _twins(touches, _SAME_TOUCH), _twins(deals, _SAME_DEAL)
    return f"""WITH judged AS (
  SELECT t.source, 'touches' AS kind, source_id, {doubled} AS doubled, {future} AS future,
    {known} AS guessed, {late} AS late, CASE WHEN t.by IS NULL THEN 1 ELSE 0 END AS nobody
  FROM (SELECT * FROM {touches}) AS t {of_touches}
  UNION ALL
  SELECT t.source, 'deals', source_id, {doubled}, {future}, {known}, {late}, CASE WHEN owner IS NULL THEN 1 ELSE 0 END
  FROM (SELECT * FROM {deals}) AS t {of_deals}
)"""


_SAME_TOUCH = ("person_id", "kind", "occurred_at")
_SAME_DEAL = ("deal_id", "event", "stage", "amount", "occurred_at")
_DOUBLED = """CASE WHEN w.first_source IS NOT NULL AND precision = 'second'
    AND NOT (t.source = w.first_source AND source_id = w.first_id) THEN 1 ELSE 0 END"""


def _of_period(case: Case) -> tuple[str, str]:
    """Touches by sales, and facts about deals, of the period."""
    stretch = f"occurred_at >= {moment_sql(case.since)} AND (occurred_at < {moment_sql(case.until)})"
    return f"touches WHERE side = 'sales' AND {stretch}", f"deals WHERE {stretch}"


def said_again_sql(case: Case) -> str:
    """How often several facts of the period say the same."""
    touches, deals = (
        f"SELECT count(*) AS n FROM ({_again(facts, same)}) AS said"
        for facts, same in zip(_of_period(case), (_SAME_TOUCH, _SAME_DEAL), strict=True)
    )
    return f"SELECT sum(n) AS n FROM ({touches} UNION ALL {deals}) AS kinds"


def _again(facts: str, same: Sequence[str]) -> str:
    every = ", ".join(same)
    return f"SELECT {every} FROM {facts} GROUP BY {every} HAVING count(*) > 1"


def _twins(facts: str, same: Sequence[str]) -> str:
    """To each fact that says what another says, the first of them; what is said once, which is nearly all, is only
    counted."""
    own = ", ".join(f"t.{name}" for name in same)
    return f"""LEFT JOIN (
    SELECT {own}, {_FIRST} FROM (SELECT * FROM {facts}) AS t JOIN ({_again(facts, same)}) AS g ON {_alike("g", same)}
    GROUP BY {own}
  ) AS w ON {_alike("w", same)}"""


def _alike(other: str, same: Sequence[str]) -> str:
    return " AND ".join(f"t.{name} IS NOT DISTINCT FROM {other}.{name}" for name in same)


_FIRST = "min(t.source) AS first_source, arg_min(t.source_id, (t.source, t.source_id)) AS first_id"


def examine(case: Case) -> Examined:
    """The touches by sales, and the facts about deals, of every source that has at least 20 of them."""
    (again,) = case.engine.one(said_again_sql(case))
    found = case.engine.rows(defects_sql(case, seek_doubled=bool(again)))
    rows = [row for row in found.to_pylist() if row["n"] >= ENOUGH]
    if not rows:
        return Examined(cannot="Too few facts about sales are recorded to judge them.")
    return Examined(tuple(_one(case, row) for row in rows if row["guessed"] < row["n"]))


def _one(case: Case, row: dict[str, object]) -> Candidate:
    source, kind = str(row["source"]), str(row["kind"])
    counts = {way: int(str(row[way])) for way in _WAYS}
    wrong = Share(int(str(row["wrong"])), int(str(row["n"])))
    told = [f"{count} {_WAYS[way]}" for way, count in sorted(counts.items(), key=lambda each: -each[1]) if count]
    p, low_high = above(wrong, THRESHOLD), wilson(wrong.count, wrong.of)
    return Candidate(
        p=p,
        says=f"{wrong.count} of {wrong.of} {_KINDS[kind]} from {source} cannot be relied on"
        f"{': ' + ', '.join(told) if told else ''}.",
        amount=100 * wrong.rate,
        unit=f"% of the {_KINDS[kind]} of a source",
        interval=Interval(100 * low_high.low, 100 * low_high.high),
        n=wrong.of,
        record_kind="facts",
        records=_records(case, source, kind, counts["doubled"] > 0) if p < THRESHOLD else (),
        subject=f"{source}, {kind}",
    )


def _records(case: Case, source: str, kind: str, some_doubled: bool) -> tuple[str, ...]:
    bad = f"""{_facts(case, some_doubled)}
SELECT source_id FROM judged WHERE {" + ".join(_WAYS)} > 0 AND source = {text(source)} AND kind = {text(kind)}
ORDER BY source_id LIMIT {MOST_RECORDS}"""
    return tuple(str(each) for each in case.engine.rows(bad).column("source_id").to_pylist())


RULE = Rule("untrusted", "Data that cannot be trusted", "both", examine)
