"""Defects of handoffs: what counts as incomplete, as wrong data, as late. Every expectation is counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.tables import facts_in_hand, text_table

from accord.insight.defects import KINDS, Defects, defects

SINCE, AT = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
OFFERED = """
handoff_id | event    | owner | reason     | complete | occurred_at
h1         | offered  | tomas |            | yes      | 2026-01-05
h2         | offered  |       |            | no       | 2026-01-06
h2         | rerouted | zoe   |            |          | 2026-01-07
h3         | offered  | tomas |            |          | 2026-01-06
h3         | rejected | tomas | wrong_data |          | 2026-01-08
h4         | offered  | tomas |            | no       | 2026-01-09
h4         | rejected | tomas | no_fit     |          | 2026-01-10
h5         | offered  |       |            | no       | 2025-12-31
h6         | offered  |       |            | no       | 2026-03-02
"""


def found_in(text: str) -> Defects:
    rows: list[dict[str, Any]] = text_table(text)
    told = [{**row, "complete": {"yes": True, "no": False}.get(row["complete"])} for row in rows]
    return defects(facts_in_hand(handoffs=told), since=SINCE, at=AT)


def test_each_kind_is_counted_among_the_handoffs_of_which_it_is_known() -> None:
    found = found_in(OFFERED)
    assert [{"kind": each.kind, "count": each.count, "n": each.n} for each in found.kinds] == text_table("""
    kind       | count | n
    incomplete | 2     | 3
    wrong_data | 1     | 4
    late       | 1     | 4
    """)


def test_with_fewer_than_20_records_no_rate_is_told() -> None:
    assert [each.rate for each in found_in(OFFERED).kinds] == [None] * len(KINDS)


def test_the_result_says_how_it_was_counted() -> None:
    found = found_in(OFFERED)
    assert found.n == 4 and found.definition.endswith(".") and "offers" in found.sql
    assert found.table().num_rows == len(found.to_json()["kinds"]) == len(KINDS) and found.chart()
