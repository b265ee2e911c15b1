"""Content as people read it: headline, effects by stage, used and unused assets."""

from __future__ import annotations

from accord.insight.content_effect.content import AssetAtStage, Content
from accord.report.figures import Grid
from accord.report.numbers import day, percent, whole


def headline(found: Content) -> str:
    """How many assets sales uses."""
    used = len(found.assets) - len(found.unused)
    of = "1 asset" if len(found.assets) == 1 else f"{len(found.assets)} assets"
    return f"Sales uses {used} of {of}."


def context(found: Content) -> str:
    """What stands behind the figures."""
    since = f" since {day(found.since)}" if found.since else ""
    return (
        f"{whole(found.n)} uses{since}, until {day(found.until)}. The next stage counts within {found.horizon:g} days "
        "after a use. Ranges hold the truth in 9 of 10 cases."
    )


def effects(found: Content) -> Grid:
    """Every asset at every stage, against comparable leads."""
    head = ("Asset", "At", "Leads", "With it", "Without it", "Difference", "Comparable")
    return Grid(head, tuple(_effect(each) for each in found.effects), right=(2, 3, 4, 5, 6), hide_small=(2, 6))


def _effect(each: AssetAtStage) -> tuple[str, ...]:
    told = each.effect
    if told.difference is None or told.interval is None:
        return each.asset, each.start, whole(told.n), "–", "–", told.says, percent(told.overlap, 0)
    low, high = points(told.interval.low), points(told.interval.high)
    difference = f"{points(told.difference)} points ({low} to {high})"
    with_it, without_it = percent(told.with_it, 0), percent(told.without_it, 0)
    return each.asset, each.start, whole(told.n), with_it, without_it, difference, percent(told.overlap, 0)


def points(share: float) -> str:
    """`+2.1`, `−0.4`."""
    return f"{100 * share:+.1f}".replace("-", "−")


def assets(found: Content) -> Grid:
    """Every asset with its uses."""
    rows = tuple(
        (
            each.name, whole(each.uses), whole(each.people), whole(each.by_sales),
            day(each.last_at) if each.last_at else "never", "" if each.is_used else "not used by sales",
        )
        for each in found.assets
    )  # fmt: skip
    return Grid(("Asset", "Uses", "People", "By sales", "Last", ""), rows, right=(1, 2, 3, 4), hide_small=(2, 3))
