"""What a message is about: the rooms that own the records say what they are called and where they are.

Messages hold ids only. Names are looked up when a message is shown or leaves, so that a person who was erased is in no
message either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """A record as a message names it: `Birgit Sommer, Kestrel Foods`, one line more, and the path of its page."""

    title: str
    detail: str
    path: str


Resolve = Callable[[Collection[str]], Mapping[str, About]]
_resolvers: dict[str, Resolve] = {}


def register(kind: str, resolve: Resolve) -> None:
    """Let `resolve` find records of a kind by their ids. Ids that it leaves out are gone; messages about them, too."""
    if kind in _resolvers:
        raise ValueError(f"{kind} is registered twice")
    _resolvers[kind] = resolve


def found(references: Collection[str]) -> dict[str, About | None]:
    """Every `kind:id` that a room can look up, None where the record is gone. Others are left out."""
    by_kind: dict[str, set[str]] = {}
    for reference in references:
        kind, _, identity = reference.partition(":")
        if kind in _resolvers:
            by_kind.setdefault(kind, set()).add(identity)
    answers = {kind: _resolvers[kind](identities) for kind, identities in by_kind.items()}
    return {f"{kind}:{identity}": answers[kind].get(identity) for kind in by_kind for identity in by_kind[kind]}
