"""`accord diagnose`: words, JSON, CSV, a page and paper; mistakes in one sentence."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import row, rows

from accord.cli import main
from accord.facts.ledger import Ledger

Capture = pytest.CaptureFixture[str]
DEALS, FIRST = 160, datetime(2025, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two times 80 deals of 1,000, one a day: of the earlier every second is won, of the later every fourth."""
    folder = tmp_path_factory.mktemp("diagnosis") / "lake"
    ledger = Ledger.create(folder)
    facts: dict[str, list[dict[str, Any]]] = {"touches": [], "handoffs": [], "deals": []}
    for number in range(DEALS):
        at, who = FIRST + timedelta(days=number), f"p{number}"
        won = number % (2 if number < DEALS // 2 else 4) == 0
        facts["touches"].append(row("touches", f"t{number}", person_id=who, occurred_at=at))
        for place, event in enumerate(("offered", "accepted", "qualified")):
            handed: dict[str, Any] = {"handoff_id": f"h{number}", "person_id": who, "event": event, "owner": "ada"}
            facts["handoffs"].append(
                row("handoffs", f"h{number}{event}", **handed, occurred_at=at + timedelta(hours=place))
            )
        for days, event in ((0, "opened"), (1, "won" if won else "lost")):
            deal: dict[str, Any] = {
                "deal_id": f"d{number}",
                "person_id": who,
                "account_id": f"a{number}",
                "event": event,
            }
            paid: dict[str, Any] = {
                "amount": 1_000.0,
                "currency": "EUR",
                "occurred_at": at + timedelta(days=days, hours=4),
            }
            facts["deals"].append(row("deals", f"d{number}{event}", **deal, **paid))
    for table, told in facts.items():
        ledger.write(table, rows(table, *told), at=FIRST + timedelta(days=DEALS + 2))
    return str(folder)


PERIOD = ("--from", "2025-11-20", "--to", "2026-02-10")


def said(capsys: Capture, *words: str) -> str:
    assert main(["diagnose", *words]) == 0
    return capsys.readouterr().out


def test_the_factors_add_up_to_the_gap(lake: str, capsys: Capture) -> None:
    told = json.loads(said(capsys, "--lake", lake, *PERIOD, "--json"))
    gap = told["gap"]
    assert gap["actual"] < gap["expected"]
    assert sum(each["effect"] for each in gap["factors"]) == pytest.approx(gap["actual"] - gap["expected"], abs=1e-6)
    assert max(gap["factors"], key=lambda each: -each["effect"])["name"] == "win_rate"


def test_a_line_of_csv_is_a_factor(lake: str, capsys: Capture) -> None:
    told = json.loads(said(capsys, "--lake", lake, *PERIOD, "--json"))["gap"]["factors"]
    text = said(capsys, "--lake", lake, *PERIOD, "--csv").removeprefix("\ufeff")
    read = {each["factor"]: float(each["effect"]) for each in csv.DictReader(io.StringIO(text))}
    assert read == pytest.approx({each["name"]: each["effect"] for each in told if each["name"] in read})
    assert sum(read.values()) == pytest.approx(sum(each["effect"] for each in told))


def test_words_a_page_and_paper_say_the_same_title(lake: str, tmp_path: Path, capsys: Capture) -> None:
    title = said(capsys, "--lake", lake, *PERIOD).splitlines()[0]
    said(capsys, "--lake", lake, *PERIOD, "--html", str(tmp_path / "d.html"))
    page = (tmp_path / "d.html").read_text(encoding="utf-8")
    assert title.split(". ")[0] in page
    assert "<script" not in page
    said(capsys, "--lake", lake, *PERIOD, "--pdf", str(tmp_path / "d.pdf"))
    assert (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "2026-02-10", "--to", "2025-11-20"], "--from 2026-02-10 is after --to 2025-11-20"),
        (["--from", "tomorrow"], "'tomorrow' is not a day"),
        (["--by", "segmnt"], "segmnt"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(lake: str, words: list[str], says: str, capsys: Capture) -> None:
    assert main(["diagnose", "--lake", lake, *words]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


def test_without_a_plan_the_rest_is_told(lake: str, capsys: Capture) -> None:
    told = said(capsys, "--lake", lake, "--plan")
    assert "No agreement is in force, so there is no plan." in told
    assert "Work done twice" in told


def test_an_empty_lake_and_one_lead_say_what_is_missing(tmp_path: Path, capsys: Capture) -> None:
    ledger = Ledger.create(tmp_path / "lake")
    assert main(["diagnose", "--lake", str(tmp_path / "lake")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    ledger.write("touches", rows("touches", row("touches", "t", person_id="p", occurred_at=FIRST)), at=FIRST)
    assert main(["diagnose", "--lake", str(tmp_path / "lake")]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err
