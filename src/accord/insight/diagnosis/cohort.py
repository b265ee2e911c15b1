"""The people of one period and what came of them by its end, counted in cells of segment and response.

Everybody who entered in the period is counted at each step that they passed before its end, so that each count lies
within the one before. Whoever passed a later step has passed the earlier ones. What was won from people who entered
earlier, or from deals of nobody, stands beside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accord.insight.attribution.draws import dealt
from accord.insight.diagnosis.case import Case, Flags, coded, moments, newest, numbers, within, words
from accord.insight.diagnosis.split import Reals
from accord.insight.stages import places

BANDS = ("answered in time", "answered late", "not answered", "no clock")
STEPS = ("handed over", "accepted", "opportunity", "closed", "won", "worth")
BEHIND = {
    "entered": ("volume", "mix", "qualification"), "clocked": ("response",), "handed over": ("acceptance",),
    "accepted": ("opportunity",), "opportunity": ("cycle_time",), "closed": ("win_rate",), "won": ("deal_size",),
}  # fmt: skip
"""Of which people each factor is."""
MOST_GROUPS = 8  # values of the dimension; smaller ones are taken together
LOTS = 1024
OTHERS, MISSING = "others", "missing"


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums by lot of people: `leads` (lots, groups), `steps` (lots, groups, bands, steps), `earlier` and `nobody`
    (lots): what was won in the period from people who entered earlier, and from deals of nobody known."""

    leads: Reals
    steps: Reals
    earlier: Reals
    nobody: Reals

    def whole(self) -> Counts:
        """One lot of everybody."""
        return Counts(
            *(each.sum(axis=0, keepdims=True) for each in (self.leads, self.steps, self.earlier, self.nobody))
        )

    def drawn(self, draws: Reals) -> Counts:
        """The sums when each lot counts as often as `draws` (draws, lots) says."""
        each = (self.leads, self.steps, self.earlier, self.nobody)
        return Counts(*((draws @ part.reshape(len(part), -1)).reshape(-1, *part.shape[1:]) for part in each))

    @property
    def worth(self) -> Reals:
        """All that was won, by lot."""
        return np.asarray(self.steps[..., -1].sum(axis=(1, 2)) + self.earlier + self.nobody)


class Behind(NamedTuple):
    """The records that a factor is of: their kind, how many they are, and the ids of the newest."""

    kind: str
    n: int
    newest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Both periods in the same cells. `late` is by lot what of the earlier period's wins came to be known only after
    the time that the period has had; `sizes` is how many people each lot has."""

    now: Counts
    before: Counts
    late: Reals
    sizes: Reals
    groups: tuple[str, ...]
    by: str
    unpriced: int  # won deals without an amount or rate; they count as wins of no worth
    in_money: bool
    behind: Mapping[str, Behind]  # the records of both periods behind each factor, by its name


def cohorts(case: Case, *, by: str = "segment") -> Cohorts:
    """Counts both periods of a case by one of its dimensions."""
    people = _People(case, by)
    in_money = bool(np.nansum(numbers(case.deals, "worth")) > 0)
    age = max(case.at - case.until, case.at - case.at)
    known_by = np.datetime64(case.base_until + age, "us")
    known = moments(case.deals, "closing_known_at")
    late = ~np.isnat(known) & (known > known_by)
    now = people.counted(case.since, case.until, np.zeros(len(late), bool), in_money)
    before = people.counted(case.base_since, case.base_until, late, in_money)
    of_late = people.won(case.base_since, case.base_until, in_money) * late
    people.deals["late_data"] |= of_late > 0
    won = words(case.deals, "closing") == "won"
    unpriced = won & np.isnan(numbers(case.deals, "worth"))
    closed = moments(case.deals, "closed_at")
    return Cohorts(
        now, before, people.by_lot(of_late, people.lot_of_deal), people.sizes, people.groups, by,
        int((unpriced & (case.in_period(closed) | case.in_base(closed))).sum()), in_money, people.all_behind(),
    )  # fmt: skip


class _People:
    """Everybody with their group and lot, and where each deal and handoff belongs."""

    def __init__(self, case: Case, by: str) -> None:
        self.case = case
        self.ids = case.people.column("person_id").combine_chunks()
        at = [moments(case.people, f"at_{stage}") for stage in range(6)]
        self.entry = np.where(np.isnat(at[0]), np.fmin.reduce(at), at[0])
        self.at = at
        either = within(self.entry, case.since, case.until) | within(self.entry, case.base_since, case.base_until)
        self.groups, self.group = _grouped(*coded(case.people, by), either)
        self.lots = min(LOTS, max(len(self.ids), 1))
        self.lot = np.empty(len(self.ids), np.int64)
        self.lot[pc.sort_indices(self.ids).to_numpy()] = dealt(len(self.ids), self.lots)
        self.sizes = np.bincount(self.lot, minlength=self.lots).astype(np.float64)
        self.deal_of = places(case.deals.column("person_id"), case.people.column("person_id"))
        self.handoff_of = places(case.handoffs.column("person_id"), case.people.column("person_id"))
        self.lot_of_deal = self.lot[self.deal_of] if len(self.lot) else np.zeros(len(self.deal_of), np.int64)
        nobody = np.flatnonzero(self.deal_of < 0)
        deal_ids = case.deals.column("deal_id").take(pa.array(nobody)).to_pylist()
        self.lot_of_deal[nobody] = [_hash(str(each)) % self.lots for each in deal_ids]
        self.behind = {name: np.zeros(len(self.ids), bool) for name in BEHIND}
        self.deals = {name: np.zeros(len(self.deal_of), bool) for name in ("earlier_leads", "nobody", "late_data")}

    def won(self, since: datetime, until: datetime, in_money: bool) -> Reals:
        """What each deal brought in the period; a count of wins where no deal says what it is worth."""
        deals = self.case.deals
        won = (words(deals, "closing") == "won") & within(moments(deals, "closed_at"), since, until)
        worth = np.nan_to_num(numbers(deals, "worth")) if in_money else np.ones(len(deals))
        return np.asarray(np.where(won, worth, 0.0))

    def by_lot(self, values: Reals, lots: np.ndarray) -> Reals:
        return np.bincount(lots, weights=values, minlength=self.lots).astype(np.float64)

    def counted(self, since: datetime, until: datetime, unknown: Flags, in_money: bool) -> Counts:
        """Counts one period without the closings that are `unknown` by deal."""
        entered = within(self.entry, since, until)
        worth = self.won(since, until, in_money) * ~unknown
        mine = (self.deal_of >= 0) & entered[self.deal_of] if len(entered) else np.zeros(len(worth), bool)
        brought = np.bincount(self.deal_of[mine], weights=worth[mine], minlength=len(entered))
        bands, reached = self._bands(entered, since, until), self._steps(entered, until, unknown)
        self._note(entered, reached[0] & (bands < BANDS.index("no clock")), *reached)
        cells = self._cells(bands)
        passed = [np.bincount(cells[flag], minlength=self._size) for flag in reached]
        steps = np.stack([*passed, np.bincount(cells, weights=brought, minlength=self._size)])
        shape = (len(STEPS), self.lots, len(self.groups), len(BANDS))
        leads = np.bincount(self.lot * len(self.groups) + self.group, entered, self.lots * len(self.groups))
        early = (self.deal_of >= 0) & ~mine
        self.deals["earlier_leads"] |= early & (worth > 0)
        self.deals["nobody"] |= (self.deal_of < 0) & (worth > 0)
        return Counts(
            leads=leads.reshape(self.lots, len(self.groups)).astype(np.float64),
            steps=np.moveaxis(steps.reshape(shape).astype(np.float64), 0, -1),
            earlier=self.by_lot(worth * early, self.lot_of_deal),
            nobody=self.by_lot(worth * (self.deal_of < 0), self.lot_of_deal),
        )

    def _note(self, *flags: Flags) -> None:
        """Keeps who stands behind each factor, in the order of `BEHIND`."""
        for name, flag in zip(BEHIND, flags, strict=True):
            self.behind[name] |= flag

    def all_behind(self) -> Mapping[str, Behind]:
        """The people behind each factor, in all periods that were counted, and the deals that stand beside them."""
        found: dict[str, Behind] = {}
        for names, flag in zip(BEHIND.values(), self.behind.values(), strict=True):
            found |= dict.fromkeys(names, Behind("people", int(flag.sum()), newest(self.ids, self.entry, flag)))
        closed, ids = moments(self.case.deals, "closed_at"), self.case.deals.column("deal_id")
        return found | {
            name: Behind("deals", int(flag.sum()), newest(ids, closed, flag)) for name, flag in self.deals.items()
        }

    @property
    def _size(self) -> int:
        return self.lots * len(self.groups) * len(BANDS)

    def _cells(self, bands: np.ndarray) -> np.ndarray:
        return np.asarray((self.lot * len(self.groups) + self.group) * len(BANDS) + bands)

    def _steps(self, entered: Flags, until: datetime, unknown: Flags) -> Sequence[Flags]:
        """Who passed each step before the end: handed over, accepted, opportunity, closed, won."""
        end = np.datetime64(until, "us")
        deals = self.case.deals
        closing, closed_at = words(deals, "closing"), moments(deals, "closed_at")
        closed_by_then = np.isin(closing, ["won", "lost"]) & (closed_at < end) & ~unknown
        opened = (moments(deals, "opened_at") < end) | closed_by_then
        won = entered & self._anybody(closed_by_then & (closing == "won"))
        closed = won | (entered & self._anybody(closed_by_then))
        opportunity = closed | (entered & self._anybody(opened))
        accepted = opportunity | (entered & ((self.at[2] < end) | (self.at[3] < end)))
        handed = accepted | (entered & (self.at[1] < end))
        return handed, accepted, opportunity, closed, won

    def _anybody(self, deals: Flags) -> Flags:
        found = np.zeros(len(self.ids), bool)
        found[self.deal_of[deals & (self.deal_of >= 0)]] = True
        return found

    def _bands(self, entered: Flags, since: datetime, until: datetime) -> np.ndarray:
        """In which band of response each person's first handoff of the period lies."""
        handoffs, end = self.case.handoffs, np.datetime64(until, "us")
        offered = moments(handoffs, "offered_at")
        answered, due = moments(handoffs, "answered_at"), moments(handoffs, "answer_due")
        answered = np.where(answered < end, answered, np.datetime64("NaT", "us"))
        band = np.full(len(offered), 2)
        band[~np.isnat(answered)] = 1
        band[answered <= due] = 0
        band[np.isnat(due)] = 3
        found = np.full(len(entered), 3)
        mine = np.flatnonzero(within(offered, since, until) & (self.handoff_of >= 0))
        mine = mine[np.argsort(offered[mine], kind="stable")]
        people, first = np.unique(self.handoff_of[mine], return_index=True)
        found[people] = band[mine[first]]
        return found


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _grouped(told: np.ndarray, codes: np.ndarray, counted: Flags) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the largest groups among those counted, and in which of them each person is."""
    names = [MISSING if each is None else str(each) for each in told]
    sizes: dict[str, int] = {} if counted.any() else {MISSING: 1}
    for name, size in zip(names, np.bincount(codes[counted], minlength=len(names)), strict=True):
        if size:
            sizes[name] = sizes.get(name, 0) + int(size)
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    groups = (*order[:MOST_GROUPS], *((OTHERS,) if len(order) > MOST_GROUPS else ()))
    place = {name: index for index, name in enumerate(groups)}
    return groups, np.array([place.get(name, len(groups) - 1) for name in names], np.int64)[codes]
