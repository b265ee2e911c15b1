"""Search over everything that rooms make findable: people, accounts, handoffs, articles of the agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accord_app.shell.registry import Registry

SHORTEST = 2
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Found:
    """Something found: what it is called, one line about it, where it is, what kind of thing it is."""

    title: str
    detail: str
    url: str
    kind: str


Find = Callable[[Any, str], list[Found]]


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for one kind of thing on behalf of somebody. `name` heads the group."""

    name: str
    find: Find


@dataclass(frozen=True, slots=True)
class Group:
    """What one finder found."""

    name: str
    found: tuple[Found, ...]


_FINDERS: Registry[Finder] = Registry(key=lambda finder: finder.name, order=lambda finder: finder.name)


def register(name: str, find: Find) -> None:
    """Let `find(user, words)` be asked; it sees to rights and stays short (some ten of each kind)."""
    _FINDERS.add(Finder(name, find))


def tidy(words: str) -> str:
    """What somebody typed, without what nobody can type, on one line and not too long."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())[:LONGEST]


def search(user: Any, words: str) -> tuple[Group, ...]:
    """What every finder found, without those that found nothing. Fewer than two letters find nothing."""
    asked = tidy(words)
    if len(asked) < SHORTEST:
        return ()
    groups = (Group(finder.name, tuple(finder.find(user, asked))) for finder in _FINDERS.all())
    return tuple(group for group in groups if group.found)
