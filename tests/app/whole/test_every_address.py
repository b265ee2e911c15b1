"""Every address with everything that can stand in it: what somebody may see opens, what they may not does not exist,
and nothing that anybody writes into an address breaks a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.app.shell.test_safety import POLICY
from tests.app.whole.walking import Asked, Door, Visitor, doors, sound
from tests.app.whole.world import Samples

from accord_app.handoffs import queue
from accord_app.members.roles import Role
from accord_app.records import lists

pytestmark = pytest.mark.django_db
DOORS = doors()
SOURCES = Path(__file__).parents[3] / "src/accord_app"
GONE = {"members:invitation"}  # answers 410: the invitation is no longer good
TELLS_ITSELF = {"account_reset_password_from_key"}  # 200: that the link is used or wrong, with a way to a new one
NOT_OPENED = {  # GET leads elsewhere, or is answered to programs, and why
    "members:welcome": "leads to the sign-in, for there is a company",
    "demo:sign_in": "is not found outside the demo",
    "outreach:mail_events": "not found without a mail provider",
    "agreements:draft_text": "leads to the questions who has not answered them",
    "handoffs:reply": "leads to the handoff where nothing was rejected",
    "account_login": "leads home who has signed in",
    "account_signup": "leads home who has signed in",
    "account_set_password": "leads to the change of the password there is",
    "account_reset_password_from_key": "leads to its form, without the key in the address",
    "mfa_authenticate": "leads away who is not signing in",
    "mfa_reauthenticate": "leads away who has no second factor",
    "mfa_deactivate_totp": "not found without a second factor",
    "mfa_view_recovery_codes": "not found without recovery codes",
    "mfa_generate_recovery_codes": "not found without a second factor",
    "mfa_download_recovery_codes": "not found without recovery codes",
    "account_reauthenticate": "leads on",
    "account_logout": "asks first",
    "scoreboard:chart": "not found before there are periods to draw",
    "mfa_activate_totp": "leads away who has a second factor",
}
HOSTILE = (
    "0", "-1", "2147483648", "9223372036854775808", "9" * 40, "9" * 5_000, "1e308", "nan", "١٢", "²",
    "\0", "a\0b", "'", "'; DROP TABLE members_user; --", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "%s%n%d",
    "../../etc/passwd", "..%2f", "\ud800", "\u202eevil", "𝔘" * 50, "x" * 10_000, " ", "\r\nSet-Cookie: a=b", "[]",
    "1.0", "1.x", "99999999999999999999.x", "-62135596800000001.x", "d~9999-12-31T23:59:59+00:00~a~2", "u~now~a~1",
    "d~0001-01-01T00:00:00+14:00~a~1", "2026-01-01", "0001-01-01T00:00:00", "tomas", "sales-dach", "true",
)  # fmt: skip
SOMEBODY = {("handle", "tomas"), ("name", "sales-dach")}
"""Hostile where an id is asked for, and right where it is who is meant."""

SOME = [pytest.param(9, id="some"), pytest.param(1, id="all", marks=pytest.mark.prove)]
"""Of what is hostile every ninth, another one at each address, in the short form."""

FEW = [pytest.param(29, id="some"), pytest.param(1, id="all", marks=pytest.mark.prove)]
"""Of queries, which are many more, every twenty-ninth."""


def written(value: str) -> str:
    """A value as a browser would put it into an address; half a sign as the bytes that some programs send."""
    return quote(value, safe="", errors="surrogatepass")


def names_asked() -> list[str]:
    """Every name that some page asks an address for, found in the sources and the filters of lists."""
    found = {
        name
        for path in sorted(SOURCES.rglob("*.py"))
        for name in re.findall(r"(?:GET|asked)\.get(?:list)?\(\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    listed = (name for listing in (lists.PEOPLE, lists.ACCOUNTS, lists.DEALS) for name in listing.filters)
    return sorted({*found, *queue.FILTERS, *listed, "next"})


NAMES = names_asked()


def wrong_with(asked: Asked) -> Iterator[str]:
    """What must not be so of any answer."""
    if asked.status >= 500:
        yield f"answers {asked.status}"
    told = {name: rest for name, *rest in (part.split() for part in _policy(asked).split(";") if part)}
    if told != POLICY:
        yield f"carries another policy: {told}"
    if asked.is_page:
        yield from sound(asked.text)
        yield from _lost(asked.text)
        if asked.headers.get("X-Content-Type-Options") != "nosniff":
            yield "lets the browser guess its type"
    if asked.status >= 400 and not (asked.text or asked.headers.get("Content-Type", "").startswith("application/")):
        yield f"answers {asked.status} without a word"


_ENTRY = re.compile(r'<a[^>]*?href="([^"]+)"( aria-current="page")?')


def _lost(text: str) -> Iterator[str]:
    """A page says twice where it stands, in its crumb and in the navigation, and both must say the same."""
    navigation = re.search(r'<nav id="main-navigation".*?</nav>', text, re.DOTALL)
    crumb = re.search(r'<div class="crumb">.*?</div>', text, re.DOTALL)
    beneath = _ENTRY.search(crumb[0]) if crumb else None
    entries = dict(_ENTRY.findall(navigation[0])) if navigation else {}
    if beneath and not entries.get(beneath[1], "marked"):
        marked = [url for url, mark in entries.items() if mark]
        yield f"stands beneath {beneath[1]} in its crumb, beneath {marked} in the navigation"


def _policy(asked: Asked) -> str:
    return asked.headers.get("Content-Security-Policy", "")


def the_first_who_may(door: Door, method: str) -> Role:
    order: tuple[Role, ...] = (Role.REVOPS, Role.ADMINISTRATOR, *Role)
    return next(role for role in order if door.may(role, method))


def test_the_walk_knows_the_addresses() -> None:
    assert {"handoffs:one", "agreements:compare", "account_login"} <= {door.name for door in DOORS}
    assert {"q", "after", "view", "saved", "standing", "team", "handoff", "earlier", "next"} <= set(NAMES)


@pytest.mark.parametrize("role", Role)
def test_what_exists_for_a_role_opens_and_what_does_not_is_not_found(role: Role, known: Samples) -> None:
    visitor, wrong = Visitor(role), []
    for door in DOORS:
        for path, exists in door.addresses(known, role):
            asked = visitor.get(path)
            wrong += [f"{door.name} {path} {each}" for each in wrong_with(asked)]
            wrong += [f"{door.name} {path} answers {asked.status}" for _ in _status_wrong(door, role, exists, asked)]
    assert not wrong, "\n".join(wrong)


def _status_wrong(door: Door, role: Role, exists: bool, asked: Asked) -> Iterator[None]:
    expected = {200}
    if not door.may(role, "get"):
        expected = {403}
    elif not exists:
        expected = {404}
    elif door.name in NOT_OPENED:
        expected = {200, 301, 302, 303, 404, 405}
    if asked.status == 405 and "GET" not in asked.headers["Allow"] and door.may(role, "get"):
        return  # takes POST alone; the next test asks it
    if asked.status not in expected:
        yield


@pytest.mark.parametrize("role", Role)
def test_what_does_not_exist_for_a_role_takes_nothing_either(role: Role, known: Samples) -> None:
    visitor, wrong = Visitor(role), []
    for door in DOORS:
        for path, exists in door.addresses(known, role):
            asked = visitor.post(path)
            wrong += [f"{door.name} {path} {each}" for each in wrong_with(asked)]
            is_refused = not door.may(role, "post")
            is_closed = is_refused or exists or asked.status in (404, 405)  # 405: nothing is sent there
            if (asked.status == 403) is not is_refused or not is_closed:
                wrong.append(f"{door.name} {path} answers {asked.status}, exists: {exists}")
            if asked.is_changed:
                wrong.append(f"{door.name} {path} answers {asked.status} and changed something")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("one_of", SOME)
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_that_stands_in_the_path_breaks_a_page(method: str, one_of: int, known: Samples) -> None:
    visitors, wrong = {role: Visitor(role) for role in Role}, []
    for place, door in enumerate(DOORS):
        visitor = visitors[the_first_who_may(door, method)]
        values = {part: door.samples(part, known)[0].value for part in door.parts}
        for part in door.parts:
            for hostile in set(HOSTILE[place % one_of :: one_of]) - {each.value for each in door.samples(part, known)}:
                if (part, hostile) in SOMEBODY:
                    continue
                path = door.path({**values, part: written(hostile)})
                asked = getattr(visitor, method)(path)
                wrong += [f"{door.name} {path[:120]} {each}" for each in wrong_with(asked)]
                is_gone = asked.status == (410 if door.name in GONE else 404)
                if not is_gone and asked.status not in (404, 405) and door.name not in TELLS_ITSELF:
                    wrong.append(f"{door.name} {path[:120]} answers {asked.status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("one_of", FEW)
def test_nothing_that_is_asked_of_an_address_breaks_a_page(one_of: int, known: Samples) -> None:
    visitors, wrong = {role: Visitor(role) for role in Role}, []
    for place, door in enumerate(DOORS):
        visitor = visitors[the_first_who_may(door, "get")]
        path, _ = next(door.addresses(known))
        if visitor.get(path).status not in (200, 302):
            continue
        for query in QUERIES[place % one_of :: one_of]:
            asked = visitor.get(f"{path}?{query}")
            told = [each for each in wrong_with(asked) if not gives_back_a_nul(door, each)]
            wrong += [f"{door.name} {path}?{query[:120]} {each}" for each in told]
            if asked.status not in (200, 302, 404, 422):
                wrong.append(f"{door.name} {path}?{query[:120]} answers {asked.status}")
    assert not wrong, "\n".join(wrong)


def gives_back_a_nul(door: Door, wrong: str) -> bool:
    """allauth writes the way back into the pages of sign-in as it stood in the address; browsers leave a NUL out."""
    return door.name.startswith(("account_", "mfa_")) and wrong.endswith("invalid-codepoint")


def queries() -> Iterator[str]:
    """Every value under all names at once, then every name with some values alone, doubled and without any."""
    for value in HOSTILE:
        yield "&".join(f"{name}={written(value)}" for name in NAMES)
    for place, name in enumerate(NAMES):
        some = [HOSTILE[(place * 7 + step) % len(HOSTILE)] for step in (0, 11)]
        yield from (f"{name}={written(value)}" for value in some)
    yield "&".join(NAMES)
    yield "&".join(f"{name}={written(value)}" for name in NAMES for value in ("x", "1"))
    yield "&".join(f"{name}%5B%5D={place}" for place, name in enumerate(NAMES))
    yield "%ff%fe=%ff&%00=%00&=&&&;=;"


QUERIES = list(queries())


def test_more_than_anybody_would_ask_is_refused_in_words(known: Samples) -> None:
    visitor = Visitor(Role.REVOPS)
    asked = visitor.post("/handoffs/together/", "&".join(f"x{n}=1" for n in range(1_500)), content_type=FORM)
    assert asked.status == 400 and "This request cannot be read." in asked.text
    asked = visitor.post("/profile/", "name=" + "x" * (6 * 1024 * 1024), content_type=FORM)
    assert asked.status in (400, 413) and list(wrong_with(asked)) == [] and not asked.is_changed


FORM = "application/x-www-form-urlencoded"
