"""What the gallery of components shows: each once, with invented figures."""

from __future__ import annotations

from django import forms

from accord_app.shell.components import (
    Cell,
    ClockFace,
    Column,
    Evidence,
    Interval,
    Kpi,
    Lane,
    LaneTouch,
    MatrixRow,
    Option,
    Point,
    Sign,
    Stage,
    Tick,
    View,
)

TOKENS = ("paper", "ink", "ink-3", "both-soft", "mkt", "sls", "risk-fill", "miss")
CLOCKS = (ClockFace(200, 240), ClockFace(38, 240), ClockFace(-80, 240), ClockFace(300, 480, prefix="Contact in"))
INTERVALS = (
    Interval(58, 69, 80, "+4.2, 90 % interval 1.8 to 6.6"),
    Interval(42, 53, 66, "+0.6, −1.8 to 3.5, could be chance", is_weak=True),
)
KPI = Kpi(
    title="A-band leads", side="mkt", figure="262", of="of 520", now=50, words="262 of 520, likely 395 to 458",
    target=99, low=76, high=88, caption="likely 395 to 458", state="risk",
)  # fmt: skip
POINTS = (
    Point("Asked for a price", 30, 99),
    Point("Fits size, sector, region, role", 22, 73),
    Point("3 visits in 5 days", 14, 46),
    Point("Left the webinar early", -4, 13),
)
LANE = Lane(
    touches=(
        LaneTouch("mkt", "LinkedIn ad, 4 Oct", 3),
        LaneTouch("mkt", "Cold-chain case, read to the end", 31, 2.2),
        LaneTouch("mkt", "Price request", 97),
        LaneTouch("sls", "Badge scan, Hannover fair", 22, 0.9),
        LaneTouch("sls", "Call, no answer", 72, 1.9),
    ),
    ticks=(Tick("4 Oct", 0), Tick("19 Oct", 34), Tick("3 Nov", 66), Tick("Now", 100)),
    listed=(
        "4 October, marketing: LinkedIn ad",
        "13 October, sales: badge scan at the Hannover fair",
        "17 October, marketing: cold-chain case, read to the end",
        "5 November, sales: call, no answer",
        "18 November, marketing: price request",
    ),
)
FUNNEL = (
    Stage("Qualified", "mkt", "902", 88, "90 %", "in 2 h"),
    Stage("Handed over", "both", "812", 79, "81 %", "in 3 h 10 m"),
    Stage("Accepted", "sls", "658", 64, "45 %", "in 6.2 days, was 51 % in 4.1 days", "risk"),
    Stage("Meeting", "sls", "296", 29),
)
MATRIX = (
    MatrixRow("Plant manager", "38 % of wins", (Cell(9, 3, "used 61"), Cell(6, 2, "used 88"))),
    MatrixRow("Procurement", "14 % of wins", (Cell(5, 1, "used 3"), Cell(0, 0, "9 asked by sales", is_gap=True))),
)
EVIDENCE = (
    Evidence("Handoffs above the line", "mkt", "99 %", "98 %", "kept", "kkkkkkkkkkkk", "Last 12 weeks"),
    Evidence("First contact on time", "sls", "84 %", "90 %", "missed", "kkkkmkrkkmmo", "Last 12 weeks", "6 pts short"),
)
SIGNS = (
    Sign("mkt", "For marketing", "Priya Nair", "29 Aug 2026, 14:06"),
    Sign("sls", "For sales", "", "not signed yet"),
)
VIEWS = (
    View("Mine", "?view=mine", "6", is_current=True),
    View("Breaching", "?view=breaching", "1"),
    View("Recycled", "?view=recycled", "3"),
)
PERIODS = (View("Quarter", "?period=quarter", is_current=True), View("Month", "?period=month"))
COLUMNS = (Column("Company"), Column("Score", is_number=True, sort_url="?sort=score", sorted="descending"))
OPTIONS = (
    Option("timing", "Timing: not this quarter", "Returns to nurture, back in 45 days", is_chosen=True),
    Option("authority", "No authority", "Marketing looks for the buyer"),
)


class PointsForm(forms.Form):
    """A form of one field."""

    points = forms.IntegerField(
        label="Points needed", help_text="Now 65. Scores run from 0 to 100.", min_value=0, max_value=100,
        error_messages={"max_value": "Enter a number from 0 to 100."},
    )  # fmt: skip


def every() -> dict[str, object]:
    """The context of the gallery."""
    return {
        "tokens": TOKENS, "clocks": CLOCKS, "intervals": INTERVALS, "kpi_example": KPI, "reasons": POINTS,
        "lane_example": LANE, "stages": FUNNEL, "matrix_columns": ("Problem known", "Business case"),
        "matrix_rows": MATRIX, "promises": EVIDENCE, "signatures": SIGNS, "saved": VIEWS, "periods": PERIODS,
        "columns": COLUMNS, "reject_options": OPTIONS, "wins": (3, 4, 3, 5, 6, 5, 7, 8),
        "form": PointsForm({"points": "700"}),
    }  # fmt: skip
