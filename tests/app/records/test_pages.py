"""Pages of records: what they show, whom they let in, what they answer to nonsense, how many queries they take."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.app import cast, html
from tests.app.records import stories
from tests.app.records.stories import BIRGIT, DEAL, KESTREL, days, fact

from accord_app.ledger import lake
from accord_app.members.models import User
from accord_app.records import finding
from accord_app.records.actions import record
from accord_app.records.models import Person, SearchTerm
from accord_app.records.reads import Stay
from accord_app.shell import search

pytestmark = pytest.mark.django_db
PAGES = [
    "/people/", "/accounts/", "/deals/", f"/people/of/{BIRGIT}/", f"/accounts/of/{KESTREL}/", f"/deals/of/{DEAL}/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def strict(settings: LazySettings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(url: str, user: User | None = None) -> str:
    answer = signed_in(user or cast.a_rep()).get(url)
    assert answer.status_code == 200, url
    text = answer.content.decode()
    assert html.faults(text) == []
    return text


def test_the_person_page_tells_facts_history_and_what_both_teams_did() -> None:
    stories.the_story()
    text = shown(f"/people/of/{BIRGIT}/")
    for said in (
        "Birgit Sommer", "Plant manager", "Engineer → ", "hobby: sailing", "Tomás Rivera",
        "Price request: Price list", "Call, no answer", "Handed over to Tomás Rivera", "Accepted by Tomás Rivera",
        "Recycled by Tomás Rivera: not this quarter", "Not handed over, because it is below the agreed line",
        "article Qualification of version 1", "Said yes to marketing mail", "Roi sheet opened",
        "Deal opened", "Deal moved to offer", "Deal lost: price", "€48,200",
        "What it says on the business card.", "hubspot", "Claimed: somebody says so", "Inferred: concluded",
    ):  # fmt: skip
        assert said in text, said
    assert "Mail clicked" not in text


def test_the_account_page_tells_of_everybody() -> None:
    stories.the_story()
    text = shown(f"/accounts/of/{KESTREL}/")
    for said in ("Kestrel Foods", "1,400 staff", "Laurent Picard", "Mail clicked", "Birgit Sommer", "Deal lost: price"):
        assert said in text, said


def test_the_account_page_links_to_the_parent_and_to_subsidiaries() -> None:
    stories.the_story()
    assert "Parent account" not in shown(f"/accounts/of/{KESTREL}/")
    stories.a_profile("g", "group", subject="account", name="Kestrel Group")
    stories.a_profile("k2", KESTREL, 2, subject="account", account_id="group")
    stories.a_profile("o", "other", 2, subject="account", name="Kestrel Drinks", account_id=KESTREL)
    stories.a_profile("x", "gone", 2, subject="account", name="Kestrel Gone", account_id=KESTREL, deleted=True)
    text = shown(f"/accounts/of/{KESTREL}/")
    assert '<a href="/accounts/of/group/">' in text and '<a href="/accounts/of/other/">' in text
    assert "Parent account" in text and "Subsidiary" in text and "Kestrel Gone" not in text
    text = shown("/accounts/of/group/")
    assert f'<a href="/accounts/of/{KESTREL}/">' in text and "Kestrel Drinks" not in text
    stories.a_profile("k3", KESTREL, 3, subject="account", account_id="group2")
    stories.a_profile("g2", "group2", 3, subject="account", name="Buyer")
    assert "Buyer" in shown(f"/accounts/of/{KESTREL}/")
    assert "Subsidiary" not in shown("/accounts/of/group/")


def test_the_deal_page_tells_stages_over_time() -> None:
    stories.the_story()
    text = shown(f"/deals/of/{DEAL}/")
    for said in ("Kestrel Foods: €48,200, lost", "Meeting", "Offer", "since 19 Jun 2026", "3 days", "4 days", "price"):
        assert said in text, said


@pytest.mark.parametrize("url", ["/people/", "/accounts/", "/deals/", "/people/?country=XX", "/deals/?status=won"])
def test_a_list_without_rows_says_what_will_come(url: str) -> None:
    assert 'class="empty' in shown(url)


def test_lists_filter_by_what_stands_in_the_address() -> None:
    stories.the_story()
    assert "Laurent Picard" not in shown("/people/?country=DE&owner=tomas&status=lead")
    assert "Birgit Sommer" in shown("/people/?country=DE&owner=tomas&status=lead")
    assert "Kestrel Foods" in shown("/accounts/?segment=mid-market")
    assert "€48,200" in shown("/deals/?status=lost&stage=offer&owner=tomas")
    assert "€48,200" not in shown("/deals/?status=open")
    assert "Birgit Sommer" in shown("/people/?q=birg+kes")
    assert "Birgit Sommer" not in shown("/people/?q=birg+ost")


NONSENSE = (
    "?after=x", "?after=99999999999999999999.x", "?before=-1.", "?after=1.%00", "?country=%00", "?q=%00%27%22%3C",
    "?owner=" + "a" * 500, "?earlier=x.y.z", "?earlier=1.2", "?earlier=99999999999999999999.1.1", "?earlier=1.1.9e9",
    "?q=%F0%9F%98%80", "?status=%27", "?earlier=1.1." + "9" * 40,
)  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_an_address_is_no_error(query: str) -> None:
    stories.the_story()
    client = signed_in(cast.a_rep())
    for page in PAGES:
        assert client.get(page + query).status_code == 200, page


@pytest.mark.parametrize("kind", ["people", "accounts", "deals"])
@pytest.mark.parametrize("key", ["nobody", "x" * 300, "%00", "../../etc", "birgit%20OR%201=1"])
def test_what_is_not_known_is_not_found(kind: str, key: str) -> None:
    stories.the_story()
    assert signed_in(cast.a_rep()).get(f"/{kind}/of/{key}/").status_code == 404


def test_nobody_sees_records_without_a_sign_in() -> None:
    stories.the_story()
    for page in [*PAGES, "/people/csv/", f"/people/of/{BIRGIT}/erase/"]:
        assert Client().get(page).status_code in (302, 403), page


# Keyset pages


def many_people(count: int, at: float = 0) -> None:
    record(
        "profiles",
        [fact(f"m{n}", at, subject="person", subject_id=f"m{n:04}", name=f"Person {n}") for n in range(count)],
        at=days(0),
        source="crm",
    )


def names_on(page: Any) -> list[str]:
    return [row.name for row in page.context["found"].slice.rows]


def test_pages_lead_through_all_rows_and_back_also_where_times_are_equal() -> None:
    many_people(125)
    client = signed_in(cast.a_rep())
    page = client.get("/people/")
    pages = [names_on(page)]
    while older := page.context["found"].slice.older:
        page = client.get(f"/people/?{older}")
        pages.append(names_on(page))
    assert [len(each) for each in pages] == [40, 40, 40, 5]
    assert len({name for each in pages for name in each}) == 125
    back = [names_on(page)]
    while newer := page.context["found"].slice.newer:
        page = client.get(f"/people/?{newer}")
        back.append(names_on(page))
    assert back[::-1] == pages


def test_counts_stop_at_a_thousand() -> None:
    many_people(1_001)
    assert "1,000+ people are known." in shown("/people/")


def test_earlier_leads_through_the_whole_timeline_without_doubles() -> None:
    stories.the_story()
    rows = [fact(f"x{n}", 3, person_id=BIRGIT, kind=f"page.p{n}") for n in range(120)]
    record("touches", rows, at=days(30), source="web")
    client, seen, query = signed_in(cast.a_rep()), [], ""
    while True:
        timeline = client.get(f"/people/of/{BIRGIT}/{query}").context["page"].timeline
        seen += [(entry.kind, entry.title, entry.at) for entry in timeline.entries]
        if not timeline.earlier:
            break
        query = f"?earlier={timeline.earlier}"
    assert len(seen) == len(set(seen)) == 120 + 14
    assert seen == sorted(seen, key=lambda each: each[2], reverse=True)


def test_a_corrected_fact_stands_once_as_it_is_known_now() -> None:
    record("touches", [fact("t", 0, person_id=BIRGIT, kind="page.home")], at=days(0), source="web")
    record("touches", [fact("t", 0, person_id=BIRGIT, kind="page.pricing") | {"known_at": days(1)}], at=days(1),
           source="web")  # fmt: skip
    stories.a_profile("p", BIRGIT, name="Birgit")
    text = shown(f"/people/of/{BIRGIT}/")
    assert "Pricing page" in text
    assert "Home page" not in text


# Growth


def _more_of_everything(start: int, count: int) -> None:
    for n in range(start, start + count):
        for person in (f"n{n}", BIRGIT):
            profile = fact(f"g{n}{person}", n / 100, subject="person", subject_id=person, title=f"T{n}",
                           account_id=KESTREL, owner=f"o{n}", country=f"C{n}")  # fmt: skip
            record("profiles", [profile], at=days(30), source="crm")
            touch = fact(f"g{n}{person}", n / 100, person_id=person, kind="page.home", by=f"o{n}")
            record("touches", [touch], at=days(30), source="web")
        deal = fact(f"g{n}", n / 100, deal_id=f"d{n}", account_id=KESTREL, person_id=BIRGIT, event="opened",
                    stage="meeting", owner=f"o{n}")  # fmt: skip
        record("deals", [deal], at=days(30), source="crm")


def _queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as taken:
        act()
    return len(taken)


def test_no_page_takes_more_queries_for_more_rows() -> None:
    stories.the_story()
    client = signed_in(cast.a_rep())
    _more_of_everything(0, 3)
    client.get("/people/")
    few = {page: _queries(lambda page=page: client.get(page)) for page in PAGES}  # type: ignore[misc]
    _more_of_everything(10, 40)
    many = {page: _queries(lambda page=page: client.get(page)) for page in PAGES}  # type: ignore[misc]
    assert few == many
    assert max(many.values()) < 40


# Files


def test_a_file_holds_the_filter_with_raw_values_and_no_formula() -> None:
    stories.the_story()
    stories.a_profile("f", "mallory", 3, name="=HYPERLINK(1)", country="DE", title=" +1")
    answer = signed_in(cast.a_rep()).get("/people/csv/?country=DE")
    text = answer.getvalue().decode("utf-8")
    assert text.startswith("\ufeffperson_id,name,")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))
    assert [row["name"] for row in rows] == ["Birgit Sommer", "'=HYPERLINK(1)"]
    assert rows[1]["title"] == "' +1"
    assert rows[0]["known_at"] == days(20).isoformat()
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    deals = signed_in(cast.a_rep()).get("/deals/csv/").getvalue().decode()
    assert "48200.0,EUR,tomas" in deals


def test_a_long_file_holds_every_row_once() -> None:
    many_people(2_300)
    answer = signed_in(cast.a_rep()).get("/people/csv/")
    assert len(answer.getvalue().splitlines()) == 2_301


# Search


def found(words: str) -> dict[str, list[str]]:
    return {group.name: [each.title for each in group.found] for group in search.search(cast.a_rep(), words)}


def test_search_finds_people_and_accounts_by_beginnings_of_words() -> None:
    stories.the_story()
    assert found("KEST")["Accounts"] == ["Kestrel Foods"]
    assert found("sommer bir")["People"] == ["Birgit Sommer"]
    assert found("birgit@kestrel.example")["People"] == ["Birgit Sommer"]
    assert "People" not in found("ommer")
    assert found("%_") == {}


def test_a_prefix_is_sought_in_the_index_on_both_databases() -> None:
    many_people(300)
    rows = SearchTerm.objects.filter(kind="person", term__gte=b"x", term__lt=b"y").values_list("ref")
    if connection.vendor == "sqlite":
        assert "(kind=? AND term>? AND term<?)" in rows.explain()
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "one_term_per_record" in rows.explain()


def test_words_of_another_alphabet_are_found() -> None:
    stories.a_profile("z", "li", name="李 小龙 Ωμέγα")
    assert finding.refs(SearchTerm.Kind.PERSON, "李") == ["li"]
    assert finding.refs(SearchTerm.Kind.PERSON, "ωμεγα") == ["li"]


# Erasure


def test_only_who_may_erase_gets_there() -> None:
    stories.the_story()
    for user in (cast.a_rep(), cast.a_marketer(), cast.a_revops(), cast.a_head_of_sales()):
        client = signed_in(user)
        assert client.get(f"/people/of/{BIRGIT}/erase/").status_code == 403
        assert client.post(f"/people/of/{BIRGIT}/erase/", {"sure": "yes"}).status_code == 403
        assert client.get("/people/erase/").status_code == 403
    assert Person.objects.get(pk=BIRGIT).name == "Birgit Sommer"
    assert "/erase/" not in shown(f"/people/of/{BIRGIT}/")


def test_an_administrator_looks_up_sees_what_will_go_and_erases() -> None:
    stories.the_story()
    ingrid = cast.an_administrator()
    client = signed_in(ingrid)
    assert (
        client.get("/people/erase/?named=birgit@kestrel.example").headers["Location"] == f"/people/of/{BIRGIT}/erase/"
    )
    text = shown(f"/people/of/{BIRGIT}/erase/", ingrid)
    assert "Erase Birgit Sommer?" in text
    assert "Profiles in the database" in text
    assert client.post(f"/people/of/{BIRGIT}/erase/").status_code == 422
    assert Person.objects.get(pk=BIRGIT).name == "Birgit Sommer"
    assert client.post(f"/people/of/{BIRGIT}/erase/", {"sure": "yes"}).status_code == 302
    text = shown(f"/people/of/{BIRGIT}/", ingrid)
    assert "Erased person" in text
    assert "Birgit" not in text.replace("birgit", "")
    assert "Price request" in text
    assert client.post(f"/people/of/{BIRGIT}/erase/", {"sure": "yes"}).status_code == 302
    assert "Ingrid Solberg" in shown("/people/erase/", ingrid)
    assert "Laurent Picard" in shown("/people/", ingrid)


@pytest.mark.parametrize("named", ["nobody@kestrel.example", "x", "%00", "a" * 400, ":"])
def test_looking_up_nobody_says_so_and_keeps_what_was_typed(named: str) -> None:
    answer = signed_in(cast.an_administrator()).get(f"/people/erase/?named={named}")
    assert answer.status_code in (200, 422)
    assert html.faults(answer.content.decode()) == []


def test_ids_follow_the_key() -> None:
    stories.a_profile("x", lake.person_id("crm", "7"), name="By CRM")
    answer = signed_in(cast.an_administrator()).get("/people/erase/?named=crm:7")
    assert answer.status_code == 302


def test_an_account_without_a_name_is_still_led_to() -> None:
    stories.a_profile("f", "firm", subject="account", domain="lagoon.example")
    stories.a_profile("n", "nobody", subject="account", industry="Glass")
    stories.a_profile("p1", "p1", name="Chiara Conti", title="Consultant", account_id="firm")
    stories.a_profile("p2", "p2", name="Noor Haddad", title="Consultant", account_id="nobody")
    page = signed_in(cast.a_rep()).get("/people/").content.decode()
    assert "lagoon.example</a>" in page
    assert "An account without a name</a>" in page
    chiara = Person.objects.get(name="Chiara Conti")
    told = signed_in(cast.a_rep()).get(f"/people/of/{chiara.pk}/").content.decode()
    assert "Consultant, <a" in told


@pytest.mark.parametrize(
    ("count", "until", "words"),
    [(0, stories.NOON, "under a day"), (1, stories.NOON, "1 day"), (12, None, "12 days, so far")],
)
def test_how_long_a_stage_lasted_is_said_in_words(count: int, until: datetime | None, words: str) -> None:
    assert Stay("offer", stories.NOON, until, count, 10).words == words
