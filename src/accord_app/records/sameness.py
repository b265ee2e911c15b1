"""What the pages of duplicates and merges show, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import ConsentWord, DealEvent, FactRow, HandoffEvent, Touch
from accord_app.records import listing, reads
from accord_app.records.merging import MODELS
from accord_app.records.models import Account, Duplicate, Kind, Merge, Person
from accord_app.shell import asked

PAGE = 50
_FIELDS = {
    "given": "first name", "family": "last name", "email": "e-mail", "phone": "number", "company": "company",
    "title": "title", "city": "city", "country": "country", "name": "name", "domain": "domain",
    "industry": "industry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A proposed pair: what both are called, how probable it is, and what speaks for it and against it."""

    kind: str
    left: str
    right: str
    left_name: str
    right_name: str
    beside: str
    percent: str
    speaks_for: str
    speaks_against: str


@dataclass(frozen=True, slots=True)
class Lines:
    """One page of proposed pairs, and the query that leads on; empty at the end."""

    rows: tuple[Line, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of both, and which of the two will be shown: the one known last."""

    title: str
    left: str
    right: str
    shown: str  # left, right, or same


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it is called, and how much is recorded of it."""

    record: Person | Account
    pk: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Beside:
    """Two records beside each other, field by field."""

    kind: str
    left: Side
    right: Side
    fields: tuple[Field, ...]
    counts: tuple[tuple[str, int, int], ...]  # what is recorded of the left and of the right one
    reasons: tuple[str, ...]
    percent: str


@dataclass(frozen=True, slots=True)
class Done:
    """A merge, who said it when, and whether it was taken back."""

    pk: int
    kind: str
    kept: str
    kept_name: str
    other_name: str
    by: str
    at: datetime
    undone_by: str
    undone_at: datetime | None


def proposed(kind: str, after: str) -> Lines:
    """Pairs that wait for a decision, the most probable first."""
    rows = Duplicate.objects.filter(kind=kind, state=Duplicate.State.PROPOSED).order_by("-probability", "id")
    if (place := _place(after)) is not None:
        chance, last = place
        rows = rows.filter(Q(probability__lt=chance) | Q(probability=chance, id__gt=last))
    found = list(rows[: PAGE + 1])
    records = MODELS[kind]._default_manager.in_bulk([each for row in found for each in (row.left, row.right)])
    there = [row for row in found[:PAGE] if row.left in records and row.right in records]
    more = f"kind={kind}&after={found[PAGE - 1].probability!r}_{found[PAGE - 1].pk}" if len(found) > PAGE else ""
    return Lines(tuple(_line(row, records) for row in there), more)


def count(kind: str) -> str:
    """How many pairs wait, in words."""
    return listing.counted(Duplicate.objects.filter(kind=kind, state=Duplicate.State.PROPOSED))[1]


def _place(after: str) -> tuple[float, int] | None:
    chance, _, last = after.partition("_")
    try:
        return float(chance), min(int(last), 2**62)
    except ValueError:
        return None


def _line(row: Duplicate, records: Mapping[str, Any]) -> Line:
    one, two = records[row.left], records[row.right]
    places = (getattr(each, "employer", "") or each.city or "" for each in (one, two))
    return Line(
        row.kind, row.left, row.right, str(one), str(two), " · ".join(dict.fromkeys(filter(None, places))),
        percent(row.probability), ", ".join(_said(row, speaks_for=True)), ", ".join(_said(row, speaks_for=False)),
    )  # fmt: skip


def percent(probability: float) -> str:
    """A probability in words; never certain."""
    return "over 99.9 %" if probability > 0.999 else f"{probability * 100:.1f} %"


def _said(row: Duplicate, *, speaks_for: bool) -> Iterator[str]:
    for reason in row.reasons:
        if (reason["bits"] > 0) is speaks_for:
            yield (
                f"{reason['says']} {_FIELDS.get(reason['field'], reason['field'])}"
                if speaks_for
                else (f"{_FIELDS.get(reason['field'], reason['field'])} {reason['says']}")
            )


def beside(kind: str, one: Person | Account, two: Person | Account) -> Beside:
    """What the page of a pair shows."""
    left, right = sorted((str(one.pk), str(two.pk)))
    pair = Duplicate.objects.filter(kind=kind, left=left, right=right).first()
    proposed_ = pair is not None and bool(pair.reasons)
    reasons = (*_said(pair, speaks_for=True), *_said(pair, speaks_for=False)) if pair and proposed_ else ()
    return Beside(
        kind, _side(one), _side(two), tuple(_fields(kind, str(one.pk), str(two.pk))),
        tuple((title, many, _counts(kind, two)[title]) for title, many in _counts(kind, one).items()), tuple(reasons),
        percent(pair.probability) if pair and proposed_ else "",
    )  # fmt: skip


def _side(record: Person | Account) -> Side:
    return Side(record, str(record.pk), str(record), record.first_known_at)


_COUNTED: Mapping[str, tuple[tuple[str, type[FactRow], str], ...]] = {
    Kind.PERSON: (
        ("Touches", Touch, "id"), ("Handoffs", HandoffEvent, "handoff_id"), ("Words of consent", ConsentWord, "id"),
        ("Deals", DealEvent, "deal_id"),
    ),
    Kind.ACCOUNT: (("Deals", DealEvent, "deal_id"),),
}  # fmt: skip


def _counts(kind: str, record: Person | Account) -> dict[str, int]:
    """How much is recorded of one of the two."""
    unseen, found = unseen_batches(), {}
    if kind == Kind.ACCOUNT:
        found["People"] = Person.objects.filter(account_id=record.pk, same_as="").count()
    for title, model, of in _COUNTED[kind]:
        rows = model.facts().filter(**{f"{kind}_id": record.pk}).exclude(batch__in=unseen)
        found[title] = rows.values(of).distinct().count()
    return found


def _fields(kind: str, one: str, two: str) -> Iterator[Field]:
    """Every attribute that one of the two has, the differing ones first."""
    held = {each: {cell.title: (cell.value, cell.provenance.known_at) for cell in reads.known(kind, [each]).cells}
            for each in (one, two)}  # fmt: skip
    titles = dict.fromkeys([*held[one], *held[two]])
    found = [_field(title, held[one].get(title), held[two].get(title)) for title in titles]
    yield from sorted(found, key=lambda field: field.shown == "same")


def _field(title: str, left: tuple[str, datetime] | None, right: tuple[str, datetime] | None) -> Field:
    if left and right:
        shown = "same" if left[0] == right[0] else ("left" if left[1] > right[1] else "right")
    else:
        shown = "left" if left else "right"
    return Field(title, left[0] if left else "", right[0] if right else "", shown)


def history(before: str) -> tuple[Sequence[Done], str]:
    """Merges, the newest first, and the query that leads to earlier ones."""
    rows = Merge.objects.order_by("-id")
    if (last := asked.number(before)) is not None:
        rows = rows.filter(id__lt=last)
    found = list(rows[: PAGE + 1])
    names = _names(found[:PAGE])
    colleagues = reads.owners({handle for row in found for handle in (row.by, row.undone_by) if handle})
    done = [
        Done(
            row.pk, row.kind, row.kept, names.get((row.kind, row.kept), "Erased"),
            names.get((row.kind, row.other), "Erased"), colleagues.get(row.by, row.by), row.at,
            colleagues.get(row.undone_by, row.undone_by), row.undone_at,
        )
        for row in found[:PAGE]
    ]  # fmt: skip
    return done, f"before={found[PAGE - 1].pk}" if len(found) > PAGE else ""


def _names(rows: Sequence[Merge]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind, model in MODELS.items():
        ids = {each for row in rows if row.kind == kind for each in (row.kept, row.other)}
        found.update(((kind, str(record.pk)), str(record)) for record in model._default_manager.filter(pk__in=ids))
    return found
