"""The rows that metrics count: one per handoff, ownership, rejection, deal or review, each with its verdict.

Every query here is plain SQL in the common subset of DuckDB and Spark. It reads the fact tables under their names and
ends in a relation with the columns of `ROW`: `verdict` is 'kept', 'missed' or 'open', and any other word is the reason
why the row is left out. What is counted, kept or left out is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from accord.agreement.periods import Span
from accord.facts.engine import text

ROW = ("record_id", "cohort_at", "verdict", "numerator", "denominator", "claimed", "started_at", "due_at", "done_at")
KEPT_ON_HANDOFF: Mapping[str, str] = {
    "version": "o.version",
    "band": "o.band",
    "score": "o.score",
    "fit": "o.fit",
    "intent": "o.intent",
    "persona": "o.persona",
    "owner": "o.owner",
    "team": "o.team",
    "complete": "o.complete",
    "in_capacity": "o.in_capacity",
}
KEPT_ON_OWNERSHIP: Mapping[str, str] = {**KEPT_ON_HANDOFF, "owner": "s.owner", "team": "s.team"}
KEPT_ON_DEAL: Mapping[str, str] = {"pipeline": "c.pipeline"}
REACHED = "(t.outcome = 'connected' OR t.kind IN ('call.connected', 'meeting.held', 'email.replied'))"

UNOWNED = "without an owner"
ABOVE_CAPACITY = "above the agreed capacity"
NO_CLOCK = "no clock was recorded"
PASSED_ON = "passed on before the clock ran out"
ENDED = "rejected or recycled before the clock ran out"
DECLARED = "declared, not offered"
NOT_ANSWERED = "not answered"
NO_RATE = "no exchange rate"
NO_AMOUNT = "no amount or currency"
NOT_RECORDED = "not recorded"
UNCHECKED = "the reason names no fact to check"


@dataclass(frozen=True, slots=True)
class Question:
    """What the queries need to know: the moment, the periods and the figures of the agreement that measures."""

    at: datetime
    spans: Sequence[Span]
    currency: str
    attempts: int = 0
    held_against_attempts: tuple[str, ...] = ()
    checked_reasons: tuple[str, ...] = ()


def moment(value: datetime) -> str:
    """A moment as an SQL literal, naive UTC like the ledger's views."""
    return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"


def _words(values: Iterable[str]) -> str:
    return ", ".join([text(value) for value in values] or ["NULL"])


def _first(rows: str, by: str, order: str, name: str) -> str:
    return f"""SELECT * FROM (
  SELECT r.*, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY {order}) AS nth FROM {rows} AS r
) AS {name}_ranked WHERE nth = 1"""


def _spans(question: Question) -> str:
    rows = ",\n  ".join(f"({text(s.label)}, {moment(s.start)}, {moment(s.end)})" for s in question.spans)
    return f"SELECT * FROM (VALUES\n  {rows}\n) AS given (label, starts, ends)"


def _events(question: Question) -> str:
    """All events of the handoffs to which anything happened since the first period began; older ones count nowhere."""
    since = moment(min(span.start for span in question.spans))
    return f"""SELECT * FROM handoffs WHERE occurred_at <= {moment(question.at)}
  AND handoff_id IN (SELECT handoff_id FROM handoffs WHERE occurred_at >= {since})"""


_OFFER_ORDER = "CASE event WHEN 'offered' THEN 0 ELSE 1 END, occurred_at, known_at, source_id"
_IN_ORDER = "occurred_at, known_at, source_id"


def _offers(_: Question) -> str:
    return f"""SELECT e.handoff_id, e.person_id, e.event = 'mql' AS declared, e.occurred_at AS offered_at, e.owner,
  e.team, e.version, e.band, e.score, e.in_capacity, e.complete, d.fit, d.intent, d.persona
FROM ({_first("(SELECT * FROM events WHERE event IN ('mql', 'offered'))", "handoff_id", _OFFER_ORDER, "offers")}) AS e
LEFT JOIN ({_first(_DECIDED, "handoff_id", _IN_ORDER, "decided")}) AS d ON d.handoff_id = e.handoff_id"""


_DECIDED = "(SELECT * FROM decisions WHERE outcome = 'offered' AND handoff_id IS NOT NULL)"


HANDED_TO = """FROM events AS e JOIN offers AS o ON o.handoff_id = e.handoff_id
WHERE e.event IN ('offered', 'rerouted') AND e.occurred_at >= o.offered_at"""
"""The events of `events` by which a handoff of `offers` came to somebody."""


def _ownerships(_: Question) -> str:
    return f"""SELECT e.handoff_id, e.person_id, CONCAT(e.source, ':', e.source_id) AS ownership_id,
  e.occurred_at AS since, e.owner, e.team,
  COALESCE(e.in_capacity, o.in_capacity, TRUE) AS within_capacity,
  e.answer_due, e.first_touch_due, e.attempts_due, e.outcome_due,
  LEAD(e.occurred_at) OVER (PARTITION BY e.handoff_id ORDER BY e.occurred_at, e.known_at, e.source_id) AS until
{HANDED_TO}"""


def _answers(_: Question) -> str:
    found = """(SELECT e.handoff_id, e.event AS answer, e.occurred_at AS answered_at, e.known_at, e.source_id
    FROM events AS e JOIN offers AS o ON o.handoff_id = e.handoff_id
    WHERE e.event IN ('accepted', 'rejected', 'recycled') AND e.occurred_at >= o.offered_at)"""
    return _first(found, "handoff_id", "answered_at, known_at, source_id", "answers")


def _endings(_: Question) -> str:
    found = """(SELECT e.handoff_id, e.event AS ending, e.reason, e.occurred_at AS ended_at, e.known_at, e.source_id
    FROM events AS e JOIN offers AS o ON o.handoff_id = e.handoff_id
    WHERE e.event IN ('qualified', 'rejected', 'recycled') AND e.occurred_at >= o.offered_at)"""
    return _first(found, "handoff_id", "ended_at, known_at, source_id", "endings")


def _clocks(_: Question) -> str:
    """Of all ownerships of a handoff together; which follows on which plays no part, and is not asked for."""
    return f"""SELECT e.handoff_id, MAX(e.answer_due) AS answer_due, MAX(e.outcome_due) AS outcome_due,
  MAX(CASE WHEN e.owner IS NULL THEN 0 ELSE 1 END) AS owned
{HANDED_TO} GROUP BY e.handoff_id"""


def _sales_touches(question: Question) -> str:
    return f"SELECT * FROM touches WHERE side = 'sales' AND occurred_at <= {moment(question.at)}"


def _signs(_: Question) -> str:
    """The earliest evidence that sales was in touch, whatever the order in which it arrived."""
    return """SELECT handoff_id, MIN(occurred_at) AS touched_at,
  MIN(CASE WHEN evidence = 'evidenced' THEN occurred_at END) AS evidenced_at
FROM (
  SELECT o.handoff_id, t.occurred_at, t.evidence
  FROM offers AS o JOIN sales_touches AS t ON t.person_id = o.person_id AND t.occurred_at >= o.offered_at
  UNION ALL
  SELECT o.handoff_id, e.occurred_at, e.evidence
  FROM offers AS o JOIN events AS e ON e.handoff_id = o.handoff_id AND e.occurred_at >= o.offered_at
  WHERE e.event IN ('contacted', 'qualified')
) AS evidence GROUP BY handoff_id"""


def _tries(_: Question) -> str:
    return f"""SELECT s.ownership_id, COUNT(*) AS tries, MAX(CASE WHEN {REACHED} THEN 1 ELSE 0 END) AS reached
FROM ownerships AS s
JOIN sales_touches AS t ON t.person_id = s.person_id AND t.occurred_at >= s.since AND t.occurred_at <= s.attempts_due
  AND (s.until IS NULL OR t.occurred_at < s.until)
LEFT JOIN endings AS x ON x.handoff_id = s.handoff_id
WHERE x.ended_at IS NULL OR t.occurred_at <= x.ended_at
GROUP BY s.ownership_id"""


def _rejections(_: Question) -> str:
    return """SELECT e.handoff_id, CONCAT(e.source, ':', e.source_id) AS rejection_id,
  e.occurred_at AS rejected_at, e.reason,
  LEAD(e.occurred_at) OVER (PARTITION BY e.handoff_id ORDER BY e.occurred_at, e.known_at, e.source_id) AS until
FROM events AS e WHERE e.event = 'rejected'"""


def _deal_events(question: Question) -> str:
    return f"SELECT * FROM deals WHERE occurred_at <= {moment(question.at)}"


def _closings(_: Question) -> str:
    """The last word on each deal: won, lost, or open again; deleted deals are gone."""
    latest = "occurred_at DESC, known_at DESC, source_id DESC"
    words = "(SELECT * FROM deal_events WHERE event IN ('won', 'lost', 'reopened', 'deleted'))"
    amounts = "(SELECT * FROM deal_events WHERE amount IS NOT NULL)"
    return f"""SELECT d.deal_id, COALESCE(w.event, 'open') AS closing, w.occurred_at AS closed_at,
  COALESCE(d.account_id, d.deal_id) AS customer_id, d.pipeline, m.amount, m.currency
FROM (
  SELECT deal_id, MAX(account_id) AS account_id, MAX(pipeline) AS pipeline FROM deal_events GROUP BY deal_id
) AS d
LEFT JOIN ({_first(words, "deal_id", latest, "words")}) AS w ON w.deal_id = d.deal_id
LEFT JOIN ({_first(amounts, "deal_id", latest, "amounts")}) AS m ON m.deal_id = d.deal_id"""


def _rate_spans(question: Question) -> str:
    base = text(question.currency)
    return f"""SELECT currency, rate, occurred_at AS since,
  LEAD(occurred_at) OVER (PARTITION BY currency ORDER BY occurred_at, known_at, source_id) AS until
FROM rates WHERE base = {base} AND currency <> {base}"""


def _converted(name: str, when: str) -> str:
    return f"""LEFT JOIN rate_spans AS r ON r.currency = {name}.currency AND r.since <= {when}
  AND (r.until IS NULL OR {when} < r.until)"""


def _wins(question: Question) -> str:
    base = text(question.currency)
    return f"""SELECT c.*, CASE WHEN c.currency = {base} THEN c.amount ELSE c.amount * r.rate END AS worth
FROM (SELECT * FROM closings WHERE closing = 'won') AS c
{_converted("c", "c.closed_at")}"""


_PARTS = {
    "spans": _spans,
    "events": _events,
    "offers": _offers,
    "ownerships": _ownerships,
    "answers": _answers,
    "endings": _endings,
    "clocks": _clocks,
    "sales_touches": _sales_touches,
    "signs": _signs,
    "tries": _tries,
    "rejections": _rejections,
    "deal_events": _deal_events,
    "closings": _closings,
    "rate_spans": _rate_spans,
    "wins": _wins,
}


def with_parts(names: Sequence[str], question: Question) -> str:
    """`WITH …` of the named parts, each once, in the order in which they build on one another."""
    wanted = [name for name in _PARTS if name in names]
    return "WITH " + ",\n".join(f"{name} AS (\n{_PARTS[name](question)}\n)" for name in wanted)


def _row(
    record: str,
    cohort: str,
    verdict: str,
    *,
    numerator: str = "",
    denominator: str = "1.0",
    claimed: str = "FALSE",
    started: str = "",
    due: str = "",
    done: str = "",
    kept_on: Mapping[str, str] | None = None,
) -> str:
    cells = (
        record,
        cohort,
        verdict,
        numerator or "CAST(NULL AS DOUBLE)",
        denominator,
        claimed,
        *(cell or "CAST(NULL AS TIMESTAMP)" for cell in (started, due, done)),
    )
    named = [f"{cell} AS {name}" for cell, name in zip(cells, ROW, strict=True)]
    named += [f"{cell} AS {name}" for name, cell in (kept_on or {}).items()]
    return "SELECT " + ",\n  ".join(named)


def handoffs(_: Question) -> str:
    """One row per handoff."""
    row = _row(
        "o.handoff_id",
        "o.offered_at",
        "'kept'",
        numerator="1.0",
        denominator="0.0",
        claimed="o.declared",
        kept_on=KEPT_ON_HANDOFF,
    )
    return f"{row}\nFROM offers AS o"


def unowned(question: Question) -> str:
    return f"{handoffs(question)}\nWHERE o.owner IS NULL AND NOT o.declared"


def _waiting(question: Question, due: str) -> str:
    return f"""WHEN {due} >= {moment(question.at)} THEN 'open'
  WHEN o.declared THEN '{DECLARED}'
  WHEN k.owned IS NULL OR k.owned = 0 THEN '{UNOWNED}'"""


def acceptance(question: Question) -> str:
    """One row per handoff: what was its first answer?"""
    verdict = f"""CASE WHEN a.answer = 'accepted' THEN 'kept' WHEN a.answer IS NOT NULL THEN 'missed'
  {_waiting(question, "k.answer_due")}
  ELSE '{NOT_ANSWERED}' END"""
    row = _row("o.handoff_id", "o.offered_at", verdict, done="a.answered_at", kept_on=KEPT_ON_HANDOFF)
    return f"{row}\n{_OFFER_ANSWER_CLOCK}"


_OFFER_ANSWER_CLOCK = """FROM offers AS o
LEFT JOIN answers AS a ON a.handoff_id = o.handoff_id
LEFT JOIN clocks AS k ON k.handoff_id = o.handoff_id"""


def completeness(_: Question) -> str:
    verdict = f"CASE WHEN o.complete THEN 'kept' WHEN NOT o.complete THEN 'missed' ELSE '{NOT_RECORDED}' END"
    return f"{_row('o.handoff_id', 'o.offered_at', verdict, kept_on=KEPT_ON_HANDOFF)}\nFROM offers AS o"


def worked(question: Question) -> str:
    """One row per handoff: did sales act on it at all?"""
    verdict = f"""CASE WHEN k.owned IS NULL OR k.owned = 0 THEN '{UNOWNED}'
  WHEN NOT COALESCE(o.in_capacity, TRUE) THEN '{ABOVE_CAPACITY}'
  WHEN k.answer_due IS NULL THEN '{NO_CLOCK}'
  WHEN a.answer IS NOT NULL OR g.touched_at IS NOT NULL THEN 'kept'
  WHEN k.answer_due < {moment(question.at)} THEN 'missed' ELSE 'open' END"""
    row = _row("o.handoff_id", "o.offered_at", verdict, due="k.answer_due", kept_on=KEPT_ON_HANDOFF)
    return f"{row}\n{_OFFER_ANSWER_CLOCK}\nLEFT JOIN signs AS g ON g.handoff_id = o.handoff_id"


def qualified(question: Question) -> str:
    """One row per accepted handoff: was its first outcome qualified?"""
    verdict = f"""CASE WHEN x.ending = 'qualified' THEN 'kept' WHEN x.ending IS NOT NULL THEN 'missed'
  WHEN k.outcome_due IS NULL THEN '{NO_CLOCK}'
  WHEN k.outcome_due < {moment(question.at)} THEN 'missed' ELSE 'open' END"""
    row = _row("o.handoff_id", "o.offered_at", verdict, due="k.outcome_due", done="x.ended_at", kept_on=KEPT_ON_HANDOFF)
    return f"""{row}
{_OFFER_ANSWER_CLOCK}
LEFT JOIN endings AS x ON x.handoff_id = o.handoff_id
WHERE a.answer = 'accepted'"""


def recycled(question: Question) -> str:
    """One row per handoff: was its first outcome recycled?"""
    verdict = f"""CASE WHEN x.ending = 'recycled' THEN 'kept' WHEN x.ending IS NOT NULL THEN 'missed'
  WHEN k.outcome_due IS NULL THEN '{NO_CLOCK}'
  WHEN k.outcome_due < {moment(question.at)} THEN 'without an outcome' ELSE 'open' END"""
    row = _row("o.handoff_id", "o.offered_at", verdict, done="x.ended_at", kept_on=KEPT_ON_HANDOFF)
    return f"""{row}
FROM offers AS o
LEFT JOIN clocks AS k ON k.handoff_id = o.handoff_id
LEFT JOIN endings AS x ON x.handoff_id = o.handoff_id"""


def _owned_verdict(question: Question, due: str, middle: str) -> str:
    """The frame of every response promise: whose clock it is comes first, whether it ran out comes last."""
    return f"""CASE WHEN s.owner IS NULL THEN '{UNOWNED}'
  WHEN NOT s.within_capacity THEN '{ABOVE_CAPACITY}'
  WHEN {due} IS NULL THEN '{NO_CLOCK}'
  {middle}
  WHEN s.until < {due} THEN '{PASSED_ON}'
  WHEN s.until IS NOT NULL OR {due} < {moment(question.at)} THEN 'missed' ELSE 'open' END"""


def _ownership_row(verdict: str, *, due: str, done: str, claimed: str = "FALSE") -> str:
    return _row(
        "s.ownership_id",
        "s.since",
        verdict,
        claimed=claimed,
        started="s.since",
        due=due,
        done=done,
        kept_on=KEPT_ON_OWNERSHIP,
    )


_OWNED = "FROM ownerships AS s\nJOIN offers AS o ON o.handoff_id = s.handoff_id"


def answered(question: Question) -> str:
    """One row per ownership: was the handoff's first answer within it, and in time?"""
    middle = f"""WHEN a.answered_at < s.since THEN 'answered before it was passed on'
  WHEN a.answered_at <= s.answer_due AND {_within("a.answered_at")} THEN 'kept'
  WHEN {_within("a.answered_at")} THEN 'missed'"""
    row = _ownership_row(
        _owned_verdict(question, "s.answer_due", middle),
        due="s.answer_due",
        done=f"CASE WHEN {_within('a.answered_at')} THEN a.answered_at ELSE s.until END",
    )
    return f"{row}\n{_OWNED}\nLEFT JOIN answers AS a ON a.handoff_id = s.handoff_id"


def _within(moment_: str) -> str:
    return f"({moment_} >= s.since AND (s.until IS NULL OR {moment_} < s.until))"


def first_touch(question: Question) -> str:
    """One row per ownership: was the handoff's first sign of sales within it, and in time?"""
    middle = f"""WHEN g.touched_at < s.since THEN 'touched before it was passed on'
  WHEN {_IN_TIME} THEN 'kept'
  WHEN {_within("g.touched_at")} AND NOT COALESCE({_ENDED_FIRST}, FALSE) THEN 'missed'
  WHEN {_ENDED_FIRST} THEN '{ENDED}'"""
    row = _ownership_row(
        _owned_verdict(question, "s.first_touch_due", middle),
        due="s.first_touch_due",
        done=f"CASE WHEN {_within('g.touched_at')} THEN g.touched_at ELSE s.until END",
        claimed=f"{_IN_TIME} AND NOT COALESCE({_EVIDENCED}, FALSE)",
    )
    return f"""{row}
{_OWNED}
LEFT JOIN signs AS g ON g.handoff_id = s.handoff_id
LEFT JOIN endings AS x ON x.handoff_id = s.handoff_id"""


_ENDED_FIRST = """(x.ending IN ('rejected', 'recycled') AND x.ended_at <= s.first_touch_due
    AND (s.until IS NULL OR x.ended_at < s.until))"""
_IN_TIME = f"(g.touched_at <= s.first_touch_due AND {_within('g.touched_at')})"
_EVIDENCED = f"(g.evidenced_at <= s.first_touch_due AND {_within('g.evidenced_at')})"


def attempts(question: Question) -> str:
    """One row per ownership: enough tries, or no need for more?"""
    held = f"x.reason IN ({_words(question.held_against_attempts)})"
    middle = f"""WHEN x.ended_at < s.since THEN 'ended before it was passed on'
  WHEN n.tries >= {question.attempts} OR n.reached = 1 THEN 'kept'
  WHEN {_ENDED_IN_TIME} AND x.ending = 'qualified' THEN 'kept'
  WHEN {_ENDED_IN_TIME} AND x.ending = 'rejected' AND {held} THEN 'missed'
  WHEN {_ENDED_IN_TIME} THEN '{ENDED}'"""
    row = _ownership_row(_owned_verdict(question, "s.attempts_due", middle), due="s.attempts_due", done="x.ended_at")
    return f"""{row}
{_OWNED}
LEFT JOIN tries AS n ON n.ownership_id = s.ownership_id
LEFT JOIN endings AS x ON x.handoff_id = s.handoff_id"""


_ENDED_IN_TIME = "(x.ended_at <= s.attempts_due AND (s.until IS NULL OR x.ended_at < s.until))"


def first_touch_time(_: Question) -> str:
    """One row per ownership; `numerator` is what `business_hours` says of it."""
    verdict = f"""CASE WHEN s.owner IS NULL THEN '{UNOWNED}'
  WHEN NOT s.within_capacity THEN '{ABOVE_CAPACITY}'
  WHEN b.hours IS NOT NULL THEN 'kept'
  WHEN g.touched_at < s.since THEN 'touched before it was passed on'
  WHEN s.until IS NOT NULL THEN 'passed on before a touch'
  WHEN x.ending IN ('rejected', 'recycled') THEN 'rejected or recycled before a touch' ELSE 'open' END"""
    row = _row(
        "s.ownership_id",
        "s.since",
        verdict,
        numerator="b.hours",
        started="s.since",
        done="g.touched_at",
        kept_on=KEPT_ON_OWNERSHIP,
    )
    return f"""{row}
{_OWNED}
LEFT JOIN signs AS g ON g.handoff_id = s.handoff_id
LEFT JOIN endings AS x ON x.handoff_id = s.handoff_id
LEFT JOIN business_hours AS b ON b.record_id = s.ownership_id"""


def first_touch_pairs(_: Question) -> str:
    """What `first_touch_time` needs to have measured in business time."""
    return f"""SELECT s.ownership_id AS record_id, s.team, s.since AS started_at, g.touched_at AS ended_at
FROM ownerships AS s JOIN signs AS g ON g.handoff_id = s.handoff_id AND {_within("g.touched_at")}
WHERE s.owner IS NOT NULL"""


_OWNED_AT = "(SELECT handoff_id, MIN(since) AS owned_at FROM ownerships WHERE owner IS NOT NULL GROUP BY handoff_id)"


def unowned_time(_: Question) -> str:
    row = _row(
        "o.handoff_id",
        "o.offered_at",
        "CASE WHEN b.hours IS NULL THEN 'open' ELSE 'kept' END",
        numerator="b.hours",
        started="o.offered_at",
        done="w.owned_at",
        kept_on=KEPT_ON_HANDOFF,
    )
    return f"""{row}
FROM offers AS o
LEFT JOIN {_OWNED_AT} AS w ON w.handoff_id = o.handoff_id
LEFT JOIN business_hours AS b ON b.record_id = o.handoff_id
WHERE o.owner IS NULL AND NOT o.declared"""


def unowned_pairs(_: Question) -> str:
    """What `unowned_time` needs to have measured in business time."""
    return f"""SELECT o.handoff_id AS record_id, CAST(NULL AS VARCHAR(64)) AS team, o.offered_at AS started_at,
  w.owned_at AS ended_at
FROM offers AS o JOIN {_OWNED_AT} AS w ON w.handoff_id = o.handoff_id
WHERE o.owner IS NULL AND NOT o.declared"""


def replied(question: Question) -> str:
    """One row per rejection, with the first reply before the next rejection; due by `reply_clocks`."""
    verdict = f"""CASE WHEN k.due_at IS NULL THEN '{NO_CLOCK}'
  WHEN p.replied_at <= k.due_at THEN 'kept'
  WHEN p.replied_at IS NOT NULL OR k.due_at < {moment(question.at)} THEN 'missed' ELSE 'open' END"""
    row = _row(
        "j.rejection_id",
        "j.rejected_at",
        verdict,
        started="j.rejected_at",
        due="k.due_at",
        done="p.replied_at",
        kept_on=KEPT_ON_HANDOFF,
    )
    return f"""{row}
FROM rejections AS j
LEFT JOIN offers AS o ON o.handoff_id = j.handoff_id
LEFT JOIN reply_clocks AS k ON k.record_id = j.rejection_id
LEFT JOIN (
  SELECT j.rejection_id, MIN(e.occurred_at) AS replied_at
  FROM rejections AS j JOIN events AS e ON e.handoff_id = j.handoff_id AND e.event = 'replied'
    AND e.occurred_at >= j.rejected_at AND (j.until IS NULL OR e.occurred_at < j.until)
  GROUP BY j.rejection_id
) AS p ON p.rejection_id = j.rejection_id"""


def reply_starts(_: Question) -> str:
    """What `replied` needs to have a due time for."""
    return "SELECT rejection_id AS record_id, rejected_at AS started_at FROM rejections"


def not_contradicted(question: Question) -> str:
    """One row per rejection: what `answers_checked` says of its reason."""
    verdict = f"""CASE WHEN j.reason IS NULL OR j.reason NOT IN ({_words(question.checked_reasons)}) THEN '{UNCHECKED}'
  WHEN h.contradicted THEN 'missed' ELSE 'kept' END"""
    if not question.checked_reasons:
        verdict = f"'{UNCHECKED}'"
    claimed = f"({verdict}) = 'kept' AND h.contradicted IS NULL"
    row = _row("j.rejection_id", "j.rejected_at", verdict, claimed=claimed, kept_on=KEPT_ON_HANDOFF)
    return f"""{row}
FROM rejections AS j
LEFT JOIN offers AS o ON o.handoff_id = j.handoff_id
LEFT JOIN answers_checked AS h ON h.handoff_id = j.handoff_id"""


def with_reason(_: Question) -> str:
    row = _row(
        "j.rejection_id",
        "j.rejected_at",
        "CASE WHEN j.reason IS NULL THEN 'missed' ELSE 'kept' END",
        kept_on=KEPT_ON_HANDOFF,
    )
    return f"{row}\nFROM rejections AS j\nLEFT JOIN offers AS o ON o.handoff_id = j.handoff_id"


def win_rate(question: Question) -> str:
    """One row per deal: its last word."""
    verdict = "CASE c.closing WHEN 'won' THEN 'kept' WHEN 'lost' THEN 'missed' ELSE 'open' END"
    cohort = f"CASE WHEN c.closing IN ('won', 'lost') THEN c.closed_at ELSE {moment(question.at)} END"
    return (
        f"{_row('c.deal_id', cohort, verdict, kept_on=KEPT_ON_DEAL)}\nFROM closings AS c\nWHERE c.closing <> 'deleted'"
    )


_MOST = "1e300"  # what is no number, or without end, is no amount; both engines order it after all numbers
_WORTH = f"""CASE WHEN c.amount IS NULL OR NOT ABS(c.amount) < {_MOST} OR c.currency IS NULL THEN '{NO_AMOUNT}'
  WHEN c.worth IS NULL THEN '{NO_RATE}' ELSE 'kept' END"""


def new_revenue(_: Question) -> str:
    row = _row("c.deal_id", "c.closed_at", _WORTH, numerator="c.worth", denominator="0.0", kept_on=KEPT_ON_DEAL)
    return f"{row}\nFROM wins AS c"


def deal_size(_: Question) -> str:
    return f"{_row('c.deal_id', 'c.closed_at', _WORTH, numerator='c.worth', kept_on=KEPT_ON_DEAL)}\nFROM wins AS c"


def spent(question: Question, kept_on: Mapping[str, str] | None = None) -> str:
    """Spend, split evenly over the time that it covers, up to the moment that is asked about. `kept_on` names more
    columns, over `p` (the spend), `s` (the period) and `PART` (which part of the spend falls into the period)."""
    base, at = text(question.currency), moment(question.at)
    worth = f"CASE WHEN p.currency = {base} THEN p.amount ELSE p.amount * r.rate END"
    ends = "CASE WHEN until > occurred_at THEN until ELSE occurred_at + INTERVAL '1' DAY END"
    whole = moment(question.at.replace(microsecond=0))  # engines count begun or ended seconds
    part = f"""DATE_DIFF('second', GREATEST(s.starts, p.occurred_at), LEAST(s.ends, p.ends, {whole}))
    / (1.0 * DATE_DIFF('second', p.occurred_at, p.ends))"""
    none = f"p.amount IS NULL OR NOT ABS(p.amount) < {_MOST}"
    verdict = f"CASE WHEN {none} THEN '{NO_AMOUNT}' WHEN {worth} IS NULL THEN '{NO_RATE}' ELSE 'kept' END"
    row = _row(
        "p.source_id",
        "GREATEST(s.starts, p.occurred_at)",
        verdict,
        numerator=f"({worth}) * {part}",
        denominator="0.0",
        kept_on={name: cell.replace("PART", part) for name, cell in (kept_on or {}).items()},
    )
    return f"""{row}
FROM (SELECT q.*, {ends} AS ends FROM spend AS q WHERE q.occurred_at < {at}) AS p
JOIN spans AS s ON p.occurred_at < s.ends AND p.ends > s.starts AND s.starts < {at}
{_converted("p", "p.occurred_at")}"""


def acquisition_cost(question: Question) -> str:
    first = "SELECT customer_id, MIN(closed_at) AS since FROM closings WHERE closing = 'won' GROUP BY customer_id"
    row = _row("c.customer_id", "c.since", "'kept'", numerator="0.0")
    return f"{spent(question)}\nUNION ALL\n{row}\nFROM ({first}) AS c"


def cost_per_handoff(question: Question) -> str:
    row = _row("o.handoff_id", "o.offered_at", "'kept'", numerator="0.0", claimed="o.declared")
    return f"{spent(question)}\nUNION ALL\n{row}\nFROM offers AS o"


def reviews_held(question: Question) -> str:
    """One row per planned meeting of `reviews_due`."""
    verdict = f"""CASE WHEN h.held_at IS NOT NULL THEN 'kept'
  WHEN v.until <= {moment(question.at)} THEN 'missed' ELSE 'open' END"""
    return f"""{_row("v.record_id", "v.due_at", verdict, due="v.due_at", done="h.held_at")}
FROM reviews_due AS v
LEFT JOIN (
  SELECT v.record_id, MIN(w.occurred_at) AS held_at
  FROM reviews_due AS v JOIN reviews AS w ON w.event = 'held' AND w.kind = v.kind
    AND w.occurred_at <= {moment(question.at)}
    AND (w.period = v.period OR (w.period IS NULL AND w.occurred_at >= v.since AND w.occurred_at < v.until))
  GROUP BY v.record_id
) AS h ON h.record_id = v.record_id
WHERE v.since <= {moment(question.at)}"""


def plan_agreed(question: Question) -> str:
    """One row per period that has begun."""
    verdict = "CASE WHEN a.agreed_at < s.starts THEN 'kept' ELSE 'missed' END"
    return f"""{_row("s.label", "s.starts", verdict, due="s.starts", done="a.agreed_at")}
FROM spans AS s
LEFT JOIN (
  SELECT period, MIN(occurred_at) AS agreed_at FROM reviews
  WHERE kind = 'plan' AND event = 'agreed' AND occurred_at <= {moment(question.at)} GROUP BY period
) AS a ON a.period = s.label
WHERE s.starts <= {moment(question.at)}"""


def opt_ins(question: Question) -> str:
    row = _row("k.source_id", "k.occurred_at", "'kept'", numerator="1.0", denominator="0.0")
    return f"""{row}
FROM consent AS k
WHERE k.status = 'granted' AND k.purpose = 'marketing.email' AND k.occurred_at <= {moment(question.at)}"""
