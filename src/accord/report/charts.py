"""Charts as SVG, drawn here and now, so that a page needs neither script nor network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import vl_convert

from accord.insight.attribution.attribution import Attribution
from accord.insight.result import Theme, ink, themed
from accord.report.figures import Chart
from accord.report.numbers import short_money

WIDE, NARROW, WIDE_PANELS = 520, 330, 920  # pixels
NAMES_TAKE = 0.22  # of the length of the lines
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


def of_result(result: Any, label: str) -> Chart:
    """The chart that a result draws of itself (`Result.chart`), inlined."""
    return of_drawing(result.chart, label)


def of_panels(found: Attribution, label: str) -> Chart:
    """A panel for each of the channels with most: three side by side on a page, below one another on a phone."""
    sizes = ((3, WIDE_PANELS), (1, NARROW))
    drawings = (found.chart(theme, columns=c, width=w).to_dict() for c, w in sizes for theme in _themes())
    return Chart(label, *map(_svg, drawings))


def of_drawing(draw: Callable[[Theme], Any], label: str) -> Chart:
    """What `draw` gives as an Altair chart for a theme, inlined."""
    drawn = {theme: draw(theme).to_dict() for theme in _themes()}
    return Chart(label, *(_svg({**drawn[theme], "width": width}) for width in (WIDE, NARROW) for theme in _themes()))


def foretold(steps: Sequence[Mapping[str, float | None]], currency: str, plan: float | None, label: str) -> Chart:
    """What was won week by week, and the range in which it goes on. Steps have `week`, `won` (None for one to come),
    `low`, `middle` and `high` (None for one that is over)."""
    top = max(value for step in steps for value in (step["won"], step["high"], plan) if value is not None)
    size, unit = (1e6, " m") if top >= 1e6 else (1e3, " k")
    rows = [
        {key: value if key == "week" or value is None else value / size for key, value in step.items()}
        for step in steps
    ]
    so_far = [row for row in rows if row["won"] is not None]
    ahead = [row for row in rows if row["low"] is not None]
    end, last = ahead[-1], so_far[-1]
    x = {
        "field": "week", "type": "quantitative", "scale": {"domain": [0, rows[-1]["week"]], "nice": False},
        "axis": {"title": "Week of the period", "labelFlush": True, "tickMinStep": 1},
    }  # fmt: skip

    def layer(values: Sequence[Any], mark: dict[str, Any], field: str, **more: Any) -> dict[str, Any]:
        y = {"field": field, "type": "quantitative", "title": f"New revenue, {currency}{unit}"}
        return {"data": {"values": list(values)}, "mark": mark, "encoding": {"x": x, "y": y, **more}}

    def text(value: float | None, says: str, dy: int) -> dict[str, Any]:
        mark = {"type": "text", "style": "lab", "align": "right", "dx": -4, "dy": dy}
        return layer([{"week": end["week"], "y": value}], mark, "y", text={"value": says})

    def money(amount: float | None) -> str:
        return short_money((amount or 0.0) * size, currency)

    evenly = [{"week": 0, "y": 0.0}, {"week": end["week"], "y": (plan or 0.0) / size}]
    goal = [] if plan is None else [
        layer(evenly, {"type": "line", "style": "target"}, "y"),
        text(plan / size, f"plan {money(plan / size)}", -8),
    ]  # fmt: skip
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "height": 215,
        "layer": [
            layer(ahead, {"type": "area", "style": "forecast"}, "low", y2={"field": "high"}),
            *goal,
            layer(ahead, {"type": "line", "style": "forecastline"}, "middle"),
            layer(so_far, {"type": "line", "style": "actual"}, "won"),
            layer([last], {"type": "point"}, "won"),
            text(end["high"], money(end["high"]), -6),
            text(end["low"], money(end["low"]), 12),
        ],
    }
    return drawn(spec, label)
