"""From facts and agreement to the page that both teams read: one finding, its evidence, its detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from accord.agreement import prose
from accord.agreement.document import Agreement
from accord.agreement.promise import Measured
from accord.facts.engine import Answers
from accord.facts.tables import TABLES
from accord.insight.funnel import Conversion, Funnel, Group, StageCount, funnel
from accord.insight.stages import moment_sql
from accord.report import charts, plan
from accord.report import promises as told
from accord.report.figures import Bar, Chart, Clause, FunnelView, Grid, PromiseRow, Report, Tile
from accord.report.numbers import day, duration, percent, whole

_TEAM = {"lead": "mkt", "MQL": "mkt", "SAL": "sls", "SQL": "sls", "opportunity": "both", "customer": "both"}
_NAMES = {"lead": "Lead", "opportunity": "Opportunity", "customer": "Customer"}
_MOST_SOURCES = 8
_UNOWNED = """SELECT count(*) FROM (
  SELECT event, owner, row_number() OVER (PARTITION BY handoff_id ORDER BY occurred_at DESC, source_id DESC) AS place
  FROM handoffs WHERE occurred_at <= {at}
    AND event IN ('offered', 'rerouted', 'accepted', 'contacted', 'qualified', 'rejected', 'recycled')
) latest WHERE place = 1 AND event IN ('offered', 'rerouted') AND owner IS NULL"""


def build(
    engine: Answers,
    about: Mapping[str, object],
    agreement: Agreement | None,
    measured: Sequence[Measured],
    *,
    at: datetime,
    since: datetime | None = None,
) -> Report:
    """The report of one lake as of `at` (with zone). `about` is what lake.json says; `measured` the promises. With
    `since` the funnel counts those who came from then on.

    Without an agreement the promises stay empty and the page says so. Raises AccordError when nobody is recorded.
    """
    moment = at.replace(tzinfo=None)
    first = None if since is None else since.replace(tzinfo=None)
    found = funnel(engine, since=first, at=moment)
    sources = funnel(engine, by="channel", since=first, at=moment)
    if all(group.value is None for group in sources.groups):
        sources = funnel(engine, by="origin", since=first, at=moment)
    rows = [told.row(periods, agreement, at) for periods in told.by_promise(measured).values()] if agreement else []
    chart, grid = _kept(measured, at)
    revenue = plan.pace(engine, agreement, at=at) if agreement else None
    return Report(
        title=headline(rows, found, revenue),
        context=_context(found, agreement),
        simulated=bool(about.get("simulated")),
        tiles=tuple(_tiles(found, measured, agreement, revenue, at)),
        sides=told.sides(rows) if rows else (),
        both=tuple(each for each in rows if each.team == "both"),
        funnel=funnel_view(found),
        plan=plan.view(revenue) if revenue else None,
        kept=chart,
        kept_grid=grid,
        wins=_wins(sources),
        wins_says=_wins_says(sources),
        agreement=prose.heading(agreement) if agreement else "",
        clauses=tuple(_clauses(agreement, rows)) if agreement else (),
        health=_health(engine, moment),
        health_says="Facts by kind: when they happened, and for how many the moment of knowing is inferred.",
        made=f"Read from the ledger as of {day(at)}, {at:%H:%M} UTC.",
        unowned=_unowned(engine, moment),
        missing=tuple(_missing(agreement)),
        at=at,
        counted=found,
        measured=tuple(measured),
    )


def _unowned(engine: Answers, at: datetime) -> int:
    (unowned,) = engine.one(_UNOWNED.format(at=moment_sql(at)))
    assert isinstance(unowned, int)  # noqa: S101 - DuckDB counts in whole numbers
    return unowned


def _missing(agreement: Agreement | None) -> Iterator[str]:
    """What is not there to be measured."""
    if agreement is None:
        yield "No agreement was named or is in force here, so no promise is measured."


def headline(rows: Sequence[PromiseRow], found: Funnel, revenue: plan.Pace | None = None) -> str:
    """The page's finding in one or two sentences."""
    judged = [each for each in rows if each.state in ("kept", "risk", "missed", "open")]
    fine = sum(each.state in ("kept", "open") for each in judged)
    which = "promises" if len(judged) == len(rows) else "promises that can be judged"
    first = f"{fine} of {len(judged)} {which} are on course. " if judged else ""
    return first + (plan.finding(revenue) if revenue else _customers(found.overall, found))


def _customers(step: Conversion | None, found: Funnel) -> str:
    if step is None:
        return f"{people(found)} came in; nobody is recorded as a customer."
    if step.rate is None:
        return f"{step.count} of {step.of} {step.start} became customers."
    return f"{percent(step.rate)} of {step.start} became customers so far."


def _context(found: Funnel, agreement: Agreement | None) -> str:
    version = f"Version {agreement.version} of the agreement. " if agreement else ""
    return version + stretch(found)


def people(found: Funnel) -> str:
    """How many people a funnel counts; visitors of whom nothing else is known are told apart."""
    named = f"{whole(found.n - found.visitors)} people"
    visitors = "visitor" if found.visitors == 1 else "visitors"
    return f"{named} and {whole(found.visitors)} unknown {visitors}" if found.visitors else named


def stretch(found: Funnel) -> str:
    """How many people, from when on, and how far the facts reach."""
    since = f" since {day(found.entered_from)}" if found.entered_from else ""
    until = f", followed until the newest fact, {day(found.followed_until)}" if found.followed_until else ""
    known = f" As known on {day(found.as_known)}." if found.as_known else ""
    return f"{people(found)}{since}{until}.{known} Ranges hold the truth in 9 of 10 cases."


# The first row


def _tiles(
    found: Funnel, measured: Sequence[Measured], agreement: Agreement | None, revenue: plan.Pace | None, at: datetime
) -> list[Tile]:
    tiles = [plan.tile(revenue)] if revenue else [_won_tile(found.overall)] if found.overall else []
    if agreement:
        grouped = told.by_promise(measured)
        for side in ("marketing", "sales", "both"):
            own = [periods for periods in grouped.values() if periods[-1].promise.side == side]
            judged = [periods for periods in own if told.judged(periods, at)]
            tiles += [told.tile((judged or own)[0], agreement, at)] if own else []
    return tiles


def _won_tile(step: Conversion) -> Tile:
    expected = step.expected
    likely = expected.interval
    top = max(0.0001, *(value for value in (step.rate, likely.high if likely else None) if value is not None), 0.0)
    scale = 100 / (1.25 * top)
    says = f"in the end {percent(likely.low)} to {percent(likely.high)}" if likely else expected.says
    return Tile(
        title=f"{step.start} to customer",
        team="both",
        team_name="Shared",
        value=percent(step.rate) if step.rate is not None else whole(step.count),
        beside=f"{whole(step.count)} of {whole(step.of)}, so far",
        says=says,
        now=round((step.rate or 0.0) * scale, 1),
        low=round(likely.low * scale, 1) if likely else None,
        high=round(likely.high * scale, 1) if likely else None,
        target=None,
        state="open" if step.open else "kept",
        word=f"{whole(step.open)} open" if step.open else "Nothing open",
        definition=(
            f"The share of {step.start} that became customers so far, and the share expected in the end, in which the "
            f"open ones are not counted as lost (Aalen-Johansen, {expected.says})."
        ),
        of=f"{whole(step.count)} of {whole(step.of)}",
        period="so far",
    )


# The funnel


def funnel_view(found: Funnel, *, chart: Chart | None = None, grid: Grid | None = None) -> FunnelView:
    """The bars of a funnel, with what lies between two of them."""
    most = max((stage.passed for stage in found.stages), default=1) or 1
    bars: list[Bar] = []
    before: str | None = None
    for stage in found.stages:
        step = found.conversion(before, stage.stage) if before and stage.recorded else None
        bars.append(_bar(stage, step, most))
        before = stage.stage if stage.recorded else before
    return FunnelView(_funnel_says(found), tuple(bars), found.definition, found.notices, found.sql, chart, grid)


def _bar(stage: StageCount, step: Conversion | None, most: int) -> Bar:
    name = _NAMES.get(stage.stage, stage.stage)
    if not stage.recorded:
        return Bar(name, _TEAM[stage.stage], 0.0, "not recorded", "", recorded=False)
    beside = [f"{whole(stage.skipped)} skipped"] if stage.skipped else []
    beside += [f"{whole(stage.returns)} returns"] if stage.returns else []
    return Bar(
        name=name,
        team=_TEAM[stage.stage],
        width=round(82 * stage.passed / most, 2),
        count=whole(stage.passed),
        beside=", ".join(beside),
        recorded=True,
        step=_rate(step) if step else "",
        step_says=_between(step) if step else "",
    )


def _rate(step: Conversion) -> str:
    return percent(step.rate) if step.rate is not None else f"{step.count} of {step.of}"


def _between(step: Conversion) -> str:
    median = f"in {duration(step.time.median)}" if step.time else ""
    if step.rate is None:
        return f"{median}, {step.needed} more records would give a rate"
    expected = step.expected
    if expected.interval is None:
        return f"{median}, in the end: {expected.says}"
    return f"{median}, in the end {percent(expected.interval.low)} to {percent(expected.interval.high)}"


def _funnel_says(found: Funnel) -> str:
    step = found.overall
    if step is None or step.time is None:
        return f"{people(found)} came in."
    return (
        f"{people(found)} came in; {whole(step.count)} became customers, in a median of "
        f"{duration(step.time.median)} from {step.start}."
    )


def groups_grid(found: Funnel) -> Grid | None:
    """The overall conversion by group, as rows of a table."""
    overall = found.overall
    if overall is None:
        return None
    rows = [_group_cells(group, group.conversion(overall.start, overall.end)) for group in found.groups]
    name = str(found.by)
    head = (name[:1].upper() + name[1:], overall.start, "Customers", "So far", "Range", "In the end", "Median")
    return Grid(head, tuple(rows), right=(1, 2, 3, 4, 5, 6), hide_small=(4, 6))


def _group_cells(group: Group, step: Conversion | None) -> tuple[str, ...]:
    if step is None:
        return group.label, "–", "–", "–", "", "–", "–"
    low_high = f"{percent(step.interval.low)} to {percent(step.interval.high)}" if step.interval else ""
    so_far = percent(step.rate) if step.rate is not None else f"{step.needed} more needed"
    end = percent(step.expected.share) if step.expected.known else "cannot tell yet"
    median = duration(step.time.median) if step.time else "–"
    return group.label, whole(step.of), whole(step.count), so_far, low_high, end, median


def _wins(found: Funnel) -> Grid | None:
    grid = groups_grid(found)
    if grid is None:
        return None
    won = sorted(range(len(grid.rows)), key=lambda place: -int(grid.rows[place][2].replace(",", "").replace("–", "0")))
    shown = (grid.rows[place][:-1] for place in won[:_MOST_SOURCES])
    rows = tuple((name[:1].upper() + name[1:], *cells) for name, *cells in shown)
    return Grid(grid.head[:-1], rows, grid.right[:-1], hide_small=grid.hide_small[:1])


def _wins_says(found: Funnel) -> str:
    shown, of = min(_MOST_SOURCES, len(found.groups)), len(found.groups)
    by = "channel of the first touch" if found.by == "channel" else "origin"
    return f"by {by}" + (f", {shown} of {of}" if shown < of else "")


# Promises over time, the agreement, the data


def _kept(measured: Sequence[Measured], at: datetime) -> tuple[Chart | None, Grid | None]:
    rows = told.kept_by_month(measured, at)
    months = sorted({row["month"] for row in rows})
    if len(months) < 2:
        return None, None
    cells = {(row["month"], row["party"]): f"{row['kept']:g} % of {row['of']}" for row in rows}
    grid = Grid(
        ("Month", "Marketing", "Sales"),
        tuple((m[:7], cells.get((m, "Marketing"), "–"), cells.get((m, "Sales"), "–")) for m in months),
        right=(1, 2),
    )
    return charts.kept_by_party(rows, _kept_says(rows)), grid


def _kept_says(rows: Sequence[dict[str, Any]]) -> str:
    last = {row["party"]: row for row in rows}
    said = [f"{party} kept {row['kept']:g} % of {row['of']} judged periods" for party, row in sorted(last.items())]
    return "Last month on record: " + "; ".join(said) + "."


def _clauses(agreement: Agreement, rows: Sequence[PromiseRow]) -> list[Clause]:
    by_id = {each.id: each for each in rows}
    return [
        Clause(
            article.no,
            article.title,
            _marked(article.marked),
            tuple(by_id[name] for name in article.promises if name in by_id),
        )
        for article in prose.articles(agreement)
    ]


def _marked(text: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of an article in reading order; every second one is a marked quantity."""
    return tuple((piece, place % 2 == 1) for place, piece in enumerate(prose.MARK.split(text)) if piece)


def _health(engine: Answers, at: datetime) -> Grid:
    rows = []
    for name in TABLES:
        count, first, last, inferred, late = engine.one(
            f"SELECT count(*), min(occurred_at), max(occurred_at), sum(CASE WHEN known_inferred THEN 1 ELSE 0 END), "
            f"sum(CASE WHEN occurred_at > {moment_sql(at)} THEN 1 ELSE 0 END) FROM {name}"
        )
        rows.append((name, count, first, last, inferred or 0, late or 0))
    filled = tuple(_health_row(*row) for row in rows if row[1])
    return Grid(("Facts", "Count", "From", "To", "Inferred", "Future"), filled, right=(1, 2, 3, 4, 5), hide_small=(2,))


def _health_row(name: str, count: Any, first: Any, last: Any, inferred: Any, future: Any) -> tuple[str, ...]:
    share = percent(inferred / count, 0)
    return name, whole(count), f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}", share, whole(future)
