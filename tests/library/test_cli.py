"""The door of doors: good words reach their command, and every mistake ends in one line, never in a stack trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints, version
from types import SimpleNamespace
from typing import Any

import pytest

from accord import cli
from accord.cli import COMMANDS, Command, main
from accord.facts.errors import AccordError

Capture = pytest.CaptureFixture[str]


def door(run: Callable[[Any], int]) -> Any:
    """A module with the two functions of a door."""
    return SimpleNamespace(add=lambda parser: parser.add_argument("--json", action="store_true"), run=run)


def raising(error: BaseException) -> Callable[[Any], int]:
    def run(args: Any) -> int:
        raise error

    return run


def with_door(monkeypatch: pytest.MonkeyPatch, run: Callable[[Any], int]) -> None:
    monkeypatch.setattr(cli, "COMMANDS", (Command("try", "tests.no_such_door", "Try something."),))
    monkeypatch.setattr("importlib.import_module", lambda _: door(run))


def test_help_lists_every_command_with_its_sentence(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {each.name:<10}{each.sentence}" in shown for each in COMMANDS)


def test_version_is_that_of_the_distribution(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"accord {version('accord')}\n"


def test_no_command_shows_the_help_and_is_a_mistake(capsys: Capture) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["clok"], "accord clok: There is no command 'clok'. Is `accord clock` meant?"),
        (["xyz"], "accord xyz: There is no command 'xyz'. There are: run, "),
        (["columns", "--frob"], "accord columns: Unrecognized arguments: --frob. See `accord columns --help`."),
        (["columns", "lastform"], "accord columns: There is no column 'lastform'. Near it: last_form"),
        (["--frob"], "accord: Unrecognized arguments: --frob. See `accord --help`."),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(words: list[str], told: str, capsys: Capture) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(told)
    assert shown.err.count("\n") == 1
    assert shown.out == ""


@pytest.mark.parametrize("each", ["-hJ2_x9aQpL0", "--3x_9aQpL0d", "-person_-_-a", "-234567890ab", "kG3x_9aQpL0d"])
def test_an_id_is_no_option(each: str) -> None:
    """Of 64 ids one begins with the sign of an option."""
    parser = cli.Parser()
    parser.add_argument("who")
    parser.add_argument("--person")
    assert vars(parser.parse_args([each, "--person", each])) == {"who": each, "person": each}


@pytest.mark.parametrize("misspelt", ["--persons", "--perzonable", "-p", "-person"])
def test_a_misspelt_option_is_no_id(misspelt: str) -> None:
    parser = cli.Parser()
    parser.add_argument("--person")
    with pytest.raises(AccordError):
        parser.parse_args([misspelt, "ann"])


def test_a_mistake_under_json_is_one_document_on_stdout(capsys: Capture) -> None:
    assert main(["columns", "lastform", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["error"] == "There is no column 'lastform'."
    assert found["remedy"].startswith("Near it: last_form")


def test_a_mistake_of_several_lines_is_told_in_one(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with_door(monkeypatch, raising(AccordError("First.\n  Second.", remedy="Do this.")))
    assert main(["try"]) == 2
    assert capsys.readouterr().err == "accord try: First. Second. Do this.\n"


def test_a_file_that_cannot_be_used_is_a_mistake_and_not_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with_door(monkeypatch, raising(PermissionError(13, "Permission denied", "lake/key")))
    assert main(["try"]) == 2
    assert capsys.readouterr().err.startswith("accord try: lake/key: Permission denied. ")


def test_a_bug_asks_to_be_reported(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.delenv("ACCORD_DEBUG", raising=False)
    with_door(monkeypatch, raising(ZeroDivisionError("division by zero")))
    assert main(["try"]) == 70
    shown = capsys.readouterr().err
    assert "This is a bug in accord (ZeroDivisionError)" in shown
    assert "Traceback" not in shown


def test_a_bug_shows_its_stack_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DEBUG", "1")
    with_door(monkeypatch, raising(ZeroDivisionError("division by zero")))
    with pytest.raises(ZeroDivisionError):
        main(["try"])


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with_door(monkeypatch, raising(KeyboardInterrupt()))
    assert main(["try"]) == 130
    assert capsys.readouterr() == ("", "")


def test_the_exit_code_of_a_door_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with_door(monkeypatch, lambda _: 1)
    assert main(["try"]) == 1


@pytest.mark.parametrize("words", [["columns"], ["columns", "--json"]])
def test_a_reader_who_leaves_is_no_mistake(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "accord.cli", *words], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_terminal_without_a_sign_shows_its_number_instead() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "accord.cli", "clöck"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 2
    assert "There is no command 'cl\\xf6ck'." in done.stderr


def test_another_distribution_adds_its_commands(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(cli, "ADDED_FOR_THIS_TEST", (Command("serve", "tests.serve", "Serve pages."),), raising=False)
    point = EntryPoint("app", "accord.cli:ADDED_FOR_THIS_TEST", cli.ENTRY_POINTS)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([point]).select(group=group))
    assert list(cli.commands())[-1] == "serve"
    assert main(["--help"]) == 0
    assert "  serve     Serve pages." in capsys.readouterr().out
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cli, "commands", lambda: {"serve": Command("serve", "tests.serve", "Serve pages.")})
        patched.setattr("importlib.import_module", lambda _: door(lambda _: 0))
        assert main(["serve"]) == 0


def test_a_command_without_a_sentence_cannot_be_listed() -> None:
    with pytest.raises(ValueError, match="needs a sentence"):
        Command("x", "accord.commands.x", "no full stop")
