"""`accord run`: built once, never over foreign facts, never half; the page it writes says that it is simulated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accord.cli import main
from accord.commands import run as door
from accord.example import company
from accord.facts.ledger import Ledger
from accord.insight.replay.reproduction import Reproduction

Capture = pytest.CaptureFixture[str]


def quiet(what: str, done: int, of: int) -> None:
    """Nobody watches."""


def builds(monkeypatch: pytest.MonkeyPatch, *, stopped: bool = False) -> list[dict[str, Any]]:
    """Replaces the long simulation by one that only describes its lake; gives the list of what was built."""
    built: list[dict[str, Any]] = []

    def build(lake: Path, *, leads: int, seed: int, progress: object) -> None:
        ledger = Ledger.create(lake)
        ledger.describe(simulated=True, **{**door.wanted(leads, seed), "program": None})
        if stopped:
            raise KeyboardInterrupt
        door.truth_of(lake).write_text("{}", encoding="utf-8")
        built.append({"leads": leads, "seed": seed})

    monkeypatch.setattr(company, "build", build)
    return built


def test_a_company_is_built_once_and_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built, lake = builds(monkeypatch), tmp_path / "var/lake"
    for _ in range(2):
        door.build(lake, leads=50, seed=7, fresh=False, shown=quiet)
    assert built == [{"leads": 50, "seed": 7}]
    assert sorted(path.name for path in lake.parent.iterdir()) == ["lake", "lake.truth.json"]


@pytest.mark.parametrize("other", [{"leads": 51, "seed": 7}, {"leads": 50, "seed": 8}])
def test_another_company_takes_its_place(
    other: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built, lake = builds(monkeypatch), tmp_path / "lake"
    door.build(lake, leads=50, seed=7, fresh=False, shown=quiet)
    door.build(lake, **other, fresh=False, shown=quiet)
    assert built[1] == other
    assert Ledger.open(lake).about["leads"] == other["leads"]


def test_fresh_builds_the_same_company_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = builds(monkeypatch)
    for _ in range(2):
        door.build(tmp_path / "lake", leads=50, seed=7, fresh=True, shown=quiet)
    assert len(built) == 2


def test_a_history_that_another_program_decided_is_built_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = builds(monkeypatch)
    for program in ("before", "after", "after"):
        monkeypatch.setattr(door, "program", lambda program=program: program)
        door.build(tmp_path / "lake", leads=50, seed=7, fresh=False, shown=quiet)
    assert len(built) == 2


def test_a_stop_leaves_no_half_company(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    builds(monkeypatch, stopped=True)
    with pytest.raises(KeyboardInterrupt):
        door.build(tmp_path / "lake", leads=50, seed=7, fresh=False, shown=quiet)
    assert door.described(tmp_path / "lake") is None
    built = builds(monkeypatch)
    door.build(tmp_path / "lake", leads=50, seed=7, fresh=False, shown=quiet)
    assert built == [{"leads": 50, "seed": 7}]


def test_facts_that_are_not_simulated_stay(tmp_path: Path, capsys: Capture) -> None:
    lake = tmp_path / "lake"
    Ledger.create(lake)
    assert main(["run", "--lake", str(lake), "--fresh"]) == 2
    assert (
        "facts that are not simulated. Name another folder with --lake; nothing was changed" in capsys.readouterr().err
    )
    assert Ledger.open(lake).about["format"]


def test_a_folder_of_other_files_stays(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "letter.txt").write_text("Dear all", encoding="utf-8")
    assert main(["run", "--lake", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["remedy"]
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "Dear all"


@pytest.mark.parametrize(("same", "words"), [(5, "all 5 automatic"), (4, "4 of 5 automatic")])
def test_what_the_replay_proved_is_said(same: int, words: str) -> None:
    assert words in door.sentence(Reproduction(5, 5, same, differing=None))


@pytest.mark.prove
def test_the_whole_command_reproduces_its_own_history(tmp_path: Path, capsys: Capture) -> None:
    lake, page = tmp_path / "lake", tmp_path / "report.html"
    assert main(["run", "--lake", str(lake), "--html", str(page), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["replay"]["recorded"] == found["replay"]["replayed"] == found["replay"]["same"] > 10_000
    assert "simulated" in page.read_text(encoding="utf-8").lower()
