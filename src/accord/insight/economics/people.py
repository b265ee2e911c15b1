"""Leads, MQL and customers by month and by where they came from, and the money that was spent on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.insight.economics.books import UNNAMED, Spending, Stretch, Wins
from accord.insight.economics.intervals import Reals
from accord.insight.stages import Flags, Histories, Moments, histories_of, histories_sql, places

if TYPE_CHECKING:
    from accord.facts.engine import Answers

Places = npt.NDArray[np.int64]
WON, LOST, OPEN = "won", "lost", "open"


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the funnel with the channel (or campaign) that they came from. `ids` are as long as the arrays of
    `histories`; `came` is when each entered."""

    histories: Histories
    ids: pa.ChunkedArray
    came: Moments
    group: Places
    names: tuple[str, ...]

    def reached(self, stage: str, stretch: Stretch) -> Flags:
        """Who came to a stage in the stretch."""
        return stretch.holds(self.histories.reached[stage])

    def by_group(self, who: Flags) -> Reals:
        """How many of them came from each."""
        return np.bincount(self.group[who], minlength=len(self.names)).astype(np.float64)

    def groups_of_wins(self, won: Wins) -> Places:
        """Where the person of each won deal came from; -1 for deals of nobody."""
        found = places(won.people, self.ids)
        return np.where(found >= 0, self.group[found] if len(self.group) else -1, -1)


@dataclass(frozen=True, slots=True)
class Share:
    """Spend on leads that were won, lost, or are open, and on months in which no lead came (`nobody`)."""

    won: float
    lost: float
    open: float
    nobody: float
    each_won: Reals  # what was spent on each lead that was won


def people(engine: Answers, by: str, at: datetime) -> People:
    """Everybody as known at `at`, from one reading."""
    rows = engine.rows(histories_sql(by, at))
    found = histories_of(engine, rows, by=by, until=at)
    ids = rows.filter(rows.column("person_id").is_valid()).column("person_id")
    names, group = list(found.values), found.group if found.group is not None else np.zeros(found.size, dtype=np.int64)
    if not names:
        names = [None]
    return People(
        found, ids, found.entry(), np.asarray(group), tuple("missing" if n is None else str(n) for n in names)
    )


def spent_on(found: People, spent: Spending, stretch: Stretch, by: str) -> Share:
    """Spreads what was spent in a month on a channel evenly over the leads that came from it in that month; what was
    spent on no channel, or on one from which nobody came, over all leads of the month."""
    months = [np.datetime64(span.start.replace(tzinfo=None), "us") for span in stretch.spans]
    here = stretch.holds(found.came)
    place = np.searchsorted(np.array(months), found.came[here], side="right") - 1
    cell = place * len(found.names) + found.group[here]
    size = len(months) * len(found.names)
    leads = np.bincount(cell, minlength=size).astype(np.float64).reshape(len(months), -1)
    money, loose = _money(found, spent, leads, by)
    of_month = leads.sum(axis=1)
    each = np.divide(money, leads, out=np.zeros_like(leads), where=leads > 0)
    each += np.divide(loose, of_month, out=np.zeros_like(loose), where=of_month > 0)[:, None]
    paid = each.reshape(-1)[cell]
    won = ~np.isnat(found.histories.reached["customer"][here])
    lost = ~won & ~np.isnat(found.histories.lost[here])
    nobody = float(loose[of_month == 0].sum())
    in_order = pc.sort_indices(found.ids.filter(pa.array(here)).filter(pa.array(won))).to_numpy()
    each_won = np.asarray(paid[won][in_order])  # so that the same facts are drawn into the same lots
    return Share(float(paid[won].sum()), float(paid[lost].sum()), float(paid[~won & ~lost].sum()), nobody, each_won)


def _money(found: People, spent: Spending, leads: Reals, by: str) -> tuple[Reals, Reals]:
    """Money by month and channel, and what belongs to no lead's channel by month."""
    money, loose = np.zeros_like(leads), np.zeros(len(leads))
    place = {name: number for number, name in enumerate(found.names) if name != UNNAMED}
    for month, name, amount in zip(spent.places, spent.named(by), spent.amounts, strict=True):
        group = place.get(name)
        if group is not None and leads[month, group] > 0:
            money[month, group] += amount
        else:
            loose[month] += amount
    return money, loose
