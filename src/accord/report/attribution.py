"""An attribution as people read it: headline, context, channels in order, cells."""

from __future__ import annotations

from collections.abc import Sequence

from accord.insight.attribution.attribution import Attribution, Credit
from accord.insight.attribution.disagreement import plain
from accord.insight.attribution.tally import MODELS
from accord.report.figures import Grid
from accord.report.numbers import percent, short_money, whole

SPOKEN = {model: plain(model).removeprefix("time ") for model in MODELS}
"""As short as the head of a column."""


def headline(found: Attribution) -> str:
    """How much is shared out, and among how many."""
    what = _several(found.conversions, "conversion")
    worth = "" if found.value is None else f", worth {_money(found.value, found.currency)},"
    return f"{what}{worth} shared out among {_several(len(found.channels), found.by)}."


def _several(number: float, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{whole(number)} {noun}s"


def _money(amount: float, currency: str | None) -> str:
    return short_money(amount, currency) if currency else whole(amount)


def context(found: Attribution) -> str:
    """What stands behind the figures."""
    told = [
        f"{whole(found.people)} people, {whole(found.touches)} touches, {whole(found.nulls)} paths that led to none."
    ]
    told += [f"Conversions from {found.since:%Y-%m-%d %H:%M} UTC."] if found.since else []
    told += [f"Conversions before {found.until:%Y-%m-%d %H:%M} UTC."] if found.until else []
    told += [f"Touches of the {found.window:g} days before."] if found.window is not None else []
    told += [f"Half-life {found.half_life:g} days."] if "time_decay" in found.models else []
    return " ".join(told)


def in_order(found: Attribution) -> list[dict[str, Credit]]:
    """Per channel its credit by model, those with most on average first."""
    by_channel = [dict(zip(found.models, given, strict=True)) for given in zip(*found.models.values(), strict=True)]
    return sorted(by_channel, key=lambda given: -sum(credit.share for credit in given.values()))


def span(given: Sequence[Credit]) -> str:
    """From the lowest end to the highest of all models' 90 % intervals; of their shares where there are none."""
    low = min(credit.share_interval.low if credit.share_interval else credit.share for credit in given)
    high = max(credit.share_interval.high if credit.share_interval else credit.share for credit in given)
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def grid(found: Attribution) -> Grid:
    """Every channel with its share by each model and the interval of that share."""
    rows = [
        (next(iter(given.values())).channel, *(_cell(credit) for credit in given.values())) for given in in_order(found)
    ]
    head = (found.by[:1].upper() + found.by[1:], *(SPOKEN[model] for model in found.models))
    return Grid(head, tuple(rows), right=tuple(range(1, len(head))))


def _cell(credit: Credit) -> str:
    text = percent(credit.share) + (f" ({span([credit])})" if credit.share_interval else "")
    return text.replace(" %", "\N{NO-BREAK SPACE}%")
