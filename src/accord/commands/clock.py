"""`accord clock`: business time of a calendar, for one case with its arithmetic or for many from standard input."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from accord.agreement.clock import Calendar, Clock, ClockError, Duration, Pause, Step
from accord.agreement.clock_steps import spoken

EPILOG = """examples:
  accord clock --calendar team.yaml --start 2026-05-04T16:00 --within 4h
  accord clock --calendar team.yaml --start 2026-05-04T16:00 --end 2026-05-05T10:00 --json
  accord clock --calendar agreement.yaml --batch < cases.jsonl

The calendar is what stands under `calendar` in an agreement, or a whole agreement:
  time_zone: Europe/Berlin
  hours: {mon-thu: "09:00-12:30, 13:15-17:30", fri: "09:00-15:00"}
  holidays: DE-BE
  closed: [2026-12-24]

A case of --batch is one line of JSON, and so is its answer:
  {"start": "2026-05-04T16:00:00+02:00", "within": "4h"}      {"due": "2026-05-05T11:30:00+02:00"}
  {"start": "2026-05-04T16:00:00", "end": "2026-05-05T10:00"}   {"elapsed_seconds": 9000}
`within` is a whole number of s, m, h (open time) or d (working days). "pauses": [[from, to or null], ...] may be added.
A time without an offset is read in the calendar's zone. Other keys, such as an id, come back with the answer.
A line that cannot be answered gives {"error": ..., "line": n} in its place.

exit code: 0 all is answered, 1 a line of a batch is not, 2 no calendar, or a case that cannot be read"""

_KEYS = ("start", "within", "end", "pauses")
_ANSWERS = ("due", "elapsed_seconds", "error", "line")


def add(parser: argparse.ArgumentParser) -> None:
    """Arguments of `accord clock`."""
    parser.description = "When is something due in business time, or how much business time has passed?"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--calendar", metavar="FILE", required=True, help="YAML with the calendar, or an agreement")
    parser.add_argument("--batch", action="store_true", help="read cases as JSON lines from standard input")
    parser.add_argument("--start", metavar="TIME", help="when the clock starts, ISO 8601")
    parser.add_argument("--within", metavar="DURATION", help="how long it runs: 30m, 4h, 2d")
    parser.add_argument("--end", metavar="TIME", help="count the open time until then instead")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Answer one case or many; 0 when all were answered, 1 when a line of a batch was not."""
    clock = Clock(read_calendar(Path(args.calendar)))
    if args.batch:
        return _run_batch(clock, args)
    if args.start is None:
        raise ClockError("No start is given.", remedy="Add --start TIME, or --batch to read cases.")
    given = {key: getattr(args, key) for key in ("start", "within", "end")}
    case = {key: value for key, value in given.items() if value is not None}
    answer, steps = answer_case(clock, case), _explained(clock, case)
    if args.json:
        print(json.dumps({**case, **answer, "steps": [_as_json(step) for step in steps]}))  # noqa: T201
    else:
        _show(answer, steps)
    return 0


def read_calendar(path: Path) -> Calendar:
    """The calendar in a YAML file: its own, or the one of an agreement. ClockError says why it cannot be read."""
    found = _read_yaml(path)
    if not isinstance(found, Mapping):
        raise ClockError(f"{path} holds no calendar.", remedy="See `accord clock --help` for an example.")
    if "calendar" not in found:
        return Calendar.read(found)
    zone = found.get("time_zone")
    return Calendar.read(found["calendar"], time_zone=zone if isinstance(zone, str) else None)


def answer_lines(clock: Clock, lines: Iterable[str | bytes]) -> Iterator[dict[str, Any]]:
    """One answer for each line that is not blank, in order; a line that cannot be answered gives its error."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield answer_case(clock, _case(line))
            except ClockError as error:
                yield {"error": str(error), "line": number}


def answer_case(clock: Clock, case: Mapping[str, Any]) -> dict[str, Any]:
    """`due` of a start and a duration, or `elapsed_seconds` of a start and an end."""
    _check_keys(case)
    start, pauses = _moment(clock, case["start"], "start"), _pauses(clock, case.get("pauses", []))
    extra = {key: value for key, value in case.items() if key not in _KEYS + _ANSWERS}
    if "end" in case:
        return {**extra, "elapsed_seconds": clock.elapsed(start, _moment(clock, case["end"], "end"), pauses)}
    due = clock.due_at(start, Duration.parse(case["within"]), pauses)
    return {**extra, "due": due.astimezone(clock.zone).isoformat()}


def _run_batch(clock: Clock, args: argparse.Namespace) -> int:
    if args.start or args.within or args.end:
        raise ClockError("--batch reads standard input.", remedy="Leave out --start, --within and --end.")
    failed = False
    for answer in answer_lines(clock, getattr(sys.stdin, "buffer", sys.stdin)):
        failed = failed or "error" in answer
        sys.stdout.write(json.dumps(answer) + "\n")
    return int(failed)


def _case(line: str | bytes) -> Mapping[str, Any]:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ClockError(f"This is not JSON: {error}.", remedy="Give one JSON object per line.") from None
    if not isinstance(case, dict):
        raise ClockError("This is not a case.", remedy='Write {"start": TIME, "within": "4h"}.')
    return case


def _check_keys(case: Mapping[str, Any]) -> None:
    if "start" not in case or ("within" in case) == ("end" in case):
        raise ClockError(
            f"A case has a start and either within or end, this one has {', '.join(case) or 'nothing'}.",
            remedy='Write {"start": TIME, "within": "4h"} or {"start": TIME, "end": TIME}.',
        )
    for key in case:
        if key not in _KEYS and (meant := get_close_matches(key.lower(), _KEYS, 1, 0.8)):
            raise ClockError(f"{key!r} is not a key of a case.", remedy=f"Is {meant[0]!r} meant?")


def _moment(clock: Clock, found: object, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ClockError(f"{str(found)[:60]!r} is not a time for {key}.", remedy="Write 2026-05-04T16:00:00+02:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.zone)


def _pauses(clock: Clock, found: object) -> list[Pause]:
    if not isinstance(found, list) or not all(isinstance(pause, list) and len(pause) == 2 for pause in found):
        raise ClockError("The pauses cannot be read.", remedy='Write "pauses": [[TIME, TIME], [TIME, null]].')
    return [
        (_moment(clock, begins, "a pause"), None if ends is None else _moment(clock, ends, "a pause"))
        for begins, ends in found
    ]


def _explained(clock: Clock, case: Mapping[str, Any]) -> tuple[Step, ...]:
    start = _moment(clock, case["start"], "start")
    if "end" in case:
        return clock.explain_elapsed(start, _moment(clock, case["end"], "end"))
    return clock.explain(start, Duration.parse(case["within"]))


def _as_json(step: Step) -> dict[str, Any]:
    return {
        "from": step.starts.isoformat(),
        "to": step.ends.isoformat(),
        "seconds": step.seconds,
        "total": step.total,
        "why": step.why,
    }


def _show(answer: Mapping[str, Any], steps: Iterable[Step]) -> None:
    table = Table("Step", "Counts", "In all", box=None, pad_edge=False)
    for step in steps:
        table.add_row(step.why, spoken(step.seconds) if step.seconds else "–", spoken(step.total))
    console = Console()
    console.print(table)
    if "due" in answer:
        console.print(f"Due {answer['due']}", style="bold", highlight=False)
    else:
        console.print(f"Open time {spoken(answer['elapsed_seconds'])}", style="bold", highlight=False)


def _read_yaml(path: Path) -> object:
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ClockError(f"There is no file {path}.", remedy="Give the path of a calendar or an agreement.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ClockError(f"{path} cannot be read: {error}.", remedy="Give a text file in UTF-8.") from None
    except (YAMLError, RecursionError, ValueError) as error:
        what = " ".join(str(error).split())[:300]
        raise ClockError(f"{path} is not YAML: {what}.", remedy="Correct the text there.") from None
