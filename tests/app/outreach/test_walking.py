"""People on their way through a track: each mail once, at the right time, and out when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from tests.app import cast
from tests.app.handoffs.leads import DAY, a_lead, is_away, let_seconds_pass
from tests.app.intake.bringing import a_client, the_page
from tests.app.outreach.nurture import a_track, mail_leaves, steps_pass, where
from tests.app.shield.worlds import a_deal, a_person

from accord.agreement.track import TrackError
from accord_app.handoffs import actions as handoffs
from accord_app.handoffs.handlers import look_daily
from accord_app.handoffs.models import Handoff
from accord_app.ledger.models import ConsentWord, Touch
from accord_app.outbox.models import Letter
from accord_app.outreach import actions, consents, entering
from accord_app.outreach.models import Check, Membership, Passed, Task
from accord_app.records import erasing
from accord_app.records.models import Person

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
Left = Membership.Left


def through(at: datetime) -> None:
    """Steps, mails, and the steps that follow from them."""
    while steps_pass(at) + mail_leaves(at):
        pass


def recycled(person: str = "birgit", at: datetime = NOW) -> Handoff:
    lead = a_lead(person, at=at - DAY)
    handoffs.recycle(handoff=lead, reason="timing", by=cast.a_rep(), at=at)
    let_seconds_pass(at)
    return lead


def test_a_recycled_lead_enters_the_track_that_the_agreement_names_and_goes_through_it() -> None:
    a_track(at=NOW)
    lead = recycled()
    found = where("birgit")
    assert (found.why, found.reason, found.handoff_id) == ("answer", "timing", lead.pk)
    through(NOW + timedelta(minutes=1))
    assert [each.subject for each in mail.outbox] == ["Mail 1"]
    assert mail.outbox[0].body.startswith("Hello Birgit,\n\nthis is mail 1.\n\nNothing new.")
    through(NOW + 13 * DAY)
    assert len(mail.outbox) == 1
    through(NOW + 15 * DAY)
    task = Task.objects.get()
    actions.finish_task(task=task, by=cast.a_marketer(), at=NOW + 15 * DAY)
    through(NOW + 15 * DAY)
    assert where("birgit").left == Left.FINISHED
    assert [each.subject for each in mail.outbox] == ["Mail 1"]  # the score was above the line: mail 2 is passed over
    came = list(Passed.objects.order_by("id").values_list("words", "came"))
    assert came == [
        ("mail warm-1", "sent"), ("wait 14d", "done"), ("when score < 65", "done"), ("mail warm-2", "over"),
        ("task marketing: Look for news", "done"),
    ]  # fmt: skip


def test_a_mail_that_left_is_a_touch_and_the_shield_was_asked() -> None:
    a_track(at=NOW)
    recycled()
    through(NOW + timedelta(minutes=1))
    touch = Touch.facts().get(kind="email.sent")
    assert (touch.side, touch.campaign, touch.asset) == ("marketing", "keep-warm", "warm-1")
    written, leaving = Check.objects.order_by("id")
    assert {(each.clause, each.version) for each in (written, leaving)} == {("", 3)}


def test_the_lead_comes_back_to_sales_by_the_rule_of_the_agreement_and_leaves_the_track() -> None:
    a_track(at=NOW)
    first = recycled()
    through(NOW + timedelta(minutes=1))
    look_daily((), NOW + 31 * DAY)
    again = Handoff.objects.get(person_id="birgit", closed_at=None)
    assert again.because == "answers.recycle.timing.return"
    assert again.pk != first.pk
    assert where("birgit").left == Left.HANDED_OVER
    page = the_page(a_client(cast.a_revops()), f"/handoffs/{again.pk}/")
    assert "<code>mail warm-1</code> sent" in page
    assert "Handed over to sales" in page


def test_who_is_in_negotiation_is_held_back_with_the_clause_and_written_to_when_it_ends() -> None:
    track = a_track(at=NOW)
    a_person("noor", at=NOW - 60 * DAY)
    a_deal("noor", at=NOW - 40 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    through(NOW)
    letter = Letter.objects.get()
    assert (letter.state, letter.held_by, len(mail.outbox)) == ("waiting", "contact.shield.0", 0)
    assert Check.objects.get().clause == "contact.shield.0"
    for day in range(1, 7):
        through(NOW + day * DAY + timedelta(minutes=day))
    assert [each.to for each in mail.outbox] == [["noor@site.example"]]
    assert Check.objects.filter(clause="").count() == 1


def test_a_mail_that_is_held_back_for_a_month_ends_the_track() -> None:
    track = a_track(at=NOW, contact={"shield": [{"when": "country IS NULL", "side": "marketing"}]})
    a_person("noor", at=NOW - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    for day in range(0, 36, 4):
        through(NOW + day * DAY + timedelta(hours=1))
    assert where("noor").left == Left.HELD_BACK
    assert not mail.outbox


def test_who_says_no_leaves_at_once_and_gets_nothing_more() -> None:
    track = a_track(at=NOW)
    a_person("noor", at=NOW - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    steps_pass(NOW)
    consents.unsubscribe(person_id="noor", at=NOW)
    assert where("noor").left == Left.SAID_NO
    assert Letter.objects.get().state == "cancelled"
    through(NOW + DAY)
    assert not mail.outbox


def test_who_is_erased_leaves_and_gets_nothing_more() -> None:
    track = a_track(at=NOW)
    a_person("noor", at=NOW - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    steps_pass(NOW)
    erasing.erase(named="noor", by="ada", at=NOW)
    assert where("noor").left == Left.ERASED
    through(NOW + DAY)
    assert not mail.outbox


def test_nobody_is_in_two_tracks() -> None:
    track = a_track(at=NOW)
    other = actions.write_track(
        name="other", title="Other", steps="mail warm-3", entry="", by=cast.a_marketer(), at=NOW
    ).track
    a_person("noor", at=NOW - 60 * DAY)
    noor = Person.objects.get(pk="noor")
    actions.put_in(track=track, person=noor, by=cast.a_marketer(), at=NOW)
    with pytest.raises(actions.NurtureError, match="in Keep warm already"):
        actions.put_in(track=other, person=noor, by=cast.a_marketer(), at=NOW)


def test_people_finish_the_version_that_they_are_in_or_move_by_choice() -> None:
    track = a_track(at=NOW)
    for name in ("noor", "ines"):
        a_person(name, at=NOW - 60 * DAY)
        actions.put_in(track=track, person=Person.objects.get(pk=name), by=cast.a_marketer(), at=NOW)
    through(NOW)
    actions.write_track(
        name="keep-warm", title="Keep warm", steps="mail warm-1\nmail warm-3", entry="", by=cast.a_marketer(), at=NOW
    )
    actions.move(membership=where("ines"), at=NOW)
    through(NOW)
    assert [(each.to[0][:4], each.subject) for each in mail.outbox if each.to[0].startswith("ines")] == [
        ("ines", "Mail 1"), ("ines", "Mail 3"),
    ]  # fmt: skip
    assert where("ines").left == Left.FINISHED
    through(NOW + 15 * DAY)
    assert [each.subject for each in mail.outbox if each.to[0].startswith("noor")] == ["Mail 1", "Mail 2"]


def test_mails_and_tasks_keep_business_hours() -> None:
    hours = {"hours": {"mon-fri": "09:00-17:00"}}
    track = a_track(at=NOW, calendar=hours)
    a_person("noor", at=NOW - 60 * DAY)
    friday = datetime(2026, 3, 6, 20, tzinfo=UTC)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=friday)
    through(friday)
    assert not Letter.objects.exists()
    assert where("noor").due_at == datetime(2026, 3, 9, 9, tzinfo=UTC)
    through(datetime(2026, 3, 9, 9, 1, tzinfo=UTC))
    assert len(mail.outbox) == 1


def test_a_task_of_the_owner_goes_to_whom_the_person_belongs() -> None:
    track = a_track(at=NOW, steps="task owner: Call about the budget")
    rep = cast.a_rep()
    a_person("noor", at=NOW - 60 * DAY, owner="tomas")
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    through(NOW)
    assert Task.objects.get().who == rep.handle
    assert where("noor").awaits == "task"
    actions.finish_task(task=Task.objects.get(), by=rep, at=NOW + DAY)
    actions.finish_task(task=Task.objects.get(), by=rep, at=NOW + DAY)
    through(NOW + DAY)
    assert where("noor").left == Left.FINISHED
    assert Passed.objects.count() == 1


def test_who_fits_the_rule_comes_in_once_a_day_and_once_ever() -> None:
    track = a_track(at=NOW, entry="country = 'DE'", steps="mail warm-1")
    lead = a_lead("birgit", at=NOW - 20 * DAY)  # with sales: not now
    assert lead.closed_at is None
    a_person("noor", at=NOW - 60 * DAY)
    for person in ("ines", "erik"):
        recycled(person, at=NOW - 2 * DAY)
        entered = where(person)
        actions.leave(membership=entered, because=Left.HAND, at=NOW - DAY)
    Membership.objects.filter(person_id="ines").delete()
    entering.look_by_rule((), NOW)
    assert list(Membership.objects.filter(left_at=None).values_list("person_id", "why")) == [("ines", "rule")]
    through(NOW)
    entering.look_by_rule((), NOW + 2 * DAY)
    assert Membership.objects.filter(person_id="ines", track=track).count() == 1


def test_a_track_that_is_written_later_takes_in_who_was_recycled_before() -> None:
    a_track(name="other", at=NOW, steps="mail warm-1")
    lead = recycled()
    assert not Membership.objects.exists()
    track = actions.write_track(
        name="keep-warm", title="Keep warm", steps="mail warm-1", entry="", by=cast.a_marketer(), at=NOW
    ).track
    assert entering.catch_up(track=track, at=NOW + DAY) == 1
    assert entering.catch_up(track=track, at=NOW + DAY) == 0
    assert where("birgit").handoff_id == lead.pk


def test_an_address_that_takes_no_mail_is_a_fact_and_ends_the_track(monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_app.outbox.carrier import Line, RefusedError

    def refuse(line: Line, message: object) -> str:
        raise RefusedError("550 no such user", is_address=True)

    monkeypatch.setattr(Line, "send_once", refuse)
    track = a_track(at=NOW)
    a_person("noor", at=NOW - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    through(NOW)
    assert ConsentWord.facts().filter(person_id="noor", status="bounced").count() == 1
    assert where("noor").left == Left.BOUNCED


def test_a_track_names_colleagues_and_templates_that_there_are() -> None:
    a_track(at=NOW)
    by = cast.a_marketer()
    with pytest.raises(TrackError, match="There is no template cold-1"):
        actions.write_track(name="t", title="T", steps="mail cold-1", entry="", by=by, at=NOW)
    with pytest.raises(TrackError, match="There is no colleague nobody"):
        actions.write_track(name="t", title="T", steps="task nobody: Call", entry="", by=by, at=NOW)
    with pytest.raises(TrackError, match="Condition"):
        actions.write_track(name="t", title="T", steps="mail warm-1", entry="scoer > 3", by=by, at=NOW)


def test_a_colleague_who_is_away_still_owns_the_task() -> None:
    cast.a_rep()
    track = a_track(at=NOW, steps="task tomas: Call")
    is_away("tomas", at=NOW - DAY, until=NOW + 3 * DAY)
    a_person("noor", at=NOW - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk="noor"), by=cast.a_marketer(), at=NOW)
    through(NOW)
    assert Task.objects.get().who == "tomas"
