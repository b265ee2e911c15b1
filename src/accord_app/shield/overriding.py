"""Overrides: the owner of a record lets messages of one purpose through until a moment, for a reason. Nothing that the
law asks for can be let through, and what was let through stays on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accord.agreement.handoff import CLOSING
from accord.facts.errors import AccordError
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import HandoffEvent
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records.models import Deal, Person
from accord_app.shield.asking import Question, in_force, may_contact
from accord_app.shield.models import Override, TakenBack

LONGEST = timedelta(days=180)
REASON_LENGTH = 300
BY_LAW = ("contact.never", "contact.consent")


class CannotLetThroughError(AccordError):
    """Nobody may let this message through, or not this colleague, or nothing holds it back."""


@transaction.atomic
def let_through(
    *, person: Person, question: Question, until: datetime, reason: str, by: User, at: datetime
) -> Override:
    """Let messages of this purpose through to a person. Raises CannotLetThroughError and NoAgreementError."""
    said = reason.strip()
    if not said or len(said) > REASON_LENGTH:
        raise CannotLetThroughError(
            "An override needs a reason.", remedy=f"Say in up to {REASON_LENGTH} signs why this message may go."
        )
    if not at < until <= at + LONGEST:
        raise CannotLetThroughError(
            "The override must end within half a year.", remedy=f"Choose a day up to {(at + LONGEST).date()}."
        )
    _expect_owner(person, by)
    clause = _what_holds(person, question, at)
    return Override.objects.create(
        person_id=person.pk, purpose=question.purpose, side=question.side, until=until, reason=said, clause=clause,
        version=in_force(at).version, by=by.handle, at=at,
    )  # fmt: skip


def take_back(*, override: Override, by: User, at: datetime) -> TakenBack:
    """From now on it counts no more. Taken back twice is taken back. Raises CannotLetThroughError."""
    if by.handle != override.by and not is_owner(by, override.person_id):
        raise CannotLetThroughError(
            "Only whoever gave an override, the owner or RevOps takes it back.", remedy="Ask one of them."
        )
    try:
        with transaction.atomic():
            return TakenBack.objects.get_or_create(override=override, defaults={"by": by.handle, "at": at})[0]
    except IntegrityError:
        return TakenBack.objects.get(override=override)


def _expect_owner(person: Person, by: User) -> None:
    if not is_owner(by, person.pk):
        named = ", ".join(sorted(owners_of([person.pk])[person.pk])) or "nobody owns it yet"
        raise CannotLetThroughError(
            "Only the owner of the record or RevOps lets a message through.", remedy=f"Ask the owner: {named}."
        )


def _what_holds(person: Person, question: Question, at: datetime) -> str:
    clause = may_contact([person.pk], question, at=at)[person.pk].clause
    if clause is None:
        raise CannotLetThroughError("Nothing holds the message back.", remedy="Send it; no override is needed.")
    if clause.startswith(BY_LAW):
        raise CannotLetThroughError(
            "Nobody can let this through: the person said no or never said yes.",
            remedy="Ask the person for consent first.",
        )
    return clause


def can_be_let_through(clause: str | None) -> bool:
    """Whether a clause is one that an owner may lift."""
    return clause is not None and not clause.startswith(BY_LAW)


def is_owner(user: User, person_id: str) -> bool:
    """Whether somebody decides about this person: as owner, or as RevOps for everybody."""
    if not user.may(Right.OVERRIDE_SHIELD):
        return False
    return user.may(Right.SEE_ALL_HANDOFFS) or user.handle in owners_of([person_id])[person_id]


def owners_of(people: Collection[str]) -> Mapping[str, set[str]]:
    """Who owns each record, by handle: its open deals, its open handoff, the person, the account."""
    found: dict[str, set[str]] = defaultdict(set)
    accounts: dict[str, list[str]] = defaultdict(list)
    for each in Person.objects.filter(pk__in=people).select_related("account"):
        found[each.pk].update(filter(None, (each.owner, each.account.owner if each.account else "")))
        if each.account_id:
            accounts[each.account_id].append(each.pk)
    which = Q(account_id__in=accounts) | Q(person_id__in=people)
    for deal in Deal.objects.filter(which, status=Deal.Status.OPEN).exclude(owner=""):
        for person in {deal.person_id, *accounts.get(deal.account_id, ())} & set(people):
            found[person].add(deal.owner)
    for person, owner in _of_handoffs(people):
        found[person].add(owner)
    return found


def _of_handoffs(people: Collection[str]) -> Collection[tuple[str, str]]:
    """The owners of open handoffs, as their events tell."""
    rows = HandoffEvent.facts().filter(person_id__in=people).exclude(batch__in=unseen_batches())
    last: dict[str, tuple[str, str | None, str]] = {}
    for handoff, person, owner, event in rows.order_by("occurred_at", "id").values_list(
        "handoff_id", "person_id", "owner", "event"
    ):
        last[handoff] = person, owner, event
    return [(person, owner) for person, owner, event in last.values() if owner and event not in CLOSING]
