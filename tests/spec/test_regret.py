"""What became of leads that were given back: what counts as having come back, until when, and for which reason. Every
expectation is counted by hand. A lead counts once its 180 days are over; deals of its account count, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.tables import facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.insight.regret import OUTCOMES, Regret, records_sql, regret

AT = datetime(2026, 12, 1, tzinfo=UTC)
GIVEN_BACK = """
person_id | handoff_id | event    | reason    | occurred_at
alice     | a1         | rejected | too_small | 2026-01-10T09:00
alice     | a2         | offered  |           | 2026-04-10T09:00
alice     | a2         | accepted |           | 2026-04-10T11:00
bob       | b1         | rejected | too_small | 2026-01-10T09:00
carol     | c1         | recycled | timing    | 2026-01-10T09:00
dave      | d1         | recycled | timing    | 2026-01-10T09:00
erin      | e1         | rejected | too_small | 2026-09-10T09:00
frank     | f1         | rejected |           | 2026-01-10T09:00
"""
DEALS = """
deal_id | person_id | account_id | event  | occurred_at
d1      | bob       |            | opened | 2026-03-01T09:00
d1      | bob       |            | won    | 2026-05-01T09:00
d2      |           | acme       | opened | 2026-02-01T09:00
d3      | dave      |            | opened | 2025-12-01T09:00
d3      | dave      |            | won    | 2026-09-01T09:00
"""
PROFILES = """
subject | subject_id | account_id | occurred_at
person  | carol      | acme       | 2026-01-01
person  | dave       | other      | 2026-01-01
"""


def lake(handoffs: str = GIVEN_BACK, deals: str = DEALS, profiles: str = PROFILES) -> Engine:
    return facts_in_hand(handoffs=text_table(handoffs), deals=text_table(deals), profiles=text_table(profiles))


def told(found: Regret) -> list[dict[str, Any]]:
    return [{"answer": r.answer, "reason": r.reason, "n": r.n, "open": r.open, **r.counts} for r in found.reasons]


def test_each_reason_counts_what_became_of_its_leads() -> None:
    assert told(regret(lake(), at=AT)) == text_table("""
    answer   | reason    | n | open | accepted | deal | won
    recycled | timing    | 2 | 0    | 0        | 1    | 0
    rejected | too_small | 2 | 1    | 1        | 1    | 1
    rejected |           | 1 | 0    | 0        | 0    | 0
    """)


def test_what_came_too_late_or_was_there_before_does_not_count() -> None:
    rows = lake().rows(records_sql(at=AT, within=timedelta(days=30))).to_pylist()
    assert {row["handoff_id"]: row["deal"] for row in rows if row["deal"]} == {"c1": True}
    assert not any(row["accepted"] or row["won"] for row in rows)


def test_with_fewer_than_20_records_no_rate_is_told() -> None:
    (later, *_) = regret(lake(), at=AT).reasons
    assert (later.rate("deal"), later.interval("deal"), later.needed) == (None, None, 18)


def test_from_20_records_on_a_rate_has_its_interval() -> None:
    rows = [
        {"person_id": f"p{n}", "handoff_id": f"h{n}", "event": "rejected", "reason": "no_fit",
         "occurred_at": datetime.fromisoformat("2026-01-10")}
        for n in range(20)
    ]  # fmt: skip
    deals = [
        {"deal_id": "d", "person_id": "p1", "event": "opened", "occurred_at": datetime.fromisoformat("2026-02-01")}
    ]
    (later,) = regret(facts_in_hand(handoffs=rows, deals=deals), at=AT).reasons
    interval = later.interval("deal")
    assert later.rate("deal") == 0.05 and interval is not None and interval.low < 0.05 < interval.high
    assert later.needed == 0


def test_the_result_says_how_it_was_counted() -> None:
    found = regret(lake(), at=AT)
    assert found.n == 5 and "180 days" in found.definition and "GROUP BY" in found.sql
    assert found.table().num_rows == len(found.reasons) * len(OUTCOMES) == len(found.to_json()["reasons"])
    assert found.chart() and found.chart("dark")
