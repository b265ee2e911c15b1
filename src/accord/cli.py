"""`accord`: one table of commands. Each is loaded only when it is asked for, and every mistake ends in one clear line.

A distribution adds its own commands by an entry point in the group `accord.commands` that names a tuple of `Command`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from accord.facts.errors import AccordError

USAGE, BUG, STOPPED, PIPE_CLOSED = 2, 70, 130, 141
ENTRY_POINTS = "accord.commands"


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, the module with its `add(parser)` and `run(args)`, and what it does in one sentence."""

    name: str
    module: str
    sentence: str

    def __post_init__(self) -> None:
        if not self.sentence.endswith("."):
            raise ValueError(f"command {self.name} needs a sentence")


COMMANDS = (
    Command("run", "accord.commands.run", "Build the simulated company, run its agreement and show the scoreboard."),
    Command("import", "accord.commands.import_", "Read exports into a lake."),
    Command("undo", "accord.commands.undo", "Take an import back."),
    Command("health", "accord.commands.health", "Count missing, late, doubled, contradictory and inferred facts."),
    Command("draft", "accord.commands.draft", "Draft a first agreement from a template and answers to its questions."),
    Command("check", "accord.commands.check", "Report every mistake and contradiction of an agreement."),
    Command("prose", "accord.commands.prose", "Print an agreement as articles that people read."),
    Command("columns", "accord.commands.columns", "List the columns that conditions may use."),
    Command("metrics", "accord.commands.metrics", "Define what promises, plans and incentives measure."),
    Command("clock", "accord.commands.clock", "Tell when something is due in business time."),
    Command("decide", "accord.commands.decide", "Tell what an agreement decides about leads, and why."),
    Command("replay", "accord.commands.replay", "Run an agreement over past facts, as known at each moment."),
    Command("funnel", "accord.commands.funnel", "Show conversion and time per stage, so far and in the end."),
    Command("attribute", "accord.commands.attribute", "Share wins out among the touches before them, by nine models."),
    Command("economics", "accord.commands.economics", "Tell what leads and customers cost, and what they bring."),
    Command("content", "accord.commands.content", "Tell which assets are used, and what goes with their use."),
    Command("diagnose", "accord.commands.diagnose", "Split a shortfall into factors, and say what is known about it."),
    Command("forecast", "accord.commands.forecast", "Foretell revenue, wins and every promise, as ranges."),
    Command("regret", "accord.commands.regret", "Show what became of leads that were rejected or recycled."),
    Command("fairness", "accord.commands.fairness", "Show how handoffs were dealt out in each team."),
    Command("lot", "accord.commands.lot", "Show what became of leads drawn by lot below the line."),
    Command("promises", "accord.commands.promises", "Measure what both sides promised."),
    Command("report", "accord.commands.report", "Show both teams one page: promises, funnel, agreement."),
    Command("example", "accord.commands.example", "Simulate a company with known truth into a new lake."),
)
EPILOG = """\
examples:
  accord run                       a simulated company, its agreement, its scoreboard
  accord check agreement.yaml      every mistake, with its line and what is allowed
  accord COMMAND --help            arguments, examples and exit codes of one command

exit codes: 0 fine, 1 what was checked has mistakes, 2 input or usage that cannot be worked with, 70 a bug in accord
"""


_ID = re.compile(r"-(?!-[a-z-]*$)[A-Za-z0-9_-]{11}")
"""An id that begins with the sign of an option, as one of sixty-four does; not a misspelt option."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are told like every other mistake, and to which no id is an option."""

    def error(self, message: str) -> NoReturn:
        """Raises AccordError instead of printing the usage."""
        raise AccordError(f"{message[:1].upper()}{message[1:]}.", remedy=f"See `{self.prog} --help`.")

    def _parse_optional(self, arg_string: str) -> Any:  # argparse offers no other place to tell values from options
        return None if _ID.fullmatch(arg_string) else super()._parse_optional(arg_string)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words and not words[0].startswith("-") else None
    _show_what_the_terminal_can()
    try:
        status = _run(name, words)
        sys.stdout.flush()
    except SystemExit as stop:
        return PIPE_CLOSED if isinstance(stop.__context__, BrokenPipeError) else _status(stop)
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:
        return _told(name, error, as_json="--json" in words)
    return status


def commands() -> Mapping[str, Command]:
    """Every command by name: our own, then those that other distributions add."""
    return {each.name: each for each in (*COMMANDS, *_added())}


def _run(name: str | None, words: Sequence[str]) -> int:
    if name is None:
        return _top_level(words)
    command = _find(name)
    module = importlib.import_module(command.module)
    parser = Parser(prog=f"accord {name}")
    module.add(parser)
    return int(module.run(parser.parse_args(words[1:])))


def _find(name: str) -> Command:
    known = {each.name: each for each in COMMANDS}
    if name not in known:
        known = dict(commands())
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise AccordError(
            f"There is no command {name!r}.",
            remedy=f"Is `accord {near[0]}` meant?" if near else f"There are: {', '.join(known)}.",
        )
    return known[name]


def _top_level(words: Sequence[str]) -> int:
    parser = Parser(
        prog="accord",
        usage="accord COMMAND [ARGUMENTS]",
        description="The marketing-sales agreement that runs: one ledger, one agreement, one decision.",
        epilog=f"commands:\n{_listed(commands().values())}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args(words).version:
        sys.stdout.write(f"accord {_version()}\n")
        return 0
    parser.print_help(sys.stderr)
    return USAGE


def _listed(found: Iterable[Command]) -> str:
    return "\n".join(f"  {each.name:<10}{each.sentence}" for each in found)


def _version() -> str:
    from importlib.metadata import version  # takes 30 ms that only --version pays

    return version("accord")


def _added() -> list[Command]:
    from importlib.metadata import entry_points  # takes 30 ms that only --help and unknown names pay

    return [each for point in entry_points(group=ENTRY_POINTS) for each in point.load()]


def _told(name: str | None, error: Exception, *, as_json: bool) -> int:
    """Say what went wrong, without a stack trace unless ACCORD_DEBUG asks for it; gives the exit code."""
    if os.environ.get("ACCORD_DEBUG") == "1":
        raise error
    problem = _problem(error)
    door = f"accord {name}" if name else "accord"
    if as_json:
        sys.stdout.write(json.dumps({"error": problem.message, "remedy": problem.remedy}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    sys.stderr.write(f"{door}: {' '.join(str(problem).split())}\n")
    return USAGE if isinstance(error, AccordError | OSError) else BUG


def _problem(error: Exception) -> AccordError:
    if isinstance(error, AccordError):
        return error
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return AccordError(
            f"{where}{error.strerror or error}.", remedy="Check the path, its rights and the free space."
        )
    return AccordError(
        f"This is a bug in accord ({type(error).__name__}), not a mistake of yours.",
        remedy="Please report it with the output of the same command under ACCORD_DEBUG=1.",
    )


def _show_what_the_terminal_can() -> None:
    """A terminal that cannot show a sign gets its number instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _pipe_closed() -> int:
    """The reader has gone, as with `| head`; the interpreter must not complain about it when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


def _status(stop: SystemExit) -> int:
    return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


if __name__ == "__main__":
    sys.exit(main())
