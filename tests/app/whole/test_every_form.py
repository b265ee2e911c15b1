"""Every form of every page: it can be sent, twice is once, and what is wrong with it is told while what was typed
stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import resolve
from tests.app.whole.filling import TYPED, Form, forms_of, typed_into
from tests.app.whole.walking import (
    PART_OF_PAGE,
    Asked,
    Door,
    Visitor,
    doors,
    everything_held,
    nothing_happened,
    sound,
)  # fmt: skip
from tests.app.whole.world import Samples

from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db
EXAMPLE = Path(__file__).parents[3] / "examples/agreement.yaml"
DOORS = {door.name: door for door in doors()}
WHO = (Role.REVOPS, Role.ADMINISTRATOR, Role.REP, Role.MARKETER, Role.HEAD_OF_MARKETING, Role.HEAD_OF_SALES)
ANONYMOUS = ("account_login", "account_reset_password")
TOLD_ELSEWHERE = {  # doors without a form on a page of this walk, and where it is
    "demo:sign_in": "the demo alone has it",
    "members:welcome": "an empty workspace has it: tests/app/members/test_first_run.py",
    "members:invitation": "whoever is invited has it: tests/app/members/test_joining.py",
    "members:go_live": "a workspace that is not live has it: tests/app/members/test_first_run.py",
    "agreements:draft_text": "whoever has answered the questions has it: tests/app/agreements/test_drafting.py",
    "agreements:draft_questions": "a form as long as an agreement: tests/app/agreements/test_drafting.py",
    "handoffs:undo": "the words after an answer have it: tests/app/handoffs/test_pages_answers.py",
    "outreach:unsubscribe": "people outside have it: tests/app/outreach/test_consent.py",
    "outreach:confirm": "people outside have it: tests/app/outreach/test_consent.py",
    "outreach:preferences": "people outside have it: tests/app/outreach/test_consent.py",
    "outreach:mail_events": "the mail provider sends there: tests/app/outreach/test_hearing.py",
    "account_signup": "nobody signs up",
    "account_set_password": "nobody is without a password: tests/app/members/test_sign_in.py",
    "account_reset_password_from_key": "a link in a mail leads to it: tests/app/members/test_sign_in.py",
    "account_reset_password_done": "says what was sent",
    "account_reset_password_from_key_done": "says that it is done",
    "account_inactive": "says who is not a member any more",
    "mfa_download_recovery_codes": "hands out a file, whatever it is sent",
    "mfa_authenticate": "comes after a password: tests/app/members/test_sign_in.py",
}
FILLED: dict[str, dict[str, Any]] = {  # what cannot be guessed from a page
    "account_login": {"login": "tomas@kestrel.example"},
    "account_change_password": {"password1": "a-plum-in-a-far-garden-9", "password2": "a-plum-in-a-far-garden-9"},
    "agreements:load": {"text": EXAMPLE.read_text(encoding="utf-8"), "file": None},
    "handoffs:touch": {"occurred_at": ""},
    "intake:propose": {"source": "crm", "time_zone": "Europe/Berlin"},
    "members:absences_of": {"deputy": ""},
    "members:calendar": {"address": "https://calendar.example/absences.ics", "deputy": ""},
    "members:my_absences": {"deputy": ""},
    "members:teams": {"name": "new-team", "title": "A new team"},
    "members:invite": {"handle": "newcomer", "name": "New Comer"},
    "members:profile": {"quiet_from": "", "quiet_until": ""},
    "records:erase": {"sure": "yes"},
    "records:pair": {"keep": "apart"},
    "records:employer": {"account": "nobody"},
    "intake:events": {"source": "shop", "name": "Shop"},
    "outreach:new_track": {"name": "new-track", "title": "New", "steps": "mail warm-1", "entry": ""},
    "outreach:write_track": {"entry": ""},
    "outreach:new_template": {"name": "new-template", "subject": "News", "body": "Hello."},
    "shield:check": {"file": None, "people": "birgit@at-birgit.example", "message": ""},
    "shield:let": {"until": f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}", "reason": "Asked for it."},
}
REFUSED = {  # well filled and still refused, for a reason of the house
    "mfa_activate_totp": "a code of the app is not known to the page",
    "mfa_reauthenticate": "a code of the app is not known to the page",
}
AGAIN = {  # sent again is done again, and why that is meant
    "records:erase": "an erasure can be repeated, for facts may have come in since; each time is kept",
    "mfa_generate_recovery_codes": "new codes are drawn each time, and the next page shows them",
    "intake:events": "the second key replaces the first, of which nobody saw the answer",
}
DONE, SHOWN = (301, 302, 303), {"intake:events"}  # a new key is shown at once, and never again
HOSTILE = (
    "", " ", "\0", "a\0b", "-1", "0", "9" * 40, "1e308", "nan", "9223372036854775808", "'; DROP TABLE x; --",
    '<script>alert(1)</script>"\'&', "{{ 7|add:7 }}", "\u202eevil 𝔘", "x" * 10_000, "../../etc/passwd",
    "0001-01-01T00:00", "9999-12-31T23:59", "2026-13-45T99:99", "\r\nSet-Cookie: a=b", "١٢", "²", "ß\u0301",
)  # fmt: skip
SOME = [pytest.param(20, id="some"), pytest.param(1, id="all", marks=pytest.mark.prove)]


@dataclass(frozen=True)
class Found:
    """A form with who can send it, and the door that takes it."""

    form: Form
    who: Visitor
    door: Door

    @property
    def name(self) -> str:
        return f"{self.door.name}({', '.join(control.name for control in self.form.controls)})"

    @property
    def is_shown(self) -> bool:
        """Whether the answer is a page: of what is never shown again, or of what would be kept."""
        return self.door.name in SHOWN or self.filled().get("do") == "preview"

    def filled(self, **other: Any) -> dict[str, Any]:
        sent = {**self.form.sent(), **FILLED.get(self.door.name, {}), **other}
        return {name: value for name, value in sent.items() if value is not None}

    def post(self, data: Any, **more: Any) -> Asked:
        return self.who.post(self.form.action, data, headers={"Referer": self.form.page}, **more)


def every_form(known: Samples) -> list[Found]:
    """One of each kind: of a door, with the same fields and buttons."""
    found: dict[tuple[Any, ...], Found] = {}
    kept = DOORS["handoffs:delete_view"].samples("pk", known)[0].value
    more = {"handoffs:list": f"/handoffs/?saved={kept}"}  # where a form stands that the page alone does not have
    for who in [Visitor(None), *(Visitor(role) for role in WHO)]:
        for door in DOORS.values():
            if who.role is None and door.name not in ANONYMOUS:
                continue
            if who.role is not None and not door.may(who.role, "get"):
                continue
            paths = [path for path, _ in door.addresses(known, who.role)]
            for path in [*paths, *([more[door.name]] if door.name in more else [])]:
                for form in forms_of(who.get(path).text, path):
                    to = DOORS[resolve(form.action.partition("?")[0]).view_name]
                    if to.name in TOLD_ELSEWHERE:
                        continue
                    kind = (to.name, tuple((c.name, c.kind == "submit" and c.value) for c in form.controls))
                    found.setdefault(kind, Found(form, who, to))
    return list(found.values())


@pytest.fixture(scope="module")
def found_forms() -> dict[str, list[Found]]:
    """The forms of the house, looked for once."""
    return {}


@pytest.fixture
def forms(known: Samples, found_forms: dict[str, list[Found]]) -> list[Found]:
    if "all" not in found_forms:
        found_forms["all"] = every_form(known)
    visitors = {role: Visitor(role) for role in (None, *WHO)}  # who signed in within another test no longer is
    return [replace(found, who=visitors[found.who.role]) for found in found_forms["all"]]


def test_every_form_can_be_sent_and_twice_is_once(known: Samples, forms: list[Found]) -> None:
    wrong = []
    taking = {door.name for door in DOORS.values() if takes_something(door, known)}
    formless = taking - {found.door.name for found in forms} - TOLD_ELSEWHERE.keys()
    wrong += [f"{name} takes something, and no page has a form for it" for name in formless]
    for found in forms:
        with nothing_happened():
            first = found_answer(found)
            held = everything_held()
            second = found_answer(found)
            is_same = everything_held() == held
        is_done = first.status in DONE or (first.status == 200 and found.is_shown)
        if is_done is (found.door.name in REFUSED):
            wrong.append(f"{found.name} of {found.form.page} answers {first.status}")
        if second.status >= 500 or second.status == 403:
            wrong.append(f"{found.name} sent again answers {second.status}")
        if is_same is (found.door.name in AGAIN):
            wrong.append(f"{found.name} sent again is done again")
        wrong += [f"{found.name} sent again: {each}" for each in wrong_with(second)]
    assert not wrong, "\n".join(wrong)


def takes_something(door: Door, known: Samples) -> bool:
    role = next(role for role in WHO if door.may(role, "post"))
    path, _ = next(door.addresses(known, role))
    return Visitor(role).post(path).status != 405


def found_answer(found: Found) -> Asked:
    """What comes of a form; what it changes stays."""
    answer = found.who.client().post(found.form.action, found.filled(), headers={"Referer": found.form.page})
    return Asked(answer.status_code, answer.content.decode(errors="replace"), dict(answer.items()), False)


@pytest.mark.parametrize("one_of", SOME)
def test_what_is_wrong_is_told_and_what_was_typed_stays(one_of: int, forms: list[Found]) -> None:
    wrong = []
    for place, found in enumerate(forms):
        for what, data in spoilt(found, place, one_of):
            body = urlencode(data, doseq=True)
            is_file = any(control.kind == "file" for control in found.form.controls)
            more = {} if is_file else {"content_type": "application/x-www-form-urlencoded"}
            asked = found.post(data if is_file else body, **more)
            told = [*wrong_with(asked), *lost(asked, data, found)]
            wrong += [f"{found.name} with {what} answers {asked.status}: {each}" for each in told]
            if found.form.is_swapped:
                swapped = found.who.post(found.form.action, body, headers=PART_OF_PAGE, **more)
                wrong += [f"{found.name} by htmx with {what}: {each}" for each in wrong_with(swapped)]
    assert not wrong, "\n".join(wrong)


def spoilt(found: Found, place: int, one_of: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The form well filled but for one field, in one of so many ways, and with nothing at all."""
    good = {name: value for name, value in found.filled().items() if not hasattr(value, "read")}
    yield "nothing", {}
    for step, name in enumerate(dict.fromkeys(control.name for control in found.form.controls)):
        rest = {other: value for other, value in good.items() if other != name}
        ways = [
            (f"no {name}", rest),
            (f"{name} twice", {**rest, name: [good.get(name, "x"), "other"]}),
            *((f"{name}={value[:40]!r}", {**rest, name: value}) for value in HOSTILE),
        ]
        yield from ways[(place + step) % one_of :: one_of]


def wrong_with(asked: Asked) -> Iterator[str]:
    """What must not be so of an answer to a form."""
    if asked.status >= 500 or asked.status in (401, 403, 405):
        yield f"answers {asked.status}"
    if asked.is_changed:
        yield "is refused and changed something"
    if asked.is_page:
        yield from sound(asked.text)
    if asked.status in (409, 422) and 'role="alert"' not in asked.text and 'class="error"' not in asked.text:
        yield "is refused without a word"


def lost(asked: Asked, sent: dict[str, Any], found: Found) -> Iterator[str]:
    """What was typed and is not there any more."""
    if asked.status not in (409, 422):
        return
    there = typed_into(asked.text)
    for control in found.form.controls:
        said = sent.get(control.name)
        if control.kind not in TYPED or not isinstance(said, str) or not said.strip() or "\0" in said:
            continue
        if there.get(control.name, "").split() != said.split():
            yield f"{control.name} is lost: {there.get(control.name, 'not there')[:60]!r}"
