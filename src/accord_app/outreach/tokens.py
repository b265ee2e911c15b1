"""The links in mails to people outside. A token names a person by the keyed id that facts use and is signed: nobody can
make one up, so trying others tells nothing about who is known here."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

_SALT = "accord.outreach.mail"
CONFIRM, PREFERENCES = "c", "p"


@dataclass(frozen=True, slots=True)
class Said:
    """What a token stands for: who, and the asking for consent where it confirms one."""

    person_id: str
    request: int = 0


def for_person(person_id: str) -> str:
    """The token of the links to unsubscribe and to the preferences. It holds for as long as the secret key does: a mail
    may be found again after years."""
    return _signer().sign(f"{PREFERENCES}.{person_id}")


def for_request(person_id: str, request: int) -> str:
    """The token that confirms one asking for consent."""
    return _signer().sign(f"{CONFIRM}.{person_id}.{request}")


def of_person(token: str) -> Said | None:
    """Whose preferences a token opens; None for one that was not made here."""
    said = _unsigned(token)
    return Said(said[1]) if len(said) == 2 and said[0] == PREFERENCES else None


def of_request(token: str) -> Said | None:
    """Which asking a token confirms; None for one that was not made here."""
    said = _unsigned(token)
    return Said(said[1], int(said[2])) if len(said) == 3 and said[0] == CONFIRM and said[2].isdigit() else None


def unsubscribe_url(person_id: str) -> str:
    """Where somebody says no: one click of a mail program by POST, or a page by GET."""
    return f"{settings.ADDRESS}{reverse('outreach:unsubscribe', args=[for_person(person_id)])}"


def preferences_url(person_id: str) -> str:
    """Where somebody sees and changes what they said."""
    return f"{settings.ADDRESS}{reverse('outreach:preferences', args=[for_person(person_id)])}"


def confirm_url(person_id: str, request: int) -> str:
    """Where somebody confirms."""
    return f"{settings.ADDRESS}{reverse('outreach:confirm', args=[for_request(person_id, request)])}"


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep="~")


def _unsigned(token: str) -> list[str]:
    try:
        return _signer().unsign(token).split(".")
    except signing.BadSignature:
        return []
