"""The doors `accord undo` and `accord health`: what they print, and their exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import day, touch, touches

from accord.commands import health, undo
from accord.facts.ledger import Ledger, LedgerError


def arguments(door: Any, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    door.add(parser)
    return parser.parse_args(words)


def a_lake(folder: Path) -> Ledger:
    ledger = Ledger.create(folder)
    ledger.describe(simulated=True)
    ledger.write("touches", touches(touch("1", known_inferred=True), touch("2")), at=day(2), file="touches.csv")
    return ledger


def test_undo_says_what_it_took_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = a_lake(tmp_path)
    (batch,) = ledger.states()
    assert undo.run(arguments(undo, batch, "--lake", str(tmp_path))) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Took back {batch} of touches.csv (touches): 2 facts are no longer seen." in said
    assert ledger.as_known("touches").num_rows == 0
    with pytest.raises(LedgerError, match="already"):
        undo.run(arguments(undo, batch, "--lake", str(tmp_path)))


def test_undo_answers_a_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (batch,) = a_lake(tmp_path).states()
    undo.run(arguments(undo, batch, "--lake", str(tmp_path), "--json"))
    (told,) = json.loads(capsys.readouterr().out)["batches"]
    assert (told["batch"], told["state"], told["facts"]) == (batch, "retracted", 2)


def test_health_prints_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_lake(tmp_path)
    assert health.run(arguments(health, "--lake", str(tmp_path))) == 0
    said = capsys.readouterr().out
    assert "Simulated." in said
    assert "2 touches" in said
    assert "inferred" in said


def test_health_answers_a_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_lake(tmp_path)
    assert health.run(arguments(health, "--lake", str(tmp_path), "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert told["facts"]["touches"] == 2
    (inferred,) = [each for each in told["findings"] if each["kind"] == "inferred"]
    assert (inferred["count"], inferred["share"]) == (1, 0.5)
    assert inferred["examples"][0]["occurred_at"] == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("door", [undo, health])
def test_without_a_lake_there_is_nothing_to_do(tmp_path: Path, door: Any) -> None:
    words = ["b-1"] if door is undo else []
    with pytest.raises(LedgerError, match="no lake"):
        door.run(arguments(door, *words, "--lake", str(tmp_path / "nowhere")))
