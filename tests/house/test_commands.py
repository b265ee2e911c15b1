"""Every command has a door, a line in the table, and a help that shows how it is used and how it ends."""

from __future__ import annotations

import importlib
import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import pytest

from accord.cli import COMMANDS, Command, Parser

DOORS = Path(__file__).parents[2] / "src/accord/commands"
ON_START_ONLY_WHAT_IS_NEEDED = ("duckdb", "numpy", "pyarrow", "lifelines", "altair", "holidays", "ibis", "rich")


@cache
def help_of(command: Command) -> str:
    parser = Parser(prog=f"accord {command.name}")
    importlib.import_module(command.module).add(parser)
    with redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    return out.getvalue()


def loaded_by(code: str) -> set[str]:
    shown = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_every_door_is_in_the_table_and_every_line_of_the_table_has_a_door() -> None:
    doors = {f"accord.commands.{path.stem}" for path in DOORS.glob("[!_]*.py")}
    assert doors == {command.module for command in COMMANDS}


def test_a_command_is_called_like_its_door() -> None:
    for command in COMMANDS:
        assert command.module == "accord.commands." + command.name + "_" * (command.name == "import")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_shows_examples_and_exit_codes(command: Command) -> None:
    text = help_of(command)
    assert "examples:" in text
    assert re.search(rf"^  accord {command.name}\b", text, re.MULTILINE), "an example that can be typed"
    assert re.search(r"exit codes?: 0", text, re.IGNORECASE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_no_line_of_help_is_longer_than_a_terminal(command: Command) -> None:
    assert max(map(len, help_of(command).splitlines())) <= 120


def test_help_loads_no_analysis_library() -> None:
    assert loaded_by("from accord.cli import commands; commands()").isdisjoint(ON_START_ONLY_WHAT_IS_NEEDED)


def test_import_accord_loads_no_library_at_all() -> None:
    assert loaded_by("import accord").isdisjoint(ON_START_ONLY_WHAT_IS_NEEDED)


def test_the_clock_needs_no_statistics_and_no_charts() -> None:
    loaded = loaded_by("import importlib; importlib.import_module('accord.commands.clock')")
    assert loaded.isdisjoint({"lifelines", "altair", "ibis", "deltalake", "pandas"})
