"""The readable articles: sentences as they must read, nothing invented, and what changed between two versions."""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path

import pytest

from accord.agreement.clock import Duration
from accord.agreement.diff import Kind, Words, changes, marked_words, rewritten
from accord.agreement.document import Agreement
from accord.agreement.mistake import AgreementError
from accord.agreement.prose import Article, Said, articles, heading, recurrence
from accord.agreement.reading import load
from accord.agreement.words import a_period, business, condition, share, wall
from accord.agreement.yaml_text import places
from accord.commands import prose as door

FILE = Path(__file__).parents[2] / "examples/agreement.yaml"


@cache
def example() -> Agreement:
    return load(FILE)


def edited(*edits: tuple[str, str]) -> Agreement:
    text = FILE.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return load(text)


def article(title: str, agreement: Agreement | None = None) -> Article:
    return next(each for each in articles(agreement or example()) if each.title == title)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "country IN ('DE', 'AT', 'CH', 'GB') AND employees >= 20",
            "country is DE, AT, CH or GB and employees are at least 20",
        ),
        ("employees BETWEEN 50 AND 5000", "employees are from 50 to 5,000"),
        ("title ILIKE '%plant manager%'", "title contains “plant manager”"),
        ("title LIKE 'Head%'", "title begins with “Head”"),
        ("title NOT LIKE '%intern'", "title does not end with “intern”"),
        ("hours_since_last_form <= 24", "the last form was at most 24 hours ago"),
        ("days_since_recycle >= 1", "the recycling was at least 1 day ago"),
        ("account_open_deals > 0", "the account has open deals"),
        ("account_deal_stage = 'won'", "the account's deal stage is won"),
        ("NOT unsubscribed", "the person has not unsubscribed"),
        ("is_competitor OR bounced", "the account is a competitor or mail to the person bounces"),
        (
            "has_email AND (country = 'DE' OR country = 'AT')",
            "an e-mail address is known and (either country is DE or country is AT)",
        ),
        ("20 <= employees", "employees are at least 20"),
        ("country IS NULL", "country is unknown"),
        ("country NOT IN ('US')", "country is not US"),
        ("lower(country) = 'de'", "“lower(country) = 'de'”"),
        ("title LIKE '%a%b%'", "“title LIKE '%a%b%'”"),
        ("no such thing", "“no such thing”"),
    ],
)
def test_conditions_in_plain_words(text: str, words: str) -> None:
    assert condition(text) == words


@pytest.mark.parametrize(
    ("duration", "on_a_clock", "on_the_wall", "period"),
    [
        ("4h", "4 business hours", "4 hours", "in 4 hours"),
        ("2d", "2 working days", "2 days", "in 2 days"),
        ("1d", "1 working day", "1 day", "a day"),
        ("15m", "15 business minutes", "15 minutes", "in 15 minutes"),
        ("7d", "7 working days", "7 days", "a week"),
    ],
)
def test_durations(duration: str, on_a_clock: str, on_the_wall: str, period: str) -> None:
    parsed = Duration.parse(duration)
    assert (business(parsed), wall(parsed), a_period(parsed)) == (on_a_clock, on_the_wall, period)


def test_shares_are_counted_out_of_a_hundred() -> None:
    assert [share(value) for value in (0.9, 0.225, 1.0, 0.57)] == ["90 of 100", "22.5 of 100", "all", "57 of 100"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every 2 weeks on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "every week on Monday and Thursday"),
        ("FREQ=MONTHLY;INTERVAL=3", "every 3 months"),
        ("FREQ=MONTHLY;BYDAY=1MO", "by “FREQ=MONTHLY;BYDAY=1MO”"),
        ("FREQ=DAILY;COUNT=3", "by “FREQ=DAILY;COUNT=3”"),
    ],
)
def test_recurrences(rule: str, words: str) -> None:
    assert recurrence(rule) == words


def test_response_reads_as_it_was_agreed() -> None:
    text = article("Response").text
    for sentence in (
        "Sales accepts, rejects or recycles a lead within 4 business hours.",
        "Sales makes first contact within 15 business minutes, when last form is demo-request.",
        "Sales makes first contact within 8 business hours in all other cases.",
        "A lead is tried five times within 10 working days before it is closed.",
        "2 business hours after the answer clock has run out, lena is told.",
        "Sales promises that at least 90 of 100 offers a week are answered in time.",
    ):
        assert sentence in text
    assert article("Response").promises == ("answered", "first-touch", "tried")
    assert {"4 business hours", "15 business minutes", "five times"} <= set(article("Response").marks)


def test_targets_and_promises() -> None:
    text = article("Targets").text
    assert "Marketing hands over at least 40 A-band leads a week." in text
    assert "new revenue 2,400,000 EUR" in text
    assert "Both teams promise that at least 22 of 100 closed deals a quarter are won." in text
    assert article("Review").text.startswith("Both teams meet every 2 weeks on Tuesday.")


def test_articles_are_numbered_and_hold_each_promise_once() -> None:
    written = articles(example())
    assert [each.no for each in written] == list(range(1, len(written) + 1))
    told = [promise for each in written for promise in each.promises]
    assert sorted(told) == sorted(promise.id for promise in example().promises)


def test_every_path_of_an_article_stands_in_the_text() -> None:
    where = places(example().text)
    assert [path for each in articles(example()) for path in each.paths if path not in where] == []


def test_numbers_come_from_the_agreement() -> None:
    other = edited(("answer: {within: 4h}", "answer: {within: 6h}"), ("at_least: 65, fit", "at_least: 70, fit"))
    assert "6 business hours" in article("Response", other).text
    assert "reaches 70 points" in article("Qualification", other).text


def test_texts_that_hold_marks_or_markup_stay_text() -> None:
    other = edited(("company: Northwind Robotics", 'company: "<b>⟦N⟧</b> & [bold]"'))
    assert "&lt;b&gt;" in door.page(heading(other), articles(other))


def test_heading_gives_the_day_in_the_companys_zone() -> None:
    assert heading(example()) == "Northwind Robotics, version 7, in force from 1 December 2026."


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    door.add(parser)
    return door.run(parser.parse_args(arguments))


def test_door_prints_articles_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(FILE)) == 0
    assert "Rejecting and recycling" in capsys.readouterr().out
    assert run(str(FILE), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed[1]["title"] == "Qualification"
    assert printed[1].keys() == {"no", "title", "text", "marks", "paths", "promises"}


def test_door_writes_a_page(tmp_path: Path) -> None:
    page = tmp_path / "paper.html"
    assert run(str(FILE), "--html", str(page)) == 0
    text = page.read_text(encoding="utf-8")
    assert "<mark>65 points</mark>" in text
    assert "http" not in text
    assert "⟦" not in text


def test_door_refuses_an_agreement_with_mistakes(tmp_path: Path) -> None:
    broken = tmp_path / "a.yaml"
    broken.write_text("accord: 1\n", encoding="utf-8")
    with pytest.raises(AgreementError):
        run(str(broken))


def test_changes_are_told_by_path() -> None:
    newer = edited(
        ("version: 7", "version: 8"),
        ("answer: {within: 4h}", "answer: {within: 6h}  # slower"),
        ('    - {code: duplicate, label: Already known, check: "is_duplicate"}\n', ""),
        ("{code: wrong_role, label: Not a decision maker}", "{code: wrong_role, label: Wrong role}"),
        ("  voice: Plain, precise, never pushy.\n", ""),
        ("dach-sdr: {people: [tomas, sara]", "dach-sdr: {people: [tomas, sara, kim]"),
    )
    assert [str(each) for each in changes(example(), newer)] == [
        "version: 7 → 8",
        "teams.dach-sdr.people[kim]: added kim",
        "response.answer.within: 4h → 6h",
        "answers.reject[wrong_role].label: Not a decision maker → Wrong role",
        "answers.reject[duplicate]: removed {code: duplicate, label: Already known, check: is_duplicate}",
        "brand.voice: removed Plain, precise, never pushy.",
    ]
    assert [each.title for each in rewritten(example(), newer)] == [
        "Response", "Rejecting and recycling", "Brand", "Roles",
    ]  # fmt: skip


def test_order_of_personas_is_a_change_and_order_of_keys_is_none() -> None:
    first, second = (line for line in example().text.splitlines() if "- {name: " in line)
    swapped = load(example().text.replace(first, "@").replace(second, first).replace("@", second))
    assert {each.kind for each in changes(example(), swapped)} == {Kind.MOVED}
    turned = edited(("{marketing: 0.5, sales: 0.5}", "{sales: 0.50, marketing: 0.5}"))
    assert changes(example(), turned) == ()


def test_version_without_changes_has_none() -> None:
    assert changes(example(), example()) == ()
    assert rewritten(example(), example()) == ()


def test_what_the_other_version_does_not_say_is_marked_word_by_word() -> None:
    old, new = marked_words("A lead reaches 48 points. Sales answers.", "A lead reaches 50 points. Sales soon answers.")
    assert [each.text for each in old if each.is_other] == ["48"]
    assert [each.text for each in new if each.is_other] == ["50", "soon"]
    assert "".join(each.text for each in new) == "A lead reaches 50 points. Sales soon answers."
    assert marked_words("same", "same") == ((Words("same", False),), (Words("same", False),))


def test_a_sentence_that_begins_with_a_handle_leaves_it_as_it_is() -> None:
    said = Said("signatories", "mia signs for marketing", is_as_written=True)
    assert said.sentence == "mia signs for marketing."
    assert Said("preamble", "both teams meet").sentence == "Both teams meet."
