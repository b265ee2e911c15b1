"""Events as programs send them: checked one by one, so that a damaged one takes none of its neighbours down."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accord.facts.erasure import PERSONAL
from accord.facts.tables import SIDES
from accord_app.ledger import lake
from accord_app.shell.asked import EARLIEST

LONGEST_TEXT, LONGEST_ID = 500, 200
KEYED = "keyed"
"""The one field of an event of which only facts under keyed ids are left, because its person was erased."""

CLOCKS_DIFFER = timedelta(minutes=5)
PERSON_FIELDS = ("name", "email", "phone", "title", "country", "city", "language", "origin", "campaign", "landing_page")
COMPANY_FIELDS = ("name", "domain", "industry", "country", "city", "segment")
COMPANY_NUMBERS = ("employees", "revenue")
TOUCH_FIELDS = ("channel", "campaign", "asset", "by", "outcome")
ALLOWED = frozenset({"id", "kind", "at", "side", "person", "company", "consent", *TOUCH_FIELDS})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with one event and what to do about it."""

    field: str
    value: str
    problem: str
    remedy: str


def refusals(event: object, *, at: datetime) -> list[Refusal]:
    """Everything that keeps an event from being taken in; empty for a good one. `at`: now."""
    if not isinstance(event, Mapping):
        return [Refusal("", _shown(event), "it is no object", "Send an object with id, kind, at and person.")]
    found = list(_unknown(event, ALLOWED))
    found += _text(event, "id", required=True, longest=LONGEST_ID)
    found += _text(event, "kind", required=True)
    for name in TOUCH_FIELDS:
        found += _text(event, name)
    if event.get("side") not in (None, *SIDES):
        found.append(Refusal("side", _shown(event["side"]), "it is no side", "Send marketing or sales."))
    return [*found, *_time(event, at), *_person(event), *_company(event), *_consent(event)]


def _unknown(holder: Mapping[str, Any], allowed: Collection[str], prefix: str = "") -> Iterator[Refusal]:
    for name in sorted(holder.keys() - set(allowed)):
        yield Refusal(f"{prefix}{_shown(name)}"[:80], _shown(holder[name]), "there is no such field", "Leave it out.")


def _text(
    holder: Mapping[str, Any], name: str, *, prefix: str = "", required: bool = False, longest: int = LONGEST_TEXT
) -> Iterator[Refusal]:
    value = holder.get(name)
    if value is None and not required:
        return
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not _is_sound(value):
        yield Refusal(prefix + name, _shown(value), f"it is no text of 1 to {longest} characters", "Send such a text.")


def _is_sound(text: str) -> bool:
    """Without NUL and without halves of signs, which no database keeps."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _time(event: Mapping[str, Any], at: datetime) -> Iterator[Refusal]:
    when = moment(event.get("at"))
    if when is None:
        yield Refusal("at", _shown(event.get("at")), "it is no time with a zone", "Send 2026-11-22T09:30:00Z.")
    elif when > at + CLOCKS_DIFFER:
        yield Refusal("at", _shown(event["at"]), "it lies in the future", "Check the clock and the zone.")
    elif when < EARLIEST:
        yield Refusal("at", _shown(event["at"]), "it lies before 1990", "Check the clock and the unit.")


def moment(value: object) -> datetime | None:
    """A time with a zone, in UTC; None for anything else."""
    try:
        when = datetime.fromisoformat(str(value)) if isinstance(value, str) else None
        return when.astimezone(UTC) if when is not None and when.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _person(event: Mapping[str, Any]) -> Iterator[Refusal]:
    person = event.get("person")
    if not isinstance(person, Mapping) or not (person.get("email") or person.get("id")):
        yield Refusal("person", _shown(person), "nobody is named", "Send person with an email or an id.")
        return
    yield from _unknown(person, ("id", *PERSON_FIELDS), "person.")
    for name in ("id", *PERSON_FIELDS):
        yield from _text(person, name, prefix="person.")
    email = person.get("email")
    if isinstance(email, str) and "@" not in email:
        yield Refusal("person.email", _shown(email), "it is no address", "Send an address, or leave it out.")


def _company(event: Mapping[str, Any]) -> Iterator[Refusal]:
    company = event.get("company")
    if company is None:
        return
    if not isinstance(company, Mapping) or not (company.get("domain") or company.get("id")):
        yield Refusal("company", _shown(company), "no company is named", "Send company with a domain or an id.")
        return
    yield from _unknown(company, ("id", *COMPANY_FIELDS, *COMPANY_NUMBERS), "company.")
    for name in ("id", *COMPANY_FIELDS):
        yield from _text(company, name, prefix="company.")
    for name in COMPANY_NUMBERS:
        value = company.get(name)
        if value is not None and not _counts(value):
            yield Refusal(f"company.{name}", _shown(value), "it is no number from 0 on", "Send a number.")


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15


def _consent(event: Mapping[str, Any]) -> Iterator[Refusal]:
    consent = event.get("consent")
    if consent is None:
        return
    statuses = ("granted", "withdrawn")
    if not isinstance(consent, Mapping) or consent.get("status") not in statuses or not consent.get("purpose"):
        yield Refusal(
            "consent",
            _shown(consent),
            "it says nothing",
            "Send purpose, such as marketing.email, and granted or withdrawn.",
        )
        return
    yield from _unknown(consent, ("purpose", "status", "wording"), "consent.")
    yield from _text(consent, "purpose", prefix="consent.", required=True)
    yield from _text(consent, "wording", prefix="consent.")


def _shown(value: object) -> str:
    """The beginning of a value. What is nested is not unfolded: it may be as deep as it likes."""
    if isinstance(value, Mapping | list):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    return str(value)[:80].encode(errors="replace").decode().replace("\x00", "?")


def facts(event: Mapping[str, Any], *, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The facts that a good event holds, as (table, row). Nothing personal goes anywhere but into profiles."""
    if KEYED in event:
        for table, row in event[KEYED]:
            yield table, row | {"occurred_at": moment(row["occurred_at"])}
        return
    when = moment(event["at"])
    person, company, consent = event["person"], event.get("company"), event.get("consent")
    person_id = whom(event, source=source)
    account_id = lake.account_id(source, company.get("domain") or company["id"]) if company else None
    common = {"id": event["id"], "occurred_at": when}
    said = {name: person[name] for name in PERSON_FIELDS if person.get(name) is not None}
    if said or account_id:
        mail = {"email": said["email"].lower()} if "email" in said else {}
        yield (
            "profiles",
            common | said | mail | {"subject": "person", "subject_id": person_id, "account_id": account_id},
        )
    if company and account_id:
        names = (*COMPANY_FIELDS, *COMPANY_NUMBERS)
        told = {name: company[name] for name in names if company.get(name) is not None}
        account = {"id": f"{event['id']}:company", "subject": "account", "subject_id": account_id}
        yield "profiles", common | told | account
    if person.get("id") and person.get("email"):
        alias = lake.person_id(source, person["id"])
        yield "identities", {"id": alias, "occurred_at": when, "alias_id": alias, "person_id": person_id}
    if consent:
        row = {name: consent.get(name) for name in ("purpose", "status", "wording")}
        yield "consent", common | row | {"person_id": person_id}
    touch = {name: event.get(name) for name in ("kind", "side", *TOUCH_FIELDS)}
    yield "touches", common | touch | {"person_id": person_id}


def whom(event: Mapping[str, Any], *, source: str) -> str:
    """Whom a good event is about."""
    return lake.person_id(source, called(event))


def called(event: Mapping[str, Any]) -> str:
    """What a good event calls the person: the e-mail address, else the source's own id."""
    person = event["person"]
    said: str = person.get("email") or person["id"]
    return said


def keyed(event: Mapping[str, Any], *, source: str) -> dict[str, Any]:
    """What stays of an event when its person is erased: the same facts under keyed ids, without anything personal."""
    rows = [
        (
            table,
            {n: v for n, v in row.items() if n not in PERSONAL or table != "profiles" or row["subject"] != "person"},
        )
        for table, row in facts(event, source=source)
    ]
    return {KEYED: [[table, row | {"occurred_at": row["occurred_at"].isoformat()}] for table, row in rows]}
