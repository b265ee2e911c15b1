"""Data health: each check finds what it is about, counts it and leaves sound facts alone."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import day, row, rows

from accord.facts.health import Finding, Health, Kind, check
from accord.facts.ledger import Ledger

Facts = dict[str, list[dict[str, Any]]]


def a_lake(folder: Path, **facts: list[dict[str, Any]]) -> Ledger:
    ledger = Ledger.create(folder)
    for table, told in facts.items():
        ledger.write(table, rows(table, *told), at=day(100))
    return ledger


def health(folder: Path, **facts: list[dict[str, Any]]) -> Health:
    return check(a_lake(folder, **facts))


def deal(source_id: str, event: str, at: datetime, **more: Any) -> dict[str, Any]:
    return row("deals", source_id, event=event, occurred_at=at, **more)


def handoff(source_id: str, event: str, at: datetime, **more: Any) -> dict[str, Any]:
    return row("handoffs", source_id, event=event, occurred_at=at, **more)


FIRST = day(1)


def touch(source_id: str, at: datetime = FIRST, **more: Any) -> dict[str, Any]:
    return row("touches", source_id, occurred_at=at, **more)


PROFILE = row("profiles", "p1")
CASES: dict[str, tuple[Kind, str, int, int, Facts]] = {
    "a person without a profile": (
        Kind.MISSING, "touches are of people without", 1, 2,
        {"touches": [touch("1"), touch("2", day(2), person_id="p2")], "profiles": [PROFILE]},
    ),
    "a deal without account": (
        Kind.MISSING, "name no account", 1, 2,
        {"deals": [deal("1", "opened", day(1), account_id=None), deal("2", "opened", day(1), deal_id="d2")]},
    ),
    "a deal without owner": (
        Kind.MISSING, "name no owner", 1, 1, {"deals": [deal("1", "opened", day(1), owner=None)]},
    ),
    "an amount without currency": (
        Kind.MISSING, "have no currency", 1, 2,
        {"deals": [deal("1", "opened", day(1), amount=3.0), deal("2", "won", day(2), amount=3.0, currency="EUR")]},
    ),
    "a currency without a rate": (
        Kind.MISSING, "without a rate", 1, 3,
        {
            "deals": [
                deal("1", "opened", day(1), amount=3.0, currency="EUR"),
                deal("2", "won", day(3), amount=3.0, currency="USD"),
                deal("3", "opened", day(1), amount=3.0, currency="USD", deal_id="d2"),
            ],
            "rates": [row("rates", "1", currency="USD", base="EUR", rate=0.9, occurred_at=day(2))],
        },
    ),
    "accepted without an offer": (
        Kind.MISSING, "have no offer", 1, 2,
        {
            "handoffs": [
                handoff("1", "offered", day(1)),
                handoff("2", "accepted", day(2)),
                handoff("3", "accepted", day(2), handoff_id="h2"),
            ]
        },
    ),
    "known late": (
        Kind.LATE, "half of them after 3.0 days", 1, 2,
        {"touches": [touch("1", known_at=day(4)), touch("2", day(2), known_at=day(3))]},
    ),
    "a touch twice": (
        Kind.DOUBLED, "touches repeat", 1, 3,
        {"touches": [touch("1"), touch("2"), touch("3", kind="call.connected")]},
    ),
    "won and lost at once": (
        Kind.CONTRADICTORY, "won and lost at the same time", 1, 1,
        {"deals": [deal("1", "won", day(2)), deal("2", "lost", day(2))]},
    ),
    "closed before opened": (
        Kind.CONTRADICTORY, "closed before they were opened", 1, 2,
        {
            "deals": [
                deal("1", "opened", day(3)),
                deal("2", "won", day(2)),
                deal("3", "opened", day(1), deal_id="d2"),
                deal("4", "lost", day(2), deal_id="d2"),
            ]
        },
    ),
    "an answer before the offer": (
        Kind.CONTRADICTORY, "before the offer", 1, 2,
        {
            "handoffs": [
                handoff("1", "offered", day(2)),
                handoff("2", "accepted", day(1)),
                handoff("3", "contacted", day(3)),
            ]
        },
    ),
    "won before the first contact": (
        Kind.CONTRADICTORY, "before the first contact", 1, 2,
        {
            "touches": [touch("1", day(5)), touch("2", day(1), person_id="p2")],
            "deals": [
                deal("1", "won", day(4), person_id="p1"),
                deal("2", "won", day(4), person_id="p2", deal_id="d2"),
                deal("3", "won", day(4), person_id="p3", deal_id="d3"),
            ],
        },
    ),
    "answered while absent": (
        Kind.CONTRADICTORY, "was absent", 1, 2,
        {
            "handoffs": [
                handoff("1", "offered", day(1)),
                handoff("2", "accepted", day(3), by="ada"),
                handoff("3", "contacted", day(6), by="ada"),
            ],
            "availability": [
                row("availability", "1", person="ada", event="absent", occurred_at=day(2)),
                row("availability", "2", person="ada", event="back", occurred_at=day(5)),
            ],
        },
    ),
    "known before it happened": (
        Kind.FUTURE, "after they were known", 1, 2,
        {"touches": [touch("1", day(3), known_at=day(2)), touch("2", day(4))]},
    ),
    "recorded before it happened": (
        Kind.FUTURE, "or recorded", 1, 1, {"touches": [touch("1", day(101))]},
    ),
    "inferred": (
        Kind.INFERRED, "do not say when", 1, 2,
        {"touches": [touch("1", known_inferred=True), touch("2", day(2))]},
    ),
    "on a day": (
        Kind.DATE_ONLY, "only on which day", 1, 2,
        {"touches": [touch("1", precision="day"), touch("2", day(2))]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_check_finds_what_it_is_about(tmp_path: Path, case: str) -> None:
    kind, sentence, count, of, facts = CASES[case]
    found = [each for each in health(tmp_path, **facts).of_kind(kind) if sentence in each.sentence]
    assert [(each.count, each.of) for each in found] == [(count, of)]
    assert len(found[0].examples) == count
    assert {"source", "source_id", "occurred_at"} <= found[0].examples[0].keys()


def test_sound_facts_give_no_finding_but_what_is_not_recorded(tmp_path: Path) -> None:
    found = health(
        tmp_path,
        touches=[touch("1"), touch("2", day(1, 10))],
        profiles=[PROFILE],
        handoffs=[handoff("1", "offered", day(2)), handoff("2", "accepted", day(3))],
        deals=[deal("1", "opened", day(3), person_id="p1"), deal("2", "won", day(5), amount=3.0, currency="EUR")],
    )
    assert {each.kind for each in found.findings} == {Kind.EMPTY}
    assert {each.table for each in found.findings} == {"spend", "content", "consent", "availability"}


def test_the_second_id_of_a_person_is_that_person(tmp_path: Path) -> None:
    found = health(
        tmp_path,
        touches=[touch("1", day(1)), touch("2", day(5), person_id="alias")],
        profiles=[PROFILE],
        identities=[row("identities", "1", alias_id="alias", person_id="p1")],
        deals=[deal("1", "won", day(3), person_id="alias")],
    )
    assert not found.of_kind(Kind.MISSING)
    assert not found.of_kind(Kind.CONTRADICTORY)


def test_an_empty_lake_says_what_cannot_be_measured(tmp_path: Path) -> None:
    found = health(tmp_path)
    assert {each.kind for each in found.findings} == {Kind.EMPTY}
    assert any("response times are not recorded" in each.sentence for each in found.findings)


def test_handoffs_without_any_answer_have_no_response_times(tmp_path: Path) -> None:
    found = health(tmp_path, handoffs=[handoff("1", "mql", day(1))])
    (finding,) = [each for each in found.of_kind(Kind.EMPTY) if each.table == "handoffs"]
    assert "response times are not recorded" in finding.sentence


def scattered(count: int) -> list[dict[str, Any]]:
    return [touch(f"s{n}", day(1 + n, 9) + timedelta(seconds=37 * n + 11)) for n in range(count)]


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", ""])
def test_midnights_of_another_zone_are_dates(tmp_path: Path, zone: str) -> None:
    """Midnight in Brazil, which kept summer time in early 2019, is 02:00 and 03:00 UTC."""
    summer = [touch(f"a{n}", datetime.fromisoformat(f"2019-01-0{n}T02:00:00+00:00")) for n in range(1, 6)]
    winter = [touch(f"b{n}", datetime.fromisoformat(f"2019-06-0{n}T03:00:00+00:00")) for n in range(1, 4)]
    ledger = a_lake(tmp_path, touches=[*summer, *winter, *scattered(30)])
    if zone:
        ledger.describe(time_zone=zone)
    (finding,) = check(ledger).of_kind(Kind.DATE_ONLY)
    assert (finding.count, finding.of) == (8, 38)
    assert zone in finding.sentence
    assert "00:00:00 or 02:00:00 or 03:00:00 UTC" in finding.sentence


def test_meetings_on_the_hour_are_no_dates(tmp_path: Path) -> None:
    meetings = [touch(f"m{n}", day(1 + n, 8 + n % 9)) for n in range(40)]
    assert not health(tmp_path, touches=meetings).of_kind(Kind.DATE_ONLY)


def test_examples_are_at_most_five_and_the_oldest(tmp_path: Path) -> None:
    found = health(tmp_path, touches=[touch(str(n), day(1 + n), known_inferred=True) for n in range(9)])
    (finding,) = found.of_kind(Kind.INFERRED)
    assert [example["source_id"] for example in finding.examples] == list("01234")
    assert finding.share == 1


def test_a_finding_checks_itself() -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        Finding(Kind.LATE, "touches", 2, 1, "Two of one.")


def olist() -> Path:
    return Path(os.environ.get("ACCORD_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "olist_funnel"


def the_rows(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader((olist() / file).read_text(encoding="utf-8").splitlines()))


@pytest.mark.skipif(not olist().is_dir(), reason="the real data are not beside the checkout")
def test_the_real_funnel_shows_its_62_dates_and_the_win_before_the_first_contact(tmp_path: Path) -> None:
    leads, won = the_rows("olist_marketing_qualified_leads_dataset.csv"), the_rows("olist_closed_deals_dataset.csv")
    met = [(r["mql_id"], utc(r["first_contact_date"])) for r in leads]
    closed = [(r["mql_id"], utc(r["won_date"])) for r in won]
    ledger = a_lake(
        tmp_path,
        handoffs=[handoff(who, "mql", at, precision="day", person_id=who) for who, at in met],
        deals=[deal(who, "won", at, person_id=who, deal_id=who) for who, at in closed],
    )
    ledger.describe(time_zone="America/Sao_Paulo")
    found = check(ledger)
    (dates,) = [each for each in found.of_kind(Kind.DATE_ONLY) if each.table == "deals"]
    assert (dates.count, dates.of) == (62, 842)
    (early,) = found.of_kind(Kind.CONTRADICTORY)
    assert (early.count, early.of) == (1, 842)
    assert early.examples[0]["lag_days"] == pytest.approx(-1.18, abs=0.005)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
