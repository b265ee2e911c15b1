"""What became of leads that were drawn by lot below the line, beside those just above it. Every expectation is counted
by hand. The lot reaches 10 points below a line of 40, so leads of 40 to 50 points stand beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.agreements import an_agreement
from tests.tables import facts_in_hand, text_table

from accord.agreement.document import Agreement
from accord.facts.engine import Engine
from accord.insight.drawn import Drawn, Group, Judged, drawn

AT = datetime(2026, 12, 1, tzinfo=UTC)
DECIDED = """
person_id | handoff_id | outcome | because             | score | version | occurred_at
alice     | a          | offered | explore             | 35    | 1       | 2026-01-10T09:00
bob       | b          | offered | explore             | 38    | 1       | 2026-01-10T09:00
carol     | c          | offered | qualification.score | 41    | 1       | 2026-01-10T09:00
dave      | d          | offered | qualification.score | 49    | 1       | 2026-01-10T09:00
erin      | e          | offered | qualification.score | 50    | 1       | 2026-01-10T09:00
frank     | f          | offered | explore             | 36    | 1       | 2026-11-20T09:00
grace     | g          | offered | explore             | 36    | 2       | 2026-01-10T09:00
heidi     |            | below   | explore             | 30    | 1       | 2026-01-10T09:00
"""
ANSWERED = """
handoff_id | person_id | event     | occurred_at
a          | alice     | accepted  | 2026-01-11T09:00
a          | alice     | qualified | 2026-02-11T09:00
b          | bob       | accepted  | 2026-03-11T09:00
c          | carol     | rejected  | 2026-01-11T09:00
d          | dave      | accepted  | 2026-01-12T09:00
f          | frank     | accepted  | 2026-11-21T09:00
"""
DEALS = """
deal_id | person_id | account_id | event | occurred_at
d1      | alice     |            | won   | 2026-04-01T09:00
d2      |           | acme       | won   | 2026-05-01T09:00
d3      | bob       |            | won   | 2026-10-01T09:00
"""
PROFILES = """
subject | subject_id | account_id | occurred_at
person  | dave       | acme       | 2026-01-01
"""


def agreed() -> Agreement:
    card = {"fit": [{"when": "employees >= 50", "points": 60}], "intent": [{"touch": "page.pricing", "points": 10}],
            "bands": {"A": 40, "B": 0}}  # fmt: skip
    return an_agreement(
        cards={"points": card},
        qualification={"score": {"card": "points", "at_least": 40}},
        explore={"share": 0.05, "points_below": 10},
    )


def lake() -> Engine:
    tables = {"decisions": DECIDED, "handoffs": ANSWERED, "deals": DEALS, "profiles": PROFILES}
    return facts_in_hand(**{name: text_table(each) for name, each in tables.items()})


def told(found: Drawn) -> list[dict[str, Any]]:
    return [
        {"outcome": each.outcome, "lot": each.lot.count, "of": each.lot.n, "open": each.lot.open,
         "above": each.above.count, "of_above": each.above.n}
        for each in found.outcomes
    ]  # fmt: skip


def test_each_outcome_counts_once_its_time_is_over() -> None:
    assert told(drawn(lake(), [agreed()], at=AT)) == text_table("""
    outcome   | lot | of | open | above | of_above
    accepted  | 1   | 2  | 1    | 1     | 2
    rejected  | 0   | 2  | 1    | 1     | 2
    qualified | 1   | 2  | 1    | 0     | 2
    won       | 1   | 2  | 1    | 1     | 2
    """)


def test_a_version_without_a_lot_has_nothing_to_tell() -> None:
    found = drawn(lake(), [an_agreement()], at=AT)
    assert found.n == 0 and {each.verdict for each in found.outcomes} == {"too_few"}
    assert drawn(lake(), [], at=AT).n == 0


@pytest.mark.parametrize(
    ("lot", "above", "verdict"),
    [
        (Group(10, 19, 0), Group(60, 100, 0), "too_few"),
        (Group(11, 20, 0), Group(10, 19, 5), "too_few"),
        (Group(12, 20, 0), Group(65, 100, 0), "chance"),
        (Group(5, 40, 0), Group(65, 100, 0), "fewer"),
        (Group(38, 40, 0), Group(50, 100, 0), "more"),
    ],
)
def test_shares_are_told_apart_only_where_chance_does_not_explain_them(lot: Group, above: Group, verdict: str) -> None:
    assert Judged("accepted", lot, above).verdict == verdict


def test_a_share_needs_twenty_leads() -> None:
    assert (Group(3, 19, 2).rate, Group(3, 19, 2).needed) == (None, 1)
    interval = Group(10, 20, 0).interval
    assert interval is not None and interval.low < 0.5 < interval.high


def test_the_result_says_how_it_was_counted() -> None:
    found = drawn(lake(), [agreed()], at=AT)
    assert found.n == 3 and "GROUP BY" in found.sql and found.table().num_rows == 8
    assert found.to_json()["outcomes"][0]["lot"]["needed"] == 18
    assert found.chart() and found.chart("dark")
