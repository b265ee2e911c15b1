"""The agreement as both teams read it, its versions, and loading one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.agreements import ARTICLES
from tests.app.cast import a_marketer, a_rep, an_administrator
from tests.app.html import faults

from accord_app.agreements import actions
from accord_app.agreements.actions import CannotLoadError
from accord_app.ledger.models import AgreementEvent
from accord_app.members.models import User

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def the_text(**articles: Any) -> str:
    return json.dumps({**ARTICLES, **articles}, indent=1)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def loaded(version: int = 1, *, in_force_from: datetime | None = None, **articles: Any) -> int:
    now = timezone.now()
    return actions.load(
        text=the_text(version=version, **articles), in_force_from=in_force_from or now, by=an_administrator(), at=now
    )


def test_without_a_version_the_page_says_what_will_be_there() -> None:
    answer = signed_in(a_rep()).get("/agreement/")
    assert answer.status_code == 200
    assert "No agreement is in force yet." in answer.content.decode()
    assert "Load a version" not in answer.content.decode()
    assert "Load a version" in signed_in(an_administrator()).get("/agreement/").content.decode()


def test_both_teams_read_the_articles() -> None:
    loaded()
    for who in (a_rep(), a_marketer()):
        page = signed_in(who).get("/agreement/").content.decode()
        assert "What marketing and sales promise each other" in page
        assert 'id="c-qualification-where"' in page
        assert faults(page) == []


def test_what_is_not_yet_enforced_is_said_beside_its_article() -> None:
    loaded(brand={"voice": "plain"})
    assert "Not yet enforced" in signed_in(a_rep()).get("/agreement/").content.decode()


def test_a_version_is_loaded_from_a_file_and_recorded_with_its_hash() -> None:
    admin = an_administrator()
    file = SimpleUploadedFile("agreement.yaml", the_text().encode())
    answer = signed_in(admin).post("/agreement/load/", {"file": file, "in_force_from": "2026-01-01T00:00"})
    assert answer.status_code == 302, answer.content.decode()
    event = AgreementEvent.facts().get()
    assert (event.version, event.event, event.by) == (1, "in_force", admin.handle)
    assert len(event.hash) == 64


def test_mistakes_are_told_with_their_line_and_nothing_changes() -> None:
    file = SimpleUploadedFile("agreement.yaml", the_text(qualification={"where": "no_such_column = 1"}).encode())
    answer = signed_in(an_administrator()).post("/agreement/load/", {"file": file, "in_force_from": "2026-01-01T00:00"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no_such_column" in page
    assert "Line " in page
    assert not AgreementEvent.facts().exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"- just\n- a list", b"{" * 3_000, b"accord: 1"])
def test_hostile_files_get_a_clear_answer(content: bytes) -> None:
    file = SimpleUploadedFile("agreement.yaml", content)
    answer = signed_in(an_administrator()).post("/agreement/load/", {"file": file, "in_force_from": "2026-01-01T00:00"})
    assert answer.status_code == 422
    assert not AgreementEvent.facts().exists()


def test_only_who_may_load_can() -> None:
    assert signed_in(a_rep()).get("/agreement/load/").status_code == 403
    with pytest.raises(PermissionDenied):
        actions.load(text=the_text(), in_force_from=LONG_AGO, by=a_rep(), at=timezone.now())


def test_a_number_is_taken_once_and_versions_follow_each_other() -> None:
    loaded(1)
    with pytest.raises(CannotLoadError, match="is there already"):
        loaded(1)
    loaded(2, in_force_from=timezone.now() + timedelta(days=30))
    with pytest.raises(CannotLoadError, match="comes into force"):
        loaded(3)


def test_a_version_to_come_is_shown_and_does_not_rule_yet() -> None:
    loaded(1)
    loaded(2, in_force_from=timezone.now() + timedelta(days=30), qualification={"where": "country = 'AT'"})
    page = signed_in(a_rep()).get("/agreement/").content.decode()
    assert "Version 1, in force since" in page
    assert "to come" in page
    assert "This is not the version in force." in signed_in(a_rep()).get("/agreement/2/").content.decode()


def test_two_versions_are_compared_in_words_and_by_clause() -> None:
    loaded(1)
    loaded(2, in_force_from=timezone.now() + timedelta(days=1), qualification={"where": "country = 'AT'"})
    page = signed_in(a_rep()).get("/agreement/1/to/2/").content.decode()
    assert "qualification.where" in page
    assert "<del>" in page
    assert "<ins>AT" in page
    assert faults(page) == []


def test_points_are_a_list_with_the_largest_first() -> None:
    card = {
        "fit": [{"when": "employees >= 50", "points": 20, "because": "our installed base"}],
        "intent": [
            {"touch": "page.pricing", "points": 7, "half_life": "7d", "at_most": 21},
            {"touch": "form.price-request", "points": 30},
        ],
    }
    loaded(cards={"main": card})
    page = signed_in(a_rep()).get("/agreement/").content.decode()
    assert "our installed base" in page
    assert "halves every 7 days, at most 21 in all" in page
    assert page.index("Price request (form)") < page.index("Pricing (page)")
    assert faults(page) == []


@pytest.mark.parametrize("address", ["/agreement/9/", "/agreement/1/to/9/", "/agreement/9/text/"])
def test_versions_that_do_not_exist_are_not_found(address: str) -> None:
    loaded(1)
    assert signed_in(a_rep()).get(address).status_code == 404


def test_the_text_comes_back_as_it_was_loaded() -> None:
    loaded(1)
    answer = signed_in(a_rep()).get("/agreement/1/text/")
    assert answer.content.decode() == the_text(version=1)


def test_articles_are_found_by_their_words() -> None:
    loaded(1)
    assert "Article" in signed_in(a_rep()).get("/search/?q=business+time").content.decode()
