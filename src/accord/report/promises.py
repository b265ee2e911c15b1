"""Measured promises as rows of a report: the same room for both sides, the same wording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accord.agreement.document import Agreement, Side
from accord.agreement.metrics import METRICS, Form
from accord.agreement.promise import STATE_WORDS, Measured, State, shown
from accord.insight.duration import wilson
from accord.report import figures
from accord.report.figures import Cell, PromiseRow, Tile
from accord.report.numbers import percent, whole

TEAMS: Mapping[Side, tuple[str, str]] = {
    Side.MARKETING: ("mkt", "Marketing"),
    Side.SALES: ("sls", "Sales"),
    Side.BOTH: ("both", "Shared"),
    Side.LEADERSHIP: ("both", "Leadership"),
}
STATES: Mapping[State, str] = {
    State.KEPT: "kept",
    State.AT_RISK: "risk",
    State.MISSED: "missed",
    State.OPEN: "open",
    State.TOO_FEW: "few",
    State.NOT_RECORDED: "none",
}
_JUDGED = (State.KEPT, State.AT_RISK, State.MISSED)


def by_promise(found: Sequence[Measured]) -> dict[str, list[Measured]]:
    """Periods of each promise, oldest first, in the order of the agreement."""
    grouped: dict[str, list[Measured]] = {}
    for each in found:
        grouped.setdefault(each.promise.id, []).append(each)
    return grouped


def current(periods: Sequence[Measured], at: datetime) -> Measured:
    """The period that a headline speaks of: the running one once it can be judged, else the last full one."""
    last = periods[-1]
    if len(periods) == 1 or last.period.end <= at or (last.state in _JUDGED and last.value is not None):
        return last
    return periods[-2]


def judged(periods: Sequence[Measured], at: datetime) -> bool:
    """Whether the period of the headline has a word that says how it went."""
    return current(periods, at).state in _JUDGED


def title(each: Measured) -> str:
    """The promise in words: its metric, and its own name where it speaks of some leads only."""
    name = each.promise.metric.replace("_", " ")
    own = f", {_spoken(each.promise.id)}" if each.promise.where else ""
    return name[:1].upper() + name[1:] + own


def _spoken(promise: str) -> str:
    """An id as people say it: `a-band` is `A band`."""
    words = promise.replace("-", " ").replace("_", " ").split()
    return " ".join(word.upper() if len(word) == 1 else word for word in words)


def row(periods: Sequence[Measured], agreement: Agreement, at: datetime) -> PromiseRow:
    """One promise with its strip of periods."""
    each = current(periods, at)
    team, team_name = TEAMS[each.promise.side]
    return PromiseRow(
        id=each.promise.id,
        team=team,
        team_name=team_name,
        title=title(each),
        value=_value(each, agreement),
        target=_target(each, agreement),
        state=STATES[each.state],
        word=STATE_WORDS[each.state],
        period=each.period.label,
        strip=tuple(Cell(STATES[p.state], f"{p.period.label}: {STATE_WORDS[p.state].lower()}") for p in periods),
        strip_says=_strip_says(periods),
        definition=definition(each),
        sentence=each.sentence,
    )


def definition(each: Measured) -> str:
    """What the metric counts, of what, and for which leads."""
    metric = METRICS.get(each.promise.metric)
    if metric is None:
        return f"No metric is called {each.promise.metric}."
    limited = f" Only where {each.promise.where}." if each.promise.where else ""
    return f"{metric.sentence}{limited} Counted per {each.promise.per}."


def _value(each: Measured, agreement: Agreement) -> str:
    metric = METRICS.get(each.promise.metric)
    if each.state is State.NOT_RECORDED:
        return "–"
    if each.value is None and each.missing:
        return f"{whole(each.denominator)} of {whole(each.denominator + each.missing)}"
    return shown(each.value, metric, agreement) if metric else "–"


def _target(each: Measured, agreement: Agreement) -> str:
    metric = METRICS.get(each.promise.metric)
    ceiling = "at most " if each.promise.at_most is not None else ""
    if each.value is None and each.missing and each.state is not State.NOT_RECORDED:
        return "records"
    return f"of {ceiling}{shown(each.target, metric, agreement)}" if metric else ""


def _strip_says(periods: Sequence[Measured]) -> str:
    counts = Counter(STATE_WORDS[each.state].lower() for each in periods)
    return f"last {len(periods)} {periods[-1].promise.per}s: " + ", ".join(f"{n} {word}" for word, n in counts.items())


def summary(rows: Sequence[PromiseRow]) -> str:
    """`3 of 4 kept`, of those that could be judged."""
    told = [each for each in rows if each.state in ("kept", "risk", "missed")]
    kept = sum(each.state == "kept" for each in told)
    beside = len(rows) - len(told)
    says = f"{kept} of {len(told)} kept" if told else "nothing to judge yet"
    return says + (f", {beside} not judged" if beside and told else "")


def sides(rows: Sequence[PromiseRow]) -> tuple[figures.Side, ...]:
    """Marketing, then sales, each with its own."""
    found = []
    for team, name in (("mkt", "Marketing"), ("sls", "Sales")):
        own = tuple(each for each in rows if each.team == team)
        found.append(figures.Side(team, f"{name} promised", summary(own), own))
    return tuple(found)


def tile(periods: Sequence[Measured], agreement: Agreement, at: datetime) -> Tile:
    """A promise as a figure with its range and its target on one rail."""
    each = current(periods, at)
    shown_row = row(periods, agreement, at)
    low, high = _range(each)
    scale = _scale(each, high)
    says = (
        f"likely {percent(low)} to {percent(high)}, n = {whole(each.denominator)}"
        if low is not None
        else _pace(each, agreement)
    )
    return Tile(
        title=shown_row.title,
        team=shown_row.team,
        team_name=shown_row.team_name,
        value=shown_row.value,
        beside=f"{shown_row.target}, {shown_row.period}",
        says=says,
        now=_place(each.value or 0.0, scale),
        low=None if low is None else _place(low, scale),
        high=None if high is None else _place(high, scale),
        target=min(_place(each.target, scale), 99.2),
        state=shown_row.state,
        word=shown_row.word,
        definition=shown_row.definition,
        of=shown_row.target,
        period=shown_row.period,
    )


def _range(each: Measured) -> tuple[float | None, float | None]:
    metric = METRICS.get(each.promise.metric)
    if metric is None or metric.form is not Form.SHARE or each.value is None or not each.denominator:
        return None, None
    interval = wilson(round(each.numerator), round(each.denominator))
    return interval.low, interval.high


def _pace(each: Measured, agreement: Agreement) -> str:
    metric = METRICS.get(each.promise.metric)
    if each.state is State.NOT_RECORDED:
        return each.because
    if each.missing:
        return f"{each.missing} more records would tell"
    if each.expected is not None and metric:
        return f"{shown(each.expected, metric, agreement)} expected by now"
    return "counted, period closed"


def _scale(each: Measured, high: float | None) -> float:
    if high is not None:
        return 1.0
    return max(each.value or 0.0, each.target, each.expected or 0.0) or 1.0


def _place(value: float, scale: float) -> float:
    return round(max(0.0, min(100.0, 100 * value / scale)), 1)


def kept_by_month(found: Sequence[Measured], at: datetime) -> list[dict[str, Any]]:
    """Of the judged periods that ended in a month, the share that was kept, by party: month, party, kept in %, of."""
    ended: dict[tuple[str, str], list[bool]] = {}
    for each in found:
        party = {Side.MARKETING: "Marketing", Side.SALES: "Sales"}.get(each.promise.side)
        if party and each.period.end <= at and each.state in (State.KEPT, State.MISSED):
            last_day = each.period.end.replace(day=1).date() if each.period.end.day > 1 else each.period.start.date()
            key = (last_day.replace(day=1).isoformat(), party)
            ended.setdefault(key, []).append(each.state is State.KEPT)
    return [
        {"month": month, "party": party, "kept": round(100 * sum(kept) / len(kept), 1), "of": len(kept)}
        for (month, party), kept in sorted(ended.items())
    ]
