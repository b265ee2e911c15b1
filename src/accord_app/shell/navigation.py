"""The way around: the loop at the side, the bar of tabs on phones. Rooms register their entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accord_app.shell.registry import Registry

SECTIONS = ("", "Agree", "Run", "See", "Review", "Set up", "You")
"""In this order, which is the loop; `You` stands in the menu of the signed-in person."""

TABS = 4
"""So many entries stand in the bar on phones; everything else is behind More."""


@dataclass(frozen=True, slots=True)
class Count:
    """A short figure beside an entry: `6`, `v7`, `Tue`. `state` risk or missed where somebody must act."""

    text: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation. `right` is the value of the right that it takes; `count` is asked on every page, so it
    must be cheap, and returns None for nothing to say. `go` is its letter after G; `tab` its place on phones (1 to 4);
    `short` its name there."""

    section: str
    key: str
    title: str
    icon: str
    url_name: str
    right: str | None = None
    count: Callable[[Any], Count | int | str | None] | None = None
    order: int = 100
    go: str = ""
    tab: int | None = None
    short: str = ""

    def __post_init__(self) -> None:
        if self.section not in SECTIONS:
            raise ValueError(f"There is no section {self.section!r}; there are {SECTIONS}.")


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as one person sees it on one page."""

    key: str
    title: str
    short: str
    icon: str
    url: str
    go: str
    tab: int | None
    count: Count | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of entries."""

    title: str
    entries: tuple[Shown, ...]


_ENTRIES: Registry[Entry] = Registry(
    key=lambda entry: entry.key, order=lambda entry: (SECTIONS.index(entry.section), entry.order, entry.title)
)
_ELSEWHERE: Registry[tuple[str, str]] = Registry(key=lambda row: row[0], order=lambda row: row)


def register(entry: Entry) -> None:
    """Add an entry; two entries of one key are a mistake in the house."""
    _ENTRIES.add(entry)


def belongs(url_name: str, *, to: str) -> None:
    """Let pages whose address is not beneath that of an entry belong to it, as a room above wants it."""
    _ELSEWHERE.add((url_name, to))


def registered() -> tuple[Entry, ...]:
    """Every entry, section by section."""
    return _ENTRIES.all()


def sections(request: HttpRequest) -> tuple[Section, ...]:
    """What the signed-in person may open, section by section; sections without entries are left out."""
    allowed = [entry for entry in registered() if entry.right is None or request.user.may(entry.right)]  # type: ignore[union-attr]
    urls = {entry.key: reverse(entry.url_name) for entry in allowed}
    elsewhere = [(key, reverse(name)) for name, key in _ELSEWHERE.all() if key in urls]
    current = _current(request.path, [*urls.items(), *elsewhere])
    return tuple(
        Section(title, tuple(_shown(entry, urls[entry.key], entry.key == current, request.user) for entry in group))
        for title in SECTIONS
        if (group := [entry for entry in allowed if entry.section == title])
    )


def tabs(sections: Iterable[Section]) -> tuple[Shown, ...]:
    """Entries of the bar on phones, by their place."""
    placed = [entry for section in sections for entry in section.entries if entry.tab is not None]
    return tuple(sorted(placed, key=lambda entry: entry.tab or 0)[:TABS])


def _shown(entry: Entry, url: str, is_current: bool, user: Any) -> Shown:
    told = entry.count(user) if entry.count else None
    count = told if isinstance(told, Count | None) else Count(str(told))
    short = entry.short or entry.title
    return Shown(entry.key, entry.title, short, entry.icon, url, entry.go, entry.tab, count, is_current)


def _current(path: str, places: Iterable[tuple[str, str]]) -> str:
    """The entry whose address is the longest beginning of `path`; the first page only if it is the page itself."""
    leading = [(len(url), key) for key, url in places if path == url or (url != "/" and path.startswith(url))]
    return max(leading, default=(0, ""))[1]
