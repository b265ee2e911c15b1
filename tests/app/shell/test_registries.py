"""What rooms register stands in order, once, and is asked on behalf of somebody."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.safestring import SafeString

from accord_app.shell import navigation, panels, search, steps
from accord_app.shell.navigation import Entry
from accord_app.shell.search import Found
from accord_app.shell.steps import Step

pytestmark = pytest.mark.usefixtures("empty_house")


def test_panels_of_a_kind_stand_in_order_and_those_with_nothing_to_say_are_left_out(rf: RequestFactory) -> None:
    def content(request: HttpRequest, record: Any) -> SafeString:
        return SafeString(f"<p>Send {record} next</p>")

    def silent(request: HttpRequest, record: Any) -> None:
        return None

    def first(request: HttpRequest, record: Any) -> SafeString:
        return SafeString("<p>first</p>")

    panels.register("handoff", 20, content)
    panels.register("handoff", 10, first)
    panels.register("handoff", 15, silent)
    panels.register("account", 1, first)
    assert panels.rendered(rf.get("/"), "handoff", "the sheet") == ("<p>first</p>", "<p>Send the sheet next</p>")


def test_search_asks_every_finder_on_behalf_of_the_person() -> None:
    search.register("People", lambda user, words: [Found(f"{words} for {user}", "", "/p/", "person")])
    search.register("Accounts", lambda *_: [])
    found = search.search("tomas", "  birgit \0 sommer ")
    assert [(group.name, group.found[0].title) for group in found] == [("People", "birgit sommer for tomas")]


@pytest.mark.parametrize("words", ["", " ", "b", "\0\0\0"])
def test_fewer_than_two_letters_find_nothing(words: str) -> None:
    search.register("People", lambda _, asked: [Found(asked, "", "/", "person")])
    assert search.search(None, words) == ()


def test_a_very_long_question_is_cut() -> None:
    search.register("People", lambda _, asked: [Found(asked, "", "/", "person")])
    assert len(search.search(None, "x" * 5000)[0].found[0].title) == search.LONGEST


def test_steps_stand_in_order_and_the_first_open_one_is_next() -> None:
    steps.register(Step(20, "Import", "Bring your history.", "shell:search", lambda: False))
    steps.register(Step(10, "Invite people", "Both teams.", "shell:search", lambda: True))
    assert [step.title for step in steps.registered()] == ["Invite people", "Import"]
    following = steps.next_step()
    assert following is not None
    assert following.title == "Import"


def test_a_workspace_that_is_set_up_has_no_next_step() -> None:
    steps.register(Step(10, "Invite people", "Both teams.", "shell:search", lambda: True))
    assert steps.next_step() is None


def test_nothing_is_registered_twice() -> None:
    entry = Entry("Run", "handoffs", "Handoffs", "inbox", "shell:search")
    navigation.register(entry)
    with pytest.raises(ValueError, match="'handoffs' is registered twice"):
        navigation.register(entry)


def test_what_is_registered_never_changes() -> None:
    found = Found("Birgit", "", "/", "person")
    with pytest.raises(FrozenInstanceError):
        found.title = "Noor"  # type: ignore[misc]
