"""`accord fairness` and `accord lot`, over a lake without anything and over a company that lived for some months."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from accord.cli import main
from accord.example.company import build
from accord.facts.ledger import Ledger


@cache
def company() -> str:
    lake = Path(mkdtemp()) / "lake"
    build(lake, leads=300, months=6, seed=7)
    return str(lake)


@pytest.mark.parametrize(("command", "rows", "head"), [
    ("fairness", "teams", "period,team,person"), ("lot", "outcomes", "outcome,days,group"),
])  # fmt: skip
def test_they_tell_it_to_people_and_machines(
    command: str, rows: str, head: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--lake", company()]) == 0
    assert capsys.readouterr().out
    assert main([command, "--lake", company(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[rows]
    assert main([command, "--lake", company(), "--csv"]) == 0
    assert head in capsys.readouterr().out


def test_the_last_quarters_hold_only_so_many_periods(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fairness", "--lake", company(), "--quarters", "12", "--json"]) == 0
    teams = json.loads(capsys.readouterr().out)["teams"]
    assert {team["period"] for team in teams} and all(team["people"] for team in teams)
    assert sum(person["first"] for team in teams for person in team["people"]) > 20


def test_what_cannot_be_told_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger.create(tmp_path / "lake")
    assert main(["fairness", "--lake", str(tmp_path / "lake")]) == 2
    assert "no agreement in force" in capsys.readouterr().err
    assert main(["fairness", "--lake", str(tmp_path / "lake"), "--quarters", "0"]) == 2
    assert main(["lot", "--lake", str(tmp_path / "lake")]) == 0
    assert "No lead was drawn by lot." in capsys.readouterr().out
