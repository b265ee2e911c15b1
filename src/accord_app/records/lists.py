"""The three lists: people, accounts, deals. What filters them, what stands in a row, what stands in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accord_app.records import listing, reads
from accord_app.records.listing import Chosen, Listing, Slice
from accord_app.records.models import Account, Deal, Person, SearchTerm

PEOPLE = Listing(
    Person, "known_at",
    {"country": "country", "owner": "owner", "segment": "segment", "status": "lifecycle"}, SearchTerm.Kind.PERSON,
    beside=("account",),
)  # fmt: skip
ACCOUNTS = Listing(
    Account, "known_at",
    {"country": "country", "owner": "owner", "segment": "segment", "status": "lifecycle"}, SearchTerm.Kind.ACCOUNT,
)  # fmt: skip
DEALS = Listing(Deal, "moved_at", {"status": "status", "stage": "stage", "owner": "owner"})

_TITLES = {"country": "Country", "owner": "Owner", "segment": "Segment", "status": "Status", "stage": "Stage"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter can take."""

    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with its values."""

    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the query without it."""

    title: str
    query: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list: what was asked for, its page, its filters; `rows` are those of the page, each with its owner's name."""

    chosen: Chosen
    slice: Slice[Any]
    filters: tuple[Filter, ...]
    chips: tuple[Chip, ...]
    rows: tuple[tuple[Any, str], ...]


def page(of: Listing[Any], chosen: Chosen, *, without: Sequence[str] = ()) -> ListPage:
    """A page of a list. `without` names filters that the page shows in another way."""
    found = listing.page(of, chosen)
    values = {name: _values(of, name, chosen) for name in of.filters if name not in without}
    owners = reads.owners({*values.get("owner", []), *(row.owner for row in found.rows if row.owner)})
    filters = tuple(
        Filter(
            name, _TITLES[name], tuple(Choice(v, _said(name, v, owners), v == chosen.filters.get(name)) for v in each)
        )
        for name, each in values.items()
        if each
    )
    chips = [Chip(f"“{chosen.words}”", chosen.without("q"))] if chosen.words else []
    chips += [
        Chip(f"{_TITLES[name]}: {_said(name, value, owners)}", chosen.without(name))
        for name, value in chosen.filters.items()
        if name not in without
    ]
    rows = tuple((row, owners.get(row.owner, row.owner)) for row in found.rows)
    return ListPage(chosen, found, filters, tuple(chips), rows)


def _values(of: Listing[Any], name: str, chosen: Chosen) -> list[str]:
    values = listing.choices(of, name)
    asked = chosen.filters.get(name)
    return values if asked is None or asked in values else [asked, *values]


def _said(name: str, value: str, owners: dict[str, str]) -> str:
    return owners.get(value, value) if name == "owner" else value


_PERSON_COLUMNS = (
    "person_id", "name", "email", "phone", "title", "company", "account_id", "country", "city", "language", "origin",
    "campaign", "segment", "owner", "lifecycle", "deleted", "first_known_at", "known_at", "erased_at",
)  # fmt: skip
_ACCOUNT_COLUMNS = (
    "account_id", "name", "domain", "industry", "employees", "revenue", "country", "city", "segment", "owner",
    "lifecycle", "is_competitor", "deleted", "parent_id", "first_known_at", "known_at",
)  # fmt: skip
_DEAL_COLUMNS = (
    "deal_id", "account_id", "person_id", "status", "stage", "amount", "currency", "owner", "reason", "opened_at",
    "moved_at", "closed_at",
)  # fmt: skip
COLUMNS = {PEOPLE.model: _PERSON_COLUMNS, ACCOUNTS.model: _ACCOUNT_COLUMNS, DEALS.model: _DEAL_COLUMNS}


def values(of: Listing[Any], chosen: Chosen) -> Iterator[list[object]]:
    """Every row that was asked for, with all of its columns."""
    columns = COLUMNS[of.model]
    for row in listing.every(of, chosen):
        yield [getattr(row, column) for column in columns]
