"""`accord promises`: what both sides promised, and what came of it over the last periods."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.columns import Columns
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from accord.agreement.answers import checked
from accord.agreement.document import Agreement, Side
from accord.agreement.metrics import METRICS
from accord.agreement.promise import (
    PERIODS,
    STATE_WORDS,
    Measured,
    State,
    measure,
    measure_in_force,
    newest_fact,
    shown,
    versions_in_force,
)
from accord.agreement.reading import load
from accord.facts.engine import Answers
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.report import door
from accord.report.documents import period_json, promise_json

EXAMPLES = """\
examples:
  accord promises --lake var/lake                          as the versions in force promised
  accord promises --lake var/lake --agreement next.yaml    as if this agreement had been in force
  accord promises --lake var/lake --at 2026-10-01 --json   as of a moment, for a machine
  accord promises --lake var/lake --strict                 exit code 1 when a promise is missed

exit code: 0; 1 with --strict when the last full or the running period of a promise is missed; 2 unusable input
"""
SIDES = (
    (Side.MARKETING, "●", "Marketing"),
    (Side.SALES, "■", "Sales"),
    (Side.BOTH, "○", "Both"),
    (Side.LEADERSHIP, "◇", "Leadership"),
)
STRIP = {
    State.KEPT: ("·", "dim"),
    State.AT_RISK: ("!", "bold yellow"),
    State.MISSED: ("✗", "bold red"),
    State.OPEN: ("o", ""),
    State.TOO_FEW: ("–", "dim"),
    State.NOT_RECORDED: (" ", "dim"),
}
SIDE_BY_SIDE = 170


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door found out: the periods of every promise, as of which moment, under which versions."""

    found: tuple[Measured, ...]
    at: datetime
    versions: tuple[Agreement, ...]
    newest: datetime | None


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord promises`."""
    parser.description = "Measure the promises of both sides, on the same facts, over their last periods."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--agreement", type=Path, metavar="FILE", help="this agreement instead of those in force")
    parser.add_argument("--at", metavar="T", help="as of this moment; the moment of the newest fact when left out")
    parser.add_argument("--as-known", metavar="T", help="from the facts that were recorded by then")
    parser.add_argument("--periods", type=int, default=PERIODS, metavar="N", help=f"how many periods ({PERIODS})")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a promise is missed")
    door.add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help="print one row per promise and period")


def run(args: argparse.Namespace) -> int:
    """Measure and show; 1 with --strict when a promise is missed."""
    if not 1 <= args.periods <= 520:
        raise AccordError(f"--periods {args.periods} is not between 1 and 520.", remedy="Write --periods 12.")
    answer = measured(args)
    if args.json:
        sys.stdout.write(json.dumps(as_json(answer), indent=2, ensure_ascii=False) + "\n")
    elif args.csv:
        write_csv(answer)
    else:
        show(Console(), answer)
    return 1 if args.strict and any(each.state is State.MISSED for each in _latest(answer.found)) else 0


def measured(args: argparse.Namespace) -> Answer:
    """Open the ledger and measure. Raises AccordError for input that cannot be used."""
    agreement = load(args.agreement) if args.agreement else None
    zone = ZoneInfo(agreement.time_zone) if agreement else ZoneInfo("UTC")
    ledger = Ledger.open(args.lake)
    recorded = _moment(args.as_known, zone) if args.as_known else None
    engine = door.engine_of(args, ledger, recorded_at=recorded)
    now = datetime.now(UTC)
    newest = newest_fact(engine, at=now)
    at = _moment(args.at, zone) if args.at else newest or now
    if agreement:
        held = _held_against_facts(engine, agreement)
        found = measure(engine, agreement, at=at, periods=args.periods, answers_checked=held)
        return Answer(found, at, (agreement,), newest)
    versions = _in_force(engine, at, args.lake)
    found = measure_in_force(engine, versions, at=at, periods=args.periods, check=checked)
    return Answer(found, at, versions, newest)


def _held_against_facts(engine: Answers, agreement: Agreement) -> pa.Table | None:
    wanted = any(promise.metric == "rejections_not_contradicted" for promise in agreement.promises)
    return checked(engine, agreement) if wanted else None


def _in_force(engine: Answers, at: datetime, lake: Path) -> tuple[Agreement, ...]:
    versions = versions_in_force(engine, at=at)
    if not versions:
        raise AccordError(
            f"{lake} records no agreement in force by {at:%Y-%m-%d %H:%M} UTC.",
            remedy="Name one with --agreement FILE; it is measured as if it had been in force.",
        )
    return versions


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise AccordError(f"{text!r} is not a moment.", remedy="Write 2026-10-01 or 2026-10-01T17:00+02:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _latest(found: Sequence[Measured]) -> list[Measured]:
    """The last full and the running period of each promise."""
    return [each for of_one in _by_promise(found).values() for each in of_one[-2:]]


def _by_promise(found: Sequence[Measured]) -> dict[str, list[Measured]]:
    grouped: dict[str, list[Measured]] = {}
    for each in sorted(found, key=lambda each: each.period.start):
        grouped.setdefault(each.promise.id, []).append(each)
    order = list(dict.fromkeys(each.promise.id for each in found))
    return {promise_id: grouped[promise_id] for promise_id in order}


def finding(answer: Answer) -> str:
    """The page's first sentence: `9 of 12 promises are on course.`"""
    now = [periods[-1] for periods in _by_promise(answer.found).values()]
    judged = [each for each in now if each.state not in (State.NOT_RECORDED, State.TOO_FEW)]
    fine = sum(each.state in (State.KEPT, State.OPEN) for each in judged)
    rest = len(now) - len(judged)
    told = f" {rest} cannot be judged yet." if rest else ""
    return f"{fine} of {len(judged)} promises are on course.{told}"


# For machines


def as_json(answer: Answer) -> dict[str, object]:
    """All of it as plain values; times in UTC."""
    return {
        "finding": finding(answer),
        "at": answer.at.astimezone(UTC).isoformat(),
        "newest_fact": answer.newest.isoformat() if answer.newest else None,
        "versions": [version.version for version in answer.versions],
        "promises": [promise_json(periods) for periods in _by_promise(answer.found).values()],
    }


def write_csv(answer: Answer) -> None:
    """One row per promise and period, ISO times and raw numbers."""
    rows = [
        {"promise": each.promise.id, "side": each.promise.side, "metric": each.promise.metric, **_flat(each)}
        for periods in _by_promise(answer.found).values()
        for each in periods
    ]
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["promise"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _flat(each: Measured) -> dict[str, object]:
    left_out = "; ".join(f"{reason}: {number}" for reason, number in each.left_out.items())
    cells = {name: cell for name, cell in period_json(each).items() if name not in ("sql", "sentence")}
    return {**cells, "left_out": left_out}


# For people


def show(console: Console, answer: Answer) -> None:
    """Marketing left or above, sales right or below, with the same columns; then what both and leadership owe."""
    zone = ZoneInfo(answer.versions[-1].time_zone)
    versions = ", ".join(str(version.version) for version in answer.versions)
    console.print(Text(finding(answer), style="bold"))
    named = f"version {versions}" if len(answer.versions) == 1 else f"versions {versions}"
    console.print(Text(f"As of {answer.at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key}), under {named}.", style="dim"))
    console.print()
    blocks = [block for side in SIDES if (block := _side(side, answer)) is not None]
    wide = console.width >= SIDE_BY_SIDE
    console.print(Columns(blocks, equal=True, expand=True, padding=(0, 4)) if wide else Group(*blocks))
    for note in _notes(answer):
        console.print(Text(note))
    legend = "  ".join(
        f"{STRIP[state][0]} {word.lower()}" for state, word in STATE_WORDS.items() if STRIP[state][0] != " "
    )
    console.print(Text(f"Strip, oldest first: {legend}, blank not recorded.", style="dim"))


def _side(side: tuple[Side, str, str], answer: Answer) -> Group | None:
    own = [p for p in _by_promise(answer.found).values() if p[-1].promise.side is side[0]]
    if not own:
        return None
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    for heading in ("promise", "target", "last full", "running", "strip"):
        table.add_column(heading, no_wrap=True)
    for periods in own:
        table.add_row(*_row(periods, answer))
    return Group(Text(f"{side[1]} {side[2]}", style="bold"), table, Text())


def _row(periods: Sequence[Measured], answer: Answer) -> list[Text]:
    promise = periods[-1].promise
    running = periods[-1] if periods[-1].period.end > answer.at else None
    full = [each for each in periods if each is not running]
    goal = f"{'≥' if promise.at_least is not None else '≤'} {_value(periods[-1], periods[-1].target, answer)}"
    strip = Text.assemble(*(STRIP[each.state] for each in periods))
    cells = [Text(promise.id), Text(f"{goal} / {promise.per}")]
    cells += [_figure(each, answer) for each in (full[-1] if full else None, running)]
    return [*cells, strip]


def _figure(each: Measured | None, answer: Answer) -> Text:
    if each is None or each.state is State.NOT_RECORDED:
        return Text("–", style="dim")
    if each.missing and each.value is None:
        return Text(f"{each.denominator:,.0f} of {each.denominator + each.missing:,.0f} records", style="dim")
    return Text.assemble(_value(each, each.value, answer), "  ", _state(each))


def _value(each: Measured, value: float | None, answer: Answer) -> str:
    metric = METRICS.get(each.promise.metric)
    return shown(value, metric, answer.versions[-1]) if metric else f"{value}"


def _state(each: Measured) -> Text:
    style = {State.AT_RISK: "yellow", State.MISSED: "red"}.get(each.state, "dim")
    return Text(STATE_WORDS[each.state], style=style)


def _notes(answer: Answer) -> list[str]:
    """What a table cannot say: why something is not recorded, and what was left out of the last full periods."""
    notes = []
    for periods in _by_promise(answer.found).values():
        last = periods[-1]
        if last.state is State.NOT_RECORDED:
            notes.append(f"{last.promise.id}: not recorded, {last.because}.")
    return [*notes, ""] if notes else []
