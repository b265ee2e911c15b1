"""Answers into an agreement: whatever is answered, the text is one that can be signed, or the answer is named that
stands in the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import given as invented
from hypothesis import strategies as st

from accord.agreement.articles import CURRENCIES
from accord.agreement.calendar import WEEKDAYS
from accord.agreement.checking import check
from accord.agreement.clock import Duration
from accord.agreement.document import Act, Method, Missing, Side
from accord.agreement.drafting import answers
from accord.agreement.drafting.answers import AnswersError, answered, starting
from accord.agreement.drafting.kinds import (
    Choice,
    Country,
    Currency,
    Day,
    Handle,
    Holidays,
    Hours,
    Kind,
    ListOf,
    Matching,
    MonthDay,
    Rows,
    Several,
    Text,
    Time,
    Whole,
    Words,
    Zone,
)
from accord.agreement.drafting.places import COUNTRIES, country_of
from accord.agreement.drafting.questions import Question, Section
from accord.agreement.drafting.sheet import Sheet, written
from accord.agreement.drafting.templates import TEMPLATES, Template, template
from accord.agreement.drafting.writing import PLACES, Drafted, draft
from accord.agreement.mistake import MistakeKind
from accord.agreement.prose import articles
from accord.agreement.reading import read
from accord.agreement.yaml_text import parsed
from accord.facts.errors import AccordError

FRIDAY = date(2026, 11, 27)
NEEDED: Mapping[str, Any] = {
    "company": "Kestrel Robotics",
    "signs_marketing": "mia",
    "signs_sales": "sam",
    "liaison": "lena",
}
TEAMS: Mapping[str, list[dict[str, Any]]] = {
    "one-team": [{"name": "sales", "people": "tomas, sara", "deputy": "sam"}],
    "by-country": [
        {"name": "emea", "people": ["amy"], "countries": "GB, IE", "hours": "08:00-18:00", "holidays": "GB-ENG",
         "time_zone": "Europe/London"},
        {"name": "dach", "people": ["tomas", "sara"]},
    ],
    "large-accounts": [{"name": "enterprise", "people": ["ada"]}, {"name": "sales", "people": ["tomas"]}],
}  # fmt: skip


MIA, TOM, AMY = ({"name": name, "people": who} for name, who in (("a", "mia"), ("b", "tom"), ("c", "amy")))


def drafted(name: str = "one-team", **given: Any) -> Drafted:
    return draft(name, {**NEEDED, "teams": TEAMS[name], **given}, on=FRIDAY)


def refused(name: str = "one-team", **given: Any) -> list[str]:
    with pytest.raises(AnswersError) as error:
        drafted(name, **given)
    return [each.where for each in error.value.wrong]


@pytest.mark.parametrize("name", TEMPLATES)
def test_five_answers_are_enough(name: str) -> None:
    found = drafted(name)
    agreement, mistakes = read(found.text)
    assert agreement == found.agreement
    assert [str(each) for each in (*mistakes, *check(found.agreement)) if each.blocks] == []
    assert [each.path for each in found.notes if each.kind is MistakeKind.NOTICE] == []
    assert len(articles(found.agreement)) >= 11


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_must_be_answered_is_said_all_at_once(name: str) -> None:
    with pytest.raises(AnswersError) as error:
        draft(name, {}, on=FRIDAY)
    needed = [question.key for question in template(name).questions if question.is_required]
    assert [each.question for each in error.value.wrong] == needed
    assert needed == ["company", "signs_marketing", "signs_sales", "liaison", "teams"]
    assert all(each.remedy.startswith("Answer with") for each in error.value.wrong)


@pytest.mark.parametrize("name", TEMPLATES)
def test_questions_can_be_read_as_data(name: str) -> None:
    asked = template(name).questions
    assert len({question.key for question in asked}) == len(asked)
    for question in asked:
        assert question.ask.endswith("?")
        assert json.loads(json.dumps(question.as_json()))["allowed"]
        if question.default is not None:
            assert question.kind.read(question.default) == question.default


def test_a_question_says_why() -> None:
    with pytest.raises(ValueError, match="says why"):
        Question("line", "From where?", "because", Text())


def test_the_answers_are_what_the_articles_say() -> None:
    found = drafted(
        "by-country", countries="DE, Austria, uk, IE", employees_from="50", employees_to="5,000", titles="manager",
        required=["company"], at_once="", line=60, answer="2h", escalate_to="ada", reroute_after="", open_per_person=12,
        reject="competitor", reject_own="Sells to nobody", shield="customer", consent="opt_out", promise_handoffs=12,
        recycle=[{"label": "Später", "days": 90, "with_interest": True}], plan_handoffs=90, plan_win_rate="20 %",
        meeting="4", meeting_day="FR", purpose="Keep factories running.", method="least_loaded", owner_first=False,
    ).agreement  # fmt: skip
    assert found.qualification.where == "country IN ('DE', 'AT', 'GB', 'IE')"
    outside = "employees < 50 OR employees > 5000 OR account_open_deals > 0 OR is_competitor OR unsubscribed"
    assert found.qualification.unless == outside
    assert found.qualification.always is None
    assert found.qualification.requires is not None
    assert found.qualification.requires.missing is Missing.HOLD
    assert [(rule.team, rule.when, rule.method) for rule in found.routing.rules] == [
        ("emea", "country IN ('GB', 'IE')", Method.LEAST_LOADED),
        ("dach", None, Method.LEAST_LOADED),
    ]
    assert not found.routing.owner_first
    assert found.calendar_of("emea").time_zone == "Europe/London"
    assert found.calendar_of("emea").holidays == "GB-ENG"
    assert found.calendar_of("dach") == found.calendar
    assert [(step.do, step.to) for step in found.response.on_breach] == [(Act.REMIND, None), (Act.ESCALATE, "ada")]
    assert found.response.answer[0].within == Duration(2, "h")
    assert [(reason.code, reason.check) for reason in found.answers.reject] == [
        ("competitor", "is_competitor"),
        ("sells_to_nobody", None),
    ]
    assert [(reason.code, reason.label) for reason in found.answers.recycle] == [("spater", "Später")]
    assert found.answers.recycle[0].returns == "score >= 60 AND days_since_recycle >= 90"
    assert found.contact.consent == {"marketing.email": "opt_out"}
    assert [(each.when, each.side) for each in found.contact.shield] == [("is_customer", "marketing")]
    assert {each.id: (each.side, each.at_least) for each in found.promises}["handoffs"] == (Side.MARKETING, 12)
    assert found.plan == {"2027-Q1": {"handoffs": 90, "win_rate": 0.2}}
    assert found.review.meeting == "FREQ=WEEKLY;INTERVAL=4;BYDAY=FR"
    assert found.review.starts is not None
    assert (found.review.starts.date(), found.in_force_from.date()) == (date(2026, 12, 4), date(2026, 11, 30))


def test_large_accounts_go_to_their_team_first() -> None:
    rules = drafted("large-accounts", large_from=2_000).agreement.routing.rules
    assert [(rule.team, rule.when) for rule in rules] == [("enterprise", "employees >= 2000"), ("sales", None)]


def test_a_team_without_hours_of_its_own_names_only_what_differs() -> None:
    rows = [{"name": "ny", "people": "amy", "time_zone": "America/New_York"}, {"name": "rest", "people": "tomas"}]
    found = drafted("large-accounts", teams=rows).agreement
    assert found.calendar_of("ny").time_zone == "America/New_York"
    assert found.calendar_of("ny").hours == found.calendar.hours


@pytest.mark.parametrize(("zone", "holidays"), [("Europe/Berlin", "DE"), ("Europe/London", "GB"), ("UTC", None)])
def test_public_holidays_follow_the_zone_unless_they_are_answered(zone: str, holidays: str | None) -> None:
    assert drafted(time_zone=zone).agreement.calendar.holidays == holidays
    assert drafted(time_zone=zone, holidays="").agreement.calendar.holidays is None
    assert drafted(time_zone=zone, holidays="fr").agreement.calendar.holidays == "FR"


def test_a_country_without_known_holidays_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "country_of", {"Europe/Berlin": "XX"}.get)
    assert starting(template("one-team"), on=FRIDAY)["holidays"] is None


def test_it_begins_next_monday_and_the_plan_is_for_the_first_quarter_that_begins_then() -> None:
    chosen = template("one-team")
    assert starting(chosen, on=FRIDAY)["in_force_from"] == "2026-11-30"
    assert starting(chosen, on=FRIDAY + timedelta(days=3))["in_force_from"] == "2026-12-07"
    assert list(drafted(plan_handoffs=9).agreement.plan) == ["2027-Q1"]
    assert list(drafted(plan_handoffs=9, in_force_from="2027-04-01").agreement.plan) == ["2027-Q2"]
    assert list(drafted(plan_handoffs=9, fiscal_year_start="12-01", in_force_from="2026-12-01").agreement.plan) == [
        "2027-Q1"
    ]
    assert list(drafted(plan_handoffs=9, plan_quarter="2027-Q3").agreement.plan) == ["2027-Q3"]


def test_what_is_known_comes_before_the_defaults() -> None:
    found = starting(
        template("one-team"), on=FRIDAY, known={"company": "Kestrel", "time_zone": "Europe/London", "line": 70}
    )
    assert (found["company"], found["line"], found["holidays"], found["answer"]) == ("Kestrel", 70, "GB", "4h")


HOSTILE = (
    "'; DROP TABLE facts; --", 'a": {b}', "# not a comment", "!!python/object:os.system", "*alias", "&anchor", "- list",
    "null", "~", "yes", "007", "1e5", "{x: y}", "[a", "%TAG", "a\nversion: 9", "ключ: а", "😀 \u202e\u2028\ufeff",
    "⟦mark⟧", "<script>alert(1)</script>", "\\", "'", '"', "a: b: c", "?", "|", ">", "@", "`", "--- ", "...",
)  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_words_that_look_like_yaml_stay_words(words: str) -> None:
    found = drafted(
        company=words, purpose=words, reject_own=[words], recycle=[{"label": words, "days": 9, "with_interest": "no"}]
    )
    kept = " ".join(words.split())
    assert found.agreement.company == found.agreement.preamble.purpose == kept
    assert found.agreement.version == 1
    assert found.agreement.answers.reject[-1].label == found.agreement.answers.recycle[0].label == kept


@pytest.mark.parametrize("words", ["", "   ", "\x00", "a\x00b", "\ud800", ["a"], {"a": 1}, True, None])
def test_what_is_no_word_is_refused(words: Any) -> None:
    assert refused(company=words) == ["company"]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"teams": "sales"}, ["teams"]),
        ({"teams": []}, ["teams"]),
        ({"teams": [{}]}, ["teams[0].name", "teams[0].people"]),
        ({"teams": [{"name": "sa les", "people": "mia"}]}, ["teams[0].name"]),
        ({"teams": [{"name": "a", "people": "mia", "hours": "9-5"}]}, ["teams[0]"]),
        ({"teams": [{"name": "a", "people": "mia"}, {"name": "b", "people": "tom"}]}, ["teams"]),
        ({"teams": [{"name": "a", "people": ["mia", {"x": 1}]}]}, ["teams[0].people"]),
        ({"teams": [{"name": "a", "people": [str(n) for n in range(51)]}]}, ["teams[0].people"]),
        ({"liasion": "mia"}, ["liasion"]),
        ({"liaison": "two people"}, ["liaison"]),
        ({"currency": "EURO"}, ["currency"]),
        ({"time_zone": "Berlin"}, ["time_zone"]),
        ({"time_zone": ["UTC"]}, ["time_zone"]),
        ({"fiscal_year_start": "02-30"}, ["fiscal_year_start"]),
        ({"days": "weekdays"}, ["days"]),
        ({"hours": "9 to 5"}, ["hours"]),
        ({"holidays": "ZZ"}, ["holidays"]),
        ({"holidays": "DE-XX"}, ["holidays"]),
        ({"countries": "Germani"}, ["countries"]),
        ({"countries": {"a": 1}}, ["countries"]),
        ({"employees_from": "many"}, ["employees_from"]),
        ({"employees_from": True}, ["employees_from"]),
        ({"employees_from": 50, "employees_to": 20}, ["employees_to"]),
        ({"titles": "100%"}, ["titles"]),
        ({"required": "shoe_size"}, ["required"]),
        ({"required": ""}, ["promise_complete"]),
        ({"signals": [{"touch": "click", "points": 1, "half_life": 1, "at_most": 1}]}, ["signals[0].touch"]),
        ({"signals": [{"touch": "a.b", "points": 0, "half_life": 1, "at_most": 1}]}, ["signals[0].points"]),
        ({"signals": [{"touch": "a.b", "points": 9, "half_life": 1, "at_most": 8}]}, ["signals[0].at_most"]),
        ({"signals": [{"touch": "a.b", "points": 9, "half_life": 1, "at_most": 99}] * 2}, ["signals[1].touch"]),
        ({"at_once": "it's"}, ["at_once"]),
        ({"line": 900, "a_band": 950}, ["line", "a_band"]),
        ({"line": 80}, ["a_band"]),
        ({"a_band": 1_000}, ["a_band"]),
        ({"fit_line": 45}, ["fit_line"]),
        ({"answer": "0h"}, ["answer"]),
        ({"answer": "soon"}, ["answer"]),
        ({"answer": "90s"}, ["answer"]),
        ({"answer": "9999d"}, ["answer"]),
        ({"outcome": "5d"}, ["outcome", "outcome", "reject"]),
        ({"attempts_within": "20d", "reject": ""}, ["outcome", "promise_reasons"]),
        ({"reject_own": "\n".join("abcdefgh")}, ["reject_own"]),
        ({"reject": "no_interest"}, ["promise_reasons"]),
        ({"recycle": [{"label": "Later", "days": 9, "with_interest": "no"}] * 2}, ["recycle[1].label"]),
        ({"consent": "opt-in"}, ["consent"]),
        (dict.fromkeys(answers.BY_MARKETING), ["promise_handoffs"]),
        (dict.fromkeys(answers.BY_SALES), ["promise_answered"]),
        ({"promise_accepted": 101}, ["promise_accepted"]),
        ({"in_force_from": "tomorrow"}, ["in_force_from"]),
        ({"in_force_from": "1999-01-01"}, ["in_force_from"]),
        ({"plan_quarter": "2027-Q5"}, ["plan_quarter"]),
        ({"version": 0}, ["version"]),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_taken_names_its_question(given: Mapping[str, Any], where: list[str]) -> None:
    found = refused(**given)
    assert set(found) <= set(where)
    assert found


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"teams": [{**MIA, "countries": "DE"}, {**TOM, "countries": "AT"}]}, ["teams"]),
        ({"teams": [MIA, TOM]}, ["teams"]),
        ({"teams": [{**MIA, "countries": "DE"}, {**AMY, "countries": "DE"}, TOM]}, ["teams[1].countries"]),
        ({"teams": [{**MIA, "countries": "DE"}, {**TOM, "name": "a"}]}, ["teams[1].name"]),
        ({"countries": "DE"}, ["teams[0].countries", "teams[0].countries"]),
        ({"teams": [{**MIA, "countries": "DE", "hours": "00:00-24:00, 03:00-04:00"}, TOM]}, ["teams[0].hours"]),
        ({"teams": [{**MIA, "countries": "DE", "hours": "22:00-10:00", "colour": "red"}, TOM]}, ["teams[0]"]),
        ({"teams": [{**MIA, "countries": "DE", "hours": "09:00-10:00, 20:00-09:30"}, TOM]}, ["teams[0]"]),
    ],
)
def test_teams_by_country_fit_together(given: Mapping[str, Any], where: list[str]) -> None:
    assert refused("by-country", **given) == where


@pytest.mark.parametrize("given", [{"large_from": 5}, {"employees_to": 500}])
def test_large_is_some_and_not_all(given: Mapping[str, Any]) -> None:
    assert refused("large-accounts", **given) == ["large_from"]


def test_a_mistake_reads_as_question_finding_and_remedy() -> None:
    with pytest.raises(AnswersError) as error:
        drafted(time_zone="Europe/Berlim", countries="Germny")
    zone, country = (str(each) for each in error.value.wrong)
    assert zone == (
        "time_zone (In which time zone do you work?) ‘Europe/Berlim’ cannot be read. "
        "Answer with a time zone such as Europe/Berlin. Is Europe/Berlin meant?"
    )
    assert country.startswith("countries (To which countries do you sell?) ‘Germny’ cannot be read.")
    assert country.endswith("Is Germany (DE) meant?")
    assert error.value.wrong[0].as_json()["where"] == "time_zone"
    assert "2 answers cannot be taken" in str(error.value)


def test_a_template_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(AccordError, match="Is by-country meant"):
        draft("by-countries", {}, on=FRIDAY)
    with pytest.raises(AccordError, match="There are one-team, by-country and large-accounts"):
        draft("x", {}, on=FRIDAY)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_same_answers_give_the_same_text_and_answers_that_were_read_are_read_alike(name: str) -> None:
    found = drafted(name, countries="", signals=[{"touch": "a.b", "points": 60, "half_life": 9, "at_most": 99}])
    again = draft(name, json.loads(json.dumps(found.answers)), on=FRIDAY + timedelta(days=400))
    assert again.text == found.text


@pytest.mark.parametrize("name", TEMPLATES)
def test_who_edits_the_text_finds_every_article_explained(name: str) -> None:
    lines = drafted(name, purpose="x", plan_handoffs=1, countries="DE,GB,IE").text.splitlines()
    above = {line.partition(":")[0]: lines[number - 1] for number, line in enumerate(lines) if line[:1].isalpha()}
    assert [key for key, before in above.items() if not before.startswith("#")] == [
        "in_force_from",
        "company",
        "currency",
    ]


# Whatever is answered

PLACED = sorted(zone for zone in {"Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "UTC"})
LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=60)


TOGETHER = {
    "teams", "signals", "recycle", "reject_own", "employees_to", "large_from", "a_band", "promise_handoffs",
    "promise_answered", "promise_complete", "promise_reasons",
}  # fmt: skip


def codes(pattern: str) -> st.SearchStrategy[Any]:
    return st.from_regex(pattern, fullmatch=True)


def any_of(kind: Kind) -> st.SearchStrategy[Any]:
    """Anything that a kind says it allows."""
    if isinstance(kind, Rows):
        return rows_of(kind)
    if isinstance(kind, ListOf):
        return st.lists(any_of(kind.item), min_size=1, max_size=min(kind.most, 5), unique=True)
    if isinstance(kind, Several):
        return st.lists(st.sampled_from(kind.values), min_size=1, unique=True)
    if isinstance(kind, Choice):
        return st.sampled_from(kind.values)
    if isinstance(kind, Whole):
        return st.integers(kind.least, min(kind.most, 10**6))
    simple: dict[type[Kind], st.SearchStrategy[Any]] = {
        Text: LETTERS.filter(lambda text: bool(text.strip())),
        Country: st.sampled_from(sorted(COUNTRIES)),
        Zone: st.sampled_from(PLACED),
        Currency: st.sampled_from(CURRENCIES),
        MonthDay: st.sampled_from(["01-01", "02-28", "12-31", "04-01"]),
        Day: st.dates(date(2000, 1, 1), date(2090, 1, 1)).map(str),
        Hours: st.sampled_from(["09:00-17:00", "00:00-24:00", "8:30-12:00, 13:00-17:30", "22:00-06:00"]),
        Holidays: st.sampled_from(["DE", "DE-BE", "GB-ENG", "US-CA", "NO", "fr"]),
        Time: st.builds("{}{}".format, st.integers(1, 300), st.sampled_from("hd")),
        Handle: codes(r"[\w][\w.@+-]{0,20}"),
        Words: codes(r"[^\W_]([^\W_]|[ &'’./+-]){0,20}"),
    }
    return simple[type(kind)] if type(kind) in simple else codes(kind.pattern if isinstance(kind, Matching) else "")


def rows_of(kind: Rows) -> st.SearchStrategy[Any]:
    cells = {
        column.key: st.none() | any_of(column.kind) if column.optional else any_of(column.kind)
        for column in kind.columns
    }
    least = len(kind.labels) or kind.least
    return st.lists(st.fixed_dictionaries(cells), min_size=least, max_size=len(kind.labels) or least + 2)


def answers_to(chosen: Template) -> st.SearchStrategy[dict[str, Any]]:
    """The defaults with some answers changed; what has to be answered is answered anew each time."""
    one = {question.key: any_of(question.kind) for question in chosen.questions}
    needed = st.fixed_dictionaries(
        {question.key: one[question.key] for question in chosen.questions if question.is_required}
    )
    others = [question for question in chosen.questions if not question.is_required]
    changed = st.lists(st.sampled_from(others), max_size=5, unique_by=lambda question: question.key).flatmap(
        lambda some: st.fixed_dictionaries(
            {each.key: st.none() | one[each.key] if each.optional else one[each.key] for each in some}
        )
    )
    return st.builds(lambda first, then: {**first, **then, "teams": apart(first["teams"])}, needed, changed)


def apart(teams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same teams with names of their own, each country in one of them, and one team for the rest; most of what is
    invented would be refused otherwise."""
    taken: set[str] = set()
    for number, team in enumerate(teams):
        team = teams[number] = {**team, "name": f"{team['name'][:60]}-{number}"}
        if "countries" in team:
            mine = [each for each in team["countries"] or ["DE"] if each not in taken]
            taken.update(mine)
            team["countries"] = mine if number else None
    return [team for number, team in enumerate(teams) if not number or team.get("countries", "all")]


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@invented(data=st.data())
def test_whatever_is_answered_can_be_signed_or_the_question_in_the_way_is_named(name: str, data: st.DataObject) -> None:
    asked = data.draw(answers_to(template(name)))
    holds(name, asked)


@pytest.mark.prove
@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@invented(data=st.data())
def test_the_same_holds_of_many_answers(name: str, data: st.DataObject) -> None:
    asked = data.draw(answers_to(template(name)))
    holds(name, asked)


def holds(name: str, asked: Mapping[str, Any]) -> None:
    try:
        found = draft(name, asked, on=FRIDAY)
    except AnswersError as error:
        assert {each.question for each in error.wrong} <= TOGETHER | {key for _, key in PLACES}
        assert all(each.message and each.remedy for each in error.wrong)
        event("refused")
        return
    event("drafted")
    agreement, mistakes = read(found.text)
    assert agreement is not None
    assert [str(each) for each in (*mistakes, *check(agreement)) if each.blocks] == []
    assert agreement.company == " ".join(asked["company"].split())
    assert draft(name, found.answers, on=FRIDAY).text == found.text
    assert articles(agreement)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.text(max_size=12) | st.sampled_from([question.key for question in template("one-team").questions])


@invented(st.dictionaries(KEYS, JUNK, max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_is_thrown_at_it_is_an_answer_or_a_mistake(thrown: dict[str, Any]) -> None:
    try:
        answered(template("one-team"), {**NEEDED, "teams": TEAMS["one-team"], **thrown}, on=FRIDAY)
    except AnswersError as error:
        assert all(str(each) for each in error.wrong)


@invented(
    st.dictionaries(
        LETTERS, LETTERS | st.integers(-(10**15), 10**15) | st.booleans() | st.lists(LETTERS, max_size=3), max_size=5
    )
)
def test_a_sheet_is_read_as_it_was_filled(filled: dict[str, Any]) -> None:
    sheet = Sheet()
    for key, value in filled.items():
        sheet.put(key, value, "why\nand more", apart=True)
    sheet.put("last", {"a": None, "b": ["x: y", {"c": "#"}]})
    assert parsed(written(sheet, ["head"]))[0].plain() == {**filled, "last": {"b": ["x: y", {"c": "#"}]}}


def test_countries_are_known_by_code_and_zone() -> None:
    assert COUNTRIES["NO"] == "Norway"
    assert country_of("Asia/Kathmandu") == "NP"


def test_sections_cover_every_question_once() -> None:
    sections: list[Section] = [section for each in TEMPLATES.values() for section in each.sections]
    assert all(section.questions and section.sentence.endswith(".") for section in sections)
    assert set(WEEKDAYS) >= {"mon", "sun"}
