"""Stages and conversions: what counts as reaching a stage, and what does not. Every expectation is counted by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from tests.tables import facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.funnel import Funnel, funnel

DAY_100 = datetime.fromisoformat("2026-04-15")


def lake(handoffs: str = "", deals: str = "", **more: str) -> Engine:
    tables = {"handoffs": handoffs, "deals": deals, **more}
    return facts_in_hand(**{name: text_table(text) for name, text in tables.items() if text})


def counts(found: Funnel) -> dict[str, Any]:
    return {stage.stage: stage.count for stage in found.stages}


def skipped(found: Funnel) -> dict[str, Any]:
    return {stage.stage: stage.skipped for stage in found.stages}


THREE_PEOPLE = lake(
    handoffs="""
    person_id | handoff_id | event     | occurred_at
    alice     | h1         | offered   | 2026-01-05T09:00
    alice     | h1         | accepted  | 2026-01-05T11:00
    alice     | h1         | contacted | 2026-01-06T09:00
    alice     | h1         | qualified | 2026-01-09T09:00
    bob       | h2         | offered   | 2026-01-05T09:00
    bob       | h2         | rejected  | 2026-01-06T09:00
    carol     | h3         | offered   | 2026-01-07T09:00
    """,
    deals="""
    deal_id | person_id | event  | occurred_at
    d1      | alice     | opened | 2026-01-12T09:00
    d1      | alice     | won    | 2026-02-11T09:00
    """,
    touches="""
    person_id | kind      | channel        | occurred_at
    alice     | form.demo | paid search    | 2026-01-03T09:00
    bob       | form.demo | organic search | 2026-01-05T08:00
    dave      | page.home | organic search | 2026-01-20T08:00
    """,
)


def test_each_stage_counts_the_people_who_reached_it() -> None:
    assert counts(funnel(THREE_PEOPLE)) == {
        "lead": 4,  # alice, bob, dave by a touch; carol by her handoff
        "MQL": 3,
        "SAL": 1,
        "SQL": 1,
        "opportunity": 1,
        "customer": 1,
    }


def test_who_is_open_is_not_lost() -> None:
    step = funnel(THREE_PEOPLE).conversion("MQL", "SAL")
    assert step is not None
    assert (step.of, step.count, step.lost, step.open) == (3, 1, 1, 1)  # alice went on, bob was rejected, carol waits


def test_time_between_stages_is_counted_in_days_of_those_who_arrived() -> None:
    found = funnel(THREE_PEOPLE)
    won, accepted = found.conversion("opportunity", "customer"), found.conversion("MQL", "SAL")
    assert won is not None and won.time is not None and won.time.median == 30
    assert accepted is not None and accepted.time is not None and accepted.time.median == pytest.approx(2 / 24)


def test_fewer_than_20_people_get_a_count_and_what_is_missing_but_no_rate() -> None:
    step = funnel(THREE_PEOPLE).conversion("MQL", "SAL")
    assert step is not None
    assert (step.rate, step.interval, step.needed) == (None, None, 17)
    assert step.expected.says == "cannot tell yet: 17 more records needed"


def test_a_stage_without_any_fact_is_not_recorded_and_not_zero() -> None:
    found = funnel(
        lake(
            handoffs="person_id | handoff_id | event | occurred_at\n alice | h1 | mql | 2026-01-05",
            deals="deal_id | person_id | event | occurred_at\n d1 | alice | won | 2026-01-25",
        )
    )
    assert counts(found) == {"lead": 1, "MQL": 1, "SAL": None, "SQL": None, "opportunity": None, "customer": 1}
    assert [(step.start, step.end) for step in found.conversions] == [
        ("lead", "MQL"),
        ("MQL", "customer"),
        ("lead", "customer"),
    ]
    assert "Not recorded in this lake: SAL, SQL, opportunity." in found.notices
    assert found.to_json()["stages"][2] == {"stage": "SAL", "recorded": False, "count": None, "says": "not recorded"}


def test_who_came_to_a_later_stage_has_passed_the_earlier_ones_and_counts_there_as_skipped() -> None:
    found = funnel(
        lake(
            handoffs="""
            person_id | handoff_id | event     | occurred_at
            alice     | h1         | offered   | 2026-01-05
            alice     | h1         | accepted  | 2026-01-06
            bob       | h2         | offered   | 2026-01-05
            bob       | h2         | qualified | 2026-01-08
            """
        )
    )
    assert (counts(found)["SAL"], skipped(found)["SAL"]) == (1, 1)  # bob was qualified and never accepted
    step = found.conversion("MQL", "SAL")
    assert step is not None and (step.count, step.of) == (2, 2)


def test_who_was_recycled_and_offered_again_counts_once_with_one_return() -> None:
    found = funnel(
        lake(
            handoffs="""
            person_id | handoff_id | event    | occurred_at
            alice     | h1         | offered  | 2026-01-05
            alice     | h1         | accepted | 2026-01-06
            alice     | h1         | recycled | 2026-01-20
            alice     | h2         | offered  | 2026-03-20
            alice     | h2         | rejected | 2026-03-21
            bob       | h3         | offered  | 2026-01-05
            bob       | h3         | offered  | 2026-01-06
            """
        )
    )
    mql = found.whole.stage("MQL")
    assert (mql.count, mql.returns) == (2, 1)  # bob's second offer followed no end, so he never went away
    assert found.whole.stage("SAL").returns == 0
    assert found.whole.stage("SAL").lost == 0  # SAL is the last stage on record here


def test_recycled_is_waiting_and_rejected_without_return_is_lost() -> None:
    found = funnel(
        lake(
            handoffs="""
            person_id | handoff_id | event    | occurred_at
            alice     | h1         | offered  | 2026-01-05
            alice     | h1         | recycled | 2026-01-06
            bob       | h2         | offered  | 2026-01-05
            bob       | h2         | rejected | 2026-01-06
            carol     | h3         | offered  | 2026-01-05
            carol     | h3         | rejected | 2026-01-06
            carol     | h4         | offered  | 2026-02-06
            carol     | h4         | accepted | 2026-02-07
            """
        )
    )
    step = found.conversion("MQL", "SAL")
    assert step is not None and (step.count, step.lost, step.open) == (1, 1, 1)


def test_a_deal_without_a_person_belongs_to_the_one_of_its_account_who_was_qualified_last_before_it_opened() -> None:
    engine = lake(
        profiles="""
        subject | subject_id | account_id | occurred_at
        person  | alice      | acme       | 2026-01-01
        person  | bob        | acme       | 2026-01-01
        person  | carol      | acme       | 2026-01-01
        """,
        handoffs="""
        person_id | handoff_id | event   | occurred_at
        alice     | h1         | offered | 2026-01-05
        bob       | h2         | offered | 2026-01-10
        carol     | h3         | offered | 2026-02-20
        """,
        deals="""
        deal_id | account_id | event  | occurred_at
        d1      | acme       | opened | 2026-02-01
        d1      | acme       | won    | 2026-03-01
        d2      | nobody     | opened | 2026-02-01
        d2      | nobody     | won    | 2026-03-01
        """,
    )
    found = funnel(engine)
    opened = found.conversion("MQL", "opportunity")
    assert opened is not None and (opened.count, opened.of) == (1, 3)
    assert counts(found)["customer"] == 1
    won = found.conversion("MQL", "customer")
    assert won is not None and won.time is not None and won.time.median == 50  # bob: 10 January to 1 March
    assert any("1 won deals belong to nobody" in notice for notice in found.notices)


def test_a_win_before_the_first_contact_is_kept_and_told() -> None:
    found = funnel(
        lake(
            handoffs="person_id | handoff_id | event | occurred_at\n alice | h1 | mql | 2026-01-05",
            deals="deal_id | person_id | event | occurred_at\n d1 | alice | won | 2026-01-03T12:00",
        )
    )
    step = found.conversion("MQL", "customer")
    assert step is not None and step.time is not None and (step.time.least, step.time.before) == (-1.5, 1)
    assert "1 person reached customer before MQL (by up to 1.50 days); kept as recorded." in found.notices


def test_unknown_and_missing_are_two_groups() -> None:
    found = funnel(
        lake(
            profiles="""
            subject | subject_id | origin  | occurred_at
            person  | alice      | unknown | 2026-01-05
            person  | bob        |         | 2026-01-05
            person  | carol      | email   | 2026-01-05
            person  | carol      |         | 2026-01-09
            """
        ),
        by="origin",
    )
    assert {(group.value, group.label, group.n) for group in found.groups} == {
        ("unknown", "unknown", 1),
        (None, "missing", 1),
        ("email", "email", 1),  # an empty cell says nothing, so the earlier word holds
    }


def test_what_the_account_says_holds_for_its_people_who_say_nothing() -> None:
    found = funnel(
        lake(
            profiles="""
            subject | subject_id | account_id | country | occurred_at
            person  | alice      | acme       |         | 2026-01-05
            person  | bob        | acme       | FR      | 2026-01-05
            account | acme       |            | DE      | 2026-01-01
            """
        ),
        by="country",
    )
    assert {(group.value, group.n) for group in found.groups} == {("DE", 1), ("FR", 1)}


def test_the_cohort_is_chosen_by_entry_into_the_first_recorded_stage() -> None:
    since, until = datetime.fromisoformat("2026-01-05"), datetime.fromisoformat("2026-01-08")
    found = funnel(THREE_PEOPLE, since=since, until=until)
    assert counts(found)["lead"] == 2  # bob on the 5th, carol on the 7th; alice came on the 3rd, dave on the 20th


def test_two_ids_of_one_person_are_one_person() -> None:
    engine = lake(
        identities="alias_id | person_id\n form-7 | alice",
        touches="person_id | kind | occurred_at\n form-7 | form.demo | 2026-01-05\n alice | page.home | 2026-01-01",
        handoffs="person_id | handoff_id | event | occurred_at\n alice | h1 | offered | 2026-01-06",
    )
    assert counts(funnel(engine))["lead"] == 1


def test_facts_after_the_moment_asked_for_are_not_read() -> None:
    found = funnel(THREE_PEOPLE, at=datetime.fromisoformat("2026-01-05T12:00"))
    assert counts(found) == {
        "lead": 2,
        "MQL": 2,
        "SAL": 1,
        "SQL": None,
        "opportunity": None,
        "customer": None,
    }


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(AccordError, match="Did you mean origin") as caught:
        funnel(THREE_PEOPLE, by="orgin")
    assert "landing_page" in str(caught.value)


def test_an_empty_lake_says_what_to_do() -> None:
    with pytest.raises(AccordError, match="No person is recorded"):
        funnel(facts_in_hand())


def test_a_later_revision_with_an_empty_cell_takes_nothing_back() -> None:
    engine = lake(profiles="subject | subject_id | origin | occurred_at\n person | alice | | 2026-02-01")
    recorded = engine.rows("SELECT * FROM profiles_revisions")
    (now,) = recorded.to_pylist()
    january = datetime.fromisoformat("2026-01-01")
    before = {**now, "origin": "email", "known_at": january, "occurred_at": january, "superseded_at": now["known_at"]}
    engine.unregister("profiles_revisions")
    engine.register("profiles_revisions", pa.Table.from_pylist([before, now], recorded.schema))
    found = funnel(engine, by="origin")
    assert [(group.value, group.n) for group in found.groups] == [("email", 1)]
    assert found.entered_from == datetime.fromisoformat("2026-01-01")
