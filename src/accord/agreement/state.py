"""How things stand at a moment: who is at work, which handoffs are open, what each person's last handoff came to."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from accord.agreement.families import Families
from accord.agreement.handoff import Handoff, HumanAct, worked
from accord.facts.same import Links

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

FOREVER = 2**62
RAN_OUT, FIND_OWNER, OWNER_LEFT = -1, -2, -3
"""What comes due beside the steps of `on_breach`: the answer clock itself, another try to find an owner, and that the
owner has left the company."""


class Absence(NamedTuple):
    """One stretch in which a colleague is not there, and from when on that could be known. `left`: the company."""

    start: int
    end: int
    known: int
    deputy: str | None
    left: bool = False


@dataclass(slots=True)
class Roster:
    """Who is there. Without any facts about a colleague, he or she is always there."""

    absences: Mapping[str, list[Absence]] = field(default_factory=dict)
    changes: list[int] = field(init=False, repr=False, compare=False)  # moments at which somebody comes or goes

    def __post_init__(self) -> None:
        all_of_them = (absence for absences in self.absences.values() for absence in absences)
        moments = {moment for absence in all_of_them for moment in (absence.start, absence.end, absence.known)}
        self.changes = [-FOREVER, *sorted(moments - {-FOREVER, FOREVER}), FOREVER]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Roster:
        """From availability facts (person, event, occurred_at, known_at, until, deputy; times as naive UTC)."""
        absences: dict[str, list[Absence]] = defaultdict(list)
        joined: dict[str, int] = {}
        gone: set[str] = set()
        for row in sorted(rows, key=lambda r: (r["occurred_at"], r["known_at"])):
            start, known = microseconds(row["occurred_at"]), microseconds(row["known_at"])
            match row["event"]:
                case "absent":
                    end = microseconds(row["until"]) if row["until"] else FOREVER
                    absences[row["person"]].append(Absence(start, end, known, row["deputy"]))
                case "left":
                    gone.add(row["person"])
                    absences[row["person"]].append(Absence(start, FOREVER, known, row["deputy"], left=True))
                case "joined":
                    _rejoin(absences[row["person"]], start)
                    if row["person"] not in joined and row["person"] not in gone:
                        absences[row["person"]].append(Absence(-FOREVER, start, -FOREVER, None))
                    joined[row["person"]] = start
                case "back":
                    _rejoin(absences[row["person"]], start, known)
        return cls(dict(absences))

    def is_there(self, person: str, at: int) -> bool:
        return self.absence(person, at) is None

    def absence(self, person: str, at: int) -> Absence | None:
        """The stretch in which the colleague is away at that moment, as known then; of several what was said last."""
        now = [each for each in self.absences.get(person, ()) if each.start <= at < each.end and each.known <= at]
        return max(now, key=lambda each: (each.known, each.start), default=None)

    def departure(self, person: str, at: int) -> Absence | None:
        """The stretch since which the colleague has left the company, as known at that moment."""
        for absence in self.absences.get(person, ()):
            if absence.left and absence.start <= at < absence.end and absence.known <= at:
                return absence
        return None

    def departures(self, person: str) -> Iterator[int]:
        """When it takes effect that the colleague has left: then, or when that became known afterwards."""
        for absence in self.absences.get(person, ()):
            if absence.left and (takes_effect := max(absence.start, absence.known)) < absence.end:
                yield takes_effect

    def in_place_of(self, person: str, at: int) -> str | None:
        """Who does a colleague's work at that moment: the colleague, else the deputy whom the absence names, else
        that deputy's deputy; None when nobody of them is there."""
        asked: set[str] = set()
        who: str | None = person
        while who is not None and who not in asked:
            absence = self.absence(who, at)
            if absence is None:
                return who
            asked.add(who)
            who = absence.deputy
        return None

    def unchanged(self, at: int) -> tuple[int, int]:
        """The stretch around a moment, its end excluded, in which nobody comes or goes."""
        place = bisect_right(self.changes, at)
        return self.changes[place - 1], self.changes[place]


def _rejoin(absences: list[Absence], at: int, known: int = FOREVER) -> None:
    """Somebody is back at a moment, which ends what was known when that was said, and what has no end of its own. An
    absence that was set afterwards stands: whoever takes one back in advance may set a longer one later."""
    for i, absence in enumerate(absences):
        if absence.end > at >= absence.start and (absence.known <= known or absence.end == FOREVER):
            absences[i] = absence._replace(end=at)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 of a UTC time, naive or aware; exact."""
    delta = (at.replace(tzinfo=UTC) if at.tzinfo is None else at) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shift(NamedTuple):
    """Who can be given a handoff by a rule, how large a share each takes, who was passed over why, and who stands in
    for whom, from a moment until another."""

    rules: Rules
    since: int
    until: int
    shares: Mapping[str, float]
    skipped: tuple[tuple[str, str], ...]
    instead: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Standing:
    """What a person's handoffs so far came to. `stamp` counts the changes."""

    handoffs: int = 0
    open: Handoff | None = None
    offered_us: int | None = None
    closed: str | None = None
    recycled_us: int | None = None
    rejected_us: int | None = None
    recycle_reason: str | None = None
    reject_reason: str | None = None
    sales_touches_at_offer: float = 0.0
    stamp: int = 0


def together(standings: Sequence[Standing]) -> Standing:
    """What the handoffs under several ids of one person came to, as if they had been one person's: any that is open,
    the number of all, the newest of each kind. What each id has of its own stays as it is."""
    last = max(standings, key=lambda s: s.offered_us or -FOREVER)
    recycled = max(standings, key=lambda s: s.recycled_us or -FOREVER)
    rejected = max(standings, key=lambda s: s.rejected_us or -FOREVER)
    open_ = {s.open.handoff_id: s.open for s in standings if s.open is not None}
    first = worked((each.offered_at, each.handoff_id) for each in open_.values())
    return Standing(
        handoffs=sum(s.handoffs for s in standings),
        open=open_.get(first or ""),
        offered_us=last.offered_us,
        closed=last.closed,
        recycled_us=recycled.recycled_us,
        rejected_us=rejected.rejected_us,
        recycle_reason=recycled.recycle_reason,
        reject_reason=rejected.reject_reason,
        sales_touches_at_offer=sum(s.sales_touches_at_offer for s in standings),
        stamp=sum(s.stamp for s in standings),
    )


class Due(NamedTuple):
    """Something that will happen to a handoff: an act of a person, or a clock that runs out."""

    at: int
    rank: int  # of one moment, acts of people come first, then clocks, then that the owner has left
    handoff_id: str
    order: int
    handoff: Handoff
    stretch: int
    act: HumanAct | None
    breach: int  # index into on_breach, or RAN_OUT, FIND_OWNER, OWNER_LEFT


def _no_turns() -> dict[str, dict[str, float]]:
    return defaultdict(lambda: defaultdict(float))


@dataclass(slots=True)
class State:
    """Everything that deciding remembers from moment to moment."""

    roster: Roster = field(default_factory=Roster)
    people: dict[str, Standing] = field(default_factory=dict)
    open: dict[str, Handoff] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    today: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    turns: dict[str, dict[str, float]] = field(default_factory=_no_turns)  # rule -> person -> turns taken, by weight
    shifts: dict[tuple[int, int], Shift] = field(default_factory=dict, compare=False)  # by version and routing rule
    due: list[Due] = field(default_factory=list)
    turning: list[tuple[int, str]] = field(default_factory=list)
    verdicts: dict[str, tuple[str, str]] = field(default_factory=dict)  # as far as it follows from facts alone
    recorded: dict[str, tuple[str, str]] = field(default_factory=dict)  # the decision that was recorded last
    versions: dict[int, Rules] = field(default_factory=dict)
    count: int = 0
    links: Links = field(default_factory=Links)
    families: Families = field(default_factory=Families)

    def stands(self, person_id: str, at: int) -> Standing | None:
        """What the person's handoffs came to under all ids that mean the person at a moment; to be read only."""
        if person_id not in self.links.down:
            return self.people.get(person_id)
        found = [self.people[each] for each in self.links.members(person_id, at) if each in self.people]
        return together(found) if len(found) > 1 else (found[0] if found else None)

    def standing(self, person_id: str) -> Standing:
        found = self.people.get(person_id)
        if found is None:
            found = self.people[person_id] = Standing()
        return found

    def schedule(self, handoff: Handoff, at: int, *, act: HumanAct | None = None, breach: int = RAN_OUT) -> None:
        """Put something on the list of what will happen to a handoff."""
        self.count += 1
        rank = 0 if act else 2 if breach == OWNER_LEFT else 1
        heappush(self.due, Due(at, rank, handoff.handoff_id, self.count, handoff, handoff.stretch, act, breach))

    def watch(self, person_id: str, at: int) -> None:
        """Look at this person again at the first tick after `at`, because time alone may change the answer."""
        heappush(self.turning, (at, person_id))

    def turned(self, until: int) -> list[tuple[int, str]]:
        """Take off the list everybody who is to be looked at again by `until`."""
        found = []
        while self.turning and self.turning[0][0] <= until:
            found.append(heappop(self.turning))
        return found


def first_at_or_after(moments: list[int], at: int) -> int | None:
    """The first of the sorted moments that is not before `at`."""
    place = bisect_right(moments, at - 1)
    return moments[place] if place < len(moments) else None
