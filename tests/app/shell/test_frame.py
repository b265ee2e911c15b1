"""The frame around a page: what the signed-in person may open, where they are, how they like it."""

from __future__ import annotations

import html5lib
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.app.cast import a_rep, a_revops
from tests.app.html import faults

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.shell import navigation
from accord_app.shell.navigation import Count, Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_house")]


def names_in(page: str, marker: str) -> list[str]:
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    found = tree.find(f".//nav[@aria-label='{marker}']")
    return [" ".join("".join(link.itertext()).split()) for link in found.iter("a")]


def page_for(client: Client, member: User, address: str = "/components/") -> str:
    client.force_login(member)
    return client.get(address).content.decode()


def test_entries_stand_in_the_order_of_the_loop(client: Client) -> None:
    navigation.register(Entry("See", "score", "Scoreboard", "layout-dashboard", "shell:components"))
    navigation.register(Entry("Run", "late", "Recycled", "recycle", "shell:components", order=2))
    navigation.register(Entry("Run", "early", "Handoffs", "inbox", "shell:components", order=1))
    assert names_in(page_for(client, a_rep()), "Main") == ["Handoffs", "Recycled", "Scoreboard"]


def test_who_has_not_the_right_does_not_see_the_entry(client: Client) -> None:
    navigation.register(Entry("Set up", "work", "Work", "list-check", "shell:components", right=Right.SEE_WORK))
    assert names_in(page_for(client, a_rep()), "Main") == []
    assert names_in(page_for(client, a_revops()), "Main") == ["Work"]


def test_counts_stand_beside_entries_and_nothing_stands_for_none(client: Client) -> None:
    navigation.register(Entry("Run", "a", "Handoffs", "inbox", "shell:components", count=lambda _: Count("6", "risk")))
    navigation.register(Entry("Run", "b", "Recycled", "recycle", "shell:components", count=lambda _: 41))
    navigation.register(Entry("Run", "c", "Sent", "mail", "shell:components", count=lambda _: None))
    page = page_for(client, a_rep())
    assert sorted(names_in(page, "Main")) == ["Handoffs6", "Recycled41", "Sent"]
    assert '<span class="count" data-state="risk">6</span>' in page


def test_the_entry_of_the_longest_matching_address_is_current(client: Client) -> None:
    navigation.register(Entry("Run", "search", "Search", "search", "shell:search"))
    navigation.register(Entry("Run", "parts", "Components", "books", "shell:components"))
    client.force_login(a_rep())
    tree = html5lib.parse(client.get("/search/?q=x").content.decode(), namespaceHTMLElements=False)
    current = [link.get("href") for link in tree.iter("a") if link.get("aria-current") == "page"]
    assert set(current) == {"/search/"}


def test_phones_get_four_tabs_by_place_and_more(client: Client) -> None:
    for place in (3, 1, 2, 4):
        navigation.register(Entry("Run", f"{place}", f"Tab {place}", "inbox", "shell:components", tab=place))
    navigation.register(Entry("Run", "other", "Elsewhere", "inbox", "shell:components", go="e"))
    page = page_for(client, a_rep())
    assert names_in(page, "Main, small screen") == ["Tab 1", "Tab 2", "Tab 3", "Tab 4"]
    assert 'popovertarget="more"' in page
    assert 'data-go="e"' in page


def test_the_frame_is_sound_with_every_kind_of_entry(client: Client) -> None:
    navigation.register(Entry("", "today", "Today", "sun", "shell:components", tab=1, go="t"))
    navigation.register(Entry("You", "me", "Settings", "settings", "shell:search"))
    assert faults(page_for(client, a_rep())) == []


def test_who_i_am_stands_in_the_corner(client: Client) -> None:
    page = page_for(client, a_rep())
    assert "<b>Tomás Rivera</b>" in page
    assert "Kestrel Robotics" in page
    assert 'data-team="sls" data-size="l" aria-hidden="true">TR<' in page


@pytest.mark.parametrize(("theme", "root"), [("", '<html lang="en">'), ("dark", '<html lang="en" data-theme="dark">')])
def test_the_theme_is_the_persons_own(client: Client, theme: str, root: str) -> None:
    member = a_rep()
    member.theme = theme
    member.save()
    assert root in page_for(client, member)


def test_single_keys_can_be_switched_off(client: Client) -> None:
    member = a_rep()
    assert "data-shortcuts" not in page_for(client, member)
    member.shortcuts = False
    member.save()
    assert 'data-shortcuts="off"' in page_for(client, member)


def test_a_frame_costs_the_same_however_many_entries_there_are(client: Client) -> None:
    client.force_login(a_rep())
    with CaptureQueriesContext(connection) as few:
        client.get("/components/")
    for number in range(20):
        navigation.register(Entry("Run", f"{number}", f"Entry {number}", "inbox", "shell:components"))
    with CaptureQueriesContext(connection) as many:
        client.get("/components/")
    assert len(few) == len(many)


def test_there_are_no_other_sections() -> None:
    with pytest.raises(ValueError, match="no section 'Elsewhere'"):
        Entry("Elsewhere", "x", "X", "x", "shell:components")
