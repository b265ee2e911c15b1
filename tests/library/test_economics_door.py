"""`accord economics` and `accord content`: words, JSON, CSV, a page and paper; mistakes in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.lakes import day, row, rows

from accord.cli import main
from accord.facts.ledger import Ledger

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A few facts of January 2026: two leads, a win of 9,000, 600 spent, one use of an asset."""
    folder = tmp_path_factory.mktemp("money") / "lake"
    ledger = Ledger.create(folder)
    at = day(1).replace(year=2026)
    facts = {
        "touches": [row("touches", f"t{n}", person_id=f"p{n}", channel="email", occurred_at=at) for n in range(2)],
        "deals": [row("deals", "w", event="won", person_id="p0", amount=9000.0, currency="EUR", occurred_at=at)],
        "spend": [row("spend", "s", channel="email", side="marketing", amount=600.0, occurred_at=at)],
        "content": [row("content", "c", asset="paper", person_id="p1", side="sales", occurred_at=at)],
    }
    for table, told in facts.items():
        ledger.write(table, rows(table, *told), at=at)
    return str(folder)


def said(capsys: Capture, *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_economics_are_told_in_words(lake: str, capsys: Capture) -> None:
    out = said(capsys, "economics", "--lake", lake)
    assert "€600 were spent; a new customer cost €600." in out
    assert "Cost per lead" in out and "€300" in out


def test_json_holds_every_figure_with_its_definition_and_query(lake: str, capsys: Capture) -> None:
    told = json.loads(said(capsys, "economics", "--lake", lake, "--json"))
    assert told["figures"]["cost_per_lead"]["value"] == 300
    assert all(each["definition"] and each["sql"] and each["unit"] for each in told["figures"].values())
    assert told["channels"][0]["channel"] == "email"


def test_csv_has_one_row_per_figure(lake: str, capsys: Capture) -> None:
    lines = said(capsys, "economics", "--lake", lake, "--csv").splitlines()
    assert lines[0].lstrip("\ufeff") == "figure,unit,value,low,high,n,says"
    assert any(line.startswith("acquisition_cost,EUR per new customer,600.0") for line in lines)


@pytest.mark.parametrize("command", ["economics", "content"])
def test_a_page_and_paper_are_written(command: str, lake: str, tmp_path: Path, capsys: Capture) -> None:
    said(capsys, command, "--lake", lake, "--html", str(tmp_path / "page.html"))
    said(capsys, command, "--lake", lake, "--pdf", str(tmp_path / "page.pdf"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<script" not in page and "How" in page
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


def test_content_tells_uses_and_that_few_are_too_few(lake: str, capsys: Capture) -> None:
    assert "Sales uses 1 of 1 asset." in said(capsys, "content", "--lake", lake)
    assert json.loads(said(capsys, "content", "--lake", lake, "--json"))["assets"][0]["uses"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("economics", "--margin", "much"), "--margin 'much' is not a share"),
        (("economics", "--margin", "2"), "A margin of 2 cannot be"),
        (("economics", "--by", "owner"), "Money cannot be told apart by 'owner'"),
        (("economics", "--from", "2026-02-01", "--to", "2026-01-01"), "--from 2026-02-01 is after --to 2026-01-01"),
        (("economics", "--to", "2020-01-01"), "Nothing that has to do with money happened before 2020-01-02"),
        (("economics", "--as-known", "soon"), "'soon' is not a day"),
        (("content", "--horizon", "long"), "--horizon 'long' is not a number of days"),
        (("content", "--horizon", "0"), "A horizon of 0 days cannot be"),
        (("content", "--to", "2020-01-01"), "No use of an asset is recorded here"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_sentence(
    words: tuple[str, ...], says: str, lake: str, capsys: Capture
) -> None:
    command, *rest = words
    assert main([command, "--lake", lake, *rest]) == 2
    assert says in capsys.readouterr().err
