"""What `accord check` finds: each row is one small edit of the example agreement and what must be said about it.

The line that must be named is the line of the edit, or that of `at` where the finding stands elsewhere.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from accord.agreement.mistake import AgreementError, Mistake, MistakeKind
from accord.agreement.reading import load, read_as_far_as_possible
from accord.commands import check as door
from accord.facts.errors import AccordError

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples/agreement.yaml"
M, C, N, L = MistakeKind.MISTAKE, MistakeKind.CONTRADICTION, MistakeKind.NOTICE, MistakeKind.NOT_YET_ENFORCED


@cache
def example() -> str:
    return FILE.read_text(encoding="utf-8")


def found_in(text: str) -> tuple[Mistake, ...]:
    return read_as_far_as_possible(text).checked()


@dataclass(frozen=True)
class Case:
    """An edit, and the finding that it must lead to: kind, path, words of the message, nearest name."""

    old: str
    new: str
    kind: MistakeKind
    path: str
    words: str
    nearest: str | None = None
    at: str = ""
    alone: bool = True  # nothing else may be found wrong

    def __str__(self) -> str:
        return f"{self.path}: {self.new.strip()[:40]}"


CASES = (
    # Keys and shapes
    Case("accord: 1 ", "accord: 2 ", M, "accord", "allowed is 1"),
    Case("version: 7", "version: seven", M, "version", "a whole number, 1 or more"),
    Case("version: 7", "version: 0", M, "version", "found 0"),
    Case("version: 7\n", "", M, "version", "found nothing", at="accord: 1"),
    Case("company: Northwind Robotics", "company: 42", M, "company", "put 42 in quotes"),
    Case("currency: EUR", "currency: EURO", M, "currency", "ISO 4217", "EUR"),
    Case("currency: EUR", "currency: XYZ", M, "currency", "ISO 4217"),
    Case(
        "time_zone: Europe/Berlin",
        "time_zone: Europe/Berlln",
        M,
        "time_zone",
        "Did you mean Europe/Berlin?",
        "Europe/Berlin",
    ),
    Case("2026-12-01T00:00:00+01:00", "2026-13-01T00:00:00+01:00", M, "in_force_from", "ISO date"),
    Case("in_force_from: 2026-12-01T00:00:00+01:00", "in_force_from: 2026-12-01T00:00", N, "in_force_from", "read as"),
    Case("fiscal_year_start: 01-01", "fiscal_year_start: 13-01", M, "fiscal_year_start", "month and day"),
    Case("promises:   ", "promisses:   ", M, "promisses", "unknown key 'promisses'", "promises"),
    Case(
        "score: {card: fit-and-intent, at_least: 65",
        "score: {card: fit-and-intent, at_leest: 65",
        M,
        "qualification.score.at_leest",
        "Did you mean at_least?",
        "at_least",
        alone=False,
    ),
    Case(
        "side: marketing, metric: handoffs",
        "side: marketting, metric: handoffs",
        M,
        "promises[0].side",
        "marketing, sales, both or leadership",
        "marketing",
    ),
    Case("at_least: 40, per: week", "at_least: 40, per: weekly", M, "promises[0].per", "week, month", "week"),
    Case("answer: {within: 4h}", "answer: {within: 4}", M, "response.answer.within", "a duration such as"),
    Case("answer: {within: 4h}", "answer: {within: 4 hours}", M, "response.answer.within", "a duration such as"),
    Case("answer: {within: 4h}", "answer: 4h", M, "response.answer", "found '4h'"),
    Case("missing: hold}", "missing: keep}", M, "qualification.requires.missing", "hold or hand_over"),
    Case("explore: {share: 0.03", "explore: {share: 3", M, "explore.share", "a number from 0 to 1"),
    Case(
        "half_life: 14d, at_most: 30",
        "half_life: 14d, at_most: .inf",
        M,
        "cards.fit-and-intent.intent[0].at_most",
        "a number above 0",
    ),
    Case("owner_first: true ", "owner_first: yes ", M, "routing.owner_first", "true or false"),
    Case("voice: Plain, precise, never pushy.", "voice:", M, "brand.voice", "found nothing"),
    Case("must_include: [legal-footer, unsubscribe]", "must_include: legal-footer", M, "brand.must_include", "a list"),
    Case(
        "teams:                                      #",
        "teams: []\nother: #",
        M,
        "teams",
        "one team a key",
        alone=False,
    ),
    Case(
        "{side: any, at_most: 5, per: 7d}",
        "{side: any, at_most: 0, per: 7d}",
        M,
        "contact.frequency[1].at_most",
        "1 or more",
    ),
    Case(
        "side: marketing, except",
        "side: market, except",
        M,
        "contact.shield[1].side",
        "marketing, sales or any",
        "marketing",
    ),
    Case('tick: "06:00"', 'tick: "25:00"', M, "qualification.tick", "a time of day"),
    Case("currency: EUR", "currency: EUR\ncurrency: USD", M, "currency", "written twice", at="currency: USD"),
    Case(
        "{side: any, at_most: 5, per: 7d}",
        "{side: any, at_most: 5, per: 30d}",
        L,
        "contact.frequency[1].per",
        "over 7 days",
    ),
    # Calendars
    Case("holidays: DE-BE", "holidays: DE-XX", M, "calendar.holidays", "DE-XX"),
    Case('fri: "09:00-15:00"', 'fry: "09:00-15:00"', M, "calendar.hours.fry", "fri", "fri"),
    Case('fri: "09:00-15:00"', 'fri: "9 to 5"', M, "calendar.hours.fri", "window"),
    Case(
        'hours: {mon-thu: "09:00-12:30, 13:15-17:30", fri: "09:00-15:00"}',
        "hours: {}",
        C,
        "calendar.hours",
        "never opens",
    ),
    Case(
        "time_zone: Europe/London",
        "time_zone: Europe/Londn",
        M,
        "teams.emea-sdr.calendar.time_zone",
        "Europe/London",
        "Europe/London",
    ),
    # Conditions
    Case('employees >= 20"', 'employes >= 20"', M, "qualification.where", "employes", "employees"),
    Case('employees >= 20"', "employees >= 'many'\"", M, "qualification.where", "qualification.where"),
    Case('"account_open_deals > 0 OR', '"1; DROP TABLE leads; --', M, "qualification.unless", "qualification.unless"),
    Case('check: "is_duplicate"', 'check: "is_duplicat"', M, "answers.reject[3].check", "is_duplicat", "is_duplicate"),
    Case("employees BETWEEN 50 AND 5000", "score > 3", M, "cards.fit-and-intent.fit[0].when", "cannot be used here"),
    Case("\"industry = 'system integration'\"", "\"band = 'A'\"", M, "personas[1].where", "cannot be used here"),
    Case(
        "persona = 'Plant manager'",
        "persona = 'Plant manger'",
        M,
        "cards.fit-and-intent.fit[1].when",
        "no persona 'Plant manger'",
        "Plant manager",
    ),
    Case("where: \"band = 'A'\"", "where: \"band = 'D'\"", M, "promises[0].where", "no band 'D'"),
    Case(
        "where: \"band = 'A'\"", 'where: "employees > 5"', M, "promises[0].where", "not kept on the records of handoffs"
    ),
    # Names
    Case(
        "team: enterprise, method",
        "team: enterprize, method",
        M,
        "routing.rules[0].team",
        "Did you mean enterprise?",
        "enterprise",
    ),
    Case("  dach-sdr: {open_per_person", "  dach-sd: {open_per_person", M, "capacity.dach-sd", "no team", "dach-sdr"),
    Case(
        "score: {card: fit-and-intent,",
        "score: {card: fit-and-intend,",
        M,
        "qualification.score.card",
        "no card",
        "fit-and-intent",
    ),
    Case("metric: acceptance_rate", "metric: acceptence_rate", M, "promises[1].metric", "no metric", "acceptance_rate"),
    Case("metric: acceptance_rate, ", "", M, "promises[1].metric", "found nothing"),
    Case("2027-Q1: {handoffs: 1100", "2027-Q1: {handofs: 1100", M, "plan.2027-Q1.handofs", "no metric", "handoffs"),
    Case("  2027-Q1:", "  Q1 2027:", M, "plan['Q1 2027']", "no period", "2027-Q1"),
    Case(
        "fields: [has_email, company,",
        "fields: [has_email, compny,",
        M,
        "qualification.requires.fields[1]",
        "no column",
        "company",
    ),
    Case("id: accepted,", "id: a-band,", M, "promises[1].id", "stands twice"),
    Case("{code: competitor,", "{code: too_small,", M, "answers.reject[2].code", "stands twice"),
    Case("name: Integrator", "name: Plant manager", M, "personas[1].name", "stands twice", alone=False),
    Case("do: escalate, to: lena}", "do: escalate}", M, "response.on_breach[1]", "needs somebody"),
    Case("do: escalate, to: lena}", "do: escalate, to: lina}", N, "response.on_breach[1].to", "did you mean lena"),
    Case("  marketing: [mia]", "  marketing: []", M, "signatories.marketing", "nobody signs"),
    Case("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TUE", M, "review.meeting", "BYDAY"),
    Case("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every other Tuesday", M, "review.meeting", "not a part of a recurrence"),
    # Contradictions
    Case(
        "enterprise: {people: [ada, ines]}", "enterprise: {people: []}", C, "teams.enterprise.people", "without people"
    ),
    Case(
        "weights: {tomas: 2, sara: 1}",
        "weights: {tomas: 2, sarah: 1}",
        C,
        "routing.rules[2].weights.sarah",
        "a weight for nobody",
        "sara",
    ),
    Case(
        "{people: [tomas, sara], deputy: sam}",
        '{people: [tomas, sara], deputy: sam, hours: {sarah: {hours: {mon-fri: "08:00-12:00"}}}}',
        C,
        "teams.dach-sdr.hours.sarah",
        "hours of nobody",
        "sara",
    ),
    Case(
        "{people: [tomas, sara], deputy: sam}",
        '{people: [tomas, sara], deputy: sam, hours: {sara: {hours: {mon-fri: "08:00-12:00"}}}}',
        N,
        "teams.dach-sdr.hours.sara",
        "nothing reads them",
    ),
    Case(
        "{people: [tomas, sara], deputy: sam}",
        '{people: [tomas, sara], deputy: sam, hours: {sara: {hours: {mon-fri: "12:00-08:00x"}}}}',
        M,
        "teams.dach-sdr.hours.sara.hours.mon-fri",
        "12:00-08:00x",
    ),
    Case(
        "team: emea-sdr, method",
        "team: emea-sdr, in_hours: true, method",
        N,
        "routing.rules[1].in_hours",
        "changes nothing",
    ),
    Case("weights: {tomas: 2, sara: 1}", "weights: {tomas: 0, sara: 0}", C, "routing.rules[2].weights", "leave nobody"),
    Case("method: weighted, weights", "method: round_robin, weights", C, "routing.rules[2].weights", "no effect"),
    Case(
        "{when: \"country = 'GB'\", team: emea-sdr",
        "{team: emea-sdr",
        C,
        "routing.rules[2]",
        "never be reached",
        at="{team: dach-sdr, method",
    ),
    Case(
        "{team: dach-sdr, method",
        "{when: \"country = 'DE'\", team: dach-sdr, method",
        N,
        "routing.rules",
        "unowned",
        at="rules:",
    ),
    Case(
        "outcome: {within: 15d}",
        "outcome: {within: 2d}",
        C,
        "answers.reject[5].check",
        "after the clock ran out",
        at="{code: unreachable",
        alone=False,
    ),
    Case(
        "outcome: {within: 15d}",
        "outcome: {within: 2d}",
        C,
        "response.outcome.within",
        "while the attempts",
        alone=False,
    ),
    Case(
        "outcome: {within: 15d}",
        "outcome: {within: 3h}",
        C,
        "response.outcome.within",
        "before the answer",
        alone=False,
    ),
    Case('check: "attempts >= 5"', 'check: "attempts >= 9"', C, "answers.reject[5].check", "9 attempts"),
    Case(
        'check: "attempts >= 5"',
        'check: "days_since_handoff >= 60"',
        C,
        "answers.reject[5].check",
        "after the clock ran out",
    ),
    Case("answer: {within: 4h}", "answer: {within: 0m}", M, "response.answer.within", "no time"),
    Case(
        "  answer: {within: 4h} ", "  # ", C, "promises[4].metric", "response.answer", alone=False, at="{id: answered"
    ),
    Case(
        "  attempts: {at_least: 5, within: 10d}", "  #", C, "promises[6].metric", "response.attempts", at="{id: tried"
    ),
    Case(
        "  reply: {by: marketing, to: reject, within: 2d}",
        "  #",
        C,
        "promises[3].metric",
        "answers.reply",
        at="{id: replies",
    ),
    Case(
        '  meeting: "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"',
        "  #",
        C,
        "promises[9].metric",
        "review.meeting",
        at="{id: reviews-held",
    ),
    Case(
        "bands: {A: 80, B: 65, C: 0}",
        "bands: {A: 80, B: 85, C: 0}",
        C,
        "cards.fit-and-intent.bands.B",
        "highest line down",
    ),
    Case("bands: {A: 80, B: 65, C: 0}", "bands: {A: 80, B: 65, C: 10}", C, "cards.fit-and-intent.bands", "no band"),
    Case("bands: {A: 80,", "bands: {A: 800,", C, "cards.fit-and-intent.bands.A", "at most"),
    Case("at_least: 65, fit", "at_least: 165, fit", C, "qualification.score.at_least", "nobody can reach 165"),
    Case("fit_at_least: 30", "fit_at_least: 46", C, "qualification.score.fit_at_least", "at most 45"),
    Case(
        "metric: acceptance_rate, at_least: 0.80",
        "metric: acceptance_rate, at_least: 80",
        C,
        "promises[1].at_least",
        "can never be reached",
    ),
    Case("metric: acceptance_rate, at_least: 0.80, ", "metric: acceptance_rate, ", M, "promises[1]", "no target"),
    Case(
        "metric: acceptance_rate, at_least: 0.80, ",
        "metric: acceptance_rate, at_least: 0.8, at_most: 0.9, ",
        M,
        "promises[1]",
        "two targets",
    ),
    Case(
        "split: {marketing: 0.5, sales: 0.5}", "split: {marketing: 0.5, sales: 0.6}", C, "incentive.split", "sum to 1.1"
    ),
    Case("full_at: 1.0, cap: 1.2", "full_at: 1.0, cap: 0.8", C, "incentive.pays.cap", "below full_at"),
    Case(
        "win_rate: 0.24, deal_size: 20_800",
        "win_rate: 24, deal_size: 20_800",
        C,
        "plan.2027-Q1.win_rate",
        "never be reached",
    ),
    Case(', return: "days_since_recycle >= 180"', "", N, "answers.recycle[1]", "never comes back"),
    Case(
        'return: "days_since_recycle >= 180"',
        'return: "days_since_recycle >= 180 AND score < 30"',
        N,
        "answers.recycle[1].return",
        "score falls as time passes, and for that alone nobody is looked at",
    ),
    Case('never: "unsubscribed OR bounced"', "never: \"country <> 'DE'\"", N, "contact.never", "here unknown blocks"),
    Case(
        "account_deal_stage IN ('proposal', 'negotiation') AND days_since_deal_activity <= 45",
        "days_since_deal_activity <= 45",
        N,
        "contact.shield[0].when",
        "where days_since_deal_activity is unknown",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_edit_is_found_where_it_stands(case: Case) -> None:
    before = example()
    assert before.count(case.old) == 1, "the edit must hit one place"
    after = before.replace(case.old, case.new)
    start = after.index(case.at) if case.at else before.index(case.old)
    found = found_in(after)
    hits = [each for each in found if each.path == case.path and each.kind is case.kind and case.words in each.message]
    assert hits, "\n".join(f"{each.kind} {each.path}: {each}" for each in found if each.kind is not L)
    assert hits[0].line == after[:start].count("\n") + 1
    if case.nearest is not None:
        assert hits[0].nearest == case.nearest
    if case.alone and case.kind in (M, C):
        assert [each.path for each in found if each.blocks] == [case.path]


def test_example_is_clean_and_lists_what_nothing_enforces_yet() -> None:
    found = found_in(example())
    assert not [each for each in found if each.blocks or each.kind is N]
    assert {"brand.voice", "incentive.pool", "review.pulse"} <= {each.path for each in found}


def test_all_mistakes_are_told_in_one_run() -> None:
    text = example()
    for old, new in (
        ("currency: EUR", "currency: Euro"),
        ("answer: {within: 4h}", "answer: {within: soon}"),
        ('employees >= 20"', 'employes >= 20"'),
        ("weights: {tomas: 2, sara: 1}", "weights: {tomas: 2, zoe: 1}"),
        ("metric: win_rate, at", "metric: won_rate, at"),
        ("enterprise: {people: [ada, ines]}", "enterprise: {people: []}"),
        ("outcome: {within: 15d}", "outcome: {within: 2d}"),
        ("promises:   ", "promisses: "),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert [each.path for each in found_in(text) if each.blocks] == [
        "currency",
        "teams.enterprise.people",
        "qualification.where",
        "routing.rules[2].weights.zoe",
        "response.answer.within",
        "response.outcome.within",
        "answers.reject[5].check",
        "promisses",
        "promises[8].metric",
    ]


def test_twelve_reasons_are_too_many() -> None:
    more = "".join(f"    - {{code: reason{number}, label: Reason {number}}}\n" for number in range(5))
    text = example().replace("  recycle:   ", f"{more}  recycle:   ")
    assert [(each.path, each.kind) for each in found_in(text) if each.blocks] == [("answers.reject", M)]


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    door.add(parser)
    return door.run(parser.parse_args(arguments))


def test_door_says_what_is_wrong_and_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(example().replace("at_least: 65, fit", "at_least: 165, fit"), encoding="utf-8")
    assert run(str(file)) == 1
    shown = capsys.readouterr().out
    assert "Contradictions" in shown
    assert "a.yaml has no mistakes and 1 contradiction" in shown


def test_door_prints_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(FILE), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is True
    assert shown["mistakes"] == shown["contradictions"] == []
    assert "brand.voice" in [each["path"] for each in shown["not_yet_enforced"]]


def test_door_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--schema") == 0
    assert json.loads(capsys.readouterr().out)["properties"]["promises"]["type"] == "array"


def test_door_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="cannot be read"):
        run(str(tmp_path / "none.yaml"))
    with pytest.raises(AccordError, match="No file"):
        run()


def test_load_lists_every_mistake() -> None:
    with pytest.raises(AgreementError) as told:
        load(example().replace("currency: EUR", "currency: Euro").replace('employees >= 20"', 'employes >= 20"'))
    assert [each.path for each in told.value.mistakes] == ["currency", "qualification.where"]
    assert "has 2 mistakes" in str(told.value)
