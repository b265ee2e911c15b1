"""A content gap with open pipeline: at one stage of one persona deals go without content that others get."""

from __future__ import annotations

from collections import Counter

from accord.insight.diagnosis.case import Case
from accord.insight.diagnosis.chance import Share
from accord.insight.diagnosis.finding import MOST_RECORDS, Candidate, Examined, Rule
from accord.insight.diagnosis.worth import spoken
from accord.insight.stages import before_sql, moment_sql

LEAST = 8  # deals at a stage with a persona


def deals_sql(case: Case) -> str:
    """Per deal and stage that it came to in the period: persona, worth so far, whether it is open, content used."""
    return f"""WITH steps AS (
  SELECT deal_id, MAX(person_id) AS person_id, stage, MIN(occurred_at) AS since, MAX(amount) AS amount
  FROM deals WHERE event IN ('opened', 'stage') AND stage IS NOT NULL AND {before_sql(case.at)}
  GROUP BY deal_id, stage
),
closed AS (SELECT DISTINCT deal_id FROM deals WHERE event IN ('won', 'lost', 'deleted') AND {before_sql(case.at)}),
personas AS (
  SELECT person_id, persona FROM (
    SELECT person_id, persona, row_number() OVER (PARTITION BY person_id ORDER BY occurred_at DESC, source_id) AS place
    FROM decisions WHERE persona IS NOT NULL AND {before_sql(case.at)}) AS ranked WHERE place = 1
),
uses AS (SELECT person_id, deal_id, stage FROM content WHERE {before_sql(case.at)})
SELECT s.deal_id, s.stage, p.persona, MAX(s.amount) AS amount,
  MAX(CASE WHEN c.deal_id IS NULL THEN 1 ELSE 0 END) AS open,
  MAX(CASE WHEN u.stage IS NULL THEN 0 ELSE 1 END) AS used
FROM steps s JOIN personas p ON p.person_id = s.person_id
LEFT JOIN closed c ON c.deal_id = s.deal_id
LEFT JOIN uses u ON u.stage = s.stage AND (u.deal_id = s.deal_id OR u.person_id = s.person_id)
WHERE s.since >= {moment_sql(case.since)} AND s.since < {moment_sql(case.until)}
GROUP BY s.deal_id, s.stage, p.persona ORDER BY s.deal_id, s.stage"""


def examine(case: Case) -> Examined:
    """Every stage and persona where no content was used at all, against how often it is used at that stage elsewhere
    and with that persona at other stages."""
    if case.engine.one("SELECT count(*) FROM content")[0] == 0:
        return Examined(cannot="No use of content is recorded.")
    rows = case.engine.rows(deals_sql(case)).to_pylist()
    came = Counter((row["stage"], row["persona"]) for row in rows)
    used = Counter((row["stage"], row["persona"]) for row in rows if row["used"])
    places = [place for place, count in came.items() if count >= LEAST]
    if not places:
        return Examined(cannot=f"At no stage are there {LEAST} deals of one persona.")
    return Examined(tuple(_one(case, place, rows, came, used) for place in sorted(places)))


def _one(
    case: Case,
    place: tuple[str, str],
    rows: list[dict[str, object]],
    came: Counter[tuple[str, str]],
    used: Counter[tuple[str, str]],
) -> Candidate:
    others = [each for each in came if each != place]
    elsewhere = Share(sum(used[each] for each in others), sum(came[each] for each in others))
    here = [row for row in rows if (row["stage"], row["persona"]) == place]
    still = [row for row in here if row["open"]]
    p = (1 - elsewhere.rate) ** came[place] if not used[place] and still and elsewhere.of else 1.0
    amount = sum(float(str(row["amount"])) for row in still if row["amount"] is not None)
    return Candidate(
        p=p,
        says=f"At the stage {place[0]} no content was used with {place[1]} in {came[place]} deals; elsewhere it was "
        f"used in {100 * elsewhere.rate:.0f} % of them. {len(still)} of these deals are open, worth "
        f"{spoken(amount, case.currency)}.",
        amount=amount,
        unit=case.currency,
        interval=None,
        n=came[place],
        record_kind="deals",
        records=tuple(str(row["deal_id"]) for row in here)[:MOST_RECORDS],
        subject=f"{place[0]}, {place[1]}",
    )


RULE = Rule("content_gap", "A content gap with open pipeline", "marketing", examine)
