"""The report in the terminal: the same finding, the same room for both sides, words beside every mark."""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from accord.report.figures import Bar, Grid, PromiseRow, Report, Side, Tile

MARK = {"mkt": "●", "sls": "■", "both": "○"}
PAINT = {"mkt": "medium_purple1", "sls": "dark_cyan", "both": "bold"}
STYLE = {
    "kept": "grey62",
    "risk": "bold dark_orange",
    "missed": "bold red",
    "open": "grey42",
    "few": "grey42",
    "none": "grey30",
}
BLOCK = {"kept": "▮", "risk": "!", "missed": "✗", "open": "▯", "few": "–", "none": "·"}
LEGEND = "Strips, oldest first: ▮ kept  ! at risk  ✗ missed  ▯ open  – too few records  · not recorded. Ranges: 90 %."
SIDE_BY_SIDE = 150
_BAR = 24


def show(console: Console, report: Report) -> None:
    """Prints the report: finding, figures, promises of both sides, funnel, where wins came from."""
    for part in parts(report, wide=console.width >= SIDE_BY_SIDE):
        console.print(part)
        console.print()


def parts(report: Report, *, wide: bool) -> list[RenderableType]:
    """The pieces of the scoreboard in reading order."""
    label = Text("Simulated company. ", style="italic") if report.simulated else Text()
    head = Group(Text(report.title, style="bold"), Text.assemble(label, Text(report.context, style="dim")))
    pieces: list[RenderableType] = [head, *(Text(note) for note in report.notes), _tiles(report.tiles)]
    sides = [_side(side) for side in report.sides]
    pieces += [Columns(sides, equal=True, expand=True, padding=(0, 4))] if wide and sides else sides
    if report.both:
        pieces.append(_side(Side("both", "Both and leadership promised", "", report.both)))
    pieces.append(_funnel(report))
    if report.wins:
        pieces.append(Group(Text(f"Where wins came from, {report.wins_says}", style="bold"), _grid(report.wins)))
    return [*pieces, Text(LEGEND, style="dim")]


def _tiles(tiles: tuple[Tile, ...]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for it in tiles:
        table.add_row(
            Text(f"{MARK[it.team]} {it.title}", style=PAINT[it.team]),
            Text(it.value, style="bold", justify="right"),
            Text(it.beside, style="dim"),
            Text(it.says, style="dim"),
            Text(it.word, style=STYLE[it.state]),
        )
    return table


def _side(side: Side) -> Group:
    table = Table(box=None, pad_edge=False, show_header=False)
    for row in side.rows:
        table.add_row(*_promise(row))
    head = Text.assemble((f"{MARK[side.team]} {side.name}", PAINT[side.team]), (f"  {side.summary}", "dim"))
    return Group(head, table)


def _promise(row: PromiseRow) -> tuple[Text, ...]:
    strip = Text.assemble(*((BLOCK[cell.state], STYLE[cell.state]) for cell in row.strip))
    figure = Text.assemble((row.value, "bold"), (f" {row.target}", "dim"))
    return Text(row.title), figure, strip, Text(row.word, style=STYLE[row.state])


def _funnel(report: Report) -> Group:
    table = Table(box=None, pad_edge=False, show_header=False)
    for bar in report.funnel.bars:
        table.add_row(*_bar(bar))
    notices = [Text(notice, style="dim") for notice in report.funnel.notices]
    return Group(Text("From lead to customer", style="bold"), Text(report.funnel.summary, style="dim"), table, *notices)


def _bar(bar: Bar) -> tuple[Text, ...]:
    if not bar.recorded:
        return Text(bar.name), Text("not recorded", style="dim")
    block = Text("▇" * max(1, round(_BAR * bar.width / 82)), style=PAINT[bar.team])
    step = Text.assemble((bar.step, "bold"), (f" {bar.step_says}" if bar.step else "", "dim"))
    return Text(bar.name), Text(bar.count, justify="right"), block, step


def _grid(grid: Grid) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(grid.head):
        table.add_column(name, justify="right" if place in grid.right else "left", no_wrap=True)
    for row in grid.rows:
        table.add_row(*row)
    return table
