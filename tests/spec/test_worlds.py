"""What is planted in each world of the simulated company, and that nothing else changes.

| world                    | what is true there                                                                    |
|--------------------------|---------------------------------------------------------------------------------------|
| none                     | nothing is planted                                                                    |
| slow-mondays             | offers of a Monday are answered ten times more slowly                                 |
| misfit-source            | from the middle on, leads of content syndication are more, rejected more and won less |
| falling-segment          | from the middle on, deals of the segment `mid` are won at 40 % of their chance        |
| over-capacity            | for a sixteenth of the span the home market brings many times its leads                |
| unowned                  | from 60 % of the span on, nobody is left in the team `enterprise`                     |
| campaigns-in-negotiation | nine of ten held-back mails go out, and take 40 % of the chance of a deal             |
| contradicted-reasons     | half of the reasons of rejections are contradicted by the facts                       |
| price-objections         | the share of deals lost on price grows by 50 points over the span                     |
| untrusted-data           | 15 % of the CRM's facts are late, doubled, missing an owner, in the future or guessed |
"""

from __future__ import annotations

from functools import cache
from random import Random
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest

from accord.agreement.handoff import Handoff, handoff_id
from accord.agreement.state import Roster
from accord.example import deals
from accord.example.colleagues import REASONS, Course, Crew, Latent
from accord.example.columns import facts
from accord.example.damage import WAYS, Damage
from accord.example.life import Company, crew_of
from accord.example.people import SEGMENTS, People, Registry, people
from accord.example.staff import availability
from accord.example.world import DAY, HOUR, MINUTE, ORIGINS, WORLDS, ExampleError, Span, moment, world

SPAN = Span.of()
LEADS = 3_000
SYNDICATION = next(at for at, origin in enumerate(ORIGINS) if origin.name == "content syndication")


class Lived(NamedTuple):
    """What the crew of a world would do if everybody were handed over three hours after arrival."""

    who: People
    crew: Crew
    courses: list[Course]
    offered: list[int]


@cache
def lived(name: str = "none", size: float = 1.0) -> Lived:
    company = Company.of(leads=LEADS, seed=7, span=SPAN, planted=world(name, size))
    who = people(0, LEADS, seed=7, span=SPAN, world=company.world)
    crew = crew_of(company, Latent.of([who]))
    owners = [each.handle for each in company.staff if each.joined <= SPAN.start and each.left > SPAN.end]
    found, offered = [], []
    for row in range(LEADS):
        at = int(who.arrival[row]) + 3 * HOUR
        person = company.ids.people.one(row)
        owner = owners[row % len(owners)]
        found.append(
            crew._course(Handoff(handoff_id(person, at), person, at, 1, "A", 70.0, True, owner=owner), row, at)
        )
        offered.append(at)
    return Lived(who, crew, found, offered)


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311


def response_hours(of: Lived, weekday: int | None) -> float:
    """The median time to the first answer to offers on that weekday, or on Tuesday to Thursday."""
    days = {weekday} if weekday is not None else {1, 2, 3}
    waits = [
        (course.acts[0].at - at) / HOUR
        for course, at in zip(of.courses, of.offered, strict=True)
        if course.acts and moment(at).weekday() in days and 7 <= moment(at).hour < 15
    ]
    return median(waits)


def accepted(of: Lived, rows: np.ndarray) -> float:
    answered = [of.courses[row] for row in np.flatnonzero(rows) if of.courses[row].acts]
    return sum(course.acts[0].event == "accepted" for course in answered) / len(answered)


def after(of: Lived, share: float) -> np.ndarray:
    return np.asarray(of.offered) >= SPAN.at(share)


def every_deal(of: Lived) -> list[deals.Deal]:
    return [course.deal for course in of.courses if course.deal is not None]


def test_there_are_ten_worlds_and_each_has_a_sentence() -> None:
    assert len(WORLDS) == 10
    for name in WORLDS:
        assert world(name).sentence.endswith(".")
        assert world(name).planted == (name != "none")


@pytest.mark.parametrize("name", WORLDS)
def test_at_size_zero_every_world_is_the_ordinary_one(name: str) -> None:
    nothing, ordinary = world(name, 0.0), world("none")
    assert not nothing.planted
    for field in (
        "monday_slowness",
        "misfit_depth",
        "falling_factor",
        "surge",
        "contradicted",
        "price_drift",
        "defects",
    ):
        assert getattr(nothing, field) == getattr(ordinary, field)


def test_a_misspelt_world_is_told_its_nearest_name() -> None:
    with pytest.raises(ExampleError, match="unowned"):
        world("unownd")


# none


def test_the_median_answer_takes_42_minutes_of_working_time() -> None:
    of = lived()
    minutes = [of.crew._response(dice(n), of.crew._staff["tomas"], SPAN.start + DAY) / MINUTE for n in range(2_000)]
    assert 38 < median(minutes) < 46
    assert sum(m > 240 for m in minutes) / len(minutes) > 0.05  # a long tail


def test_acts_happen_from_monday_to_saturday_in_daytime() -> None:
    moments = [moment(act.at) for course in lived().courses for act in course.acts]
    assert {at.weekday() for at in moments} == {0, 1, 2, 3, 4, 5}
    assert all(6 <= at.hour < 19 for at in moments)


def test_reasons_come_in_the_shares_of_real_companies() -> None:
    given = [act.reason for course in lived().courses for act in course.acts if act.event in ("rejected", "recycled")]
    share = {reason: given.count(reason) / len(given) for reason in set(given)}
    scale = sum(REASONS.values())
    not_target = sum(share.get(reason, 0) for reason in ("too_small", "wrong_role", "no_fit"))
    assert not_target == pytest.approx((REASONS["not_target"] + REASONS["no_fit"]) / scale, abs=0.15)
    assert share["unreachable"] == pytest.approx(REASONS["unreachable"] / scale, abs=0.07)
    assert share["timing"] + share["no_budget"] == pytest.approx(REASONS["not_now"] / scale, abs=0.07)
    assert share["no_interest"] == pytest.approx(REASONS["no_interest"] / scale, abs=0.05)


def test_few_reasons_are_contradicted_by_the_facts() -> None:
    of = lived()
    rejected = sum(act.event == "rejected" for course in of.courses for act in course.acts)
    assert 0.01 < len(of.crew.contradicted) / rejected < 0.08


def test_a_slow_answer_goes_with_fewer_wins() -> None:
    at_once, late = (
        deals.chance_of_winning(fit=1.2, interest=0.9, readiness=0.0, response_us=hours * HOUR) for hours in (1, 72)
    )
    assert 0.05 < at_once - late < 0.25


def test_deals_come_in_pounds_from_britain_and_in_euros_from_elsewhere() -> None:
    of = lived()
    for deal in every_deal(of):
        assert deal.currency == ("GBP" if of.who.country[deal.person] == 3 else "EUR")


# slow-mondays


def test_slow_mondays() -> None:
    ordinary, slow = lived(), lived("slow-mondays")
    assert response_hours(ordinary, 0) < 2 * response_hours(ordinary, None)
    assert response_hours(slow, 0) > 4 * response_hours(slow, None)
    assert response_hours(slow, None) == pytest.approx(response_hours(ordinary, None), rel=0.15)


# misfit-source


def test_misfit_source() -> None:
    ordinary, planted = lived(), lived("misfit-source")
    for_source, for_others = planted.who.origin == SYNDICATION, planted.who.origin != SYNDICATION
    before, since = ~after(planted, 0.5), after(planted, 0.5)
    assert for_source[since].mean() > 2.5 * for_source[before].mean()
    assert accepted(planted, for_source & since) < accepted(planted, for_others & since) - 0.2
    assert accepted(planted, for_others & since) == pytest.approx(accepted(ordinary, after(ordinary, 0.5)), abs=0.06)


# falling-segment


def test_falling_segment() -> None:
    found = every_deal(lived("falling-segment"))
    plain = {deal.person: deal for deal in every_deal(lived())}
    segment = lived().who.segment
    for deal in found:
        falls = SEGMENTS[segment[deal.person]] == "mid" and deal.opened >= SPAN.at(0.5)
        assert deal.chance == pytest.approx(plain[deal.person].chance * (0.4 if falls else 1.0))


# over-capacity


def test_over_capacity() -> None:
    since, until = SPAN.at(0.5), SPAN.at(0.56)

    def share(name: str) -> float:
        who = lived(name).who
        home = who.country < 3
        return float(((who.arrival[home] >= since) & (who.arrival[home] < until)).mean())

    assert share("over-capacity") > 2.5 * share("none")


# unowned


def test_unowned() -> None:
    company = Company.of(leads=LEADS, seed=7, span=SPAN, planted=world("unowned"))
    roster = Roster.from_rows(availability(company.staff, span=SPAN, ids=company.ids).to_pylist())
    assert {each.handle for each in company.staff if each.team == "enterprise"} == {"ada", "ines"}
    for handle in ("ada", "ines"):
        assert not roster.is_there(handle, SPAN.at(0.6) + HOUR)
        assert not roster.is_there(handle, SPAN.end)


# campaigns-in-negotiation


def test_campaigns_in_negotiation() -> None:
    planted, ordinary = world("campaigns-in-negotiation"), world()
    assert planted.shield_ignored == pytest.approx(0.9)
    assert ordinary.shield_ignored == 0
    deal = deals.planned(
        dice(1), planted, SPAN, number=1, person=1, account=1, owner="tomas", opened=SPAN.start, country=0,
        segment="small", likely=0.5,
    )  # fmt: skip
    deal.luck = 0.4
    assert deal.won(planted)
    deal.hit = True
    assert not deal.won(planted)  # 0.5 × 0.6 is less than 0.4
    assert deal.won(ordinary)


# contradicted-reasons


def test_contradicted_reasons() -> None:
    of = lived("contradicted-reasons")
    rejected = sum(act.event == "rejected" for course in of.courses for act in course.acts)
    assert len(of.crew.contradicted) / rejected == pytest.approx(0.5, abs=0.06)


# price-objections


def test_price_objections() -> None:
    def share(name: str, early: bool) -> float:
        closing = [deal for deal in every_deal(lived(name)) if (deal.closes < SPAN.at(0.33)) == early]
        closing = [deal for deal in closing if deal.closes < SPAN.at(0.33) or deal.closes > SPAN.at(0.67)]
        return sum(deal.reason == "price" for deal in closing) / len(closing)

    assert share("none", True) == pytest.approx(share("none", False), abs=0.08)
    assert share("price-objections", False) > share("price-objections", True) + 0.2


# untrusted-data


def test_untrusted_data() -> None:
    ids = Registry.of(7)
    at = np.full(2_000, SPAN.start, np.int64)
    own = {
        "person_id": ids.people.column(np.arange(2_000)),
        "kind": ["call.connected"] * 2_000,
        "by": ["tomas"] * 2_000,
    }
    rows = facts("touches", own, source="crm", source_id=ids.facts.column(np.arange(2_000)), occurred=at, known=at)
    damage = Damage(7, world("untrusted-data"), ids)
    found = damage.applied("touches", rows)
    assert sum(damage.done.values()) / 2_000 == pytest.approx(0.15, abs=0.03)
    assert all(damage.done[way] > 30 for way in WAYS)
    assert found.num_rows == 2_000 + damage.done["doubled"]
    assert found["by"].null_count == damage.done["missing"]
    assert Damage(7, world(), ids).applied("touches", rows) is rows
