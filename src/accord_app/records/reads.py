"""What the pages of records show, as frozen values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Q

from accord.facts import erasure
from accord.facts.same import FOREVER
from accord.facts.tables import PROFILES
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.links import links_of
from accord_app.ledger.models import DealEvent, Profile
from accord_app.members.models import User
from accord_app.records import employers, standing, timeline
from accord_app.records.employers import Employer
from accord_app.records.models import Account, Deal, Erasure, Kind, Merge, Person
from accord_app.records.timeline import Provenance, Timeline
from accord_app.shell.words import money, whole

MOST_HISTORY = 100
MOST_BESIDE = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """One attribute as it is known: its title, its value in words, and where that came from."""

    title: str
    value: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Change:
    """What a profile said anew: when, where, and which attributes became what."""

    at: datetime
    source: str
    cells: tuple[tuple[str, str, str], ...]  # title, before, after


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about somebody or something, and how it came to be known."""

    cells: tuple[Cell, ...]
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal as lists show it."""

    deal_id: str
    title: str
    account_id: str
    person_id: str
    person: str
    status: str
    status_words: str
    stage: str
    amount: str
    owner: str
    opened_at: datetime | None
    moved_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A person: how the person stands, what is known, what happened, the deals, and who was merged into the person."""

    person: Person
    owner: str
    known: Known
    merged: tuple[Merge, ...]
    ids: int
    timeline: Timeline
    deals: tuple[DealRow, ...]
    employer: Employer | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An account: the same, and its people."""

    account: Account
    owner: str
    known: Known
    merged: tuple[Merge, ...]
    ids: int
    timeline: Timeline
    deals: tuple[DealRow, ...]
    people: tuple[Person, ...]
    has_more_people: bool
    above: Account | None
    below: tuple[Account, ...]
    has_more_below: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a deal was in a stage; `until` is empty while it still is."""

    stage: str
    since: datetime
    until: datetime | None
    days: int
    width: int

    @property
    def words(self) -> str:
        """`12 days`, `1 day, so far`, `under a day`."""
        lasted = f"{self.days:,} {'day' if self.days == 1 else 'days'}" if self.days else "under a day"
        return lasted if self.until else f"{lasted}, so far"


@dataclass(frozen=True, slots=True)
class DealPage:
    """A deal: how it stands, its stages over time, everything that happened in it."""

    deal: Deal
    row: DealRow
    stays: tuple[Stay, ...]
    timeline: Timeline
    provenance: Provenance | None


def person_page(person: Person, *, earlier_than: str) -> PersonPage:
    """What a person's page shows, of all ids that mean the person."""
    ids = _meaning(person.pk)
    about = timeline.of_person(ids)
    deals = Deal.objects.filter(person_id__in=ids).order_by("-moved_at", "deal_id")[:MOST_BESIDE]
    return PersonPage(
        person=person,
        owner=_names([person.owner]).get(person.owner, person.owner),
        known=known("person", ids),
        merged=_merged(Kind.PERSON, person.pk),
        ids=len(ids),
        timeline=timeline.timeline(about, earlier_than=earlier_than),
        deals=deal_rows(list(deals)),
        employer=employers.employer(person),
    )


def account_page(account: Account, *, earlier_than: str) -> AccountPage:
    """What an account's page shows, of all ids that mean the account."""
    ids = _meaning(account.pk)
    everybody = Person.objects.filter(account_id__in=ids, same_as="")
    people = list(everybody.order_by("-known_at", "-person_id")[: MOST_BESIDE + 1])
    deals = Deal.objects.filter(account_id__in=ids).order_by("-moved_at", "deal_id")[:MOST_BESIDE]
    subsidiaries = Account.objects.filter(parent_id__in=ids, same_as="", deleted=False).exclude(pk__in=ids)
    below = list(subsidiaries.order_by("name", "pk")[: MOST_BESIDE + 1])
    happened = timeline.timeline(
        timeline.of_account(ids, Person.objects.filter(account_id__in=ids)), earlier_than=earlier_than
    )
    return AccountPage(
        account=account,
        owner=_names([account.owner]).get(account.owner, account.owner),
        known=known("account", ids),
        merged=_merged(Kind.ACCOUNT, account.pk),
        ids=len(ids),
        timeline=_with_names(happened),
        deals=deal_rows(list(deals)),
        people=tuple(people[:MOST_BESIDE]),
        has_more_people=len(people) > MOST_BESIDE,
        above=_above(account),
        below=tuple(below[:MOST_BESIDE]),
        has_more_below=len(below) > MOST_BESIDE,
    )


def _above(account: Account) -> Account | None:
    """The account to which an account belongs."""
    parent = Account.objects.filter(pk=account.parent_id).first() if account.parent_id else None
    if parent is not None and parent.same_as:
        parent = Account.objects.filter(pk=parent.same_as).first()
    return None if parent is None or parent.pk == account.pk else parent


def deal_page(deal: Deal, *, at: datetime, earlier_than: str) -> DealPage:
    """What a deal's page shows."""
    rows = DealEvent.facts().filter(deal_id=deal.pk).exclude(batch__in=unseen_batches()).values()
    events = standing.in_order(rows)
    return DealPage(
        deal=deal,
        row=deal_rows([deal])[0],
        stays=tuple(_stays(events, deal.closed_at, at)),
        timeline=timeline.timeline(timeline.of_deal(deal.pk), earlier_than=earlier_than),
        provenance=timeline.provenance(DealEvent, events[-1]) if events else None,
    )


def _meaning(key: str) -> list[str]:
    return list(links_of([key]).members(key, FOREVER - 1))


def _merged(kind: str, key: str) -> tuple[Merge, ...]:
    return tuple(Merge.objects.filter(kind=kind, kept=key, undone_at=None).order_by("at", "id"))


def _with_names(happened: Timeline) -> Timeline:
    names = people_names({entry.person_id for entry in happened.entries})
    named = (replace(entry, who=names.get(entry.person_id, "")) for entry in happened.entries)
    return replace(happened, entries=tuple(named))


def deal_rows(deals: Sequence[Deal]) -> tuple[DealRow, ...]:
    """Deals with the names of their accounts, people and owners, in two more queries than none."""
    accounts = Account.objects.in_bulk({deal.account_id for deal in deals if deal.account_id})
    people = Person.objects.in_bulk({deal.person_id for deal in deals if deal.person_id})
    owners = _names([deal.owner for deal in deals])
    return tuple(_deal_row(deal, accounts, people, owners) for deal in deals)


def people_names(ids: Collection[str]) -> dict[str, str]:
    """What people are called, by id."""
    return {person.pk: str(person) for person in Person.objects.filter(person_id__in=ids)}


def owners(handles: Collection[str]) -> dict[str, str]:
    """What owners are called, by handle; strangers keep theirs."""
    names = _names(handles)
    return {handle: names.get(handle, handle) for handle in handles}


def _names(handles: Collection[str]) -> dict[str, str]:
    return dict(User.objects.filter(handle__in=set(handles)).values_list("handle", "name"))


def _deal_row(
    deal: Deal, accounts: Mapping[str, Account], people: Mapping[str, Person], names: Mapping[str, str]
) -> DealRow:
    about = accounts.get(deal.account_id) or people.get(deal.person_id)
    return DealRow(
        deal_id=deal.pk,
        title=str(about) if about else "Deal without an account",
        account_id=deal.account_id if deal.account_id in accounts else "",
        person_id=deal.person_id if deal.person_id in people else "",
        person=str(people.get(deal.person_id, "")),
        status=deal.status,
        status_words=Deal.Status(deal.status).label,
        stage=deal.stage,
        amount=money(deal.amount, deal.currency or "EUR"),
        owner=names.get(deal.owner, deal.owner),
        opened_at=deal.opened_at,
        moved_at=deal.moved_at,
        closed_at=deal.closed_at,
    )


# Profiles

_SHOWN = erasure.PERSONAL
_SENTENCES = {column.name: column.sentence for column in PROFILES.own}
_TITLES = {"email": "E-mail", "landing_page": "Landing page", "lifecycle": "Stage at its source", "more": "Further"}


def known(subject: str, ids: Collection[str]) -> Known:
    """What profiles tell: of every attribute the newest, and each change with its date."""
    rows = Profile.facts().filter(Q(subject=subject, subject_id__in=ids)).exclude(batch__in=unseen_batches())
    told = list(rows.order_by("known_at", "revision", "source", "source_id").values())
    names = _names([row["owner"] for row in told if row["owner"]])
    told = [row | {"owner": names.get(row["owner"], row["owner"])} for row in told]
    newest = {name: row for row in told for name in _SHOWN if row[name] not in (None, "")}
    cells = [
        Cell(_title(name), _value(name, row[name]), timeline.provenance(Profile, row, _SENTENCES[name]))
        for name, row in ((name, newest[name]) for name in _SHOWN if name in newest)
    ]
    return Known(tuple(cells), tuple(_changes(told))[::-1][:MOST_HISTORY])


def _changes(told: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    held: dict[str, Any] = {}
    for row in told:
        said = {name: row[name] for name in _SHOWN if row[name] not in (None, "") and row[name] != held.get(name)}
        cells = tuple((_title(n), _value(n, held.get(n)), _value(n, value)) for n, value in said.items())
        held |= said
        if cells:
            yield Change(row["known_at"], row["source"], cells)


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def _value(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if name == "more":
        return _further(value)
    return whole(value) if isinstance(value, float) else str(value)


def _further(value: str) -> str:
    try:
        held = json.loads(value)
    except ValueError:
        return value
    return ", ".join(f"{key}: {each}" for key, each in held.items()) if isinstance(held, dict) else value


# Deals


def _stays(events: Sequence[Mapping[str, Any]], closed_at: datetime | None, at: datetime) -> Iterator[Stay]:
    moves = [e for e in events if e["stage"] and e["event"] not in ("won", "lost", "deleted")]
    starts = [e for n, e in enumerate(moves) if n == 0 or e["stage"] != moves[n - 1]["stage"]]
    if not starts:
        return
    end = max(closed_at or at, standing.happened(starts[-1]))
    bounds = [*(standing.happened(e) for e in starts), end]
    longest = max((b - a).total_seconds() for a, b in pairwise(bounds)) or 1.0
    for place, event in enumerate(starts):
        since, until = bounds[place], bounds[place + 1]
        is_now = place == len(starts) - 1 and closed_at is None
        width = max(1, round(100 * (until - since).total_seconds() / longest))
        yield Stay(event["stage"], since, None if is_now else until, (until - since).days, width)


# Erasures


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """That people were erased: when, by whom, how many rows, whether the files are finished."""

    at: datetime
    by: str
    people: int
    rows: int
    is_done: bool


def erasures() -> tuple[ErasureRow, ...]:
    """The newest erasures."""
    found = list(Erasure.objects.order_by("-at", "-id")[:MOST_HISTORY])
    names = _names([each.by for each in found])
    return tuple(
        ErasureRow(
            at=each.at,
            by=names.get(each.by, each.by),
            people=each.emptied.get("People", 0),
            rows=sum(each.emptied.values()),
            is_done=each.done_at is not None,
        )
        for each in found
    )
