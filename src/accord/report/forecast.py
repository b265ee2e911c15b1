"""A forecast as people read it: the finding, the plan's numbers on their rails, promises, and the record beside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accord.agreement.metrics import Unit
from accord.insight.forecast.forecast import Forecast, Past
from accord.insight.forecast.outlook import Outlook
from accord.insight.forecast.ranges import LEVEL
from accord.report import charts
from accord.report.figures import Chart, Grid, Tile
from accord.report.numbers import day, money, percent, whole

TITLES = {"new_revenue": "New revenue", "wins": "Deals won"}
TEAMS = {"marketing": "mkt", "sales": "sls"}
WORDS = ((0.9, "kept", "Very likely"), (0.6, "kept", "Likely"), (0.4, "open", "Open"), (0.1, "risk", "Unlikely"))
NOT_LIKELY = ("risk", "Very unlikely")


@dataclass(frozen=True, slots=True)
class ForecastView:
    """What a page, a paper and a terminal show of a forecast."""

    title: str
    context: str
    notices: tuple[str, ...]
    tiles: tuple[Tile, ...]
    promises: Grid | None
    by: Grid | None
    path: Chart | None
    path_grid: Grid | None
    record: Chart | None
    record_grid: Grid | None
    record_says: str
    definition: str
    sql: str
    simulated: bool


def view(found: Forecast, *, simulated: bool) -> ForecastView:
    """Everything as texts and drawings."""
    plan = [each for each in found.outlooks if not each.target.is_promise]
    promised = [each for each in found.outlooks if each.target.is_promise]
    return ForecastView(
        title=headline(found),
        context=context(found),
        notices=found.notices,
        tiles=tuple(_tile(each, found.currency) for each in plan),
        promises=promises_grid(promised, found) if promised else None,
        by=groups_grid(found) if found.by else None,
        path=_path_chart(found),
        path_grid=_path_grid(found),
        record=_record_chart(found),
        record_grid=record_grid(found) if found.record else None,
        record_says=record_says(found),
        definition=found.definition,
        sql=found.sql,
        simulated=simulated,
    )


def headline(found: Forecast) -> str:
    """`New revenue will most likely end 2026-Q4 between €1.9 m and €2.4 m; the plan of €2.6 m is unlikely.`"""
    revenue = found.outlooks[0]
    if revenue.interval is None:
        return f"Where new revenue will end {revenue.period.label} cannot be told yet."
    low, high = (said(each, revenue, found.currency) for each in (revenue.interval.low, revenue.interval.high))
    told = f"New revenue will most likely end {revenue.period.label} between {low} and {high}"
    if revenue.target.goal is None or revenue.chance is None:
        return f"{told}."
    goal = said(revenue.target.goal, revenue, found.currency)
    return f"{told}; that it reaches the plan of {goal} is {likely(revenue.chance)[1].lower()}."


def context(found: Forecast) -> str:
    """When it was made, what the ranges mean, and how past ones did."""
    made = f"Foretold on {day(found.at)}, {found.at:%H:%M} UTC, under version {found.version} of the agreement."
    return f"{made} Ranges are made to hold what comes in 8 of 10 cases. {record_says(found)}"


def record_says(found: Forecast) -> str:
    """How many past ranges held what came."""
    held, of = found.kept_ranges()
    if not of:
        return "No past forecast can be judged yet."
    share = f" ({percent(held / of, 0)})" if of >= 20 else ""
    return f"Of {whole(of)} past ranges, made in the middle of their periods, {whole(held)} held what came{share}."


def likely(chance: float) -> tuple[str, str]:
    """A state and a word for a chance."""
    return next(((state, word) for least, state, word in WORDS if chance >= least), NOT_LIKELY)


def said(value: float | None, each: Outlook, currency: str) -> str:
    """A value in its unit, as short as a table needs it."""
    if value is None:
        return "–"
    unit = each.target.unit
    if unit is Unit.MONEY:
        return money(value, currency)
    return percent(value) if unit is Unit.SHARE else f"{value:,.1f} h" if unit is Unit.HOURS else whole(value)


def span(each: Outlook, currency: str) -> str:
    """`€618 k to €1.12 m`, one value where both ends are the same, how often it holds where that is not 8 of 10, or why
    it cannot be told."""
    if each.interval is None:
        return each.says
    low, high = said(each.interval.low, each, currency), said(each.interval.high, each, currency)
    return (low if low == high else f"{low} to {high}") + _own_level(each)


def _own_level(each: Outlook) -> str:
    """` (96 of 100)` for a range that cannot be one of 8 in 10."""
    if each.interval is None or each.interval.level == LEVEL:
        return ""
    return f" ({_of_hundred(each.interval.level)})"


def _of_hundred(share: float) -> str:
    return f"{100 * share:.0f} of 100"


def title(each: Outlook) -> str:
    """The name of a number as people read it."""
    name = TITLES.get(each.target.id, each.target.id.replace("_", " ").replace("-", " "))
    return name[:1].upper() + name[1:]


def chance(each: Outlook) -> str:
    """`62 in 100` and its word; a dash where nothing was agreed."""
    return "–" if each.chance is None else f"{likely(each.chance)[1]}, {100 * each.chance:.0f} in 100"


def goal(each: Outlook, currency: str) -> str:
    """What was agreed."""
    if each.target.goal is None:
        return "–"
    return f"{'≥' if each.target.is_floor else '≤'} {said(each.target.goal, each, currency)}"


def _tile(each: Outlook, currency: str) -> Tile:
    interval, target = each.interval, each.target.goal
    ends = [value for value in (each.so_far, interval.high if interval else None, target) if value is not None]
    scale = 100 / (1.08 * max(*ends, 1e-9)) if ends else 0.0
    state, word = likely(each.chance) if each.chance is not None else ("open", "No goal")
    known = interval is not None
    return Tile(
        title=title(each),
        team="both",
        team_name="Shared",
        value=span(each, currency) if known else "Cannot tell",
        beside=each.period.label,
        says=f"{said(each.so_far, each, currency)} so far" if known else each.says,
        now=round((each.so_far or 0.0) * scale, 1),
        low=round(interval.low * scale, 1) if interval else None,
        high=round(interval.high * scale, 1) if interval else None,
        target=None if target is None else min(round(target * scale, 1), 99.2),
        state=state if known else "few",
        word=word if known else "Cannot tell yet",
        definition=_definition(each, currency),
        of="" if target is None else f"plan {said(target, each, currency)}",
        period=each.period.label,
    )


def _definition(each: Outlook, currency: str) -> str:
    told = f"{each.target.sentence} The range holds {_share_of_futures(each)} of the drawn futures"
    if each.chance is not None:
        told += f"; in {100 * each.chance:.0f} of 100 the plan of {said(each.target.goal, each, currency)} is reached"
    return f"{told}. It rests on {whole(each.n)} past records." if each.known else f"{each.target.sentence} {each.says}"


def _share_of_futures(each: Outlook) -> str:
    return percent(each.interval.level if each.interval else LEVEL, 0)


def promises_grid(promised: Sequence[Outlook], found: Forecast) -> Grid:
    """Every promise with its range."""
    rows = tuple(_promise_cells(each, found.currency) for each in promised)
    return Grid(("Promise", "Period", "So far", "Will end at", "Promised", "That it is kept"), rows, (2,), (1,))


def _promise_cells(each: Outlook, currency: str) -> tuple[str, ...]:
    return (
        title(each), each.period.label, said(each.so_far, each, currency), span(each, currency), goal(each, currency),
        chance(each) if each.known else "–",
    )  # fmt: skip


def groups_grid(found: Forecast) -> Grid:
    """Wins and new revenue by the values of the dimension, those with most to expect first."""
    wins = {value: each for value, each in found.groups if each.target.id == "wins"}
    money = {value: each for value, each in found.groups if each.target.id == "new_revenue"}
    order = sorted(wins, key=lambda value: (-(money[value].middle or 0.0), value))
    rows = tuple((value, *_both(wins[value], money[value], found.currency)) for value in order)
    name = str(found.by)
    return Grid(
        (name[:1].upper() + name[1:], "Won so far", "Wins", "Revenue so far", "New revenue"), rows, (1, 3), (1,)
    )


def _both(wins: Outlook, money: Outlook, currency: str) -> tuple[str, ...]:
    return tuple(cell for each in (wins, money) for cell in (said(each.so_far, each, currency), span(each, currency)))


def record_grid(found: Forecast) -> Grid:
    """Every past forecast, by number and period."""
    by_id = {each.target.id: each for each in found.outlooks}
    rows = tuple(
        _record_cells(each, by_id[each.target], found.currency) for each in found.record if each.target in by_id
    )
    return Grid(("Number", "Period", "Foretold", "Came", "Held"), rows, (3,))


def _record_cells(past: Past, each: Outlook, currency: str) -> tuple[str, ...]:
    told = "cannot tell"
    if past.low is not None and past.high is not None:
        low, high = said(past.low, each, currency), said(past.high, each, currency)
        told = low if low == high else f"{low} to {high}"
    held = {True: "yes", False: "no", None: "–"}[past.held]
    return title(each), past.period, told, said(past.came, each, currency), held


# Drawings


def _path_chart(found: Forecast) -> Chart | None:
    if not found.path:
        return None
    return charts.foretold(tuple(_weeks(found)), found.currency, found.outlooks[0].target.goal, headline(found))


def _weeks(found: Forecast) -> Iterator[dict[str, Any]]:
    start = found.outlooks[0].period.start
    for each in found.path:
        week = (each.ends - start).total_seconds() / 604_800
        yield {"week": week, "won": each.won, "low": each.low, "middle": each.middle, "high": each.high}


def _path_grid(found: Forecast) -> Grid | None:
    if not found.path:
        return None
    revenue, currency = found.outlooks[0], found.currency

    def cells(step: Any) -> tuple[str, ...]:
        to_come = step.won is None
        told = f"{said(step.low, revenue, currency)} to {said(step.high, revenue, currency)}" if to_come else "–"
        return day(step.ends), said(step.won, revenue, currency), told

    return Grid(("Until", "Won", "Will be"), tuple(cells(each) for each in found.path), (1,))


def _record_chart(found: Forecast) -> Chart | None:
    """Of new revenue, else of the number with most judged forecasts; of several, that which came out in most ways."""
    came: dict[str, list[float | None]] = defaultdict(list)
    for each in found.record:
        if each.held is not None:
            came[each.target].append(each.came)
    most = max(came, key=lambda name: (len(came[name]), len(set(came[name]))), default="")
    best = "new_revenue" if len(came["new_revenue"]) >= 2 else most
    if len(came[best]) < 2:
        return None
    shown = found.outlook(best)
    if shown is None:
        return None
    return charts.of_drawing(
        lambda theme: _backtest(found, theme, best), f"Past forecasts of {title(shown).lower()}, and what came"
    )


def _backtest(found: Forecast, theme: Any, target: str) -> Any:
    from accord.insight.forecast.drawing import backtest

    return backtest(found, theme, target)
