"""How many who saw a page sent a form, against a loop that anyone can read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO, facts_in_hand

from accord.insight.economics.books import Stretch
from accord.insight.economics.costs import Asked
from accord.insight.economics.reach import FORM_WITHIN, _landing
from accord.insight.result import ENOUGH

SINCE, UNTIL, AT = (DAY_ZERO + timedelta(days=days) for days in (2, 30, 36))
TOUCHES = st.lists(
    st.fixed_dictionaries(
        {"person_id": st.integers(0, 30).map(str), "kind": st.sampled_from(["page.home", "form.demo", "call.made"]),
         "occurred_at": st.integers(0, 80).map(lambda steps: DAY_ZERO + timedelta(hours=12 * steps))}
    ),
    min_size=60, max_size=150,
)  # fmt: skip


def twin(touches: list[dict[str, Any]]) -> tuple[int, int]:
    within = timedelta(days=FORM_WITHIN)
    first: dict[str, Any] = {}
    for row in touches:
        if row["kind"] == "page.home":
            first[row["person_id"]] = min(first.get(row["person_id"], row["occurred_at"]), row["occurred_at"])
    asked = {who: seen for who, seen in first.items() if SINCE <= seen < min(UNTIL, AT - within)}
    sent = {
        row["person_id"]
        for row in touches
        if row["kind"] == "form.demo" and row["person_id"] in asked
        and asked[row["person_id"]] <= row["occurred_at"] < asked[row["person_id"]] + within
    }  # fmt: skip
    return len(asked), len(sent)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(TOUCHES)
def test_landing_pages_lead_to_forms_as_a_reader_counts(touches: list[dict[str, Any]]) -> None:
    people, forms = twin(touches)
    asked = Asked(facts_in_hand(touches=touches), Stretch(SINCE, UNTIL), None, AT, None, None, 1.0, "channel")
    found = _landing(asked)
    assert found.n == people
    assert found.value == (forms / people if people >= ENOUGH else None)
