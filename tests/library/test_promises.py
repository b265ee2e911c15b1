"""`accord promises` and `accord metrics` as a user meets them, over a small lake."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import day, row, rows
from tests.metric_examples import FOLDER

from accord.agreement.metrics import METRICS
from accord.cli import main
from accord.facts.ledger import Ledger

AGREEMENT = FOLDER / "agreement.yaml"
MONDAY = day(4, 9)


def an_answered_offer(number: int, *, hours: int) -> list[dict[str, Any]]:
    handoff = {"handoff_id": f"h{number}", "person_id": f"p{number}"}
    due, answered = MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=hours)
    offer = {"event": "offered", "occurred_at": MONDAY, "owner": "tomas", "answer_due": due}
    return [
        row("handoffs", f"{number} offered", **handoff, **offer),
        row("handoffs", f"{number} accepted", **handoff, event="accepted", occurred_at=answered),
    ]


def a_lake(folder: Path, *, late: int, in_force: bool = True) -> str:
    """Twenty offers of Monday, 4 January 2027, `late` of them answered after their clock ran out."""
    ledger = Ledger.create(folder / "lake")
    facts = [fact for number in range(20) for fact in an_answered_offer(number, hours=5 if number < late else 1)]
    ledger.write("handoffs", rows("handoffs", *facts), at=day(5))
    if in_force:
        version = row("agreements", "1", version=1, event="in_force", text=AGREEMENT.read_text(), occurred_at=day(1))
        ledger.write("agreements", rows("agreements", version), at=day(5))
    return str(folder / "lake")


def test_both_sides_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promises", "--lake", a_lake(tmp_path, late=1), "--at", "2027-01-12"]) == 0
    told = capsys.readouterr().out
    assert "1 of 1 promises are on course." in told
    assert "■ Sales" in told
    assert "≥ 90 % / week  95 %  Kept" in told


def test_json_is_one_document_with_every_figure_and_its_sql(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = a_lake(tmp_path, late=3)
    assert main(["promises", "--lake", lake, "--at", "2027-01-12", "--periods", "2", "--json"]) == 0
    (promise,) = json.loads(capsys.readouterr().out)["promises"]
    full, running = promise["periods"]
    assert (full["period"], full["state"], full["numerator"], full["denominator"]) == ("2027-W01", "missed", 17, 20)
    assert (full["version"], full["value"], full["open"]) == (1, 0.85, 0)
    assert full["sql"].startswith("WITH spans AS")
    assert (running["state"], running["value"], running["records_missing"]) == ("open", None, 20)


def test_csv_has_a_row_per_promise_and_period(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = a_lake(tmp_path, late=0)
    assert main(["promises", "--lake", lake, "--at", "2027-01-12", "--csv"]) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(each["promise"], each["period"], each["state"]) for each in found] == [
        ("answered", "2026-W53", "not_recorded"),
        ("answered", "2027-W01", "kept"),
        ("answered", "2027-W02", "open"),
    ]


@pytest.mark.parametrize(("late", "status"), [(1, 0), (3, 1)])
def test_strict_says_by_its_exit_code_that_a_promise_is_missed(tmp_path: Path, late: int, status: int) -> None:
    lake = a_lake(tmp_path, late=late)
    assert main(["promises", "--lake", lake, "--at", "2027-01-12", "--strict", "--json"]) == status
    assert main(["promises", "--lake", lake, "--at", "2027-01-12", "--json"]) == 0


def test_without_a_moment_it_is_as_of_the_newest_fact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise clocks that were running when the files were exported would count as missed."""
    exported = datetime(2020, 1, 8, 12, tzinfo=UTC)
    facts = [
        row("handoffs", "1", owner="tomas", occurred_at=exported - timedelta(days=1), answer_due=exported),
        row("handoffs", "2", event="accepted", occurred_at=exported - timedelta(hours=20)),
        row("handoffs", "3", handoff_id="h2", owner="tomas", occurred_at=exported, answer_due=exported + timedelta(1)),
    ]
    Ledger.create(tmp_path / "lake").write("handoffs", rows("handoffs", *facts), at=exported)
    main(["promises", "--lake", str(tmp_path / "lake"), "--agreement", str(AGREEMENT), "--json", "--periods", "1"])
    told = json.loads(capsys.readouterr().out)
    (period,) = told["promises"][0]["periods"]
    assert told["at"] == told["newest_fact"] == exported.isoformat()
    assert (period["numerator"], period["denominator"], period["open"]) == (1, 1, 1)


def test_as_known_reads_what_was_recorded_by_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = a_lake(tmp_path, late=0)
    asked = ["promises", "--lake", lake, "--agreement", str(AGREEMENT), "--at", "2027-01-12", "--json"]
    main([*asked, "--as-known", "2027-01-04"])
    (promise,) = json.loads(capsys.readouterr().out)["promises"]
    assert {period["because"] for period in promise["periods"]} == {"no handoffs offered to an owner are recorded"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "yesterday"], "'yesterday' is not a moment."),
        (["--periods", "0"], "--periods 0 is not between 1 and 520."),
        (["--at", "2026-12-01"], "records no agreement in force by 2026-12-01"),
        (["--agreement", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["promises", "--lake", a_lake(tmp_path, late=0), *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_metrics_are_listed_and_defined(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(METRICS)
    assert main(["metrics"]) == 0
    assert "answered_in_time  sales, share" in capsys.readouterr().out
    assert main(["metrics", "win_rate"]) == 0
    assert "by event date" in capsys.readouterr().out


def test_a_misspelt_metric_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "win_rat"]) == 2
    assert "Did you mean win_rate?" in capsys.readouterr().err
