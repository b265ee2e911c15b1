"""Facts that repeat another under a new identity: the query agrees with a slow reading on invented facts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO, facts_in_hand

from accord.insight.diagnosis.case import Case
from accord.insight.diagnosis.untrusted import defects_sql

END = DAY_ZERO + timedelta(days=30)
DAYS = st.sampled_from((-1, 0, 1)).map(lambda day: DAY_ZERO + timedelta(days=day))
WHO = {"source": st.sampled_from("ab"), "occurred_at": DAYS, "precision": st.sampled_from(("second", "day"))}
TOUCHES = st.lists(
    st.fixed_dictionaries({**WHO, "person_id": st.sampled_from("pq"), "side": st.sampled_from(("sales", "marketing"))}),
    max_size=12,
)
DEALS = st.lists(
    st.fixed_dictionaries({**WHO, "deal_id": st.just("d"), "stage": st.sampled_from((None, "offer")),
                           "amount": st.sampled_from((None, 1.0))}), max_size=12,
)  # fmt: skip


def numbered(rows: list[dict[str, Any]], **same: str) -> list[dict[str, Any]]:
    return [{**row, **same, "source_id": f"{place:02}"} for place, row in enumerate(rows)]


def again(rows: list[dict[str, Any]], *names: str) -> Counter[str]:
    """By source, the facts of one kind before which another says the same, in the order of source and id."""
    seen: set[tuple[Any, ...]] = set()
    found: Counter[str] = Counter()
    for row in sorted(rows, key=lambda each: (each["source"], each["source_id"])):
        said = tuple(row[name] for name in names)
        found[row["source"]] += said in seen and row["precision"] == "second"
        seen.add(said)
    return found


def within(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["occurred_at"] >= DAY_ZERO]


def case(engine: Any) -> Case:
    before: datetime = DAY_ZERO - timedelta(days=30)
    return Case(engine, DAY_ZERO, END, before, DAY_ZERO, END)


@settings(max_examples=60)
@given(TOUCHES, DEALS)
def test_what_is_said_again_is_counted_as_a_slow_reading_counts_it(
    touches: list[dict[str, Any]], deals: list[dict[str, Any]]
) -> None:
    told, moved = numbered(touches, kind="call"), numbered(deals, event="moved")
    sold = [row for row in within(told) if row["side"] == "sales"]
    said = {"touches": again(sold, "person_id", "kind", "occurred_at"),
            "deals": again(within(moved), "deal_id", "event", "stage", "amount", "occurred_at")}  # fmt: skip
    expected = {(source, kind): count for kind, counts in said.items() for source, count in counts.items()}
    rows = case(facts_in_hand(touches=told, deals=moved))
    found = {(row["source"], row["kind"]): row for row in rows.engine.rows(defects_sql(rows)).to_pylist()}
    assert {place: row["doubled"] for place, row in found.items()} == expected
    assert sum(row["n"] for row in found.values()) == len(sold) + len(within(moved))
