"""The agreed table of points as a list: what counts, for how much, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accord.agreement.document import Card, IntentRow
from accord.agreement.mistake import listed
from accord.agreement.words import MANY, condition, figure, wall
from accord_app.shell.components import share_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `width` is its bar, of the largest."""

    what: str
    beside: str
    points: float
    width: int


@dataclass(frozen=True, slots=True)
class Half:
    """What counts for fit, or for intent; the largest first."""

    title: str
    meaning: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One card. `title` is empty where there is only one."""

    title: str
    halves: tuple[Half, ...]
    bands: str


def tables(cards: Mapping[str, Card]) -> tuple[Table, ...]:
    """Every card of an agreement that gives points."""
    return tuple(
        Table(name.replace("-", " ").replace("_", " ") if len(cards) > 1 else "", tuple(_halves(card)), _bands(card))
        for name, card in cards.items()
        if card.fit or card.intent
    )


def _halves(card: Card) -> Iterator[Half]:
    largest = max([abs(row.points) for row in card.fit] + [abs(row.points) for row in card.intent])
    fit = [(_capital(condition(row.when)), row.because, row.points) for row in card.fit]
    intent = [(_act(row), _limits(row), row.points) for row in card.intent]
    for title, meaning, rows in (
        ("Fit", "who the person and the account are", fit),
        ("Intent", "what the person did, each time", intent),
    ):
        if rows:
            ordered = sorted(rows, key=lambda row: -row[2])
            yield Half(title, meaning, tuple(Row(*row, share_of(abs(row[2]), largest)) for row in ordered))


def _act(row: IntentRow) -> str:
    """`form.price-request` as `Price request (form)`."""
    channel, _, act = row.touch.replace("-", " ").partition(".")
    return f"{_capital(act)} ({channel})" if act else _capital(channel)


def _limits(row: IntentRow) -> str:
    """`halves every 14 days, at most 30 in all`."""
    fading = [f"halves every {wall(row.half_life)}"] if row.half_life else []
    ceiling = [f"at most {figure(row.at_most)} in all"] if row.at_most is not None else []
    return ", ".join((*fading, *ceiling))


def _bands(card: Card) -> str:
    parts = [f"{band} from {figure(line)}" for band, line in card.bands]
    return f"The bands are {listed(parts, most=MANY)} points." if parts else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
