"""Everything that happened with a person, an account or a deal, of both teams, on one axis of time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accord.agreement.qualify import unmarked
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import ConsentWord, ContentUse, DealEvent, Decision, FactRow, HandoffEvent, Touch
from accord_app.members.models import User
from accord_app.records import wording
from accord_app.records.wording import Fact, Names
from accord_app.shell.components import TITLES, Lane, LaneTouch, Side, Tick
from accord_app.shell.words import day, money

PAGE = 50
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact came from: what its kind means, its source, its three times and how well it is evidenced."""

    definition: str
    source: str
    evidence: str
    occurred_at: datetime
    known_at: datetime
    recorded_at: datetime
    known_inferred: bool
    is_day: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, in words; `who` names the person where a page shows several."""

    at: datetime
    team: Side
    title: str
    detail: str
    kind: str
    person_id: str
    deal_id: str
    provenance: Provenance
    who: str = ""

    @property
    def side(self) -> str:
        """The side in words."""
        return TITLES[self.team]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened, newest first, the same drawn, and where earlier things are."""

    entries: tuple[Entry, ...]
    lane: Lane
    said: str
    earlier: str
    is_newest: bool


@dataclass(frozen=True, slots=True)
class About:
    """Whose facts: conditions on the columns that name people and deals; None where there can be none."""

    people: Q | None
    deals: Q | None


def of_person(person_ids: Collection[str]) -> About:
    """What happened with a person and in deals that name the person."""
    ids = list(person_ids)
    which = Q(person_id=ids[0]) if len(ids) == 1 else Q(person_id__in=ids)
    return About(which, which)


def of_account(account_ids: Collection[str], people: QuerySet[Any, Any]) -> About:
    """What happened with everybody of an account, and its deals."""
    ids = people.values("person_id")
    return About(Q(person_id__in=ids), Q(account_id__in=list(account_ids)) | Q(account_id=None, person_id__in=ids))


def of_deal(deal_id: str) -> About:
    """What happened in a deal."""
    return About(None, Q(deal_id=deal_id))


@dataclass(frozen=True, slots=True)
class _Kind:
    model: type[FactRow]
    name: str
    team: Callable[[Fact], Side]
    title: Callable[[Fact, Names], str]
    detail: Callable[[Fact, Names], str]


def _of_side(row: Fact) -> Side:
    return "sls" if row["side"] == "sales" else "mkt"


def _of_handoff(row: Fact) -> Side:
    return "mkt" if row["event"] in ("mql", "replied", "returned") else "sls" if row["by"] else "both"


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _by(row: Fact, names: Names) -> str:
    return names.get(row["by"], row["by"]) if row["by"] else ""


def _score(row: Fact) -> str:
    if row["score"] is None:
        return ""
    return f"{round(row['score'])} points{', band ' + row['band'] if row['band'] else ''}"


def _clause(path: str | None, version: int | None) -> str:
    if not path:
        return ""
    return f"{wording.article(path)}{f' of version {version}' if version else ''}"


_KINDS = (
    _Kind(
        Touch, "touch", _of_side, lambda row, _: wording.touch(row),
        lambda row, names: _joined(_by(row, names), row["channel"], row["campaign"], row["outcome"]),
    ),
    _Kind(
        HandoffEvent, "handoff", _of_handoff, wording.handoff,
        lambda row, _: _joined(_score(row), _clause(None if row["by"] else row["rule"], row["version"])),
    ),
    _Kind(
        Decision, "decision", lambda _: "both", lambda row, _: wording.decision(row),
        lambda row, _: _joined(_score(row), _clause(unmarked(row["because"]), row["version"])),
    ),
    _Kind(
        DealEvent, "deal", lambda _: "sls", lambda row, _: wording.deal(row),
        lambda row, names: _joined(
            names.get(row["owner"], row["owner"]) if row["owner"] else "",
            money(row["amount"], row["currency"] or "EUR") if row["amount"] and row["event"] != "amount" else "",
        ),
    ),
    _Kind(
        ConsentWord, "consent", lambda _: "mkt", lambda row, _: wording.consent(row),
        lambda row, _: f"wording {row['wording']}" if row["wording"] else "",
    ),
    _Kind(
        ContentUse, "content", _of_side, lambda row, _: wording.content(row),
        lambda row, names: _joined(_by(row, names), row["stage"]),
    ),
)  # fmt: skip


def timeline(about: About, *, earlier_than: str = "") -> Timeline:
    """The newest things that happened, or those before a place that an earlier page named.

    Takes a fixed number of queries, each by index and limited to a page.
    """
    unseen, place = unseen_batches(), _place(earlier_than)
    found = [(row, rank) for rank, kind in enumerate(_KINDS) for row in _rows(kind, rank, about, unseen, place)]
    found.sort(key=lambda each: (-_micros(each[0]["occurred_at"]), each[1], -each[0]["id"]))
    shown = found[:PAGE]
    names = colleagues([row for row, _ in shown])
    entries = tuple(_entry(_KINDS[rank], row, names) for row, rank in shown)
    earlier = _named(*shown[-1]) if len(found) > PAGE else ""
    return Timeline(entries, _lane(entries), _summary(entries, bool(earlier)), earlier, place is None)


def colleagues(rows: Sequence[Fact]) -> dict[str, str]:
    """Names of the colleagues that facts mention, by handle."""
    handles = {row[column] for row in rows for column in ("by", "owner") if row.get(column)}
    return dict(User.objects.filter(handle__in=handles).values_list("handle", "name"))


def standing_rows(model: type[FactRow], which: Q, unseen: Collection[str]) -> QuerySet[Any, Any]:
    """Facts in force, each in the revision that holds."""
    newer = model.facts().filter(source=OuterRef("source"), source_id=OuterRef("source_id")).exclude(batch__in=unseen)
    newer = newer.filter(
        Q(known_at__gt=OuterRef("known_at")) | Q(known_at=OuterRef("known_at"), revision__gt=OuterRef("revision"))
    )
    return model.facts().filter(which).exclude(batch__in=unseen).filter(~Exists(newer))


def provenance(model: type[FactRow], row: Fact, definition: str = "") -> Provenance:
    """Where a fact came from. The definition is that of its table unless one of its columns is meant."""
    return Provenance(
        definition=definition or model.table.sentence,
        source=row["source"],
        evidence=row["evidence"],
        occurred_at=row["occurred_at"],
        known_at=row["known_at"],
        recorded_at=row["recorded_at"],
        known_inferred=row["known_inferred"],
        is_day=row["precision"] == "day",
    )


def _rows(
    kind: _Kind, rank: int, about: About, unseen: Collection[str], place: tuple[datetime, int, int] | None
) -> Iterator[Fact]:
    which = about.deals if kind.model is DealEvent else about.people
    if which is None:
        return
    rows = standing_rows(kind.model, which, unseen).order_by("-occurred_at", "-id")
    if place is not None:
        rows = rows.filter(_before(place, rank))
    yield from rows.values()[: PAGE + 1]


def _before(place: tuple[datetime, int, int], rank: int) -> Q:
    at, last_rank, last_id = place
    if rank < last_rank:
        return Q(occurred_at__lt=at)
    if rank > last_rank:
        return Q(occurred_at__lte=at)
    return Q(occurred_at__lt=at) | Q(occurred_at=at, id__lt=last_id)


def _entry(kind: _Kind, row: Fact, names: Names) -> Entry:
    return Entry(
        at=row["occurred_at"],
        team=kind.team(row),
        title=kind.title(row, names),
        detail=kind.detail(row, names),
        kind=kind.name,
        person_id=row.get("person_id") or "",
        deal_id=row.get("deal_id") or "",
        provenance=provenance(kind.model, row),
    )


def _summary(entries: Sequence[Entry], goes_on: bool) -> str:
    if not entries:
        return ""
    days = (entries[0].at - entries[-1].at).days
    count = f"{len(entries)}{' newest' if goes_on else ''} {'entry' if len(entries) == 1 else 'entries'}"
    return f"{count} in {days} days" if days > 1 else count


# Places


def _micros(at: datetime) -> int:
    return (at - _START) // timedelta(microseconds=1)


def _named(row: Fact, rank: int) -> str:
    return f"{_micros(row['occurred_at'])}.{rank}.{row['id']}"


def _place(named: str) -> tuple[datetime, int, int] | None:
    try:
        micros, rank, key = (int(part) for part in named.split("."))
        return _START + timedelta(microseconds=micros), rank, min(key, 2**62)
    except (ValueError, OverflowError):
        return None


# The axis

_LEVELS: Mapping[str, tuple[float, ...]] = {"mkt": (1.0, 1.9, 2.8), "sls": (0.9, 1.8)}
_SIGN = 1.25
"""Width of a letter in percent of the axis."""
_UNNAMED = 0.1


def _lane(entries: Sequence[Entry]) -> Lane:
    """Every entry as a mark, the newest named as long as there is room for its words."""
    drawn = [entry for entry in entries if entry.kind in ("touch", "handoff", "deal", "content")]
    if not drawn:
        return Lane((), (), ())
    until, since = drawn[0].at, drawn[-1].at
    whole = max((until - since).total_seconds(), 1.0)
    taken: dict[tuple[str, float], list[tuple[float, float]]] = {}
    touches = [_mark(entry, 100 * (entry.at - since).total_seconds() / whole, taken) for entry in drawn]
    listed = (f"{entry.side}: {entry.title}, {day(entry.at)}" for entry in reversed(entries))
    return Lane(tuple(touches), _ticks(since, until), tuple(listed))


def _mark(entry: Entry, place: float, taken: dict[tuple[str, float], list[tuple[float, float]]]) -> LaneTouch:
    side: str = "mkt" if entry.team == "mkt" else "sls"
    at, words = min(98.0, max(1.0, place)), f"{entry.title}, {day(entry.at)}"
    width = 2 + _SIGN * len(words)
    span = (at - width, at + 1) if at > 60 else (at - 1, at + width)
    for place_of, level in enumerate(_LEVELS[side]):
        below = _LEVELS[side][:place_of]
        if _is_free(span, taken.get((side, level), ())) and all(
            _is_free((at, at), taken.get((side, lower), ())) for lower in below
        ):
            for lower in below:
                taken.setdefault((side, lower), []).append((at - 0.5, at + 0.5))  # its stem
            taken.setdefault((side, level), []).append(span)
            return LaneTouch(side, words, at, level)
    return LaneTouch(side, "", at, _UNNAMED)


def _is_free(span: tuple[float, float], taken: Sequence[tuple[float, float]]) -> bool:
    return all(span[1] < low or high < span[0] for low, high in taken)


def _ticks(since: datetime, until: datetime) -> tuple[Tick, ...]:
    if until - since < timedelta(days=4):
        return (Tick(day(since), 0), Tick(day(until), 100))
    third = (until - since) / 3
    inner = ((since + third, 34.0), (since + 2 * third, 66.0))
    return (Tick(day(since), 0), *(Tick(day(at), place) for at, place in inner), Tick(day(until), 100))
