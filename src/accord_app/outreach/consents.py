"""Asking for consent, and what somebody said. Every word is a fact of the ledger: from the moment it is recorded the
shield reads it. A yes that Accord asked for counts from its confirmation; a no counts at once, whoever hears it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accord.facts.errors import AccordError
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import ConsentWord
from accord_app.members.models import User
from accord_app.outbox import letters
from accord_app.outreach.models import Request, Wording
from accord_app.records import wording
from accord_app.records.actions import record
from accord_app.records.models import Person
from accord_app.work.actions import enqueue

SOURCE = "accord"
MAIL, EVERYTHING = "marketing.email", "all"
GRANTED, WITHDRAWN, BOUNCED, COMPLAINED = "granted", "withdrawn", "bounced", "complained"
ASKING = "consent.request"
"""The purpose for which the shield is asked about a mail that asks for consent."""

WRITER = "consent"
HOLDS_FOR, ASKED_AGAIN = timedelta(days=14), timedelta(days=7)
LONGEST_TEXT = 4_000
LOOK = "look"


class ConsentError(AccordError):
    """Consent cannot be asked for, or the text cannot be used. `field` names the field of the form that is meant."""

    def __init__(self, message: str, *, remedy: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message, remedy=remedy)


@transaction.atomic
def write_text(*, text: str, by: User, at: datetime, purpose: str = MAIL) -> Wording:
    """Write the next version of the text to which people agree. The same text again is the version there is. Raises
    ConsentError."""
    said = text.strip()
    if not said or len(said) > LONGEST_TEXT or "\0" in said:
        raise ConsentError(
            "The text is empty or too long.", remedy=f"Write between 1 and {LONGEST_TEXT:,} characters.", field="text"
        )
    newest = text_for(purpose)
    if newest is not None and newest.text == said:
        return newest
    number = newest.number + 1 if newest else 1
    return Wording.objects.create(purpose=purpose, number=number, text=said, by=by.handle, at=at)


def text_for(purpose: str = MAIL) -> Wording | None:
    """The text to which people agree now."""
    return Wording.objects.filter(purpose=purpose).order_by("-number").first()


@transaction.atomic
def ask(*, person: Person, by: User, at: datetime, purpose: str = MAIL) -> Request:
    """Ask a person by mail; the shield is asked before it leaves. Asked again within a week is one asking. Raises
    ConsentError."""
    text = text_for(purpose)
    if text is None:
        raise ConsentError("There is no text to agree to yet.", remedy="Marketing writes it under Texts of consent.")
    if not person.email or person.erased_at:
        raise ConsentError("No address of this person is known.", remedy="It comes with an import or an event.")
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    open_ones = Request.objects.filter(person_id=person.pk, wording__purpose=purpose, confirmed_at=None)
    if asked := open_ones.filter(at__gt=at - ASKED_AGAIN, wording=text).first():
        return asked
    made = Request.objects.create(person_id=person.pk, wording=text, by=by.handle, at=at, until=at + HOLDS_FOR)
    context = {"request": made.pk}
    letters.put(writer=WRITER, person_id=person.pk, key=f"consent:{made.pk}", context=context, at=at)
    return made


@transaction.atomic
def confirm(*, request_id: int, person_id: str, at: datetime) -> bool:
    """The person has confirmed: the yes counts from now on, under the text that they were shown. Confirmed twice is
    confirmed. False: the link is too old, or the asking is gone."""
    asked = Request.objects.select_for_update().filter(pk=request_id, person_id=person_id).first()
    if asked is None or not _is_there(person_id):
        return False
    if asked.confirmed_at is not None:
        return True
    if asked.until <= at or _said_no_since(person_id, asked.at):
        return False
    Request.objects.filter(pk=asked.pk).update(confirmed_at=at)
    text = asked.wording
    say(
        person_id=person_id, purpose=text.purpose, status=GRANTED, at=at, what=f"request:{asked.pk}",
        wording=str(text),
    )  # fmt: skip
    return True


@transaction.atomic
def say(
    *,
    person_id: str,
    purpose: str,
    status: str,
    at: datetime,
    what: str,
    wording: str = "",
    evidence: str = "evidenced",
) -> None:
    """Record what somebody said. `what` names the occasion: the same occasion is recorded once."""
    row = {
        "id": f"{what}:{purpose}:{status}", "person_id": person_id, "purpose": purpose, "status": status,
        "wording": wording or None, "occurred_at": at, "evidence": evidence,
    }  # fmt: skip
    record("consent", [row], at=at, source=SOURCE)
    enqueue(kind=LOOK, at=at, payload={"people": [person_id]})


@transaction.atomic
def unsubscribe(*, person_id: str, at: datetime, purpose: str = MAIL) -> None:
    """The person says no by a link in a mail. Nothing happens for somebody who has said so already."""
    if _is_there(person_id) and last_words([person_id]).get((person_id, purpose)) != WITHDRAWN:
        say(person_id=person_id, purpose=purpose, status=WITHDRAWN, at=at, what=f"link:{person_id}@{at.isoformat()}")


@transaction.atomic
def agree_again(*, person_id: str, at: datetime, purpose: str = MAIL) -> bool:
    """The person says yes on the page of their own preferences, which only somebody who reads their mail can open.
    False: there is no text to agree to."""
    text = text_for(purpose)
    if text is None or not _is_there(person_id):
        return False
    if last_words([person_id]).get((person_id, purpose)) != GRANTED:
        what = f"preferences:{person_id}@{at.isoformat()}"
        say(person_id=person_id, purpose=purpose, status=GRANTED, at=at, what=what, wording=str(text))
    return True


@transaction.atomic
def heard_no(*, person: Person, by: User, at: datetime, purpose: str = MAIL) -> None:
    """A colleague was told: a claimed no, which counts like any other."""
    if last_words([person.pk]).get((person.pk, purpose)) != WITHDRAWN:
        what = f"heard:{by.handle}:{person.pk}@{at.isoformat()}"
        say(person_id=person.pk, purpose=purpose, status=WITHDRAWN, at=at, what=what, evidence="claimed")


def last_words(people: Collection[str]) -> dict[tuple[str, str], str]:
    """What people said last, by person and purpose; for showing and for saying it once. Whether somebody may be written
    to is the shield's to say."""
    rows = ConsentWord.facts().filter(person_id__in=people).exclude(batch__in=unseen_batches())
    said = rows.order_by("occurred_at", "id").values_list("person_id", "purpose", "status")
    return {(person, purpose): status for person, purpose, status in said}


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that somebody said, as pages show it: what, when, where it was heard, how well it is evidenced, and the
    text that it named."""

    said: str
    at: datetime
    source: str
    evidence: str
    wording: str
    is_no: bool


def words_of(person_id: str, *, most: int = 10) -> tuple[Word, ...]:
    """What a person said about being written to, latest first, with its provenance."""
    rows = ConsentWord.facts().filter(person_id=person_id).exclude(batch__in=unseen_batches())
    fields = ("purpose", "status", "occurred_at", "source", "evidence", "wording")
    return tuple(
        Word(
            said=wording.consent(row), at=row["occurred_at"], source=_heard_at(row),
            evidence=row["evidence"], wording=row["wording"] or "", is_no=row["status"] != GRANTED,
        )
        for row in rows.order_by("-occurred_at", "-id").values(*fields)[:most]
    )  # fmt: skip


def _heard_at(row: Mapping[str, Any]) -> str:
    if row["source"] != SOURCE:
        return str(row["source"])
    if row["status"] in (BOUNCED, COMPLAINED):
        return "told by the mail server"
    return "told to a colleague" if row["evidence"] == "claimed" else "by a link in a mail"


def _said_no_since(person_id: str, at: datetime) -> bool:
    """Whoever said no after they were asked does not say yes by that link: the strictest word stands."""
    rows = ConsentWord.facts().filter(person_id=person_id, status__in=(WITHDRAWN, COMPLAINED), occurred_at__gt=at)
    return rows.exclude(batch__in=unseen_batches()).exists()


def _is_there(person_id: str) -> bool:
    return Person.objects.filter(pk=person_id, erased_at=None).exists()
