"""What the people of the simulated company do with the handoffs that they are offered.

They see what anybody would see, they know more than is recorded (how well the account really fits), and they have
habits: hours, pace, patience. All that follows from their acts (calls, mails, deals) is kept here until its day comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import exp
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from accord.agreement.handoff import CLOSING, Handoff, HumanAct, drawn
from accord.example import deals
from accord.example.people import DECIDERS, SEGMENTS, People, Registry
from accord.example.staff import HEAD_OF_SALES, LIAISON, MARKETERS, Colleague, Shifts
from accord.example.world import DAY, HOUR, MINUTE, ORIGINS, Span, World, moment

MEDIAN_RESPONSE = 42 * MINUTE  # of the colleague's own working time
RESPONSE_SPREAD = 1.3
FORGOTTEN = 0.03  # share of offers that nobody looks at
CLEARED = (25, 40)  # days after which the head of sales gives back what was never brought to an end
REACHED = 0.33  # chance that one attempt reaches the person
SECOND_LOOKS = 0.2
BUSY_FROM, SLOWER_BY = 14, 0.05  # open handoffs from which a colleague slows down, and by how much for each

# How often each reason is given, of all rejections and recyclings; scaled to 1. "Not target" is too_small, wrong_role
# or no_fit, whichever the facts bear out; "not the right moment" is recycled as timing or no_budget.
REASONS = {
    "not_target": 0.32,
    "unreachable": 0.20,
    "not_now": 0.20,
    "no_interest": 0.10,
    "no_fit": 0.09,
    "competitor": 0.08,
    "wrong_data": 0.07,
}
_AT_ONCE = ("not_target", "competitor", "wrong_data")
_LATER = ("not_now", "no_interest", "no_fit")
_TOO_SMALL = 100  # employees, as the agreement's check says


class Latent(NamedTuple):
    """What is true about every person, by number: see `People`."""

    account: npt.NDArray[np.int64]
    origin: npt.NDArray[np.int8]
    country: npt.NDArray[np.int8]
    title: npt.NDArray[np.int8]
    segment: npt.NDArray[np.int8]
    seen_employees: npt.NDArray[np.int32]
    unreachable: npt.NDArray[np.bool_]
    competitor: npt.NDArray[np.bool_]
    duplicate: npt.NDArray[np.bool_]
    interest: npt.NDArray[np.float32]
    fit: npt.NDArray[np.float32]

    @classmethod
    def of(cls, parts: Sequence[People]) -> Latent:
        """Some 40 bytes for each person."""
        kinds: dict[str, Any] = {"seen_employees": np.int32, "interest": np.float32, "fit": np.float32}
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls._fields}
        return cls(**{name: joined[name].astype(kinds.get(name, joined[name].dtype)) for name in cls._fields})


class Touch(NamedTuple):
    """A touch by sales."""

    at: int
    person: int
    kind: str
    by: str
    outcome: str | None
    asset: str | None
    stage: str | None


class DealEvent(NamedTuple):
    """An event of a deal."""

    at: int
    deal: deals.Deal
    event: str
    stage: str
    amount: float
    reason: str | None


@dataclass(slots=True)
class Course:
    """What will come of one handoff under its present owner."""

    person: int
    owner: str | None
    acts: list[HumanAct] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    deal: deals.Deal | None = None


class Crew:
    """Everybody in sales and marketing who acts on handoffs."""

    def __init__(
        self,
        *,
        seed: int,
        span: Span,
        world: World,
        ids: Registry,
        truth: Latent,
        staff: Mapping[str, Colleague],
        shifts: Mapping[str, Shifts],
    ) -> None:
        self.world = world
        self.busy = np.zeros(len(truth.account), bool)  # who has an open handoff or deal
        self.contradicted: list[str] = []  # handoffs whose reason was made to contradict the facts
        self._seed, self._span, self._ids, self._truth = seed, span, ids, truth
        self._staff, self._shifts = staff, shifts
        self._zones = {handle: ZoneInfo(who.zone) for handle, who in staff.items()}
        self._courses: dict[str, Course] = {}
        self._turns: dict[int, int] = {}
        self._load: dict[str, int] = {}
        self._coming: list[tuple[int, int, Touch | DealEvent]] = []
        self._deals: dict[int, deals.Deal] = {}  # the open deal of a person
        self._count = self._deal_count = 0

    # What the agreement asks of colleagues

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        """What people will do with a handoff that was just offered."""
        person = self._ids.people.number(handoff.person_id)
        if not 0 <= person < len(self.busy) or not handoff.person_id.startswith(self._ids.people.letter):
            return ()
        self.busy[person] = True
        course = self._courses[handoff.handoff_id] = self._course(handoff, person, at)
        self._clear(course, at)
        self._loaded(course.owner, 1)
        return course.acts

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        """What the new owner will do with it."""
        before = self._courses.get(handoff.handoff_id)
        if before is not None:
            self._loaded(before.owner, -1)
        if before is not None and handoff.answered_at is not None:
            return self._taken_over(handoff, before.person, at)
        return self.offered(handoff, at)

    def _taken_over(self, handoff: Handoff, person: int, at: int) -> Sequence[HumanAct]:
        """Somebody goes on with what a colleague who left had accepted; without an owner it waits for one."""
        course = self._courses[handoff.handoff_id] = Course(person, handoff.owner)
        self._loaded(course.owner, 1)
        owner = self._staff.get(handoff.owner or "")
        if owner is None:
            return ()
        turn = self._turns[person] = self._turns.get(person, -1) + 1
        chance = self._chance(person, 100 + turn)
        taken = self._shifts[owner.handle].after(at, self._response(chance, owner, at))
        if taken is not None:
            self._work_on(course, chance, handoff, owner.handle, at, taken)
        course.acts = [act for act in course.acts if act.event != "accepted"]
        for touch in course.touches:
            self._expect(touch.at, touch)
        self._clear(course, at)
        return course.acts

    # What follows from what was done

    def lived(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Takes in the handoff events that took effect; calls, mails and deals follow from them."""
        for event in events:
            course = self._courses.get(event["handoff_id"])
            if course is not None:
                self._follow(course, event["event"], event["handoff_id"])

    def _follow(self, course: Course, event: str, handoff_id: str) -> None:
        if event == "accepted":
            for touch in course.touches:
                self._expect(touch.at, touch)
        elif event in ("qualified", "rejected", "recycled"):
            self._loaded(course.owner, -1)
            self.busy[course.person] = False
            del self._courses[handoff_id]
            if event == "qualified" and course.deal is not None:
                self._open(course.deal)

    def _open(self, deal: deals.Deal) -> None:
        self.busy[deal.person] = True
        self._deals[deal.person] = deal
        for at, event, stage in deals.steps(deal):
            at = self._at_work(deal.owner, at)
            if at < deal.closes:
                self._expect(at, DealEvent(at, deal, event, stage, deal.amount, None))
                self._meet(deal, event, stage, at)
        self._expect(deal.closes, DealEvent(deal.closes, deal, "closes", deals.STAGES[2], deal.amount, deal.reason))

    def _meet(self, deal: deals.Deal, event: str, stage: str, at: int) -> None:
        """Meetings go with the stages, and often a document is sent after them."""
        chance = self._chance(deal.person, 7 + len(stage) + len(event))
        if event != "activity":
            held = Touch(at - 20 * MINUTE, deal.person, "meeting.held", deal.owner, "connected", None, stage)
            self._expect(held.at, held)
        if chance.random() < 0.6:
            asset = chance.choice(("case-foundry", "case-bakery", "roi-calculator", "robot-safety-paper", "quote"))
            sent = Touch(at + 15 * MINUTE, deal.person, "mail.sent", deal.owner, None, asset, stage)
            self._expect(sent.at, sent)

    def happened(self, until: int) -> list[Touch | DealEvent]:
        """Everything that followed up to `until`, in order; each is told once."""
        told: list[Touch | DealEvent] = []
        while self._coming and self._coming[0][0] < until:
            event = heappop(self._coming)[2]
            told.append(self._closed(event) if isinstance(event, DealEvent) and event.event == "closes" else event)
        return told

    def _closed(self, event: DealEvent) -> DealEvent:
        deal = event.deal
        self._deals.pop(deal.person, None)
        self.busy[deal.person] = False
        won = deal.won(self.world)
        return event._replace(event="won" if won else "lost", stage="closed", reason=None if won else deal.reason)

    def mailed(self, people: npt.NDArray[np.int64], at: int) -> int:
        """Campaign mails went to these people; counts those that ran into a proposal or negotiation."""
        hits = [self._deals[person] for person in people.tolist() if person in self._deals]
        hits = [deal for deal in hits if deal.stage_at(at) in deals.STAGES[1:]]
        for deal in hits:
            deal.hit = True
        return len(hits)

    # How one handoff goes

    def _course(self, handoff: Handoff, person: int, at: int) -> Course:
        course = Course(person, handoff.owner)
        owner = self._staff.get(handoff.owner or "")
        turn = self._turns[person] = self._turns.get(person, -1) + 1
        chance = self._chance(person, 100 + turn)
        if owner is None or chance.random() < FORGOTTEN:
            return course
        work = self._response(chance, owner, at)
        answered = self._shifts[owner.handle].after(at, work)
        by = owner.handle
        if answered is not None and answered - at > 2 * DAY and (deputy := self._deputy(owner, at)):
            by = deputy
            answered = self._shifts[by].after(at, work) if chance.random() < 0.6 else answered
        if answered is None:
            return course
        fit = float(self._truth.fit[person])
        if chance.random() < _odds(-1.75 - 0.9 * (fit - 1.2)):
            self._turn_down(course, chance, handoff, by, answered)
        else:
            self._work_on(course, chance, handoff, by, at, answered)
        return course

    def _clear(self, course: Course, at: int) -> None:
        """What its owner forgets goes back to nurture some weeks later; without an owner it keeps waiting for one."""
        if course.owner is None or any(act.event in CLOSING for act in course.acts):
            return
        chance = self._chance(course.person, 90)
        cleared = _office(chance, at + int(chance.uniform(*CLEARED) * DAY))
        course.acts.append(HumanAct(cleared, "recycled", HEAD_OF_SALES, "timing"))

    def _response(self, chance: Random, owner: Colleague, at: int) -> int:
        load = 1 + SLOWER_BY * max(0, self._load.get(owner.handle, 0) - BUSY_FROM)
        monday = moment(at).astimezone(self._zones[owner.handle]).weekday() == 0
        slow = self.world.monday_slowness if monday else 1.0
        return int(MEDIAN_RESPONSE * exp(RESPONSE_SPREAD * chance.gauss(0, 1)) * owner.pace * load * slow)

    def _deputy(self, owner: Colleague, at: int) -> str | None:
        away = next((each for each in owner.away if each.since - DAY <= at < each.until), None)
        return away.deputy if away and away.deputy in self._shifts else None

    def _turn_down(self, course: Course, chance: Random, handoff: Handoff, by: str, at: int) -> None:
        person = course.person
        if self._truth.duplicate[person]:
            reason = "duplicate"
        else:
            reason = self._borne_out(_drawn_reason(chance, _AT_ONCE), person)
        self._reject(course, chance, handoff, by, at, reason)

    def _borne_out(self, reason: str, person: int) -> str:
        """An honest colleague says "not target" in the words that the recorded facts bear out."""
        if reason != "not_target":
            return reason
        if self._truth.seen_employees[person] < _TOO_SMALL:
            return "too_small"
        return "wrong_role" if self._truth.title[person] >= DECIDERS else "no_fit"

    def _reject(self, course: Course, chance: Random, handoff: Handoff, by: str, at: int, reason: str) -> None:
        if chance.random() < self.world.contradicted:
            reason = self._untrue(chance, course, reason)
            self.contradicted.append(handoff.handoff_id)
        course.acts.append(HumanAct(at, "rejected", by, reason))
        marketer = MARKETERS[chance.random() < 0.4]
        if chance.random() < 0.94:
            course.acts.append(HumanAct(_office(chance, at + _hours(chance, 7, 1.0)), "replied", marketer, None))
        if drawn(handoff.handoff_id, SECOND_LOOKS) and chance.random() < 0.95:
            course.acts.append(HumanAct(_office(chance, at + _hours(chance, 40, 0.6)), "looked_again", LIAISON, None))

    def _untrue(self, chance: Random, course: Course, reason: str) -> str:
        """A reason that the recorded facts contradict; the given one where none does."""
        wrong = []
        if self._truth.seen_employees[course.person] >= 2 * _TOO_SMALL:
            wrong.append("too_small")
        if self._truth.title[course.person] < DECIDERS:
            wrong.append("wrong_role")
        if not self._truth.duplicate[course.person]:
            wrong.append("duplicate")
        if len(course.touches) < 4:
            wrong.append("unreachable")
        return chance.choice(wrong or [reason])

    def _work_on(self, course: Course, chance: Random, handoff: Handoff, by: str, offered: int, at: int) -> None:
        course.acts.append(HumanAct(at, "accepted", by, None))
        reached = self._attempts(course, chance, by, at)
        if reached is None:
            return self._give_up(course, chance, handoff, by)
        ends = self._after(by, reached, int(chance.expovariate(1 / (7 * HOUR))) + 20 * MINUTE)
        if ends is None or chance.random() < 0.02:  # some are forgotten
            return None
        fit, interest = float(self._truth.fit[course.person]), float(self._truth.interest[course.person])
        if chance.random() < _odds(-1.25 - 0.5 * (fit - 1.2) - 0.4 * (interest - 0.9)):
            return self._after_talk(course, chance, handoff, by, ends)
        course.acts.append(HumanAct(ends, "qualified", by, None))
        course.deal = self._deal(course.person, chance, by, ends, response=at - offered)
        return None

    def _attempts(self, course: Course, chance: Random, by: str, at: int) -> int | None:
        """Calls and mails until the person is reached; None when they never are."""
        reachable = not self._truth.unreachable[course.person]
        when = self._after(by, at, int(15 * MINUTE * exp(1.1 * chance.gauss(0, 1))))
        for attempt in range(self._staff[by].stamina):
            if when is None:
                return None
            call = attempt % 3 != 2
            reached = reachable and chance.random() < REACHED
            outcome = "connected" if reached else "no answer" if call else None
            kind = f"call.{'connected' if reached else 'no-answer'}" if call else "mail.sent"
            course.touches.append(Touch(when, course.person, kind, by, outcome, None, None))
            if attempt == 0 or reached:
                course.acts.append(HumanAct(when + 2 * MINUTE, "contacted", by, None))
            if reached:
                return when + 10 * MINUTE
            when = self._after(by, when, int(chance.uniform(3, 11) * HOUR))
        return None

    def _give_up(self, course: Course, chance: Random, handoff: Handoff, by: str) -> None:
        if not course.touches:
            return
        ends = self._after(by, course.touches[-1].at + 30 * HOUR, int(chance.uniform(0.1, 8) * HOUR))
        if ends is not None and chance.random() < 0.96:
            self._reject(course, chance, handoff, by, ends, "unreachable")

    def _after_talk(self, course: Course, chance: Random, handoff: Handoff, by: str, at: int) -> None:
        reason = _drawn_reason(chance, _LATER)
        if reason == "not_now":
            code = "timing" if chance.random() < 0.65 else "no_budget"
            course.acts.append(HumanAct(at, "recycled", by, code))
        else:
            self._reject(course, chance, handoff, by, at, reason)

    def _deal(self, person: int, chance: Random, owner: str, at: int, *, response: int) -> deals.Deal:
        truth = self._truth
        self._deal_count += 1
        likely = deals.chance_of_winning(
            fit=float(truth.fit[person]),
            interest=float(truth.interest[person]),
            readiness=ORIGINS[truth.origin[person]].readiness,
            response_us=response,
        )
        return deals.planned(
            chance,
            self.world,
            self._span,
            number=self._deal_count,
            person=person,
            account=int(truth.account[person]),
            owner=owner,
            opened=at + int(chance.uniform(0.1, 2) * HOUR),
            country=int(truth.country[person]),
            segment=SEGMENTS[truth.segment[person]],
            likely=likely,
        )

    # Small things

    def _chance(self, person: int, what: int) -> Random:
        return Random((self._seed << 50) ^ (person << 10) ^ what)  # noqa: S311

    def _loaded(self, owner: str | None, by: int) -> None:
        if owner is not None:
            self._load[owner] = self._load.get(owner, 0) + by

    def _expect(self, at: int, event: Touch | DealEvent) -> None:
        self._count += 1
        heappush(self._coming, (at, self._count, event))

    def _after(self, by: str, at: int, work: int) -> int | None:
        return self._shifts[by].after(at, work)

    def _at_work(self, by: str, at: int) -> int:
        """The same moment, or when the colleague is next at work."""
        return self._shifts[by].after(at, 10 * MINUTE) or at


def _odds(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


def _drawn_reason(chance: Random, among: Sequence[str]) -> str:
    return chance.choices(among, [REASONS[reason] for reason in among])[0]


def _hours(chance: Random, median: float, spread: float) -> int:
    return int(median * HOUR * exp(spread * chance.gauss(0, 1)))


def _office(chance: Random, at: int) -> int:
    """The same moment, moved into a weekday between 8 and 15 UTC."""
    day, within = divmod(at, DAY)
    if not 8 * HOUR <= within < 15 * HOUR:
        day, within = day + (within >= 15 * HOUR), 8 * HOUR + int(chance.random() * 2 * HOUR)
    weekday = (day + 3) % 7
    return (day + (7 - weekday if weekday > 4 else 0)) * DAY + within
