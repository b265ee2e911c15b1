"""`accord decide`: about one lead or all of them, in words or as JSON; every mistake in one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.agreements import ARTICLES
from tests.lakes import day, row, rows

from accord.cli import main
from accord.facts.identity import person_id
from accord.facts.ledger import Ledger

Capture = pytest.CaptureFixture[str]
NOON = "2027-01-06T12:00"


def words(folder: Path, *more: str) -> list[str]:
    """A lake that knows Ann of Germany, by her address, and Bob of France, by his number at HubSpot."""
    ledger = Ledger.create(folder / "lake")
    ids = person_id(ledger.key, "", "ann@acme.example"), person_id(ledger.key, "hubspot", "4711")
    facts = [row("profiles", who, subject_id=who, country=c) for who, c in zip(ids, ("DE", "FR"), strict=True)]
    ledger.write("profiles", rows("profiles", *facts), at=datetime(2027, 1, 1, tzinfo=UTC))
    (folder / "a.yaml").write_text(json.dumps(ARTICLES), encoding="utf-8")
    return ["decide", "--lake", str(folder / "lake"), "--agreement", str(folder / "a.yaml"), "--at", NOON, *more]


@pytest.mark.parametrize(
    ("person", "outcome"),
    [("ann@acme.example", "offered"), ("Ann@Acme.example", "offered"), ("hubspot:4711", "outside")],
)
def test_a_person_is_known_by_address_by_source_and_by_id(
    person: str, outcome: str, tmp_path: Path, capsys: Capture
) -> None:
    said = words(tmp_path, "--json")
    assert main([*said, "--person", person]) == 0
    (found,) = json.loads(capsys.readouterr().out)["decisions"]
    assert found["outcome"] == outcome
    assert main([*said, "--person", found["person_id"]]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == [found]


def test_a_person_is_known_by_an_id_that_begins_like_an_option(tmp_path: Path, capsys: Capture) -> None:
    said = words(tmp_path, "--json")
    facts = [row("profiles", "x", subject_id="-hJ2_x9aQpL0", country="DE")]
    Ledger.open(tmp_path / "lake").write("profiles", rows("profiles", *facts), at=datetime(2027, 1, 1, tzinfo=UTC))
    assert main([*said, "--person", "-hJ2_x9aQpL0"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["decisions"]
    assert found["person_id"] == "-hJ2_x9aQpL0"


def test_all_leads_and_the_reasons_of_one(tmp_path: Path, capsys: Capture) -> None:
    said = words(tmp_path)
    assert main(said) == 0
    assert "2 leads under version 1 at 2027-01-06 12:00 UTC" in capsys.readouterr().out
    assert main([*said, "--person", "hubspot:4711", "--explain"]) == 0
    shown = capsys.readouterr().out
    assert "outside, because of qualification.where" in " ".join(shown.split())
    assert "qualification.where false" in shown
    assert "Why not handed over, in order" in shown
    assert "qualification.where does not hold" in shown
    assert "country FR (crm" in shown
    assert main([*said, "--person", "hubspot:4711", "--explain", "--json"]) == 0
    why_not = json.loads(capsys.readouterr().out)["why_not"]
    assert [(rule["path"], rule["stands_in_the_way"]) for rule in why_not["rules"]] == [
        ("qualification.where", True), ("handoff", False),
    ]  # fmt: skip
    assert why_not["rules"][0]["known"]["country"] | {"known_at": ""} == {
        "value": "FR", "fact": "profiles", "source": "crm", "source_id": person_id(
            Ledger.open(tmp_path / "lake").key, "hubspot", "4711"), "known_at": "", "evidence": "evidenced",
    }  # fmt: skip
    assert main([*said, "--person", "ann@acme.example", "--explain"]) == 0
    assert "Why not" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--person", "nobody@acme.example"], "Nobody called 'nobody@acme.example' was known"),
        (["--at", "noon"], "--at 'noon' is not a time. Write it as 2026-10-01"),
        (["--explain"], "--explain explains one lead. Name it with --person."),
        (["--lake", "no/such/lake"], "no/such/lake"),
        (["--agreement", "none.yaml"], "none.yaml cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_line(more: list[str], told: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(words(tmp_path, *more)) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_a_person_is_not_known_before_the_first_fact(tmp_path: Path, capsys: Capture) -> None:
    early = f"{day(1).replace(year=2026):%Y-%m-%d}"
    assert main([*words(tmp_path), "--person", "ann@acme.example", "--at", early]) == 2
    assert "was known in this lake at 2026-01-01 00:00 UTC" in capsys.readouterr().err
