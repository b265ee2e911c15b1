"""The question, asked live: what is known in, who may be written to out (M41, M42)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.db import DatabaseError, transaction
from tests.app import cast
from tests.app.handoffs.leads import DAY, HOUR, a_lead
from tests.app.shield.worlds import CONTACT, a_campaign_list, a_deal, a_person, agreed, mailed

from accord.agreement.contact import held_back_sql
from accord.agreement.kinship import tell_relatives
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.engine import engine_of
from accord_app.ledger.reads import version_in_force
from accord_app.records.actions import record
from accord_app.records.models import Person
from accord_app.shield import inquiring, overriding, working_out
from accord_app.shield.asking import NoAgreementError, Question, may_contact
from accord_app.shield.inquiring import Asker
from accord_app.shield.models import Inquiry, Override, TakenBack
from accord_app.shield.overriding import CannotLetThroughError

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
PROGRAM = Asker("Mailer", is_program=True)


def test_each_is_held_back_by_the_first_clause_and_until_when_time_lets_go() -> None:
    agreed()
    people = a_campaign_list(NOW)
    found = may_contact(people, Question(), at=NOW)
    assert {person: (each.clause, each.until) for person, each in found.items()} == {
        "free": (None, None),
        "deal": ("contact.shield.0", NOW + 35 * DAY + MOMENT),
        "often": ("contact.frequency.0", NOW + 4 * DAY),
        "shy": ("contact.consent.marketing.email", None),
        "gone": ("contact.never", None),
    }


def test_the_answer_changes_when_it_said_that_it_would() -> None:
    agreed()
    a_campaign_list(NOW)
    for person in ("deal", "often"):
        until = may_contact([person], Question(), at=NOW)[person].until
        assert until is not None
        assert not may_contact([person], Question(), at=until - MOMENT)[person].may
        assert may_contact([person], Question(), at=until)[person].may


def test_an_invitation_goes_through_where_the_clause_lets_it() -> None:
    agreed()
    a_lead("birgit", at=NOW - HOUR)
    a_person("birgit", at=NOW - HOUR)
    assert may_contact(["birgit"], Question(), at=NOW)["birgit"].clause == "contact.shield.1"
    assert may_contact(["birgit"], Question(message="event-invitation"), at=NOW)["birgit"].may


def test_sales_may_write_where_only_marketing_is_held_back() -> None:
    agreed()
    a_campaign_list(NOW)
    assert may_contact(["deal"], Question("sales.call", "sales"), at=NOW)["deal"].may


def test_messages_from_before_every_agreed_window_need_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a later revision moves a message into the window or out of it."""
    agreed(frequency=[{"side": "any", "at_most": 2, "per": "7d"}, {"side": "marketing", "at_most": 3, "per": "30d"}])
    days = {"a": (1, 2), "b": (1, 40), "c": (8, 20, 29), "d": (29, 31, 32), "e": (6.9, 7, 30), "f": ()}
    for person, ago in days.items():
        a_person(person, at=NOW - 90 * DAY)
        for each in ago:
            mailed(person, at=NOW - each * DAY)
    mail = {"id": "moved", "person_id": "f", "kind": "email.sent", "side": "marketing"}
    for known, occurred in ((60, 60), (5, 5), (2, 50)):
        record("touches", [mail | {"occurred_at": NOW - occurred * DAY}], at=NOW - known * DAY, source="mailer")
    found = [may_contact(days, Question(), at=NOW + hours * HOUR) for hours in (0, 1, 48)]
    monkeypatch.setattr(working_out, "written_within", lambda _: timedelta(days=900))
    assert found == [may_contact(days, Question(), at=NOW + hours * HOUR) for hours in (0, 1, 48)]
    held = {person for person, each in found[0].items() if not each.may}
    assert held == {"a", "c"}


def test_many_are_answered_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    agreed()
    people = a_campaign_list(NOW)
    few = may_contact(people, Question(), at=NOW)
    monkeypatch.setattr(working_out, "FEW", 0)
    assert may_contact(people, Question(), at=NOW) == few
    monkeypatch.setattr(working_out, "PEOPLE_AT_ONCE", 2)
    assert may_contact(people, Question(), at=NOW) == few


def test_the_question_is_the_replays() -> None:
    """The live answer against the shared SQL over the same facts, as a replay asks it."""
    agreed()
    people = a_campaign_list(NOW)
    live = {person: each.clause for person, each in may_contact(people, Question(), at=NOW).items()}
    version = version_in_force(NOW)
    assert version is not None
    engine = engine_of(people)
    moments = {"person_id": people, "moment": pa.array([NOW.replace(tzinfo=None)] * 5, pa.timestamp("us"))}
    engine.register("moments", pa.table({**moments, "message": pa.nulls(5, pa.string())}))
    rows = engine.rows(held_back_sql(version.rules)).to_pylist()
    assert {row["person_id"]: row["held_by"] for row in rows} == live


def test_the_question_about_a_family_is_the_replays() -> None:
    """A negotiation with the account above Free's, live for few and for many, against the lake."""
    agreed(shield=[{**CONTACT["shield"][0], "including_family": True}])
    people = a_campaign_list(NOW)
    row = {"id": "of", "subject": "account", "subject_id": "at-free", "account_id": "at-deal", "occurred_at": NOW}
    record("profiles", [row], at=NOW, source="crm")
    live = {person: each.clause for person, each in may_contact(people, Question(), at=NOW).items()}
    assert live["free"] == live["deal"] == "contact.shield.0"
    carry(at=NOW)
    version = version_in_force(NOW)
    assert version is not None
    engine = lake.ledger().connect()
    moments = {"person_id": people, "moment": pa.array([NOW.replace(tzinfo=None)] * 5, pa.timestamp("us"))}
    engine.register("moments", pa.table({**moments, "message": pa.nulls(5, pa.string())}))
    tell_relatives(engine, version.rules)
    rows = engine.rows(held_back_sql(version.rules)).to_pylist()
    assert {row["person_id"]: row["held_by"] for row in rows} == live


def test_nobody_answers_before_an_agreement_is_in_force() -> None:
    with pytest.raises(NoAgreementError):
        may_contact(["free"], Question(), at=NOW)


# Asking about a list


def test_an_answer_is_kept_and_opens_later_as_it_was() -> None:
    agreed()
    people = a_campaign_list(NOW)
    asked = inquiring.ask([*people, "nobody-here"], Question(), by=PROGRAM, at=NOW)
    mailed("free", at=NOW)
    mailed("free", at=NOW)
    opened = inquiring.opened(Inquiry.objects.get(pk=asked.inquiry.pk))
    assert opened.answers == asked.answers
    assert [(each.index, each.problem) for each in opened.refused] == [(5, "nobody is known by this")]
    assert (asked.inquiry.people, asked.inquiry.held) == (5, 4)
    assert asked.inquiry.counts["contact.shield.0"] == 1


def test_an_address_means_every_record_that_holds_it_and_the_strictest_counts() -> None:
    agreed()
    a_person("first", at=NOW - DAY)
    a_person("second", at=NOW - DAY)
    a_deal("second", at=NOW - DAY)
    Person.objects.filter(pk="second").update(email="First@site.example")
    (each,) = inquiring.ask(["first@SITE.example"], Question(), by=PROGRAM, at=NOW).answers
    assert (each.person_id, each.verdict.clause) == ("second", "contact.shield.0")


def test_an_address_that_nobody_knows_is_answered_without_facts() -> None:
    agreed()
    (each,) = inquiring.ask(["new@site.example"], Question(), by=PROGRAM, at=NOW).answers
    assert not each.is_known
    assert each.verdict.clause == "contact.consent.marketing.email"


def test_what_is_asked_again_under_the_same_mark_is_answered_once() -> None:
    agreed()
    a_campaign_list(NOW)
    first = inquiring.ask(["free"], Question(), by=PROGRAM, at=NOW, once="key:1:a")
    mailed("free", at=NOW)
    again = inquiring.ask(["free"], Question(), by=PROGRAM, at=NOW + HOUR, once="key:1:a")
    assert again.inquiry.pk == first.inquiry.pk
    assert again.answers == first.answers
    with pytest.raises(inquiring.OtherQuestionError):
        inquiring.ask(["deal"], Question(), by=PROGRAM, at=NOW, once="key:1:a")


def test_old_answers_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    agreed()
    a_campaign_list(NOW)
    for place in range(4):
        inquiring.ask(["free", "deal"], Question(), by=PROGRAM, at=NOW + place * HOUR)
    monkeypatch.setattr(inquiring, "KEPT_PEOPLE", 4)
    inquiring.ask(["free", "deal"], Question(), by=PROGRAM, at=NOW + DAY)
    assert Inquiry.objects.count() == 2
    inquiring.ask(["free"], Question(), by=PROGRAM, at=NOW + 100 * DAY)
    assert Inquiry.objects.count() == 1


# Overrides


def let(person: str, *, days: int = 7, by: str = "tomas", reason: str = "Asked for it herself.") -> Override:
    member = cast.a_rep(by) if by in ("tomas", "zoe") else cast.a_revops()
    until = NOW + days * DAY
    found = Person.objects.get(pk=person)
    return overriding.let_through(person=found, question=Question(), until=until, reason=reason, by=member, at=NOW)


@pytest.mark.parametrize("by", ["tomas", "ada"])
def test_the_owner_or_revops_lets_a_message_through_until_a_moment(by: str) -> None:
    agreed()
    a_campaign_list(NOW)
    given = let("deal", by=by)
    found = may_contact(["deal"], Question(), at=NOW)["deal"]
    assert (found.clause, found.until) == (None, NOW + 7 * DAY)
    assert not may_contact(["deal"], Question(), at=given.until)["deal"].may
    assert not may_contact(["deal"], Question("survey"), at=NOW)["deal"].may


def test_a_frequency_can_be_let_through() -> None:
    agreed()
    a_campaign_list(NOW)
    let("often", by="ada")
    assert may_contact(["often"], Question(), at=NOW)["often"].may


@pytest.mark.parametrize(
    ("person", "by", "days", "reason", "said"),
    [
        ("shy", "ada", 7, "x", "Nobody can let this through"),
        ("gone", "ada", 7, "x", "Nobody can let this through"),
        ("free", "ada", 7, "x", "Nothing holds the message back"),
        ("deal", "zoe", 7, "x", "Only the owner"),
        ("often", "tomas", 7, "x", "Only the owner"),
        ("deal", "tomas", 7, "  ", "needs a reason"),
        ("deal", "tomas", 0, "x", "must end"),
        ("deal", "tomas", 400, "x", "must end"),
    ],
)
def test_what_cannot_be_let_through(person: str, by: str, days: int, reason: str, said: str) -> None:
    agreed()
    a_campaign_list(NOW)
    with pytest.raises(CannotLetThroughError, match=said):
        let(person, days=days, by=by, reason=reason)
    assert not Override.objects.exists()


def test_whoever_withdraws_consent_is_not_written_to_whatever_was_let_through() -> None:
    agreed()
    a_campaign_list(NOW)
    let("deal", by="ada")
    a_person("deal", at=NOW + HOUR, said="withdrawn")
    assert may_contact(["deal"], Question(), at=NOW + HOUR)["deal"].clause == "contact.never"


def test_an_override_is_taken_back_once_and_stays_on_record() -> None:
    agreed()
    a_campaign_list(NOW)
    given = let("deal")
    with pytest.raises(CannotLetThroughError):
        overriding.take_back(override=given, by=cast.a_rep("zoe", "Zoë Baumann"), at=NOW)
    for _ in range(2):
        overriding.take_back(override=given, by=cast.a_rep(), at=NOW + HOUR)
    assert TakenBack.objects.count() == 1
    assert not may_contact(["deal"], Question(), at=NOW + HOUR)["deal"].may


def test_the_database_keeps_overrides() -> None:
    agreed()
    a_campaign_list(NOW)
    given = let("deal")
    for change in (
        lambda: Override.objects.filter(pk=given.pk).update(until=NOW + 90 * DAY),
        lambda: Override.objects.filter(pk=given.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert Override.objects.filter(pk=given.pk).update(reason="erased") == 1
