"""The test bench: what the agreement and a draft decide about somebody, or about a lead that is typed; and on the page
of a person why not. It is decided as live decides, and nothing is recorded."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.app.api.programs import Program
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.handoffs.leads import AGREED, DAY, a_lead, in_force
from tests.app.html import faults

from accord.agreement.bench import Touched, Typed
from accord_app.agreements import drafting
from accord_app.handoffs import trying
from accord_app.handoffs.deciding import decide_about, desk
from accord_app.handoffs.models import Desk, Handoff, Lead, Turn
from accord_app.ledger.models import Decision, HandoffEvent
from accord_app.ledger.reads import version_in_force
from accord_app.members.models import User
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
BENCH = "/handoffs/bench/"
FIRST = datetime(2026, 2, 2, 9, tzinfo=UTC)
CONDITIONS: dict[str, Any] = {
    "qualification": {
        "score": {"card": "points", "at_least": 40, },
        "where": "country IN ('DE', 'GB') AND employees >= 50",
        "unless": "is_competitor",
        "requires": {"fields": ["has_email"], "missing": "hold"},
        "again": "60d",
    },
    "contact": {"consent": {"marketing.email": "opt_in"}, "shield": [{"when": "open_handoff", "side": "marketing"}]},
}  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def looks_around(person: str, *, name: str, did: tuple[str, ...] = ("page.pricing",), **more: Any) -> None:
    """Somebody who is known and did something, and was looked at."""
    at = FIRST
    with desk(at) as now:
        known = {"subject": "person", "subject_id": person, "name": name, "country": "DE", "account_id": f"at-{person}",
                 "email": f"{person}@{person}.example", "occurred_at": at}  # fmt: skip
        account = {"subject": "account", "subject_id": f"at-{person}", "name": "Nordlicht", "occurred_at": at}
        profiles = [{"id": person, **known}, {"id": f"at-{person}", **account, "employees": 400, **more}]
        record("profiles", profiles, at=now, source="crm")
        touches = [
            {"id": f"{person}-{n}", "person_id": person, "kind": kind, "side": "marketing", "occurred_at": at - DAY}
            for n, kind in enumerate(did)
        ]
        record("touches", touches, at=now, source="site")
        decide_about([person], at=now)


def words(answer: Any) -> str:
    """The text of a page, on one line."""
    told = re.sub(r"<(script|style|datalist).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(told).split())


def recorded() -> tuple[int, ...]:
    """Everything that a decision writes."""
    models: tuple[Any, ...] = (Decision, HandoffEvent, Handoff, Lead, Turn, Desk)
    return tuple(each.objects.count() for each in models)


def keep_draft(client: Client, **articles: Any) -> None:
    """The draft of whoever is signed in."""
    text = json.dumps({**AGREED, **CONDITIONS, "version": 4, **articles})
    session = client.session
    session[drafting.KEPT] = {"template": "one-team", "answers": {}, "text": text, "drafted": text}
    session.save()


# choosing somebody


def test_somebody_is_found_by_name_and_tried() -> None:
    in_force(**CONDITIONS)
    looks_around("nora", name="Nora Lind")
    client = signed_in(a_rep())
    found = client.get(BENCH, {"q": "nor"})
    assert "Nora Lind" in words(found)
    assert "?person=nora" in found.content.decode()
    before = recorded()
    tried = client.get(BENCH, {"person": "nora"})
    told = words(tried)
    assert faults(tried.content.decode()) == []
    assert "Below the line." in told
    assert re.search(r"Does not hold: 0\.\d points short of 40|Does not hold: \d+(\.\d)? points? short of 40", told)
    assert "Country is DE or GB: yes" in told
    assert "Employees 400" in told
    assert recorded() == before


def test_why_not_on_the_page_of_a_person_with_the_fact_behind_each_value() -> None:
    in_force(**CONDITIONS)
    looks_around("nora", name="Nora Lind", employees=12)
    client = signed_in(a_marketer())
    page = client.get(reverse("records:person", args=["nora"])).content.decode()
    assert "Why not handed over" in page and f'href="{BENCH}?person=nora"' in page
    answer = client.get(BENCH, {"person": "nora"})
    told = words(answer)
    assert "Outside the agreed profile" in told
    assert "Employees are at least 50: no" in told
    assert "How many people the account employs. Source crm" in told
    assert faults(answer.content.decode()) == []


def test_who_was_handed_over_needs_no_reasons_why_not() -> None:
    in_force()
    a_rep()
    a_lead(at=FIRST)
    assert "Why not handed over" not in words(signed_in(a_revops()).get(reverse("records:person", args=["birgit"])))


def test_a_past_moment_is_decided_as_things_stood_then() -> None:
    """A lead like those that were handed over would have gone, just before each of them, to the owner whom it got."""
    in_force(**CONDITIONS)
    for handle in ("tomas", "zoe"):
        a_rep(handle, handle.capitalize())
    minute = timedelta(minutes=1)
    offers = [
        a_lead(person, at=FIRST + n * minute, name=person.capitalize(), employees=900)
        for n, person in enumerate(("anna", "bert", "carl", "dora"))
    ]
    assert [offer.owner for offer in offers] == ["tomas", "zoe", "tomas", "zoe"]
    version = version_in_force(FIRST)
    assert version is not None
    lead = Typed({"country": "DE", "employees": 900.0, "has_email": True}, (Touched("form.price-request", 1),))
    for offer in offers:
        at = offer.offered_at - timedelta(seconds=1)
        trial = trying.about_typed(version.rules, lead, at=at, now=FIRST + 60 * DAY)
        assert trial.offer is not None
        assert trial.offer["owner"] == offer.owner
        assert trial.offer["answer_due"] == at + timedelta(hours=4)


def test_the_bench_decides_as_live_does_a_moment_later() -> None:
    in_force(**CONDITIONS)
    for handle in ("tomas", "zoe"):
        a_rep(handle, handle.capitalize())
    a_lead("anna", at=FIRST, name="Anna")
    looks_around("nora", name="Nora Lind", did=())
    at = FIRST + DAY
    record("touches", [{"id": "ask", "person_id": "nora", "kind": "form.price-request", "side": "marketing",
                        "occurred_at": at}], at=at, source="site")  # fmt: skip
    version = version_in_force(at)
    assert version is not None
    trial = trying.about_person(version.rules, "nora", at=at, now=at)
    assert trial.offer is not None
    with desk(at) as now:
        decide_about(["nora"], at=now)
    live = Handoff.objects.get(person_id="nora")
    assert (trial.decision["owner"], trial.decision["team"]) == (live.owner, live.team)
    assert trial.offer["answer_due"] == live.answer_due
    assert trial.offer["outcome_due"] == live.outcome_due
    assert round(trial.decision["score"], 3) == round(live.score or 0, 3)
    past = trying.about_person(version.rules, "nora", at=at, now=at + DAY)
    assert past.decision["outcome"] == "open"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"q": "nobody-here"}, 200, "Nobody is called “nobody-here”."),
        ({"q": ""}, 200, "Type a name, the beginning of one"),
        ({"q": "nora", "at": "yesterday"}, 422, "Write a day and a time"),
        ({"q": "nora", "at": "2099-01-01T09:00"}, 422, "Choose a moment of the last 20 years"),
        ({"person": "nora", "at": "2026-01-20T09:00"}, 200, "Nothing was known of Nora Lind then."),
        ({"person": "nora", "at": "2025-01-01T09:00"}, 200, "No agreement was in force at that moment."),
    ],
)
def test_wrong_questions_get_clear_answers(asked: dict[str, str], status: int, said: str) -> None:
    in_force(**CONDITIONS)
    looks_around("nora", name="Nora Lind")
    answer = signed_in(a_rep()).get(BENCH, asked)
    assert answer.status_code == status
    assert said in words(answer)
    assert faults(answer.content.decode()) == []
    if asked.get("q"):
        assert f'value="{asked["q"]}"' in answer.content.decode()


def test_nobody_by_that_id_is_not_found() -> None:
    in_force()
    assert signed_in(a_rep()).get(BENCH, {"person": "nobody"}).status_code == 404


# typing a lead


LEAD = {"type": "lead", "try": "1", "f-country": "de", "f-employees": "400", "f-has_email": "yes"}


def test_a_lead_is_typed_in_what_the_conditions_read() -> None:
    in_force(**CONDITIONS)
    a_rep()
    client = signed_in(a_head_of_sales())
    page = client.get(BENCH, {"type": "lead"})
    sent = set(re.findall(r'name="([ft]-[^"]+)"', page.content.decode()))
    assert sent == {
        "f-country", "f-employees", "f-is_competitor", "f-has_email", "f-opted_in", "f-unsubscribed", "f-open_handoff",
        "f-days_since_handoff", "f-days_since_recycle", "f-recycle_reason",
        "t-0-times", "t-0-days", "t-1-times", "t-1-days",
    }  # fmt: skip
    before = recorded()
    told = words(client.get(BENCH, {**LEAD, "t-0-times": "1"}))
    assert "Handed over to Tomás Rivera" in told
    assert "60 points, band A: 30 for fit, 30 for intent" in told
    assert "Answer due" in told
    assert "Held back: without consent" in told
    assert recorded() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Below the line. 10 points short of 40."),
        ({"t-0-times": "1", "t-0-days": "365"}, "45 points, band B: 30 for fit, 15 for intent"),
        ({"f-country": "FR"}, "Outside the agreed profile"),
        ({"t-0-times": "1", "f-is_competitor": "yes"}, "Excluded"),
        ({"t-0-times": "1", "f-has_email": ""}, "Held until it is complete"),
        ({"t-0-times": "1", "f-open_handoff": "yes"}, "A handoff is open already"),
        ({"t-0-times": "1", "f-days_since_handoff": "20"}, "Not handed over again so soon. 40 days short of 60."),
        ({"t-0-times": "1", "f-days_since_handoff": "61"}, "Handed over to Tomás Rivera"),
        (
            {"t-0-times": "1", "f-days_since_handoff": "20", "f-days_since_recycle": "9", "f-recycle_reason": "timing"},
            "In nurture, waits to come back",
        ),
        (
            {"f-days_since_handoff": "50", "f-days_since_recycle": "31", "f-recycle_reason": "timing"},
            "Handed over to Tomás Rivera",
        ),
    ],
)
def test_each_rule_decides_about_what_is_typed(more: dict[str, str], said: str) -> None:
    in_force(**CONDITIONS)
    a_rep()
    answer = signed_in(a_revops()).get(BENCH, {**LEAD, **more})
    assert said in words(answer)
    assert faults(answer.content.decode()) == []


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("f-employees", "many", "Employees is a number, such as 120."),
        ("f-country", "Germany", "Two letters, such as DE."),
        ("t-0-times", "1.5", "How often is a whole number, such as 2."),
        ("f-employees", "-3", "greater than or equal to 0"),
        ("f-recycle_reason", "boredom", "Select a valid choice"),
        ("at", "soon", "Write a day and a time"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(field: str, typed: str, said: str) -> None:
    in_force(**CONDITIONS)
    answer = signed_in(a_rep()).get(BENCH, {**LEAD, field: typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in words(answer)
    assert field == "f-recycle_reason" or f'value="{typed}"' in page
    assert 'value="400"' in page or field == "f-employees"
    assert "Rule by rule" not in page
    assert faults(page) == []


def test_a_typed_lead_scores_as_the_same_lead_does_in_facts() -> None:
    in_force(**CONDITIONS)
    a_rep()
    looks_around("nora", name="Nora Lind", did=("page.pricing", "page.pricing", "form.price-request"))
    version, at = version_in_force(FIRST), FIRST + DAY / 2
    assert version is not None
    real = trying.about_person(version.rules, "nora", at=at, now=at)
    touched = (Touched("page.pricing", 2, 1.5), Touched("form.price-request", 1, 1.5))
    values = {"country": "DE", "employees": 400.0, "has_email": True}
    typed = trying.about_typed(version.rules, Typed(values, touched), at=at, now=at)
    for name in ("score", "fit", "intent", "band", "persona"):
        assert typed.decision[name] == real.decision[name]


# a draft beside it


def test_a_draft_that_decides_otherwise_stands_beside_the_version_in_force() -> None:
    in_force(**CONDITIONS)
    a_rep()
    client = signed_in(an_administrator())
    keep_draft(client, qualification={**CONDITIONS["qualification"], "score": {"card": "points", "at_least": 25}})
    answer = client.get(BENCH, LEAD)
    told = words(answer)
    assert "The draft decides differently." in told
    assert "In force, version 3" in told
    assert "Draft, version 4" in told
    assert "10 points short of 40" in told
    assert "Handed over to Tomás Rivera" in told
    assert faults(answer.content.decode()) == []


def test_a_draft_that_decides_the_same_is_not_told_twice() -> None:
    in_force(**CONDITIONS)
    a_rep()
    client = signed_in(an_administrator())
    keep_draft(client)
    told = words(client.get(BENCH, LEAD))
    assert "Both decide the same: Below the line." in told
    assert "Draft, version 4" not in told


def test_a_draft_that_does_not_pass_the_check_is_told_with_its_finding() -> None:
    in_force(**CONDITIONS)
    client = signed_in(an_administrator())
    keep_draft(client, qualification={"where": "county = 'DE'"})
    answer = client.get(BENCH, LEAD)
    told = words(answer)
    assert "Your draft cannot be tried: it does not pass the check." in told
    assert "county" in told
    assert "Below the line" in told
    assert faults(answer.content.decode()) == []


def test_a_draft_is_tried_before_any_version_is_in_force() -> None:
    a_rep()
    client = signed_in(an_administrator())
    keep_draft(client)
    told = words(client.get(BENCH, {**LEAD, "t-0-times": "1"}))
    assert "No agreement is in force yet." in told
    assert "Handed over to Tomás Rivera" in told


def test_the_draft_of_somebody_else_is_nobody_s_business() -> None:
    in_force(**CONDITIONS)
    client = signed_in(a_rep())
    keep_draft(client, qualification={"where": "country = 'FR'"})
    assert "raft" not in words(client.get(BENCH, LEAD)).replace("Draft a version", "")


def test_the_bench_is_reached_from_the_agreement_and_from_a_draft() -> None:
    in_force(**CONDITIONS)
    client = signed_in(an_administrator())
    assert f'href="{BENCH}"' in client.get("/agreement/").content.decode()
    keep_draft(client)
    assert f'href="{BENCH}"' in client.get("/agreement/draft/one-team/text/").content.decode()


def test_before_there_is_an_agreement_there_is_nothing_to_try() -> None:
    for asked in ({}, {"type": "lead"}, LEAD, {"q": "x"}):
        answer = signed_in(a_rep()).get(BENCH, asked)
        assert answer.status_code == 200
        assert "No agreement is in force yet. There is nothing to try." in words(answer)


# the lot


def test_a_trial_leaves_the_lot_out_and_says_so() -> None:
    in_force(**CONDITIONS, explore={"share": 1.0, "points_below": 15})
    a_rep()
    told = words(signed_in(a_rep()).get(BENCH, LEAD))
    assert "Below the line. 10 points short of 40." in told
    assert "A lot hands over 100 of 100 leads up to 15 points below the line." in told


def test_who_was_drawn_by_lot_looks_to_everybody_like_any_other() -> None:
    """Neither a page nor a file nor the API tells the colleagues how a lead that is below the line came to them."""
    in_force(**CONDITIONS, explore={"share": 1.0, "points_below": 15})
    rep = a_rep()
    drawn = a_lead("anna", at=FIRST, name="Anna Berg", did=())
    assert Handoff.objects.get(pk=drawn.pk).because == "explore"
    read = Program(person=rep).get(f"handoffs/{drawn.pk}")
    assert read.json()["qualified_by"] == "qualification.score"
    told = [read.content.decode()]
    for user in (rep, a_marketer(), a_head_of_sales(), a_revops()):
        its = signed_in(user)
        pages = (f"/handoffs/{drawn.pk}/", "/handoffs/", reverse("records:person", args=["anna"]), "/",
                 f"{BENCH}?person=anna", f"{BENCH}?person=anna&at=2026-02-02T09:00")  # fmt: skip
        told += [its.get(page).content.decode() for page in pages]
        told.append(b"".join(its.get("/handoffs/handoffs.csv")).decode())
    assert any("Anna Berg" in page for page in told)
    for page in told:
        assert not re.search(r"explor|drawn by lot|by lot below", page, re.IGNORECASE)
