"""Charts as SVG, drawn here and now, so that a page needs neither script nor network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import vl_convert

from accord.insight.attribution.attribution import Attribution
from accord.insight.diagnosis.gap import STEPS, Gap
from accord.insight.result import Theme, ink, themed
from accord.report.figures import Chart
from accord.report.numbers import short_money

NARROW, WIDE, WIDER, WIDEST = 330, 520, 760, 920
"""Pixels: on a phone, in half of a page, in two thirds of it, along all of it. Drawn as wide as its place a chart keeps
the size of its letters."""
FORETOLD_HEIGHT, LINE = 215, 13  # pixels
NAMES_TAKE = 0.22  # of the length of the lines
PLAN_TAKES = 0.34  # the same, with an amount behind the name
STEPS_OF_A_PHONE = 4
CLOSE = 8  # percentage points, at which names beside their points would touch
_MARKS = {"Marketing": ("marketing", "circle"), "Sales": ("sales", "square")}


def drawn(spec: dict[str, Any], label: str) -> Chart:
    """A Vega-Lite specification without colours of its own, drawn in both themes and two widths."""

    def svg(theme: Theme, width: int) -> str:
        return _svg({**themed(spec, theme), "width": width, "autosize": {"type": "fit-x", "contains": "padding"}})

    return Chart(label, svg("light", WIDE), svg("dark", WIDE), svg("light", NARROW), svg("dark", NARROW))


def _svg(spec: dict[str, Any]) -> str:
    """The drawing as an element to inline: hidden from readers, whose text is the label, and as wide as its place."""
    text: str = vl_convert.vegalite_to_svg(spec)
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', text, count=1)


def kept_by_party(rows: Sequence[dict[str, Any]], label: str) -> Chart:
    """Shares of kept periods by month and party. Rows: `month` (ISO day), `party` (Marketing or Sales), `kept` in %."""
    last = {row["party"]: row for row in rows}
    parties = [party for party in _MARKS if party in last]
    months = sorted({str(row["month"]) for row in rows})
    beside = _heights({party: float(row["kept"]) for party, row in last.items()})

    def spec(theme: Theme) -> dict[str, Any]:
        colour = {
            "field": "party",
            "type": "nominal",
            "scale": {"domain": parties, "range": [ink(_MARKS[party][0], theme) for party in parties]},
        }
        x = {
            "field": "month",
            "type": "temporal",
            "scale": {"domain": [months[0], _room_after(months)], "nice": False},
            "axis": {"title": None, "format": "%b %y", "labelFlush": True, "values": months[:: -(-len(months) // 4)]},
        }
        y = {"field": "kept", "type": "quantitative", "scale": {"domain": [0, 100]}, "title": "Judged periods kept, %"}
        shape = {
            "field": "party",
            "scale": {"domain": parties, "range": [_MARKS[party][1] for party in parties]},
        }
        names = [
            {
                "data": {"values": [row]},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 9,
                    "dy": beside[party],
                    "fontWeight": 600,
                },
                "encoding": {"text": {"field": "party"}, "x": x, "y": y, "color": colour},
            }
            for party, row in last.items()
        ]
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "height": 190,
            "layer": [
                {
                    "data": {"values": list(rows)},
                    "mark": {"type": "line", "strokeWidth": 2.25},
                    "encoding": {"x": x, "y": y, "color": colour},
                },
                {
                    "data": {"values": list(last.values())},
                    "mark": {"type": "point", "size": 60, "opacity": 1},
                    "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
                },
                *names,
            ],
        }

    return Chart(
        label,
        *(_svg({**themed(spec(theme), theme), "width": width}) for width in (WIDE, NARROW) for theme in _themes()),
    )


def _room_after(months: Sequence[str]) -> str:
    """Where the axis ends, so that the names have room behind the lines, which never cross them there."""
    first, last = date.fromisoformat(months[0]), date.fromisoformat(months[-1])
    return (last + max(last - first, timedelta(days=30)) * NAMES_TAKE).isoformat()


def _heights(last: Mapping[str, float]) -> dict[str, int]:
    """How far each name is moved down from its point: apart where the points are close."""
    close = len(last) == 2 and max(last.values()) - min(last.values()) < CLOSE
    upper = max(last, key=lambda party: last[party])
    return {party: (-7 if party == upper else 7) if close else 0 for party in last}


def against_plan(weeks: Sequence[Any], currency: str, label: str) -> Chart:
    """What was won by the end of each week against the plan. Weeks have `number`, `won` (None to come), `planned`."""
    size, unit = (1e6, " m") if max(week.planned for week in weeks) >= 1e6 else (1e3, " k")
    start = {"week": 0, "won": 0.0, "planned": 0.0}
    rows = [start] + [
        {"week": week.number, "won": None if week.won is None else week.won / size, "planned": week.planned / size}
        for week in weeks
    ]
    so_far = [row for row in rows if row["won"] is not None]
    x = {
        "field": "week", "type": "quantitative", "scale": {"domain": [0, len(weeks)], "nice": False},
        "axis": {"title": "Week of the quarter", "labelFlush": True, "tickMinStep": 1},
    }  # fmt: skip

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "title": f"New revenue, {currency}{unit}"}

    def text(rows: Sequence[dict[str, Any]], field: str, says: str, **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": list(rows)},
            "mark": {"type": "text", "align": "right", **mark},
            "encoding": {"text": {"value": says}, "x": x, "y": y(field)},
        }

    def money(amount: float) -> str:
        return short_money(amount * size, currency)

    last, end = so_far[-1], rows[-1]
    return drawn(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "height": 190,
            "layer": [
                {"data": {"values": rows}, "mark": {"type": "line", "style": "target"},
                 "encoding": {"x": x, "y": y("planned")}},
                {"data": {"values": so_far}, "mark": {"type": "line", "style": "actual"},
                 "encoding": {"x": x, "y": y("won")}},
                {"data": {"values": [last]}, "mark": {"type": "point"}, "encoding": {"x": x, "y": y("won")}},
                text([end], "planned", f"plan {money(end['planned'])}", style="lab", dx=-6, dy=-8),
                text([last], "won", money(last["won"]), style="label", align="left", dx=6, dy=14),
            ],
        },
        label,
    )  # fmt: skip


def _themes() -> tuple[Theme, Theme]:
    return "light", "dark"


def of_result(result: Any, label: str, *, width: int = WIDEST) -> Chart:
    """The chart that a result draws of itself (`Result.chart`), inlined."""
    return of_drawing(result.chart, label, width=width)


def of_panels(found: Attribution, label: str) -> Chart:
    """A panel for each of the channels with most: three side by side on a page, below one another on a phone."""
    sizes = ((3, WIDEST), (1, NARROW))
    drawings = (found.chart(theme, columns=c, width=w).to_dict() for c, w in sizes for theme in _themes())
    return Chart(label, *map(_svg, drawings))


def of_gap(gap: Gap, label: str) -> Chart:
    """Its waterfall, with fewer steps on a phone."""
    drawings = (
        {**gap.chart(theme, steps=steps).to_dict(), "width": width}
        for steps, width in ((STEPS, WIDER), (STEPS_OF_A_PHONE, NARROW))
        for theme in _themes()
    )
    return Chart(label, *map(_svg, drawings))


def of_drawing(draw: Callable[[Theme], Any], label: str, *, width: int = WIDE) -> Chart:
    """What `draw` gives as an Altair chart for a theme, inlined."""
    drawn = {theme: draw(theme).to_dict() for theme in _themes()}
    return Chart(label, *(_svg({**drawn[theme], "width": w}) for w in (width, NARROW) for theme in _themes()))


def foretold(steps: Sequence[Mapping[str, float | None]], currency: str, plan: float | None, label: str) -> Chart:
    """What was won week by week, and the range in which it goes on. Steps have `week`, `won` (None for one to come),
    `low`, `middle` and `high` (None for one that is over)."""
    top = max(value for step in steps for value in (step["won"], step["high"], plan) if value is not None)
    until = max(step["week"] or 0.0 for step in steps)
    size, unit = (1e6, " m") if top >= 1e6 else (1e3, " k")
    rows = [
        {key: value if key == "week" or value is None else value / size for key, value in step.items()}
        for step in steps
    ]
    so_far = [row for row in rows if row["won"] is not None]
    ahead = [row for row in rows if row["low"] is not None]
    end, last = ahead[-1], so_far[-1]
    x = {
        "field": "week", "type": "quantitative",
        "scale": {"domain": [0, until * (1 + PLAN_TAKES)], "nice": False},
        "axis": {"title": "Week of the period", "values": _weeks(until)},
    }  # fmt: skip

    def layer(values: Sequence[Any], mark: dict[str, Any], field: str, **more: Any) -> dict[str, Any]:
        y = {"field": field, "type": "quantitative", "title": f"New revenue, {currency}{unit}"}
        return {"data": {"values": list(values)}, "mark": mark, "encoding": {"x": x, "y": y, **more}}

    def text(value: float, says: str, dy: float) -> dict[str, Any]:
        mark = {"type": "text", "style": "lab", "align": "left", "dx": 6, "dy": dy}
        return layer([{"week": end["week"], "y": value}], mark, "y", text={"value": says})

    def money(amount: float | None) -> str:
        return short_money((amount or 0.0) * size, currency)

    evenly = [{"week": 0, "y": 0.0}, {"week": end["week"], "y": (plan or 0.0) / size}]
    goal = [] if plan is None else [layer(evenly, {"type": "line", "style": "target"}, "y")]
    names = {money(end[name]): end[name] or 0.0 for name in ("low", "high")}
    names |= {} if plan is None else {f"plan {money(plan / size)}": plan / size}
    moved = apart(list(names.values()), pixels=FORETOLD_HEIGHT * size / max(top, 1e-9))
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "height": FORETOLD_HEIGHT,
        "layer": [
            layer(ahead, {"type": "area", "style": "forecast"}, "low", y2={"field": "high"}),
            *goal,
            layer(ahead, {"type": "line", "style": "forecastline"}, "middle"),
            layer(so_far, {"type": "line", "style": "actual"}, "won"),
            layer([last], {"type": "point"}, "won"),
            *(text(value, says, dy) for (says, value), dy in zip(names.items(), moved, strict=True)),
        ],
    }
    return drawn(spec, label)


def _weeks(last: float) -> list[int]:
    """The weeks that the axis names: about seven of them, none behind the last."""
    return list(range(0, int(last) + 1, max(1, round(last / 7))))


def apart(values: Sequence[float], *, pixels: float) -> list[float]:
    """How far down each of some names is moved, in pixels, so that none touches the next: as little as that takes.
    `pixels` are those of one unit."""
    order = sorted(range(len(values)), key=lambda place: -values[place])
    heaps: list[list[int]] = []  # names that touch, from the top down
    for place in order:
        heap = [place]
        while heaps and _middle(heaps[-1], values) - _middle(heap, values) < (
            LINE * (len(heaps[-1]) + len(heap)) / 2 / pixels
        ):
            heap = heaps.pop() + heap
        heaps.append(heap)
    moved = [0.0] * len(values)
    for heap in heaps:
        for nth, place in enumerate(heap):
            here = LINE * (nth - (len(heap) - 1) / 2) - _middle(heap, values) * pixels
            moved[place] = here + values[place] * pixels
    return moved


def _middle(heap: Sequence[int], values: Sequence[float]) -> float:
    return sum(values[place] for place in heap) / len(heap)
