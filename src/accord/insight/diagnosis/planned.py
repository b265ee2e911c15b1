"""What was won in the running quarter against its plan, split into the steps that the plan names.

The plan names handoffs, acceptance, win rate, deal size and revenue. How many deals are to close for each accepted
handoff follows from them. Handoffs and revenue are due evenly from day to day; rates are due from the first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from accord.agreement.document import Agreement, Period
from accord.agreement.periods import Periods, Span
from accord.insight.attribution.draws import dealt, people
from accord.insight.diagnosis.case import Case, Flags, moments, newest, numbers, within, words
from accord.insight.diagnosis.cohort import LOTS
from accord.insight.diagnosis.gap import Factor, Gap, Shown
from accord.insight.diagnosis.split import Reals, shapley
from accord.insight.result import LEVEL, Interval

_NEEDED = ("handoffs", "new_revenue")
_RATES = ("acceptance_rate", "win_rate", "deal_size")


@dataclass(frozen=True, slots=True)
class Target:
    """What was due by a moment of a quarter: handoffs and revenue so far, rates as planned; `missing` are not named."""

    quarter: Span
    handoffs: float
    acceptance_rate: float | None
    win_rate: float | None
    deal_size: float | None
    new_revenue: float

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in _RATES if not getattr(self, name))


def target(agreement: Agreement | None, *, at: datetime) -> Target | str:
    """The plan of the quarter that holds `at` (naive UTC), as due then; else why there is none to hold against."""
    if agreement is None:
        return "No agreement is in force, so there is no plan."
    moment = at.replace(tzinfo=UTC)
    quarter = Periods(agreement.time_zone, agreement.fiscal_year_start).at(moment, Period.QUARTER)
    plan = agreement.plan.get(quarter.label, {})
    absent = [name for name in _NEEDED if not plan.get(name)]
    if absent:
        return f"The agreement plans no {' and no '.join(absent)} for {quarter.label}."
    share = (moment - quarter.start) / timedelta(seconds=1) / ((quarter.end - quarter.start) / timedelta(seconds=1))
    if share <= 0:
        return f"{quarter.label} has not begun."
    return Target(
        quarter, plan["handoffs"] * share, plan.get("acceptance_rate"), plan.get("win_rate"), plan.get("deal_size"),
        plan["new_revenue"] * share,
    )  # fmt: skip


def counts(case: Case, those: Mapping[str, Flags]) -> tuple[Reals, Reals]:
    """(lots, 6) of the records that `flags` found: handoffs, answered, accepted, deals closed, won, and what they
    brought; and how many people each lot has.

    As the promises count them: handoffs and answers by the date of the offer, deals by the date of their closing.
    """
    ended, won = those["ended"], those["won"]
    of_handoffs = np.stack([those[name] for name in ("offered", "answered", "accepted")], axis=1).astype(float)
    of_deals = np.stack([ended, won, np.where(won, np.nan_to_num(numbers(case.deals, "worth")), 0)], axis=1).astype(
        float
    )
    ids_of_deals = (case.deals.column(name).to_pylist() for name in ("person_id", "deal_id"))
    owners = [person or deal for person, deal in zip(*ids_of_deals, strict=True)]
    whose = [*case.handoffs.column("person_id").to_pylist(), *owners]
    place = {each: number for number, each in enumerate(sorted({str(each) for each in whose}))}
    lots = min(LOTS, max(len(place), 1))
    lots_of = dealt(len(place), lots)
    lot = lots_of[[place[str(each)] for each in whose]]
    found = np.zeros((lots, 6))
    np.add.at(found[:, :3], lot[: len(of_handoffs)], of_handoffs)
    np.add.at(found[:, 3:], lot[len(of_handoffs) :], of_deals)
    return found, np.bincount(lots_of, minlength=lots).astype(np.float64)


def flags(case: Case, since: datetime, until: datetime) -> Mapping[str, Flags]:
    """Which handoffs were offered, answered and accepted, and which deals ended and were won, in a stretch of time."""
    mine, answers = within(moments(case.handoffs, "offered_at"), since, until), words(case.handoffs, "answer")
    answered = np.array([each is not None for each in answers], bool)
    closing = words(case.deals, "closing")
    ended = within(moments(case.deals, "closed_at"), since, until) & np.isin(closing, ["won", "lost"])
    return {
        "offered": mine, "answered": mine & answered, "accepted": mine & (answers == "accepted"), "ended": ended,
        "won": ended & (closing == "won"),
    }  # fmt: skip


_BEHIND = {
    "handoffs": "offered",
    "acceptance_rate": "answered",
    "win_rate": "ended",
    "deal_size": "won",
    "rest": "ended",
}


def _records(name: str, case: Case, those: Mapping[str, Flags]) -> tuple[str, tuple[str, ...]]:
    """The kind and the newest of the records that a factor is of."""
    which = _BEHIND[name]
    if which in ("ended", "won"):
        return "deals", newest(case.deals.column("deal_id"), moments(case.deals, "closed_at"), those[which])
    offered = moments(case.handoffs, "offered_at")
    return "handoffs", newest(case.handoffs.column("handoff_id"), offered, those[which])


def steps(sums: Reals, missing: tuple[str, ...]) -> Reals:
    """Counts (..., 6) as the factors of their revenue: handoffs, the rates that the plan names, and the remainder."""
    handoffs, answered, accepted, closed, won, worth = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {"acceptance_rate": accepted / answered, "win_rate": won / closed, "deal_size": worth / won}
        named = [rates[name] for name in _RATES if name not in missing]
        rest = worth / np.prod([handoffs, *named], axis=0)
    # nothing was won: the remainder says nothing where a factor before it is nothing already
    return np.stack([handoffs, *named, np.where(np.isfinite(rest), rest, np.nan)], axis=-1)


_TITLES: dict[str, tuple[str, Shown, str]] = {
    "handoffs": ("Handoff volume", "count", "People passed to sales so far, against the plan's even pace"),
    "acceptance_rate": ("Acceptance", "share", "Of answered handoffs"),
    "win_rate": ("Win rate", "share", "Of closed deals"),
    "deal_size": ("Deal size", "money", "Of won deals"),
    "rest": ("Deals closed", "money", "Deals that close for an accepted handoff, as the rest of the plan implies"),
}


def against_plan(case: Case, due: Target) -> Gap:
    """Splits what was won in the quarter so far minus what was due of its plan."""
    since = due.quarter.start.replace(tzinfo=None)
    those = flags(case, since, case.until)
    (found, sizes), planned = counts(case, those), _planned(due)
    whole = found.sum(axis=0)
    actual = steps(whole, due.missing)
    effects = _effects(planned, actual, float(whole[-1]) - due.new_revenue)
    drawn = people(sizes) @ found
    each = np.stack([_effects(planned, steps(row, due.missing), float(row[-1]) - due.new_revenue) for row in drawn])
    low, high = np.quantile(each, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    names = ["handoffs", *(name for name in _RATES if name not in due.missing), "rest"]
    records = {"handoffs": whole[0], "acceptance_rate": whole[1], "win_rate": whole[3], "deal_size": whole[4],
               "rest": whole[3]}  # fmt: skip
    factors = tuple(
        Factor(
            name, _TITLES[name][0], "count" if name == "rest" else _TITLES[name][1],
            *_levels(name, planned[place], actual[place], whole, due), float(effects[place]),
            Interval(min(low[place], effects[place]), max(high[place], effects[place])), int(records[name]),
            _TITLES[name][2], *_records(name, case, those),
        )
        for place, name in enumerate(names)
    )  # fmt: skip
    return Gap(
        unit=case.currency,
        n=int(whole[0] + whole[3]),
        definition="What was won in the quarter so far minus what was due of it, each factor by its Shapley value.",
        sql=f"{case.handoffs_sql};\n\n{case.deals_sql}",
        against="plan",
        label=due.quarter.label,
        actual=float(whole[-1]),
        expected=due.new_revenue,
        factors=factors,
        since=since,
        until=case.until,
        notices=_notices(due),
    )


def _planned(due: Target) -> Reals:
    named = [due.handoffs, *(getattr(due, name) for name in _RATES if name not in due.missing)]
    return np.array([*named, due.new_revenue / float(np.prod(named))])


def _effects(planned: Reals, actual: Reals, gap: float) -> Reals:
    """Shapley values; what rounding or an unpriced deal leaves over belongs to the remainder."""
    found = shapley(planned, actual)
    found[-1] += gap - found.sum()
    return found


def _levels(
    name: str, planned: float, actual: float, whole: Reals, due: Target
) -> tuple[float | None, float | None]:  # fmt: skip
    if name != "rest":
        return float(planned), None if np.isnan(actual) else float(actual)
    if due.missing:
        return None, None
    closed = due.new_revenue / ((due.win_rate or 1) * (due.deal_size or 1))
    return closed, float(whole[3])


def _notices(due: Target) -> tuple[str, ...]:
    told = [f"The plan of {due.quarter.label} names no {name}; it is part of the remainder." for name in due.missing]
    told.append(
        "The plan names no segments and no response times, so mix and response are only told apart against an earlier "
        "period."
    )
    return tuple(told)
