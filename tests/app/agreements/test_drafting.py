"""A version drafted from a template: questions that the workspace has answered in part, the draft beside its checks,
and loading it."""

from __future__ import annotations

import json
from typing import Any

import html5lib
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from tests.agreements import ARTICLES
from tests.app.cast import (
    a_company,
    a_head_of_marketing,
    a_head_of_sales,
    a_marketer,
    a_member,
    a_rep,
    a_revops,
    a_team,
    an_administrator,
)
from tests.app.html import faults

from accord.agreement.drafting.templates import TEMPLATES
from accord_app.agreements import actions
from accord_app.ledger.models import AgreementEvent
from accord_app.ledger.reads import version_in_force
from accord_app.members.models import Team, User
from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db
PAGES = ("/agreement/draft/", *(f"/agreement/draft/{name}/" for name in TEMPLATES))
ONE, COUNTRIES, LARGE = (f"/agreement/draft/{name}/" for name in TEMPLATES)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def the_company() -> Client:
    """A workspace with both heads, a liaison and a rep, and its administrator at the keyboard."""
    a_rep()
    a_head_of_marketing()
    a_revops()
    return signed_in(an_administrator())


def filled(page: str) -> dict[str, Any]:
    """What a browser would send if nobody touched the form."""
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parse(page)
    sent: dict[str, Any] = {}
    for element in tree.iter():
        name = element.get("name") if isinstance(element.tag, str) else None
        if not name or name == "csrfmiddlewaretoken":
            continue
        if element.tag == "textarea":
            sent[name] = (element.text or "").removeprefix("\n")
        elif element.tag == "select":
            chosen = [option for option in element.iter("option") if option.get("selected") is not None]
            sent[name] = (chosen or list(element.iter("option")))[0].get("value")
        elif element.tag == "input" and element.get("type") == "checkbox":
            sent.setdefault(name, [])
            sent[name] += [element.get("value")] if element.get("checked") is not None else []
        elif element.tag == "input":
            sent[name] = element.get("value", "")
    return sent


def read(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def answered(client: Client, address: str = ONE, **changed: Any) -> Any:
    return client.post(address, {**filled(read(client, address)), **changed})


def drafted(client: Client, address: str = ONE, **changed: Any) -> str:
    answer = answered(client, address, **changed)
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == f"{address}text/"
    return read(client, f"{address}text/")


def said(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_an_administrator_chooses_among_the_templates() -> None:
    page = read(the_company(), "/agreement/draft/")
    assert all(template.title in page and f"/agreement/draft/{name}/" in page for name, template in TEMPLATES.items())
    assert "/agreement/load/" in page


@pytest.mark.parametrize("sales_teams", [1, 2])
def test_the_template_that_fits_the_teams_is_marked(sales_teams: int) -> None:
    client = the_company()
    for number in range(1, sales_teams):
        a_team(f"sales-{number}", f"Sales {number}")
    before, _, _ = read(client, "/agreement/draft/").partition("Fits your teams")
    assert before.rpartition('<h2 class="h2">')[2].startswith(list(TEMPLATES.values())[sales_teams - 1].title)


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_sound_and_only_for_who_may_load(address: str) -> None:
    assert faults(read(the_company(), address)) == []
    for user in (a_rep(), a_marketer(), a_revops(), a_head_of_sales()):
        assert signed_in(user).get(address).status_code == 403
        assert signed_in(user).post(address).status_code == 403
    assert signed_in(a_rep()).post(f"{ONE}text/", {"text": "accord: 1", "act": "load"}).status_code == 403


def test_what_the_workspace_knows_is_answered_already() -> None:
    a_company("Kestrel Robotics", currency="GBP", time_zone="Europe/London")
    given = filled(read(the_company(), ONE))
    assert {
        "company": "Kestrel Robotics", "currency": "GBP", "time_zone": "Europe/London", "holidays": "GB",
        "fiscal_year_start": "01-01", "signs_marketing": "miro", "signs_sales": "clara", "liaison": "ada",
        "teams-0-name": "sales-dach", "teams-0-people": "tomas", "teams-0-deputy": "clara", "version": "1",
    }.items() <= given.items()  # fmt: skip
    assert given["shield"] == ["negotiation", "open_handoff"]


def test_going_through_with_what_is_there_loads_a_first_version() -> None:
    client = the_company()
    page = drafted(client)
    assert faults(page) == []
    assert "What both teams will read" in page
    assert "Sales accepts, rejects or recycles a lead within" in page
    answer = client.post(f"{ONE}text/", {**filled(page), "in_force_from": "2026-01-01T00:00", "act": "load"})
    assert (answer.status_code, answer["Location"]) == (302, "/agreement/1/")
    version = version_in_force(timezone.now())
    assert version is not None
    assert version.agreement.teams["sales-dach"].people == ("tomas",)
    assert "A draft is waiting" not in read(client, "/agreement/draft/")


def test_the_text_that_is_loaded_is_the_text_that_was_shown() -> None:
    client = the_company()
    given = filled(drafted(client))
    sent = {**given, "text": given["text"].replace("\n", "\r\n"), "act": "load", "in_force_from": "2026-01-01T00:00"}
    assert client.post(f"{ONE}text/", sent).status_code == 302
    assert AgreementEvent.facts().get().text == given["text"]
    assert "# The line." in given["text"]


@pytest.mark.parametrize("address", [COUNTRIES, LARGE])
def test_two_teams_come_from_the_workspace(address: str) -> None:
    client = the_company()
    a_member("amy", "Amy Chen", Role.REP, a_team("sales-emea", "Sales EMEA"))
    page = drafted(client, address, **({"teams-1-countries": "GB, IE"} if address == COUNTRIES else {}))
    assert "The team sales-emea is Amy Chen" in " ".join(page.split())


def test_what_was_typed_is_kept_and_every_mistake_is_told_under_its_question() -> None:
    client = the_company()
    answer = answered(client, line="lots", liaison="two people", **{"teams-0-people": "", "company": '"><b>Kestrel'})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert faults(page) == []
    assert "3 answers to look at." in page
    assert {"line": "lots", "liaison": "two people", "company": '"><b>Kestrel'}.items() <= filled(page).items()
    assert 'href="#id_teams-0-people"' in page
    assert page.count("‘lots’ cannot be read. Answer with a whole number from 1 to 1,000.") == 2
    assert "<b>Kestrel" not in page


def test_choices_that_nobody_offered_are_refused_and_none_may_be_made() -> None:
    client = the_company()
    assert "‘x’ cannot be read" in said(answered(client, reject=["x"], consent="x"))
    page = drafted(client, shield=[], never=[])
    assert "shield" not in filled(page)["text"].partition("contact:")[2].partition("promises:")[0]


def test_another_row_is_asked_for_without_losing_a_word() -> None:
    client = the_company()
    given = {**filled(read(client, COUNTRIES)), "company": "Half ty", "teams-1-name": "x y", "more": "teams"}
    answer = client.post(COUNTRIES, given)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert faults(page) == []
    assert "cannot be read" not in page
    found = filled(page)
    assert (found["company"], found["teams-1-name"], found["teams-2-name"], found["teams-rows"]) == (
        "Half ty",
        "x y",
        "",
        "3",
    )
    assert "another row" not in filled(client.post(COUNTRIES, {**found, "more": "signals"}).content.decode())


@pytest.mark.parametrize("number", ["", "-1", "999999999999", "1e9", "²", "12"])
def test_the_number_of_rows_is_what_the_question_allows(number: str) -> None:
    client = the_company()
    sent = {**filled(read(client, COUNTRIES)), "teams-rows": number}
    page = client.post(COUNTRIES, sent).content.decode()
    assert 2 <= int(filled(page)["teams-rows"]) <= 12


def test_blank_rows_do_not_count_and_a_mistake_stands_in_its_own_row() -> None:
    client = the_company()
    sent = {**filled(read(client, COUNTRIES)), "more": "teams"}
    sent = filled(client.post(COUNTRIES, sent).content.decode())
    blank = {key: "" for key in sent if key.startswith("teams-1-")}
    third = {"teams-2-name": "emea", "teams-2-people": "not one", "teams-2-countries": "Germni"}
    page = client.post(COUNTRIES, {**sent, **blank, **third}).content.decode()
    assert 'href="#id_teams-2-countries"' in page
    assert filled(page)["teams-2-countries"] == "Germni"


def test_rows_that_do_not_go_together_are_told_above_them() -> None:
    client = the_company()
    a_member("amy", "Amy Chen", Role.REP, a_team("sales-emea", "Sales EMEA"))
    page = said(answered(client, COUNTRIES))
    assert 'href="#q-teams"' in page
    assert page.count("Leave the countries of exactly one team open.") == 2


def test_teams_that_are_not_here_are_added_from_the_draft() -> None:
    client = the_company()
    page = drafted(client, **{"teams-0-name": "north-star", "teams-0-people": "tomas, zoe"})
    assert "Your workspace does not have the team north-star." in page
    assert "Nobody here is called zoe." in page
    assert "/members/invite/" in page
    answer = client.post(f"{ONE}text/", {**filled(page), "act": "teams"})
    assert (answer.status_code, answer["Location"]) == (302, f"{ONE}text/")
    added = Team.objects.get(name="north-star")
    assert (added.title, added.side) == ("North star", "sales")
    assert "does not have the team" not in read(client, f"{ONE}text/")
    assert "Every team is here." in said(client.post(f"{ONE}text/", {**filled(page), "act": "teams"}, follow=True))


def test_only_who_manages_members_adds_teams() -> None:
    with pytest.raises(PermissionDenied):
        actions.add_teams(text="accord: 1", by=a_revops())


def test_an_edited_text_is_checked_and_a_mistake_told_by_its_line() -> None:
    client = the_company()
    given = filled(drafted(client))
    broken = given["text"].replace("method: round_robin", "method: whimsical")
    answer = client.post(f"{ONE}text/", {**given, "text": broken, "act": "check"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert faults(page) == []
    line = broken.splitlines().index("    - {team: sales-dach, method: whimsical}") + 1
    assert f"Line {line}" in page
    assert filled(page)["text"] == broken
    assert filled(read(client, f"{ONE}text/"))["text"] == broken
    mended = broken.replace("whimsical", "least_loaded")
    answer = client.post(f"{ONE}text/", {**given, "text": mended, "act": "check"})
    assert answer.status_code == 200
    assert "to whoever has the fewest open" in said(answer)
    assert "The text of your draft has been edited." in read(client, ONE)


@pytest.mark.parametrize("text", ["- a list", "\x00", "{" * 3_000, "accord: 1", "🦆", "a: &a [*a]", "x" * 1_000_001])
@pytest.mark.parametrize("act", ["load", "check", "teams", "nonsense"])
def test_hostile_texts_get_a_clear_answer(text: str, act: str) -> None:
    client = the_company()
    answer = client.post(f"{ONE}text/", {"text": text, "in_force_from": "2026-01-01T00:00", "act": act})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not AgreementEvent.facts().exists()


@pytest.mark.parametrize("moment", ["", "soon", "2026-13-01T00:00", "99999-01-01T00:00"])
def test_a_date_that_is_none_is_told_and_the_text_is_kept(moment: str) -> None:
    client = the_company()
    given = filled(drafted(client))
    answer = client.post(f"{ONE}text/", {**given, "in_force_from": moment, "act": "load"})
    assert answer.status_code == 422
    assert filled(answer.content.decode())["text"] == given["text"]
    assert "id_in_force_from_error" in answer.content.decode()


def test_hostile_answers_never_break_a_page() -> None:
    client = the_company()
    given = filled(read(client, COUNTRIES))
    for value in (
        "\x00",
        "<script>alert(1)</script>",
        "{{ 7 * 7 }}",
        "%",
        "'" * 25_000,
        "-1",
        "9" * 400,
        "../../etc/passwd",
    ):
        sent = {key: value for key in given if not key.endswith("-rows")}
        answer = client.post(COUNTRIES, {**sent, "unknown": value}) if value != "\ud83d" else client.get(COUNTRIES)
        assert answer.status_code in (200, 422)
        assert "<script>" not in answer.content.decode().replace("<script>", "", 0) or value != "<script>"
    assert "too long or hold signs that no text has" in said(client.post(COUNTRIES, {"line": "9" * 25_000}))
    assert client.post(COUNTRIES, {}).status_code == 422
    assert client.post(COUNTRIES, {"more": "nothing"}).status_code == 200


@pytest.mark.parametrize("address", ["/agreement/draft/none/", "/agreement/draft/none/text/"])
def test_a_template_that_is_not_there_is_not_found(address: str) -> None:
    client = the_company()
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404


def test_a_draft_without_answers_leads_to_the_questions() -> None:
    client = the_company()
    assert client.get(f"{ONE}text/")["Location"] == ONE
    assert client.post(f"{ONE}text/", {"text": "  ", "act": "load"})["Location"] == ONE
    drafted(client)
    assert client.get(f"{LARGE}text/")["Location"] == LARGE
    assert "A draft is waiting" in read(client, "/agreement/draft/")


def test_a_draft_is_its_authors_own() -> None:
    drafted(the_company())
    other = a_member("olga", "Olga Petrova", Role.ADMINISTRATOR, None)
    assert signed_in(other).get(f"{ONE}text/")["Location"] == ONE


def test_with_a_version_in_force_drafting_starts_with_the_next_number() -> None:
    client = the_company()
    page = drafted(client)
    client.post(f"{ONE}text/", {**filled(page), "in_force_from": "2026-01-01T00:00", "act": "load"})
    assert "Version 1 is in force; this becomes version 2." in read(client, "/agreement/draft/")
    assert filled(read(client, ONE))["version"] == "2"
    taken = client.post(ONE, {**filled(read(client, ONE)), "version": "1"}, follow=True).content.decode()
    answer = client.post(f"{ONE}text/", {**filled(taken), "act": "load"})
    assert answer.status_code == 422
    assert "Version 1 is there already.</b> Number this one 2 in its text." in said(answer)


def test_an_empty_workspace_is_asked_for_what_it_lacks() -> None:
    client = signed_in(an_administrator())
    page = said(answered(client))
    assert "5 answers to look at." in page
    assert faults(read(client, COUNTRIES)) == []
    assert faults(read(client, LARGE)) == []


def test_the_first_steps_and_the_empty_page_lead_here() -> None:
    client = the_company()
    assert 'href="/agreement/draft/"' in read(client, "/setup/")
    assert 'href="/agreement/draft/"' in read(client, "/agreement/")
    assert 'href="/agreement/draft/"' in read(client, "/agreement/load/")
    actions.load(text=json.dumps(ARTICLES), in_force_from=timezone.now(), by=an_administrator(), at=timezone.now())
    assert "Draft a version" in read(client, "/agreement/")
    assert "Draft a version" not in read(signed_in(a_rep()), "/agreement/")
