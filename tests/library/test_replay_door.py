"""`accord replay`: what an agreement would have decided, in words or as JSON; every mistake in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.agreements import ARTICLES
from tests.library.test_decide_door import words

from accord.cli import main
from accord.facts.ledger import Ledger

Capture = pytest.CaptureFixture[str]


def replayed(folder: Path, *more: str) -> list[str]:
    """The same small lake, and a second agreement that takes France instead."""
    _, lake, at, agreement, path, *_ = words(folder)
    other = {**ARTICLES, "qualification": {"where": "country = 'FR'"}}
    (folder / "b.yaml").write_text(json.dumps(other), encoding="utf-8")
    return ["replay", lake, at, agreement, path, "--to", "2027-01-10", *more]


def test_handoffs_are_counted_by_month(tmp_path: Path, capsys: Capture) -> None:
    said = replayed(tmp_path)
    assert main(said) == 0
    shown = capsys.readouterr().out
    assert "1 handoffs under version 1" in shown
    assert "Jan 2027" in shown
    assert main([*said, "--from", "2027-01-08", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["handoffs"] == 0


def test_who_would_have_been_treated_differently(tmp_path: Path, capsys: Capture) -> None:
    assert main(replayed(tmp_path, "--against", str(tmp_path / "b.yaml"), "--json")) == 0
    found = json.loads(capsys.readouterr().out)["difference"]["counts"]
    assert {row["difference"]: row["people"] for row in found} == {
        "newly handed over": 1,
        "no longer handed over": 1,
    }


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--from", "spring"], "--from 'spring' is not a date. Write it as 2026-10-01."),
        (["--to", "31.12."], "--to '31.12.' is not a date."),
        (["--lake", "no/such/lake"], "no/such/lake"),
        (["--agreement", "none.yaml"], "none.yaml cannot be read"),
        (["--against", "none.yaml"], "none.yaml cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_line(more: list[str], told: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(replayed(tmp_path, *more)) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_an_empty_lake_has_no_past_to_replay(tmp_path: Path, capsys: Capture) -> None:
    said = replayed(tmp_path / "full")
    Ledger.create(tmp_path / "empty")
    said[said.index("--lake") + 1] = str(tmp_path / "empty")
    assert main(said) == 2
    assert "Nothing is recorded in this lake yet." in capsys.readouterr().err
