"""Answers from the page: given once, taken back within seconds, refused with who and when; nothing typed is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.app.cast import a_head_of_sales, a_marketer, a_rep
from tests.app.handoffs.leads import HOUR, a_lead, in_force, let_seconds_pass
from tests.app.handoffs.test_pages import LIST, PART, bare, client_of, names, page_of, part, tabs, the_one
from tests.app.html import faults

from accord_app.handoffs import actions
from accord_app.handoffs.models import Handoff, Note, Undoable
from accord_app.ledger.models import HandoffEvent, Touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Handoff:
    """A lead that waits for Tomás."""
    in_force()
    a_rep()
    return a_lead(at=timezone.now() - HOUR)


def to(verb: str, handoff: Handoff, query: str = "?view=mine") -> str:
    return reverse(f"handoffs:{verb}", args=[handoff.pk]) + query


def pending() -> list[tuple[str, str, str]]:
    return list(Undoable.objects.order_by("id").values_list("event", "reason", "by"))


def taken_on(handoff: Handoff, at: datetime | None = None) -> None:
    actions.accept(handoff=handoff, by=a_rep(), at=at or timezone.now())
    let_seconds_pass(at or timezone.now())
    handoff.refresh_from_db()


def test_accepting_works_without_script_and_can_be_undone_from_the_next_page(lead: Handoff) -> None:
    client = client_of(a_rep())
    answer = client.post(to("accept", lead), follow=True)
    assert answer.redirect_chain == [(the_one(lead) + "?view=mine", 303)]
    page = answer.content.decode()
    assert faults(page) == []
    assert "Accepted." in page and pending() == [("accepted", "", "tomas")]
    undo = reverse("handoffs:undo") + f"?view=mine&handoff={lead.pk}"
    assert undo.replace("&", "&amp;") in page
    back = client.post(undo, follow=True)
    assert "Taken back. Nothing was changed." in back.content.decode() and pending() == []


def test_accepting_from_the_list_leads_back_to_the_list(lead: Handoff) -> None:
    answer = client_of(a_rep()).post(to("accept", lead), {"from": "list"})
    assert (answer.status_code, answer["Location"]) == (303, LIST + "?view=mine")


def test_an_answer_is_shown_at_once_and_takes_effect_when_its_seconds_are_over(lead: Handoff) -> None:
    client = client_of(a_rep())
    client.post(to("accept", lead))
    page = page_of(a_rep())
    assert names(page) == ["Birgit Sommer"] and "Accepted" in page and "/accept/" not in page
    let_seconds_pass(timezone.now())
    lead.refresh_from_db()
    assert lead.status == "accepted"
    assert "Contact in" in page_of(a_rep())


def test_the_same_answer_twice_is_given_once(lead: Handoff) -> None:
    client = client_of(a_rep())
    for _ in range(3):
        assert client.post(to("accept", lead)).status_code == 303
    assert pending() == [("accepted", "", "tomas")]


def test_a_stale_page_is_told_who_answered_and_shows_how_it_stands(lead: Handoff) -> None:
    zoe = a_rep("zoe", "Zoë Adler")
    client_of(zoe).post(to("accept", lead))
    late = client_of(a_rep()).post(to("reject", lead), {"reason": "no_fit"})
    page = late.content.decode()
    assert late.status_code == 409 and faults(page) == []
    assert "zoe has just accepted this handoff." in page and 'role="alert"' in page
    assert pending() == [("accepted", "", "zoe")]
    let_seconds_pass(timezone.now())
    later = client_of(a_rep()).post(to("accept", lead), headers=PART)
    assert later.status_code == 409 and "This handoff is accepted already" in later.content.decode()


def test_a_rejection_carries_an_agreed_reason(lead: Handoff) -> None:
    client = client_of(a_rep())
    answer = client.post(to("reject", lead), {"reason": "too_small"}, follow=True)
    assert "Rejected: Company too small." in answer.content.decode()
    let_seconds_pass(timezone.now())
    lead.refresh_from_db()
    assert (lead.status, lead.reason, lead.contradicted) == ("rejected", "too_small", True)
    page = page_of(a_rep(), view="rejected")
    assert "Rejected: Company too small" in page


@pytest.mark.parametrize("reason", ["", "never-agreed", "x" * 100_000, "timing", "\0", "<b>"])
def test_another_reason_is_refused_and_the_agreed_ones_are_named(lead: Handoff, reason: str) -> None:
    client = client_of(a_rep())
    page = client.post(to("reject", lead), {"reason": reason})
    assert page.status_code == 409 and "Choose one of the agreed reasons." in page.content.decode()
    swapped = client.post(to("reject", lead), {"reason": reason}, headers=PART)
    assert swapped.status_code == 409 and "Does not need what we make" in swapped.content.decode()
    assert pending() == []


def test_without_script_the_reasons_are_a_page_that_tells_contradictions_beforehand(lead: Handoff) -> None:
    page = client_of(a_rep()).get(to("reject", lead)).content.decode()
    assert faults(page) == []
    assert "Company too small" in page and "The facts say otherwise: 1,400 employees." in page


def test_a_contradiction_is_told_as_soon_as_the_reason_is_chosen(lead: Handoff) -> None:
    client = client_of(a_rep())
    said = client.get(to("against", lead, ""), {"reason": "too_small"}).content.decode()
    assert "means that employees are less than 100. The facts say otherwise: 1,400 employees." in said
    for silent in ("no_fit", "", "never"):
        assert client.get(to("against", lead, ""), {"reason": silent}).content.decode().strip() == ""


def test_recycling_says_from_when_the_lead_can_come_back(lead: Handoff) -> None:
    client = client_of(a_rep())
    date = (timezone.now() + timedelta(days=30)).astimezone(ZoneInfo("Europe/Berlin"))
    assert f"To keep-warm, back from {date.day} {date:%B}" in client.get(to("recycle", lead)).content.decode()
    client.post(to("recycle", lead), {"reason": "timing"})
    let_seconds_pass(timezone.now())
    lead.refresh_from_db()
    assert (lead.status, lead.reason) == ("recycled", "timing")


def test_an_answer_by_htmx_is_the_handoff_its_row_and_the_counts_of_a_fresh_page(lead: Handoff) -> None:
    client = client_of(a_rep())
    swapped = client.post(to("accept", lead), headers=PART).content.decode()
    assert faults(swapped, is_part=True) == []
    assert "Accepted." in swapped and "#toasts" in swapped
    fresh = client.get(the_one(lead), {"view": "mine"}).content.decode()
    for name in ("detail", f"row-{lead.pk}"):
        assert part(swapped, name) == part(fresh, name)
    assert tabs(swapped) == tabs(fresh)


def test_several_are_answered_together_and_taken_back_together(lead: Handoff) -> None:
    others = [a_lead(f"p{n}", at=timezone.now() - HOUR) for n in range(4)]
    client = client_of(a_head_of_sales())
    ids = [lead.pk, *(each.pk for each in others)]
    done = client.post(
        reverse("handoffs:together") + "?view=all", {"do": "reject", "reason": "no_fit", "handoff": ids}, follow=True
    )
    page = done.content.decode()
    assert "Rejected: 5." in page and len(pending()) == 5
    undo = page.split('action="/handoffs/undo/')[-1].split('"')[0].replace("&amp;", "&")
    assert "Taken back." in client.post(f"/handoffs/undo/{undo}", follow=True).content.decode()
    assert pending() == []


def test_together_those_that_cannot_be_answered_stay_and_are_told(lead: Handoff) -> None:
    other = a_lead("other", at=timezone.now() - HOUR)
    zoe = a_rep("zoe", "Zoë Adler")
    actions.accept(handoff=lead, by=zoe, at=timezone.now())
    page = client_of(a_rep()).post(
        reverse("handoffs:together"), {"do": "accept", "handoff": [lead.pk, other.pk]}, follow=True
    )
    assert (
        "Accepted: 1." in page.content.decode()
        and "Left as they were: 1. zoe has just accepted" in page.content.decode()
    )
    assert pending() == [("accepted", "", "zoe"), ("accepted", "", "tomas")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"do": "accept"}, "Nothing was selected."),
        ({"do": "reject", "handoff": ["x"]}, "Choose a reason."),
        ({"do": "burn", "handoff": ["x"]}, "burn is not one of the available choices."),
        ({"do": "accept", "handoff": ["x"] * 500}, "500 handoffs are too many at once."),
    ],
)
def test_together_what_is_missing_is_told(lead: Handoff, said: dict[str, Any], told: str) -> None:
    page = client_of(a_rep()).post(reverse("handoffs:together"), said, follow=True)
    assert told in page.content.decode() and pending() == []


def test_a_logged_call_is_a_claimed_touch_and_makes_contact_once(lead: Handoff) -> None:
    taken_on(lead, timezone.now() - timedelta(minutes=10))
    client = client_of(a_rep())
    for _ in range(2):
        assert client.post(to("touch", lead), {"kind": "call.connected", "occurred_at": ""}).status_code == 303
    touch = Touch.facts().get(side="sales")
    assert (touch.kind, touch.by, touch.evidence) == ("call.connected", "tomas", "claimed")
    lead.refresh_from_db()
    assert lead.status == "contacted"
    assert HandoffEvent.facts().filter(event="contacted").count() == 1
    page = page_of(a_rep(), the_one(lead))
    assert "First contact by Tomás Rivera" in page and "as logged by hand" in page


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"kind": "fax"},
        {"kind": "call.connected", "occurred_at": "tomorrow"},
        {"kind": "call.connected", "occurred_at": "9999-12-31T23:00"},
        {"kind": "call.connected", "occurred_at": "0001-01-01T00:00"},
        {"kind": "\0"},
    ],
)
def test_a_touch_that_cannot_be_logged_is_told_and_the_form_kept(lead: Handoff, said: dict[str, str]) -> None:
    taken_on(lead)
    answer = client_of(a_rep()).post(to("touch", lead), said)
    assert answer.status_code == 409 and 'role="alert"' in answer.content.decode()
    assert not Touch.facts().filter(side="sales").exists()


def test_a_note_is_kept_once_and_what_cannot_be_kept_is_not_lost(lead: Handoff) -> None:
    client = client_of(a_marketer())
    for _ in range(2):
        assert client.post(to("note", lead), {"text": "Asks about wash-down <b>80 °C</b>"}).status_code == 303
    assert Note.objects.get().by == "jonas"
    assert "wash-down &lt;b&gt;80 °C" in page_of(a_rep(), the_one(lead))
    long = client.post(to("note", lead), {"text": "y" * 5000})
    assert long.status_code == 409 and "y" * 5000 in long.content.decode()
    assert client.post(to("note", lead), {"text": "  "}).status_code == 409
    assert Note.objects.count() == 1


def test_marketing_replies_to_a_rejection_and_to_nothing_else(lead: Handoff) -> None:
    client = client_of(a_marketer())
    early = client.post(to("reply", lead), {"text": "They have 1,400 people."})
    assert early.status_code == 409 and "They have 1,400 people." in early.content.decode()
    at = timezone.now()
    actions.reject(handoff=lead, reason="too_small", by=a_rep(), at=at)
    let_seconds_pass(at)
    for _ in range(2):
        assert client.post(to("reply", lead), {"text": "They have 1,400 people."}).status_code == 303
    assert HandoffEvent.facts().filter(event="replied").count() == 1
    page = page_of(a_rep(), the_one(lead))
    assert "Reply to the rejection by Jonas Weber" in page and "They have 1,400 people." in page


def test_qualifying_makes_an_sql(lead: Handoff) -> None:
    taken_on(lead, timezone.now() - timedelta(minutes=10))
    client_of(a_rep()).post(to("qualify", lead))
    let_seconds_pass(timezone.now())
    lead.refresh_from_db()
    assert lead.status == "qualified"
    assert "Qualified" in page_of(a_marketer(), view="qualified")


def test_who_may_gives_a_handoff_to_a_colleague_who_sees_it_at_once(lead: Handoff) -> None:
    zoe, clara = a_rep("zoe", "Zoë Adler"), a_head_of_sales()
    page = page_of(clara, the_one(lead))
    assert "Give this handoff to somebody else" in page and "Zoë Adler" in page
    assert client_of(zoe).post(to("assign", lead), {"to": "zoe"}).status_code == 403
    refused = client_of(clara).post(to("assign", lead), {"to": "amy"})
    assert refused.status_code == 409 and "Choose one of the people listed." in refused.content.decode()
    for _ in range(2):
        told = client_of(clara).post(to("assign", lead), {"to": "zoe"})
    assert told.status_code in (303, 409)
    lead.refresh_from_db()
    assert lead.owner == "zoe" and HandoffEvent.facts().filter(event="rerouted").count() == 1
    after = page_of(zoe, the_one(lead))
    assert "Moved to Zoë Adler" in after and "With Tomás Rivera, until it moved on" in after


def test_after_the_seconds_an_undo_is_refused_in_words(lead: Handoff) -> None:
    client = client_of(a_rep())
    at = timezone.now() - timedelta(seconds=30)
    actions.accept(handoff=lead, by=a_rep(), at=at)
    told = client.post(reverse("handoffs:undo") + f"?handoff={lead.pk}", follow=True).content.decode()
    assert "The ten seconds are over" in told and len(pending()) == 1


def test_an_expired_session_leads_to_sign_in_and_nothing_is_done(lead: Handoff) -> None:
    client = Client()
    assert client.post(to("accept", lead)).status_code == 302
    assert client.get(LIST).status_code == 302
    assert pending() == []


def test_a_form_without_its_token_is_refused(lead: Handoff) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_rep())
    assert client.post(to("accept", lead)).status_code == 403
    assert pending() == []


def test_only_what_can_follow_is_offered() -> None:
    in_force()
    tomas, now = a_rep(), timezone.now()
    shown = {
        status: page_of(tomas, the_one(bare(status, status=status, closed_at=now if is_closed else None)))
        for status, is_closed in (("offered", False), ("accepted", False), ("rejected", True))
    }
    assert 'data-busy="Accepting…"' in shown["offered"] and "Log a touch" not in shown["offered"]
    assert "Qualify</button>" in shown["accepted"] and "Log a touch" in shown["accepted"]
    assert 'data-busy="Accepting…"' not in shown["accepted"]
    assert 'id="reject"' not in shown["rejected"] and "Qualify</button>" not in shown["rejected"]
