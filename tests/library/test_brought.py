"""What handoffs brought and in which group people are, against loops that anyone can read."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO

from accord.insight.diagnosis.case import Case, coded, moments
from accord.insight.diagnosis.cohort import MISSING, MOST_GROUPS, OTHERS, _grouped
from accord.insight.misalignment import _brought

MOMENTS = st.integers(0, 12).map(lambda days: DAY_ZERO + timedelta(days=days))
PEOPLE = st.sampled_from(["alice", "bob", "carol", "dave"])
HANDOFFS = st.lists(st.fixed_dictionaries({"person_id": PEOPLE, "offered_at": MOMENTS}), max_size=12)
DEALS = st.lists(
    st.fixed_dictionaries(
        {"person_id": st.one_of(st.none(), PEOPLE), "opened_at": st.one_of(st.none(), MOMENTS),
         "closed_at": st.one_of(st.none(), MOMENTS), "closing": st.sampled_from(["won", "lost", "open"]),
         "worth": st.one_of(st.none(), st.integers(1, 900).map(float))}
    ),
    max_size=12,
)  # fmt: skip
TIME = pa.timestamp("us")
OF_HANDOFFS = pa.schema([("person_id", pa.string()), ("offered_at", TIME)])
OF_DEALS = pa.schema(
    [("person_id", pa.string()), ("opened_at", TIME), ("closed_at", TIME), ("closing", pa.string()),
     ("worth", pa.float64())]
)  # fmt: skip


def twin(handoffs: list[dict[str, Any]], deals: list[dict[str, Any]]) -> list[float]:
    found = [0.0] * len(handoffs)
    for deal in deals:
        begun: datetime | None = deal["opened_at"] or deal["closed_at"]
        if deal["closing"] != "won" or begun is None or deal["person_id"] is None:
            continue
        before = [
            (row["offered_at"], place)
            for place, row in enumerate(handoffs)
            if row["person_id"] == deal["person_id"] and row["offered_at"] <= begun
        ]
        if before:
            found[max(before)[1]] += deal["worth"] or 0.0
    return found


@settings(max_examples=100, deadline=None)
@given(HANDOFFS, DEALS)
def test_a_won_deal_counts_at_the_last_offer_before_it(
    handoffs: list[dict[str, Any]], deals: list[dict[str, Any]]
) -> None:
    offers = pa.Table.from_pylist(handoffs, OF_HANDOFFS)
    case = SimpleNamespace(handoffs=offers, deals=pa.Table.from_pylist(deals, OF_DEALS))
    assert _brought(cast(Case, case), moments(offers, "offered_at")).tolist() == twin(handoffs, deals)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(st.none(), st.sampled_from([MISSING, *"abcdefghijk"])), st.booleans()), max_size=40)
)
def test_the_largest_groups_keep_their_names_and_the_others_are_taken_together(
    people: list[tuple[str | None, bool]],
) -> None:
    column = pa.chunked_array([[value for value, _ in people]], pa.string())
    told = coded(pa.table({"group": column}), "group")
    groups, place = _grouped(*told, np.array([counted for _, counted in people], bool))
    sizes = Counter(value or MISSING for value, counted in people if counted) or Counter({MISSING: 1})
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    assert groups == (*ranked[:MOST_GROUPS], *((OTHERS,) if len(ranked) > MOST_GROUPS else ()))
    for (value, _), index in zip(people, place, strict=True):
        assert groups[index] == (value or MISSING) if (value or MISSING) in groups else index == len(groups) - 1
