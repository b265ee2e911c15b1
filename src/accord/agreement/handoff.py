"""The handoff: one passing of a person from marketing to sales, its states, its clocks and what may happen to it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

OFFERED, ACCEPTED, CONTACTED = "offered", "accepted", "contacted"
QUALIFIED, REJECTED, RECYCLED = "qualified", "rejected", "recycled"
REPLIED, LOOKED_AGAIN = "replied", "looked_again"

ANSWERS = frozenset({ACCEPTED, REJECTED, RECYCLED})
CLOSING = frozenset({QUALIFIED, REJECTED, RECYCLED})

ASSIGNED, REROUTED = "assigned", "rerouted"
"""Somebody gives a handoff to a colleague: recorded as a re-route that names who did it. One that names nobody is
Accord's own."""

TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    OFFERED: {"accepted": ACCEPTED, "rejected": REJECTED, "recycled": RECYCLED, ASSIGNED: OFFERED},
    ACCEPTED: {
        ASSIGNED: ACCEPTED,
        "contacted": CONTACTED,
        "qualified": QUALIFIED,
        "rejected": REJECTED,
        "recycled": RECYCLED,
    },
    CONTACTED: {
        ASSIGNED: CONTACTED,
        "contacted": CONTACTED,
        "qualified": QUALIFIED,
        "rejected": REJECTED,
        "recycled": RECYCLED,
    },
    QUALIFIED: {},
    REJECTED: {REPLIED: REJECTED, LOOKED_AGAIN: REJECTED},
    RECYCLED: {},
}
HUMAN_EVENTS = frozenset(event for events in TRANSITIONS.values() for event in events)


def human_sql(*, event: str = "event", by: str = '"by"') -> str:
    """SQL that is true for events that people caused."""
    named = ", ".join(f"'{name}'" for name in sorted(HUMAN_EVENTS - {ASSIGNED}))
    return f"({event} IN ({named}) OR ({event} = '{REROUTED}' AND {by} IS NOT NULL))"


class HumanAct(NamedTuple):
    """What a person did with a handoff, and when (microseconds since 1970, UTC)."""

    at: int
    event: str
    by: str | None = None
    reason: str | None = None
    to: str | None = None  # whom it is given to, where it is assigned


@dataclass(slots=True)
class Handoff:
    """One handoff as it stands. Times are microseconds since 1970, UTC; an unowned handoff has no clocks."""

    handoff_id: str
    person_id: str
    offered_at: int
    version: int
    band: str | None
    score: float | None
    complete: bool
    account_id: str | None = None
    account_owner: str | None = None  # at the offer; who was away then comes first when it moves on
    status: str = OFFERED
    owner: str | None = None
    team: str | None = None
    owned_since: int | None = None
    in_capacity: bool = True
    answered_at: int | None = None
    answer_due: int | None = None
    first_touch_due: int | None = None
    attempts_due: int | None = None
    outcome_due: int | None = None
    limits: tuple[int, int, int] = (-1, -1, -1)  # which line of answer, first_touch and outcome fits this lead
    stretch: int = 0  # counts owners, so that a clock of an earlier owner is known to be over
    route: int = -1  # the routing rule that fits this lead
    acts_since: int = 0  # acts that earlier owners had in mind before this stretch no longer happen
    passed: set[str] = field(default_factory=set)  # owners from whom it was moved on

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSING


def worked(open_: Iterable[tuple[int, str]]) -> str | None:
    """Of several open handoffs of one person, each as when it was offered and its id, the one that is worked: the one
    offered first. The others are duplicates of it."""
    return min(open_, default=(0, None))[1]


def may(status: str, event: str) -> bool:
    """Whether the event is possible in that state."""
    return event in TRANSITIONS[status]


def handoff_id(person_id: str, at: int) -> str:
    """The id of the handoff of a person at a moment; the same wherever and whenever it is computed."""
    digest = hashlib.blake2b(f"{person_id}@{at}".encode(), digest_size=9).digest()
    return urlsafe_b64encode(digest).decode()


def drawn(handoff: str, share: float) -> bool:
    """Whether a handoff falls into a sample of that share; drawn by its id, so that nobody chooses."""
    digest = hashlib.blake2b(handoff.encode(), digest_size=8, person=b"second look").digest()
    return int.from_bytes(digest) / 2**64 < share
