"""The states of a handoff: every event in every state either leads on or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.agreement.handoff import (
    ACCEPTED,
    CLOSING,
    CONTACTED,
    HUMAN_EVENTS,
    OFFERED,
    QUALIFIED,
    RECYCLED,
    REJECTED,
    TRANSITIONS,
    Handoff,
    drawn,
    handoff_id,
    may,
)

# One line per event, one column per state before it: the state after it, or - where it is refused.
TABLE = """
event        | offered  | accepted  | contacted | qualified | rejected | recycled
accepted     | accepted | -         | -         | -         | -        | -
assigned     | offered  | accepted  | contacted | -         | -        | -
contacted    | -        | contacted | contacted | -         | -        | -
qualified    | -        | qualified | qualified | -         | -        | -
rejected     | rejected | rejected  | rejected  | -         | -        | -
recycled     | recycled | recycled  | recycled  | -         | -        | -
replied      | -        | -         | -         | -         | rejected | -
looked_again | -        | -         | -         | -         | rejected | -
"""
HEADER, *LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
CELLS = [(event, state, after) for event, *cells in LINES for state, after in zip(HEADER[1:], cells, strict=True)]


@pytest.mark.parametrize(("event", "state", "after"), CELLS)
def test_transition(event: str, state: str, after: str) -> None:
    assert may(state, event) is (after != "-")
    assert TRANSITIONS[state].get(event, "-") == after


def test_the_table_is_whole() -> None:
    assert set(HEADER[1:]) == set(TRANSITIONS) == {OFFERED, ACCEPTED, CONTACTED, QUALIFIED, REJECTED, RECYCLED}
    assert {event for event, *_ in LINES} == HUMAN_EVENTS


@pytest.mark.parametrize("event", ["offered", "rerouted", "reminded", "escalated", "", "ACCEPTED"])
def test_what_people_cannot_do_is_refused_in_every_state(event: str) -> None:
    assert not any(may(state, event) for state in TRANSITIONS)


@given(st.lists(st.sampled_from(sorted(HUMAN_EVENTS)), max_size=12))
def test_a_closed_handoff_never_opens_again(events: list[str]) -> None:
    handoff = Handoff("h", "p", 0, 1, None, None, True)
    closed = False
    for event in events:
        if may(handoff.status, event):
            handoff.status = TRANSITIONS[handoff.status][event]
        closed = closed or handoff.status in CLOSING
        assert handoff.is_open is not closed


@given(st.text(max_size=8), st.integers(0, 2**60), st.text(max_size=8), st.integers(0, 2**60))
def test_an_id_belongs_to_one_person_and_moment(person: str, at: int, other: str, later: int) -> None:
    assert handoff_id(person, at) == handoff_id(person, at)
    assert len(handoff_id(person, at)) == 12
    assert (handoff_id(person, at) == handoff_id(other, later)) is ((person, at) == (other, later))


def test_a_second_look_is_drawn_in_the_agreed_share_and_always_alike() -> None:
    ids = [handoff_id("p", at) for at in range(20_000)]
    chosen = {one for one in ids if drawn(one, 0.2)}
    assert abs(len(chosen) - 4000) < 4 * 57  # four standard deviations of a fair draw
    assert all(drawn(one, 0.2) for one in chosen)
    assert chosen <= {one for one in ids if drawn(one, 0.3)}
    assert not any(drawn(one, 0.0) for one in ids[:100])
    assert all(drawn(one, 1.0) for one in ids[:100])
