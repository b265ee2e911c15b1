"""What follows a rejection: marketing's reply on its own clock, and a second look by the liaison."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.app.cast import a_head_of_marketing, a_marketer, a_rep, a_revops
from tests.app.handoffs.leads import AGREED, DAY, HOUR, a_lead, in_force, let_seconds_pass, let_time_pass
from tests.app.handoffs.test_pages import LIST, PART, bare, client_of, names, page_of, tabs, the_one

from accord.agreement import counting
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Span
from accord.insight.replay.replay import replay
from accord.insight.replay.reproduction import reproduction
from accord_app.handoffs import actions, afterwards, rebuilding
from accord_app.handoffs.deciding import decide_about, desk
from accord_app.handoffs.models import Handoff, Note
from accord_app.handoffs.rebuilding import rebuild
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import HandoffEvent
from accord_app.ledger.reads import rules_of
from accord_app.outbox.models import Message
from accord_app.records.actions import record
from accord_app.shell.models import Company
from accord_app.work.models import Job

pytestmark = pytest.mark.django_db
SAID = {"text": "They have 410 people."}
OFFICE = {"hours": {"mon-fri": "09:00-17:00"}}
TUESDAY = datetime.fromisoformat("2026-03-03T10:00:00+00:00")


def rejected(person: str = "birgit", *, ago: timedelta = HOUR, reason: str = "too_small", **lead: Any) -> Handoff:
    """A lead of 410 people that Tomás rejected some time ago."""
    at = timezone.now() - ago
    return rejected_at(at, person, reason=reason, **lead)


def rejected_at(at: datetime, person: str = "birgit", *, reason: str = "too_small", **lead: Any) -> Handoff:
    handoff = a_lead(person, at=at - HOUR, employees=410, **lead)
    actions.reject(handoff=handoff, reason=reason, by=a_rep(), at=at)
    let_seconds_pass(at)
    handoff.refresh_from_db()
    return handoff


def to(verb: str, handoff: Handoff, query: str = "?view=replies") -> str:
    return reverse(f"handoffs:{verb}", args=[handoff.pk]) + query


def told(kind: str) -> list[tuple[str, str]]:
    return list(Message.objects.filter(kind=kind).order_by("id").values_list("to__handle", "about"))


@pytest.fixture
def house() -> None:
    in_force()
    a_rep()
    a_marketer()
    a_revops()


# the clock


def test_a_rejection_gets_the_due_moment_that_the_metric_judges_by() -> None:
    in_force(calendar=OFFICE)
    a_rep()
    handoff = rejected_at(TUESDAY)
    assert handoff.reply_due == TUESDAY + 2 * DAY
    carry(at=TUESDAY + HOUR)
    span = Span("all", TUESDAY - 30 * DAY, TUESDAY + 30 * DAY)
    agreement = rules_of(handoff.version).agreement
    judged = counting.rows(
        lake.ledger().connect(memory="1GB"), agreement, METRICS["replied_in_time"], span, at=TUESDAY + HOUR
    ).to_pylist()
    assert [(row["verdict"], row["due_at"]) for row in judged] == [("open", handoff.reply_due.replace(tzinfo=None))]


def test_without_an_agreed_reply_no_clock_runs() -> None:
    in_force(answers=_without("reply", "second_look"))
    a_rep()
    handoff = rejected()
    assert (handoff.reply_due, handoff.look_due) == (None, None)
    assert names(page_of(a_marketer(), view="replies")) == []


def _without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in AGREED["answers"].items() if key not in keys}


def test_what_the_ledger_says_of_replies_is_what_the_desk_kept(house: None) -> None:
    handoff = rejected()
    actions.reply(handoff=handoff, by=a_marketer(), at=timezone.now(), second_look=True, text="410 people.")
    kept = Handoff.objects.values("reply_due", "replied_at", "look_due", "looked_at", "verdict").get()
    assert kept["replied_at"] and kept["look_due"]
    carry(at=timezone.now())
    rebuild(at=timezone.now())
    assert Handoff.objects.values(*kept).get() == kept


def test_rejections_from_before_get_their_clocks_some_at_a_time(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "SOME", 2)
    for number in range(5):
        rejected(f"p{number}")
    replied, looked = Handoff.objects.order_by("pk")[:2]
    actions.reply(handoff=replied, by=a_marketer(), at=timezone.now(), second_look=False, text="Agreed.")
    actions.reply(handoff=looked, by=a_marketer(), at=timezone.now(), second_look=True, text="410 people.")
    names = ("reply_due", "replied_at", "look_due", "looked_at", "verdict")
    kept = list(Handoff.objects.order_by("pk").values("pk", *names))
    Handoff.objects.update(reply_due=None, replied_at=None, look_due=None)
    for _ in range(2):
        rebuilding.catch_up([], timezone.now())
        assert list(Handoff.objects.order_by("pk").values("pk", *names)) == kept


# the list


def test_marketing_finds_what_waits_for_its_reply_soonest_first(house: None) -> None:
    rejected("late", ago=3 * DAY, name="Lara Late")
    rejected("soon", ago=44 * HOUR, name="Sina Soon")
    rejected("new", ago=HOUR, name="Nora New", reason="no_fit")
    page = page_of(a_marketer(), view="replies")
    assert names(page) == ["Lara Late", "Sina Soon", "Nora New"]
    assert "Reply 24 h late" in page and "Reply in 4 h" in page.replace("3 h 59 m", "4 h")
    assert "Rejected: Company too small" in page and page.count("Facts say otherwise") == 2
    assert tabs(page)["To reply to"] == "3"
    assert "To reply to" not in tabs(page_of(a_rep()))


def test_today_begins_with_what_waits_for_a_reply(house: None) -> None:
    rejected()
    page = page_of(a_marketer(), reverse("today:today"))
    assert "One rejection waits for your reply." in page and "Waiting for your reply" in page
    assert reverse("handoffs:reply", args=[Handoff.objects.get().pk]) in page


def test_twice_the_rows_take_the_same_number_of_queries(house: None) -> None:
    def add(first: int) -> None:
        at = timezone.now() - HOUR
        for n in range(first, first + 10):
            bare(f"p{n}", status="rejected", closed_at=at, reason="no_fit", reply_due=at + DAY, look_due=at + DAY)

    for user, view in ((a_marketer(), "replies"), (a_revops(), "second-look")):
        client, taken = client_of(user), []
        for first in (100, 200):
            add(first if view == "replies" else first + 500)
            client.get(LIST, {"view": view})
            with CaptureQueriesContext(connection) as queries:
                client.get(LIST, {"view": view})
            taken.append(len(queries))
        assert taken[0] == taken[1]


# the reply


def test_a_reply_is_asked_for_beside_the_list_and_on_a_page_of_its_own(house: None) -> None:
    handoff = rejected()
    client = client_of(a_marketer())
    page = page_of(a_marketer(), to("reply", handoff))
    asked = client.get(to("reply", handoff), headers=PART).content.decode()
    for text in (page, asked):
        assert "The facts say otherwise: 410 employees." in text and "Ask for a second look" in text
    open_one = a_lead("open", at=timezone.now())
    assert client.get(to("reply", open_one)).status_code == 303
    assert client_of(a_rep()).get(to("reply", handoff)).status_code == 403


def test_a_reply_from_the_list_leaves_it_and_stays_visible_as_in_time(house: None) -> None:
    handoff = rejected()
    client = client_of(a_marketer())
    done = client.post(to("reply", handoff), SAID, headers=PART)
    assert done.status_code == 200 and "Replied" in done.content.decode()
    assert names(page_of(a_marketer(), view="replies")) == []
    assert "in time" in page_of(a_marketer(), view="rejected")
    page = page_of(a_rep(), the_one(handoff))
    assert "They have 410 people." in page and "Reply to the rejection by Jonas Weber" in page
    assert told("rejection_replied") == [("tomas", f"handoff:{handoff.pk}")]


def test_a_late_reply_stays_late(house: None) -> None:
    handoff = rejected(ago=3 * DAY)
    client_of(a_marketer()).post(to("reply", handoff), SAID)
    assert ", late" in page_of(a_marketer(), view="rejected")
    assert "24 h after it was due" in page_of(a_rep(), the_one(handoff))


def test_what_was_typed_stays_when_a_reply_is_refused(house: None) -> None:
    handoff = rejected()
    answer = client_of(a_marketer()).post(to("reply", handoff), {"text": "y" * 5000})
    assert answer.status_code == 409 and "y" * 5000 in answer.content.decode()
    assert not HandoffEvent.facts().filter(event="replied").exists()


# reminders


def test_who_replies_is_reminded_before_and_at_the_end_of_the_clock_and_no_more(house: None) -> None:
    a_head_of_marketing()
    handoff = rejected()
    assert handoff.closed_at and handoff.reply_due
    (soon,) = Job.objects.filter(kind=afterwards.REMIND)
    assert soon.due_at == handoff.closed_at + 36 * HOUR
    afterwards.remind([soon], soon.due_at)
    soon.delete()
    everybody = [("jonas", f"handoff:{handoff.pk}"), ("miro", f"handoff:{handoff.pk}")]
    assert told("reply_due") == everybody
    (late,) = Job.objects.filter(kind=afterwards.REMIND)
    assert late.due_at == handoff.reply_due
    for _ in range(2):
        afterwards.remind([late], late.due_at)
    assert told("reply_due") == everybody * 2
    assert Job.objects.filter(kind=afterwards.REMIND).count() == 1


def test_nobody_is_reminded_of_a_reply_that_was_given(house: None) -> None:
    handoff = rejected()
    actions.reply(handoff=handoff, by=a_marketer(), at=timezone.now(), text="410 people.")
    afterwards.remind(list(Job.objects.filter(kind=afterwards.REMIND)), timezone.now() + DAY)
    assert told("reply_due") == []


# the second look


def test_a_sample_of_rejections_is_put_before_the_liaison() -> None:
    in_force(answers={**AGREED["answers"], "second_look": {"share": 1, "by": "ada", "within": "5d"}})
    handoff = rejected()
    ada = a_revops()
    assert handoff.closed_at and handoff.look_due == handoff.closed_at + 5 * DAY
    page = page_of(ada, view="second-look")
    assert names(page) == ["Birgit Sommer"] and "Second look in 11" in page
    assert "as known at the rejection" in page and "410" in page


def test_a_reply_that_contests_asks_the_liaison_for_a_second_look(house: None) -> None:
    handoff = rejected()
    assert handoff.look_due is None and names(page_of(a_revops(), view="second-look")) == []
    client_of(a_marketer()).post(to("reply", handoff), {**SAID, "second_look": "on"})
    assert names(page_of(a_revops(), view="second-look")) == ["Birgit Sommer"]
    assert told("second_look") == [("ada", f"handoff:{handoff.pk}")]
    assert "asking for a second look" in page_of(a_rep(), the_one(handoff))


def test_whoever_looks_again_is_reminded_once_when_the_time_for_it_is_over() -> None:
    in_force(answers={**AGREED["answers"], "second_look": {"share": 1, "by": "ada", "within": "5d"}})
    ada = a_revops()
    handoff = rejected()
    (late,) = Job.objects.filter(kind=afterwards.REMIND, key__endswith=afterwards.LOOK)
    assert late.due_at == handoff.look_due and told("second_look") == [("ada", f"handoff:{handoff.pk}")]
    for _ in range(2):
        afterwards.remind([late], late.due_at)
    assert told("second_look") == [("ada", f"handoff:{handoff.pk}")] * 2
    assert [message.context["standing"] for message in Message.objects.filter(to=ada).order_by("id")] == [
        "is due", "was due",
    ]  # fmt: skip


def test_nobody_is_reminded_of_a_second_look_that_was_taken() -> None:
    in_force(answers={**AGREED["answers"], "second_look": {"share": 1, "by": "ada", "within": "5d"}})
    ada = a_revops()
    handoff = rejected()
    actions.look_again(handoff=handoff, by=ada, at=timezone.now(), verdict="stands", text="Really small.")
    afterwards.remind(list(Job.objects.filter(key__endswith=afterwards.LOOK)), timezone.now() + 30 * DAY)
    assert told("second_look") == [("ada", f"handoff:{handoff.pk}")]


def test_the_verdict_is_kept_once_with_its_reason_and_both_are_told(house: None) -> None:
    handoff = rejected()
    actions.reply(handoff=handoff, by=a_marketer(), at=timezone.now(), second_look=True, text="410 people.")
    said = {"verdict": "was_good", "why": "410 people is within our line."}
    client = client_of(a_revops())
    assert client.post(to("look_again", handoff), {"verdict": "was_good", "why": ""}).status_code == 409
    assert client.post(to("look_again", handoff), {"verdict": "never", "why": "x"}).status_code == 409
    for _ in range(2):
        assert client.post(to("look_again", handoff), said).status_code == 303
    (event,) = HandoffEvent.facts().filter(event="looked_again")
    assert (event.by, event.reason, event.rule) == ("ada", "was_good", None)
    assert Note.objects.filter(by="ada").count() == 1
    assert sorted(who for who, _ in told("looked_again")) == ["jonas", "tomas"]
    page = page_of(a_rep(), the_one(handoff))
    assert "The lead was good" in page and names(page_of(a_revops(), view="second-look")) == []
    assert client.post(to("look_again", handoff), {**said, "why": "again"}).status_code == 409


@pytest.mark.parametrize("who", [a_rep, a_marketer, a_head_of_marketing])
def test_nobody_else_gives_the_verdict(house: None, who: Any) -> None:
    handoff = rejected()
    actions.reply(handoff=handoff, by=a_marketer(), at=timezone.now(), second_look=True, text="410 people.")
    answer = client_of(who()).post(to("look_again", handoff), {"verdict": "stands", "why": "It is."})
    assert answer.status_code == 404 and not HandoffEvent.facts().filter(event="looked_again").exists()


def test_who_the_agreement_names_gives_the_verdict_whatever_the_role() -> None:
    in_force(answers={**AGREED["answers"], "second_look": {"share": 1, "by": "miro", "within": "5d"}})
    handoff = rejected()
    miro = a_head_of_marketing()
    assert "Keep the verdict" in page_of(miro, the_one(handoff))
    client_of(miro).post(to("look_again", handoff), {"verdict": "stands", "why": "Too far away."})
    handoff.refresh_from_db()
    assert handoff.verdict == "stands" and handoff.looked_at


def arrives_and_is_rejected(person: str, *, at: datetime) -> Handoff:
    """All that is known of somebody comes in at one moment, as it does live."""
    touches = [
        {"id": f"{person}-{kind}", "person_id": person, "kind": kind, "side": "marketing", "occurred_at": at}
        for kind in ("page.pricing", "form.price-request")
    ]
    who = {"id": person, "subject": "person", "subject_id": person, "country": "DE", "name": person, "occurred_at": at}
    with desk(at) as now:
        record("profiles", [who], at=now, source="crm")
        record("touches", touches, at=now, source="site")
        decide_about([person], at=now)
    handoff = Handoff.objects.get(person_id=person)
    actions.reject(handoff=handoff, reason="no_fit", by=a_rep(), at=at + HOUR)
    let_seconds_pass(at + HOUR)
    handoff.refresh_from_db()
    return handoff


AGAIN = {**AGREED["answers"], "second_look": {"share": 1, "by": "ada", "within": "5d", "when_good": "offer_again"}}


def test_a_lead_that_was_good_is_handed_over_again_where_that_is_agreed() -> None:
    in_force(answers=AGAIN)
    ada = a_revops()
    reps = [a_rep(), a_rep("zoe", "Zoe Adams")]
    first = rejected()
    assert "A lead that was good is handed over again at once" in page_of(ada, the_one(first))
    client_of(ada).post(to("look_again", first), {"verdict": "was_good", "why": "410 people is within our line."})
    again = Handoff.objects.get(person_id="birgit", closed_at=None)
    first.refresh_from_db()
    assert (again.offered_at, again.because, again.status) == (first.looked_at, "answers.second_look", "offered")
    assert again.answer_due and again.answer_due > again.offered_at and first.status == "rejected"
    assert f"handoff:{again.pk}" in [about for _, about in told("handoff_offered")]
    shown = page_of(ada, the_one(again))
    day = again.offered_at.astimezone(ZoneInfo(Company.objects.get().time_zone))
    assert f"Second look of {day.day} {day:%b}: was good." in shown
    assert "Handed over again to" in shown and "Second look: was good" in shown
    assert "It was handed over again." in page_of(ada, the_one(first))
    (to_who_rejected,) = Message.objects.filter(kind="looked_again")
    assert to_who_rejected.context["follows"] == "It was handed over again."
    (owner,) = (rep for rep in reps if rep.handle == again.owner)
    actions.accept(handoff=again, by=owner, at=timezone.now())


@pytest.mark.parametrize(("answers", "verdict"), [(AGREED["answers"], "was_good"), (AGAIN, "stands")])
def test_else_it_stays_where_it_is(answers: dict[str, Any], verdict: str) -> None:
    in_force(answers={**answers, "second_look": {**answers["second_look"], "share": 1}})
    ada = a_revops()
    handoff = rejected()
    actions.look_again(handoff=handoff, by=ada, at=timezone.now(), verdict=verdict, text="As it is.")
    assert not Handoff.objects.filter(closed_at=None).exists()
    assert "It was handed over again" not in page_of(ada, the_one(handoff))


def test_a_replay_and_a_rebuilding_say_the_same_of_what_was_handed_over_again() -> None:
    in_force(answers=AGAIN, qualification={"score": {"card": "points", "at_least": 30}})
    rep, ada, now = a_rep(), a_revops(), timezone.now()
    for number, verdict in enumerate(("was_good", "stands", "was_good")):
        at = now - (12 - 3 * number) * HOUR
        handoff = arrives_and_is_rejected(f"p{number}", at=at)
        actions.look_again(handoff=handoff, by=ada, at=at + 2 * HOUR, verdict=verdict, text="Looked.")
    again = Handoff.objects.get(person_id="p0", closed_at=None)
    actions.accept(handoff=again, by=rep, at=now - 2 * HOUR)
    let_seconds_pass(now - 2 * HOUR)
    first = Handoff.objects.get(person_id="p0", status="rejected")
    actions.reply(handoff=first, text="It was within our line.", by=a_marketer(), at=now - HOUR)
    let_time_pass(now)
    carry(at=now)
    engine = lake.ledger().connect(memory="1GB")
    replayed = replay(engine, [rules_of(again.version).agreement])
    assert replayed.acts_without_handoff == 0  # also of the reply, which came after the lead was accepted once more
    replies = [row for row in replayed.handoffs.to_pylist() if row["event"] == "replied"]
    assert [row["handoff_id"] for row in replies] == [first.pk]
    done = reproduction(engine, replayed)
    assert done.exact, done
    kept = list(Handoff.objects.order_by("handoff_id").values("handoff_id", "status", "because", "verdict", "owner"))
    assert [row["because"] for row in kept].count("answers.second_look") == 2
    rebuild(at=now)
    assert list(Handoff.objects.order_by("handoff_id").values(*kept[0])) == kept
