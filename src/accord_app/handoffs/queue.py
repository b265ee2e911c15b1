"""Which handoffs a view holds, in which order, page by page. Pages are found by key: the last is as fast as the first.

Open handoffs come before closed ones; among the open, those without an owner first, then by the clock that runs out
next, so that what has run out stands on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from accord.agreement.handoff import ACCEPTED, CLOSING, CONTACTED, OFFERED, QUALIFIED, RECYCLED, REJECTED
from accord_app.handoffs import access
from accord_app.handoffs.models import Handoff
from accord_app.members.models import User
from accord_app.members.roles import Right

PAGE = 25
MOST_COUNTED = 99
"""A view that holds more is shown as `99+`: counting them all would take longer than reading the page."""

_OPEN = Q(closed_at=None)


@dataclass(frozen=True, slots=True)
class View:
    """A named part of the queue. `which` gets who looks and when."""

    key: str
    title: str
    empty: str
    which: Callable[[User, datetime], Q]
    shelves: str = "udq"

    @property
    def is_open(self) -> bool:
        """Whether it holds open handoffs."""
        return "u" in self.shelves


def _team(user: User, _: datetime) -> Q:
    return Q(team=user.team.name) & _OPEN if user.team else Q(pk__in=[])


MINE = View("mine", "Mine", "Nothing waits for you.", lambda user, _: Q(owner=user.handle) & _OPEN)
TEAM = View("team", "Team", "Your team has no open handoff.", _team)
UNOWNED = View("unowned", "Unowned", "Every open handoff has an owner.", lambda _u, _a: Q(owner=None) & _OPEN)
BREACHING = View("breaching", "Breaching", "No clock has run out.", lambda _, at: Q(next_due__lte=at) & _OPEN)
UNACCEPTED = View(
    "unaccepted", "Unaccepted", "Every handoff has been answered.", lambda _u, _a: Q(status=OFFERED) & _OPEN
)
IN_CONTACT = View(
    "contact",
    "Accepted",
    "No accepted handoff is open.",
    lambda _u, _a: Q(status__in=(ACCEPTED, CONTACTED)) & _OPEN,
)


def _closed(key: str, title: str, status: str, empty: str) -> View:
    return View(key, title, empty, lambda _u, _a: Q(status=status, closed_at__isnull=False), "c")


QUALIFIED_ = _closed("qualified", "Qualified", QUALIFIED, "No handoff has become an SQL yet.")
RECYCLED_ = _closed("recycled", "Recycled", RECYCLED, "No handoff went back to nurture.")
REJECTED_ = _closed("rejected", "Rejected", REJECTED, "No handoff was rejected.")
ALL = View("all", "All", "No lead has been handed over yet.", lambda _u, _a: Q(), "udqc")
AWAITS_REPLY = Q(reply_due__isnull=False, replied_at=None)
AWAITS_LOOK = Q(look_due__isnull=False, looked_at=None)
REPLIES = View("replies", "To reply to", "No rejection waits for a reply.", lambda _u, _a: AWAITS_REPLY, "r")
LOOKS = View("second-look", "Second look", "No rejection waits for a second look.", lambda _u, _a: AWAITS_LOOK, "s")
VIEWS = {
    view.key: view
    for view in (
        MINE, TEAM, UNOWNED, BREACHING, UNACCEPTED, IN_CONTACT, QUALIFIED_, RECYCLED_, REJECTED_, REPLIES, LOOKS,
        ALL,
    )
}  # fmt: skip


def views_of(user: User) -> tuple[View, ...]:
    """The views that make sense for somebody, the one to begin with first."""
    own = (MINE, TEAM) if user.team else (MINE,)
    open_, closed = (BREACHING, UNOWNED, UNACCEPTED, IN_CONTACT), (RECYCLED_, REJECTED_)
    if not access.sees_all(user):
        return (*own, *open_, *closed)
    after = [view for view, right in _AFTER_REJECTION if user.may(right)]
    if user.may(Right.ANSWER_HANDOFFS):
        return (ALL, *own, *after, *open_, *closed)
    return (ALL, *after, UNOWNED, UNACCEPTED, IN_CONTACT, QUALIFIED_, *closed)


_AFTER_REJECTION = ((REPLIES, Right.REPLY_TO_REJECTIONS), (LOOKS, Right.LOOK_AGAIN))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody asked to see: a view, and filters as they stand in the address."""

    view: View
    filters: Mapping[str, str] = field(default_factory=dict)
    saved: int | None = None

    @property
    def query(self) -> str:
        """The address of this choice, without the page."""
        saved = {"saved": str(self.saved)} if self.saved else {}
        return urlencode({"view": self.view.key, **self.filters, **saved})

    @property
    def status(self) -> str | None:
        """The only status that is asked for, if one is."""
        return self.filters.get("status")

    def without(self, name: str) -> Chosen:
        """The same with one filter less."""
        return Chosen(self.view, {key: value for key, value in self.filters.items() if key != name})

    def where(self, user: User, at: datetime) -> Q:
        """As a condition on handoffs."""
        asked = Q()
        for name, value in self.filters.items():
            asked &= _FILTERS[name](value)
        return self.view.which(user, at) & asked


NOBODY = "nobody"
_FILTERS: Mapping[str, Callable[[str], Q]] = {
    "team": lambda value: Q(team=value),
    "owner": lambda value: Q(owner=None if value == NOBODY else value),
    "band": lambda value: Q(band=value),
    "status": lambda value: Q(status=value, closed_at__isnull=value not in CLOSING),
    "country": lambda value: Q(country=value),
    "origin": lambda value: Q(origin=value),
}
FILTERS = tuple(_FILTERS)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A stretch of the queue that is in one order. `order` ends with the id, so that no two rows are equal."""

    key: str
    which: Q
    by: str
    descending: bool = False

    def stretch(self, scope: QuerySet[Handoff], after: tuple[datetime, str] | None) -> QuerySet[Handoff]:
        """What stands here after a place, in order."""
        sign, beyond = ("-", "lt") if self.descending else ("", "gt")
        found = scope.filter(self.which).order_by(f"{sign}{self.by}", f"{sign}handoff_id")
        if after is not None:
            moment, last = after
            same = Q(**{self.by: moment, f"handoff_id__{beyond}": last})
            # the first part is implied by the second and lets the database enter the index at this place
            found = found.filter(Q(**{f"{self.by}__{beyond}e": moment})).filter(
                Q(**{f"{self.by}__{beyond}": moment}) | same
            )
        return found

    def may_hold(self, status: str | None) -> bool:
        """Whether handoffs of a status can stand here at all. The database would look through all of that status."""
        if status is None or self.key not in "udqc":
            return True
        return (status in CLOSING) == (self.key == "c")

    def place(self, row: Handoff) -> tuple[datetime, str]:
        return getattr(row, self.by), row.handoff_id


_OPEN_SHELVES = (
    _Shelf("u", _OPEN & Q(owner=None), "offered_at"),
    _Shelf("d", _OPEN & Q(owner__isnull=False, next_due__isnull=False), "next_due"),
    _Shelf("q", _OPEN & Q(owner__isnull=False, next_due=None), "offered_at"),
)
_CLOSED_SHELVES = (_Shelf("c", Q(closed_at__isnull=False), "closed_at", descending=True),)
_SHELVES = (
    *_OPEN_SHELVES,
    *_CLOSED_SHELVES,
    _Shelf("r", AWAITS_REPLY, "reply_due"),
    _Shelf("s", AWAITS_LOOK, "look_due"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after this row of this shelf. `number` rows came before, for the reader only."""

    shelf: str
    moment: datetime
    handoff_id: str
    number: int

    @classmethod
    def read(cls, text: str) -> Place | None:
        """From the address; None for anything that is no place."""
        parts = text.split("~")
        if len(parts) != 4 or parts[0] not in {shelf.key for shelf in _SHELVES} or not parts[3].isdecimal():
            return None
        try:
            said = datetime.fromisoformat(parts[1])
            moment = said.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        is_plain = parts[2].isascii() and parts[2].replace("-", "").replace("_", "").isalnum()
        if said.tzinfo is None or not is_plain or len(parts[3]) > 9:
            return None
        return cls(parts[0], moment, parts[2], int(parts[3]))

    def __str__(self) -> str:
        return f"{self.shelf}~{self.moment.isoformat()}~{self.handoff_id}~{self.number}"


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a view: its rows, how many came before, and where the next page begins."""

    rows: tuple[Handoff, ...]
    before: int
    following: Place | None


def page(user: User, chosen: Chosen, *, at: datetime, after: Place | None = None, size: int = PAGE) -> Slice:
    """The rows of a view after a place."""
    found: list[tuple[_Shelf, Handoff]] = []
    where = chosen.where(user, at)
    for shelf in _shelves(chosen, after):
        begins = (after.moment, after.handoff_id) if after and after.shelf == shelf.key else None
        wanted = size + 1 - len(found)
        found += [(shelf, row) for row in _merged(user, shelf, where, begins, wanted)]
        if len(found) > size:
            break
    before = after.number if after else 0
    shown = found[:size]
    following = None
    if len(found) > size:
        shelf, last = shown[-1]
        following = Place(shelf.key, *shelf.place(last), before + size)
    return Slice(tuple(row for _, row in shown), before, following)


def every(user: User, chosen: Chosen, *, at: datetime) -> Iterable[Sequence[Handoff]]:
    """All rows of a view, some hundred at a time."""
    after = None
    while True:
        found = page(user, chosen, at=at, after=after, size=500)
        yield found.rows
        if found.following is None:
            return
        after = found.following


def _shelves(chosen: Chosen, after: Place | None) -> list[_Shelf]:
    shelves = [shelf for shelf in _SHELVES if shelf.key in chosen.view.shelves and shelf.may_hold(chosen.status)]
    keys = [shelf.key for shelf in shelves]
    return shelves[keys.index(after.shelf) :] if after and after.shelf in keys else shelves


def _merged(user: User, shelf: _Shelf, where: Q, after: tuple[datetime, str] | None, most: int) -> list[Handoff]:
    """The next rows of a shelf. Among many closed ones each branch of what somebody sees is read along its index, for
    the keys alone: rows that the next branch pushes off the page are never read."""
    if not shelf.descending:
        found = shelf.stretch(access.visible(user).filter(where), after)
        return list(found.select_related("pending")[:most])
    places: set[tuple[datetime, str]] = set()
    for scope in access.branches(user):
        places |= set(shelf.stretch(scope.filter(where), after).values_list(shelf.by, "pk")[:most])
    wanted = [key for _, key in sorted(places, reverse=True)[:most]]
    rows = Handoff.objects.select_related("pending").in_bulk(wanted) if wanted else {}
    return [rows[key] for key in wanted if key in rows]


def counts(user: User, asked: Sequence[Chosen], *, at: datetime) -> list[int]:
    """How many handoffs each choice holds, counted up to one more than MOST_COUNTED, in one query."""
    if not asked:
        return []
    key = (connection.vendor, *access.seen_as(user), *((each.view.key, *each.filters.items()) for each in asked))
    composed = _composed.get(key)
    if composed is None:
        if len(_composed) >= MOST_COMPOSED:
            _composed.clear()
        composed = _composed[key] = _compose(user, asked)
    sql, params = composed
    then, now = map(connection.ops.adapt_datetimefield_value, (_THEN, at))
    with connection.cursor() as cursor:
        cursor.execute(sql, [now if value == then else value for value in params])
        row = cursor.fetchone()
    return [min(int(number), MOST_COUNTED + 1) for number in row or ()]


MOST_COMPOSED = 1_000
_THEN = datetime(2000, 1, 1, microsecond=424_242, tzinfo=UTC)  # stands in a composed query where the moment belongs
_composed: dict[tuple[object, ...], tuple[str, tuple[Any, ...]]] = {}


def _compose(user: User, asked: Sequence[Chosen]) -> tuple[str, tuple[Any, ...]]:
    """The query of `counts` and its values. Composing a dozen counts takes longer than asking them, and the same people
    ask for the same views all day."""
    parts: list[str] = []
    params: list[Any] = []
    for chosen in asked:
        branches = [_counted(scope.filter(chosen.where(user, _THEN))) for scope in access.branches(user)]
        parts.append(" + ".join(sql for sql, _ in branches))
        params += [value for _, given in branches for value in given]
    return f"SELECT {', '.join(parts)}", tuple(params)


def _counted(scope: QuerySet[Handoff]) -> tuple[str, Sequence[Any]]:
    """The number of rows, as far as it is counted, as SQL; a query that cannot find anything has none of its own."""
    try:
        sql, params = scope.order_by().values_list("pk")[: MOST_COUNTED + 1].query.sql_with_params()
    except EmptyResultSet:
        return "0", ()
    return f"(SELECT count(*) FROM ({sql}) AS capped)", params
