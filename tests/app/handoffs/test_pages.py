"""The queue and the page of one handoff: what stands where, for whom."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import html5lib
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.app.cast import a_head_of_marketing, a_head_of_sales, a_marketer, a_rep, a_revops, a_team, an_administrator
from tests.app.handoffs.leads import DAY, HOUR, TEAM, a_lead, in_force, is_away, let_seconds_pass, let_time_pass
from tests.app.html import faults

from accord_app.handoffs import actions, queue
from accord_app.handoffs.models import Handoff, SavedView
from accord_app.members.models import User
from accord_app.records.models import Person

pytestmark = pytest.mark.django_db
LIST = reverse("handoffs:list")
PART = {"HX-Request": "true"}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(user: User, url: str = LIST, **asked: str) -> str:
    answer = client_of(user).get(url, asked)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert faults(text) == []
    return text


def the_one(handoff: Handoff) -> str:
    return reverse("handoffs:one", args=[handoff.pk])


def names(text: str) -> list[str]:
    """The people in the list, in its order."""
    return re.findall(r"data-open[^>]*>([^<]+)</a>", text)


def tabs(text: str) -> dict[str, str]:
    """Views and their counts."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    links = tree.findall(".//*[@id='tabs']//a")
    return {(link.text or "").strip(): "".join(s.text or "" for s in link.findall("span")) for link in links}


def part(text: str, name: str) -> str:
    """The element of that id, as the parser understands it."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    (found,) = tree.findall(f".//*[@id='{name}']")
    found.attrib.pop("hx-swap-oob", None)
    walker = html5lib.getTreeWalker("etree")
    written = html5lib.serializer.HTMLSerializer(omit_optional_tags=False).render(walker(found))
    return re.sub(r"\s+", " ", re.sub(r'name="?csrfmiddlewaretoken"?[^>]*', "", written))


def bare(person: str, **fields: Any) -> Handoff:
    """A handoff as a row alone, for long lists."""
    at = fields.pop("offered_at", timezone.now() - DAY)
    Person.objects.create(person_id=person, name=f"Name {person}", known_at=at, first_known_at=at)
    given = {"status": "offered", "team": TEAM, "owner": "tomas", "owned_since": at, "version": 3, "complete": True}
    return Handoff.objects.create(handoff_id=f"id-{person}", person_id=person, offered_at=at, **{**given, **fields})


def closed(person: str, at: Any, **fields: Any) -> Handoff:
    return bare(person, status="recycled", reason="timing", closed_at=at, answered_at=at, **fields)


# the list


def test_a_rep_finds_the_next_lead_with_its_clock_and_the_reason_it_is_here() -> None:
    in_force()
    tomas = a_rep()
    a_lead(at=timezone.now() - HOUR)
    page = page_of(tomas)
    assert "Birgit Sommer" in page and "Kestrel Foods" in page
    assert "2 h 59 m" in page
    assert "price request, pricing page" in page
    assert '<b class="num">+40</b> price request' in page


def test_without_an_owner_first_then_what_has_run_out_then_what_runs_out_next() -> None:
    now = timezone.now()
    in_force()
    bare("later", next_due=now + 3 * HOUR, answer_due=now + 3 * HOUR)
    bare("late", next_due=now - HOUR, answer_due=now - HOUR)
    bare("soon", next_due=now + HOUR, answer_due=now + HOUR)
    bare("calm", status="accepted", next_due=None)
    bare("unowned", owner=None, owned_since=None)
    closed("gone", now)
    assert names(page_of(a_revops())) == [
        "Name unowned",
        "Name late",
        "Name soon",
        "Name later",
        "Name calm",
        "Name gone",
    ]
    assert names(page_of(a_rep(), view="team")) == ["Name unowned", "Name late", "Name soon", "Name later", "Name calm"]
    assert names(page_of(a_rep(), view="breaching")) == ["Name late"]


def test_every_view_says_how_many_it_holds_and_stops_counting_in_time() -> None:
    now = timezone.now()
    a_team(TEAM)
    in_force()
    for number in range(101):
        bare(f"p{number:03}", next_due=now + HOUR)
    bare("late", next_due=now - HOUR)
    bare("taken", status="accepted", owner="zoe", next_due=now + HOUR)
    closed("back", now)
    found = tabs(page_of(a_rep()))
    assert found == {
        "Mine": "99+", "Team": "99+", "Breaching": "1", "Unowned": "", "Unaccepted": "99+", "Accepted": "1",
        "Recycled": "1", "Rejected": "",
    }  # fmt: skip


def test_views_are_counted_for_who_asks_as_of_then() -> None:
    now = timezone.now()
    a_team(TEAM)
    in_force()
    bare("soon", next_due=now + HOUR)
    bare("later", next_due=now + 3 * HOUR)
    bare("zoes", owner="zoe", next_due=now + HOUR)
    tomas, lena, zoe = a_rep(), a_revops(), a_rep("zoe", "Zoë Baumann")
    asked = [queue.Chosen(queue.BREACHING), queue.Chosen(queue.MINE), queue.Chosen(queue.ALL, {"owner": "zoe"})]
    for _ in range(2):  # composed, and composed already
        assert queue.counts(tomas, asked, at=now) == [0, 2, 1]
        assert queue.counts(tomas, asked, at=now + 2 * HOUR) == [2, 2, 1]
        assert queue.counts(zoe, asked, at=now + 4 * HOUR) == [3, 1, 1]
        assert queue.counts(lena, asked, at=now + 2 * HOUR) == [2, 0, 1]
    assert queue.counts(lena, [queue.Chosen(queue.ALL, {"owner": "tomas"})], at=now) == [2]


def test_pages_follow_each_other_by_key_without_losing_or_doubling_a_row() -> None:
    now = timezone.now()
    in_force()
    for number in range(30):
        bare(f"same{number:02}", next_due=now + HOUR)
        bare(f"none{number:02}", owner=None, owned_since=None, offered_at=now - number * HOUR)
        closed(f"gone{number:02}", now - number * DAY)
        closed(f"both{number:02}", now - DAY)
    client, url, seen, shown = client_of(a_revops()), LIST, [], []
    while url:
        text = client.get(url).content.decode()
        seen += names(text)
        shown += re.findall(r'class="bar foot">\s*<span class="cap num">([^<]+)</span>', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        url = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120
    assert shown == ["1 to 25 of more", "26 to 50 of more", "51 to 75 of more", "76 to 100 of more", "101 to 120"]


@pytest.mark.parametrize(
    "place",
    [
        "",
        "x",
        "u~now~id~1",
        "c~2026-01-01T00:00:00~a~1",
        "d~9999-12-31T23:59:59+00:00~a~2",
        "d~2026-01-01T00:00:00+00:00~%00~1",
        "u~" + "9" * 5000,
    ],
)
def test_a_place_that_is_none_begins_at_the_first_page(place: str) -> None:
    in_force()
    bare("p", next_due=timezone.now())
    assert client_of(a_rep()).get(LIST, {"after": place}).status_code == 200


def test_a_closed_view_of_a_rep_holds_own_and_team_in_one_order() -> None:
    now = timezone.now()
    in_force()
    closed("own", now - HOUR, team="elsewhere", owner="tomas")
    closed("teams", now - 2 * HOUR, owner="zoe")
    closed("both", now)
    closed("foreign", now, team="elsewhere", owner="amy")
    assert names(page_of(a_rep(), view="recycled")) == ["Name both", "Name own", "Name teams"]


def test_a_filter_stands_in_the_address_and_as_a_chip_that_takes_it_away() -> None:
    in_force()
    a_team(TEAM, "Sales DACH")
    bare("a", band="A")
    bare("b", band="B", country="AT", origin="fair")
    ada = a_revops()
    page = page_of(ada, view="all", band="B", country="at", origin="fair", team=TEAM, owner="tomas", status="offered")
    assert names(page) == ["Name b"]
    assert "Band: B" in page and "Team: Sales DACH" in page and "Status: Waiting for an answer" in page
    nothing = page_of(ada, band="C")
    assert names(nothing) == [] and "No handoff of this view fits the filters." in nothing


@pytest.mark.parametrize(
    "asked",
    [
        {"team": "'; DROP"},
        {"status": "x" * 5000},
        {"country": "\0\0"},
        {"band": "\0"},
        {"owner": "nobody-known"},
        {"view": "'"},
        {"view": "all"},
        {"saved": "²"},
    ],
)
def test_a_filter_that_cannot_be_understood_filters_nothing(asked: dict[str, str]) -> None:
    in_force()
    bare("p")
    assert names(page_of(a_rep(), **asked)) == ["Name p"]


def test_an_empty_view_says_why_and_leads_on() -> None:
    page = page_of(a_rep(), view="breaching")
    assert "No clock has run out." in page and "See mine" in page


# who sees what


def test_a_rep_sees_own_and_team_and_nothing_else_exists() -> None:
    in_force()
    tomas, foreign = a_rep(), bare("foreign", owner="amy", team="sales-uk")
    own = bare("own", team="sales-uk")
    client = client_of(tomas)
    assert client.get(the_one(own)).status_code == 200
    assert client.get(the_one(foreign)).status_code == 404
    assert client.get(LIST, {"view": "all"}).status_code == 200
    for verb in ("accept", "reject", "recycle", "qualify", "touch", "note"):
        assert client.post(reverse(f"handoffs:{verb}", args=[foreign.pk])).status_code == 404, verb
        assert client.post(reverse(f"handoffs:{verb}", args=["never-was"])).status_code == 404, verb
    assert client.get(reverse("handoffs:against", args=[foreign.pk])).status_code == 404
    assert client.post(reverse("handoffs:undo") + f"?handoff={foreign.pk}").status_code == 404
    together = client.post(reverse("handoffs:together"), {"do": "accept", "handoff": [own.pk, foreign.pk]})
    assert together.status_code == 404
    assert not Handoff.objects.exclude(pending=None).exists()


def test_a_marketer_sees_what_became_of_each_and_answers_none() -> None:
    in_force()
    jonas, now = a_marketer(), timezone.now()
    rejected = a_lead("anna", at=now - 3 * HOUR, name="Anna Roth")
    waiting = a_lead(at=now - HOUR)
    actions.reject(handoff=rejected, reason="too_small", by=a_rep(), at=now - 2 * HOUR)
    let_seconds_pass(now - 2 * HOUR)
    page = page_of(jonas)
    assert "Marketing’s handoffs" in page and "Rejected: Company too small" in page and "Waiting for an answer" in page
    assert "/accept/" not in page and "/reject/" not in page
    client = client_of(jonas)
    assert client.post(reverse("handoffs:accept", args=[waiting.pk])).status_code == 403
    facts = client.get(the_one(rejected)).content.decode()
    assert "The facts say otherwise: 1,400 employees." in facts


@pytest.mark.parametrize("who", [a_revops, a_head_of_sales, a_head_of_marketing, an_administrator])
def test_who_leads_sees_all_and_begins_with_what_is_loudest(who: Any) -> None:
    in_force()
    bare("p", owner="amy", team="sales-uk", next_due=timezone.now())
    bare("u", owner=None, owned_since=None, team=None)
    page = page_of(who())
    assert names(page) == ["Name u", "Name p"]
    assert "No owner for" in page


# one handoff


def test_a_handoff_tells_its_points_its_owner_its_deadlines_and_its_clause() -> None:
    in_force()
    handoff = a_lead(at=timezone.now() - HOUR)
    page = page_of(a_rep(), the_one(handoff))
    assert "Why 70 points" in page and "line is 40" in page
    assert "Employees are from 50 to 5,000 (our installed base)" in page
    assert "All others go to sales-dach, in turn. It was Tomás Rivera’s turn." in page
    assert "Accept or reject by" in page and "of business time" in page
    assert "After that Tomás Rivera is reminded, 4 business hours later the lead moves to the next person." in page
    assert reverse("agreements:version", args=[3]) in page
    assert "First contact" in page and "Handed over to Tomás Rivera" in page
    assert "Marketing: Price request" in page


def test_who_was_away_is_named_beside_the_owner() -> None:
    in_force()
    now = timezone.now()
    is_away("tomas", at=now - DAY, until=now + DAY)
    handoff = a_lead(at=now - HOUR)
    assert handoff.owner == "zoe"
    assert "Tomás Rivera was away" in page_of(a_rep(), the_one(handoff))


def test_time_without_an_owner_is_told_apart_as_system_time() -> None:
    in_force(teams={TEAM: {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}})
    now = timezone.now()
    is_away("tomas", at=now - 3 * DAY, until=now - DAY)
    handoff = a_lead(at=now - 2 * DAY)
    assert handoff.owner is None
    let_time_pass(now)
    handoff.refresh_from_db()
    assert handoff.owner == "tomas"
    page = page_of(a_rep(), the_one(handoff))
    assert "Handed over, nobody was there to own it" in page
    assert "Without an owner (system time)" in page and "system time" in page


def test_a_handoff_that_moved_on_keeps_the_time_before() -> None:
    in_force()
    now = timezone.now()
    handoff = a_lead(at=now - 12 * HOUR)
    let_time_pass(now)
    handoff.refresh_from_db()
    assert handoff.owner == "zoe"
    page = page_of(a_rep(), the_one(handoff))
    assert "With Tomás Rivera, until it moved on" in page and "Tomás Rivera had it before" in page


def test_a_name_that_is_markup_is_text() -> None:
    in_force()
    handoff = a_lead(at=timezone.now() - HOUR, name='<script>alert("x")</script>', company="<b onload=1>")
    page = page_of(a_rep(), the_one(handoff))
    assert "<script>alert" not in page and "&lt;script&gt;" in page


# parts and pages are the same


def test_htmx_gets_the_very_list_and_handoff_of_a_fresh_page() -> None:
    in_force()
    first = a_lead(at=timezone.now() - 2 * HOUR)
    client = client_of(a_rep())
    list_part = client.get(LIST, {"view": "team"}, headers=PART)
    assert list_part["Vary"].find("HX-Request") >= 0
    fresh = client.get(LIST, {"view": "team"}).content.decode()
    assert part(list_part.content.decode(), "tabs") == part(fresh, "tabs")
    detail = client.get(the_one(first), {"view": "team"}, headers=PART).content.decode()
    assert faults(detail, is_part=True) == []
    assert part(detail, "detail") == part(client.get(the_one(first), {"view": "team"}).content.decode(), "detail")


def test_queries_do_not_grow_with_rows() -> None:
    in_force()
    handoff = a_lead(at=timezone.now() - HOUR)
    client, tomas = client_of(a_rep()), a_rep()

    def asked(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
            assert answer.status_code == 200 and (not answer.streaming or list(answer))
        return len(queries)

    def more(number: int) -> None:
        bare(f"p{number}", next_due=timezone.now() + 9 * HOUR)
        actions.note(handoff=handoff, text=f"{number}", by=tomas, at=timezone.now())

    more(0)
    addresses = LIST, the_one(handoff), reverse("handoffs:csv")
    before = [asked(address) for address in (*addresses, *addresses)][3:]
    for number in range(1, 23):
        more(number)
    assert [asked(address) for address in addresses] == before
    assert max(before) <= 48


# views and files


def test_a_view_is_kept_and_found_again_by_its_owner_and_shared_with_both_teams() -> None:
    in_force()
    tomas, jonas = a_rep(), a_marketer()
    bare("a", band="A")
    bare("b", band="B")
    mine = client_of(tomas)
    address = reverse("handoffs:save_view") + "?view=team&band=A&after=x&evil=1"
    kept = mine.post(address, {"name": "A only"})
    assert kept.status_code == 302
    assert names(mine.get(kept["Location"]).content.decode()) == ["Name a"]
    assert SavedView.objects.get().query == "view=team&band=A"
    assert client_of(jonas).get(kept["Location"]).status_code == 404
    again = mine.post(address, {"name": "A only"})
    assert again.status_code == 409 and "You have a view of this name" in again.content.decode()
    shared = mine.post(address, {"name": "For all", "shared": "on"})
    page = client_of(jonas).get(shared["Location"])
    assert page.status_code == 200 and "For all" in page.content.decode()
    number = SavedView.objects.get(name="For all").pk
    assert client_of(jonas).post(reverse("handoffs:delete_view", args=[number])).status_code == 404
    assert mine.post(reverse("handoffs:delete_view", args=[number])).status_code == 302
    assert SavedView.objects.count() == 1


def test_the_file_holds_every_row_of_the_view_raw_and_harmless() -> None:
    in_force()
    now = timezone.now()
    for number in range(60):
        bare(f"p{number:02}", next_due=now + HOUR, score=61.5)
    Person.objects.filter(pk="p00").update(name="=cmd|'/c calc'!A0")
    answer = client_of(a_rep()).get(reverse("handoffs:csv"), {"view": "team"})
    text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 60
    assert rows[0]["name"] == "'=cmd|'/c calc'!A0" and rows[0]["score"] == "61.5" and rows[0]["complete"] == "true"
    assert rows[0]["next_due"] == (now + HOUR).isoformat()


def test_the_navigation_says_how_many_wait_and_search_finds_them() -> None:
    in_force()
    now = timezone.now()
    tomas = a_rep()
    a_lead(at=now - 5 * HOUR)
    page = page_of(tomas)
    assert '<span class="count" data-state="risk">1</span>' in page
    found = client_of(tomas).get(reverse("shell:search"), {"q": "birgit"}).content.decode()
    assert "Birgit Sommer" in found and LIST in found


def test_a_handoff_under_a_version_that_is_lost_is_still_shown() -> None:
    handoff = bare("p", version=9, next_due=timezone.now())
    assert "Name p" in page_of(a_rep(), the_one(handoff))
