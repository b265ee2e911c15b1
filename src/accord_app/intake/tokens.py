"""Keys with which programs send, ask, read and answer. A key is shown once; only its hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accord.facts.errors import AccordError
from accord_app.intake.models import Token
from accord_app.members.models import User
from accord_app.members.roles import Role

BEGINNING = "accord_"
SOURCE = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,59}")
OWN = "accord"
NOTED_EVERY = SENT_TWICE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Made:
    """A new key, in clear for this once."""

    token: Token
    secret: str


def make(
    *,
    name: str,
    source: str,
    by: User,
    at: datetime,
    scopes: Sequence[str] = (Token.Scope.EVENTS,),
    person: User | None = None,
) -> Made:
    """Make a key for a program. `source`: what its events come from; ids of one source meet. `scopes`: what it may do;
    `person`: on whose behalf, None for itself. Raises AccordError."""
    named, of = name.strip(), source.strip().lower()
    if not named or len(named) > 80:
        raise AccordError("The key needs a name of 1 to 80 characters.", remedy="Name the program that will use it.")
    if not SOURCE.fullmatch(of) or of == OWN:
        raise AccordError(
            f"{of[:60]!r} cannot be the name of a source.", remedy="Use letters, digits, dots and dashes, as website."
        )
    _forget_double(named, of, person, by, at)
    secret = BEGINNING + secrets.token_urlsafe(32)
    token = Token.objects.create(
        name=named,
        token_hash=hashed(secret),
        source=of,
        scopes=[str(each) for each in scopes],
        person=person,
        made_by=by.handle,
        made_at=at,
        last_used_at=None,
    )
    return Made(token, secret)


def _forget_double(name: str, source: str, person: User | None, by: User, at: datetime) -> None:
    """A form that is sent twice makes one key: the second, for that is the one its sender gets to see."""
    same = Token.objects.filter(name=name, source=source, person=person, made_by=by.handle, withdrawn_at=None)
    same.filter(last_used_at=None, made_at__gt=at - SENT_TWICE).delete()


def withdraw(*, token: Token, at: datetime) -> None:
    """From now on nobody sends with it. Withdrawn twice is withdrawn."""
    Token.objects.filter(pk=token.pk, withdrawn_at=None).update(withdrawn_at=at)


def used(secret: str, *, at: datetime) -> Token | None:
    """The key that was shown, and that it is used now; None for one that nobody has, or not any more."""
    held = Token.objects.select_related("person__team").filter(token_hash=hashed(secret), withdrawn_at=None)
    found = held.order_by().first()
    if found and (found.last_used_at is None or found.last_used_at < at - NOTED_EVERY):
        Token.objects.filter(pk=found.pk).update(last_used_at=at)
    return found


def acts_for(token: Token) -> User:
    """On whose behalf a key acts: its person, or the program itself, which sees what RevOps sees and signs what it does
    as `program:` and its source, a name that no colleague can have."""
    if token.person is not None:
        return token.person
    return User(handle=f"program:{token.source}"[:64], name=token.name, role=Role.REVOPS, is_active=True)


def hashed(secret: str) -> str:
    """What is kept of a key. It is drawn at random, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
