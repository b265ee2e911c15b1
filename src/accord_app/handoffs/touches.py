"""What both teams did with a person, in words and on one axis of time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Q, Subquery

from accord_app.handoffs.countdown import day
from accord_app.ledger.models import Touch
from accord_app.records.models import Person
from accord_app.shell.components import Lane, LaneTouch, Tick

if TYPE_CHECKING:
    from accord_app.handoffs.reads import Desk

SIDES = ("marketing", "sales")

MOST_SHOWN = 200
ON_LANE = 6
LETTER = 1.3
"""The width of a letter in percent of the lane, about."""

REASONS = 3
_LOOKED_AT = 10  # newest touches of each person among which the reasons of a row are found
_WORDS = {
    "form.contact": "contact form",
    "form.newsletter": "newsletter sign-up",
    "email.clicked": "mail clicked",
    "email.opened": "mail opened",
    "email.sent": "mail sent",
    "call.connected": "call, reached",
    "call.no-answer": "call, no answer",
    "call.logged": "call",
    "meeting.held": "meeting",
    "meeting.demo": "demo",
}
_QUIET = frozenset({"email.sent", "email.opened", "mail.sent", "page.home"})
"""What says little about a person: never the reason of a row."""


HEIGHTS = {"marketing": (1.0, 1.9, 2.8), "sales": (0.9, 1.8)}
"""The levels on which the words of touches can stand, in rem."""


def words(kind: str, asset: str | None = None) -> str:
    """`price request`, `pricing page`, `download: buyers guide`."""
    thing, _, act = kind.partition(".")
    plain = {"page": f"{act} page", "form": act}.get(thing, f"{thing} {act}")
    text = _WORDS.get(kind, plain).replace("-", " ").replace("_", " ").strip()
    return f"{text}: {asset.replace('-', ' ')}" if asset and thing in ("form", "email", "mail") else text


def reasons(
    people: Mapping[str, datetime], unseen: Collection[str], earning: Collection[str] = ()
) -> dict[str, list[str]]:
    """What each of these people did last before a moment, newest first: `price request`, `pricing page 3 times`. What
    earns points comes before what does not."""
    newest: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    rows = _telling(unseen).filter(_since_the_newest(people, unseen)).order_by("-known_at", "-id")
    for person, kind, known in rows.values_list("person_id", "kind", "known_at"):
        newest[person].append((kind, known))
    done: dict[str, Counter[str]] = defaultdict(Counter)
    for person, each in newest.items():
        seen = [kind for kind, known in each[:_LOOKED_AT] if known <= people[person]]
        done[person].update(words(kind) for kind in sorted(seen, key=lambda kind: kind not in earning))
    return {person: [_often(text, n) for text, n in list(each.items())[:REASONS]] for person, each in done.items()}


def _since_the_newest(people: Collection[str], unseen: Collection[str]) -> Q:
    """The touches of these people since the earliest that is looked at, so that of somebody with a hundred thousand
    only the last are read."""
    nth = _telling(unseen).filter(person_id=OuterRef("pk")).order_by("-known_at", "-id")[_LOOKED_AT - 1 : _LOOKED_AT]
    known = Person.objects.filter(pk__in=people).annotate(since=Subquery(nth.values("known_at")))
    sinces = {person: since for person, since in known.values_list("pk", "since") if since is not None}
    asked = Q(person_id__in=[person for person in people if person not in sinces])
    for person, since in sinces.items():
        asked |= Q(person_id=person, known_at__gte=since)
    return asked


def _telling(unseen: Collection[str]) -> Any:
    """What marketing saw somebody do."""
    rows = Touch.facts().filter(Q(side="marketing") | Q(side=None)).exclude(kind__in=_QUIET)
    return rows.exclude(batch__in=unseen)


def lane(desk: Desk, person_id: str) -> tuple[Lane, str]:
    """The touches of one person up to now: the few that the lane has room for, all as a list; and how many in words."""
    fields = ("kind", "side", "occurred_at", "by", "asset", "evidence")
    at, zone = desk.at, desk.zone
    newest = (
        _counting([person_id], desk.unseen)
        .filter(known_at__lte=at)
        .order_by("-known_at", "-id")
        .values(*fields)[:MOST_SHOWN]
    )
    rows = sorted(newest, key=lambda row: row["occurred_at"])
    since = rows[0]["occurred_at"] if rows else at
    drawn = [touch for side in SIDES for touch in _drawn(side, rows, since, at, zone)]
    listed = tuple(_listed(row, zone, desk.names) for row in rows)
    return Lane(tuple(drawn), _ticks(since, at, zone), listed), _summary(len(rows), (at - since).days)


def _counting(people: Collection[str], unseen: Collection[str]) -> Any:
    return Touch.facts().filter(person_id__in=list(people)).exclude(batch__in=unseen)


def _often(text: str, times: int) -> str:
    return {1: text, 2: f"{text} twice"}.get(times, f"{text} {times} times")


def _side(row: Mapping[str, Any]) -> str:
    return "sales" if row["side"] == "sales" else "marketing"


def _drawn(
    side: str, rows: Sequence[Mapping[str, Any]], since: datetime, at: datetime, zone: tzinfo
) -> Iterator[LaneTouch]:
    """As many as the lane has room for, evenly over time and always the newest, where their words meet the least. Where
    words would stand on words, the earlier touch is left to the list."""
    told = [row for row in rows if _side(row) == side and row["kind"] not in _QUIET]
    step = max(1, -(-len(told) // ON_LANE))
    whole = max((at - since).total_seconds(), 1)
    placed: list[LaneTouch] = []
    for row in told[::-1][::step]:
        place = min(97, max(2, 100 * (row["occurred_at"] - since).total_seconds() / whole))
        text = _sentence(row, zone, timed=_is_one_day(since, at, zone))
        could = [LaneTouch(side, text, place, height) for height in HEIGHTS[side]]
        best = min(could, key=lambda touch: sum(_meets(touch, other) for other in placed))
        if all(_meets(best, other) < 2 for other in placed):
            placed.append(best)
    yield from reversed(placed)


def _meets(one: LaneTouch, other: LaneTouch) -> int:
    """How badly two touches meet: 2 where words stand on words, 1 where the line of the higher one cuts through words
    of the lower, else 0."""
    low, high = sorted((one, other), key=lambda touch: touch.height)
    start, end = _reach(low)
    if low.height < high.height:
        return int(start <= high.at <= end)
    other_start, other_end = _reach(high)
    return 2 * int(start <= other_end and other_start <= end)


def _reach(touch: LaneTouch) -> tuple[float, float]:
    """From where to where the words of a touch stand, in percent of the lane."""
    width = 3 + len(touch.words) * LETTER
    return (touch.at - width, touch.at) if touch.is_late else (touch.at, touch.at + width)


def _sentence(row: Mapping[str, Any], zone: tzinfo, *, timed: bool = False) -> str:
    """With the day, or with the time of day where a whole lane is one day."""
    text, when = words(row["kind"], row["asset"]), row["occurred_at"]
    told = f"{when.astimezone(zone):%H:%M}" if timed else day(when, zone)
    return f"{text[:1].upper()}{text[1:]}, {told}"


def _is_one_day(since: datetime, at: datetime, zone: tzinfo) -> bool:
    return since.astimezone(zone).date() == at.astimezone(zone).date()


def _listed(row: Mapping[str, Any], zone: tzinfo, names: Mapping[str, str]) -> str:
    by = f" ({names.get(row['by']) or row['by']})" if row["by"] else ""
    claimed = ", as logged by hand" if row["evidence"] == "claimed" else ""
    return f"{_side(row).capitalize()}: {_sentence(row, zone)}{by}{claimed}"


def _ticks(since: datetime, at: datetime, zone: tzinfo) -> tuple[Tick, ...]:
    if _is_one_day(since, at, zone):
        return (Tick(f"{since.astimezone(zone):%H:%M}", 0), Tick("Now", 100))
    if at - since < timedelta(days=4):
        return (Tick(day(since, zone), 0), Tick("Now", 100))
    third = (at - since) / 3
    dates = ((since, 0), (since + third, 34), (since + 2 * third, 66))
    return (*(Tick(day(date, zone), place) for date, place in dates), Tick("Now", 100))


def _summary(count: int, days: int) -> str:
    touched = f"{count}{' newest' if count == MOST_SHOWN else ''} {'touch' if count == 1 else 'touches'}"
    return f"{touched} in {days} days" if days > 1 else touched
