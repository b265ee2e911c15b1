"""What programs read, as shapes with their units. None holds personal data but `Person`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from accord.agreement.qualify import unmarked
from accord_app.handoffs.models import Handoff
from accord_app.records.models import Account, Deal, Person

ID = r"^[A-Za-z0-9_-]{1,24}$"
PLAIN = r"^[^\x00-\x1f\x7f]*$"


def _no_number(said: Any) -> Any:
    """A number is no time, though Pydantic would count it as seconds or milliseconds since 1970, by its size."""
    if isinstance(said, int | float) or (isinstance(said, str) and _NUMBER.fullmatch(said)):
        raise ValueError("A time is written as 2026-10-01T09:00:00+02:00.")
    return said


_NUMBER = re.compile(r"\s*[-+]?[\d_.]+([eE][-+]?\d+)?\s*")
Moment = Annotated[datetime, BeforeValidator(_no_number), WithJsonSchema({"type": "string", "format": "date-time"})]
When = Annotated[Moment | None, Field()]


class Shape(Schema):
    """A shape that says all it holds and takes nothing else."""

    model_config = ConfigDict(extra="forbid")


class Money(Shape):
    """An amount in the currency in which it was agreed."""

    amount: float
    currency: str = Field(description="ISO 4217")


class PersonShape(Shape):
    """A person as the profiles tell it. Personal data: only keys with the scope people:read get it."""

    person_id: str
    account_id: str | None
    name: str
    email: str
    phone: str
    title: str
    company: str
    country: str
    city: str
    language: str
    origin: str
    campaign: str
    segment: str
    owner: str
    status: str = Field(description="The stage that the source gives the person.")
    deleted: bool
    first_known_at: Moment
    known_at: Moment = Field(description="When the newest of it became known.")
    erased_at: When


class AccountShape(Shape):
    """An account as its profiles tell it."""

    account_id: str
    name: str
    domain: str
    industry: str
    employees: float | None
    revenue: Money | None = Field(description="A year, in the currency of the company.")
    country: str
    city: str
    segment: str
    owner: str
    status: str = Field(description="The stage that the source gives the account.")
    is_competitor: bool
    deleted: bool
    parent_id: str | None = Field(description="The account above this one.")
    first_known_at: Moment
    known_at: Moment


class DealShape(Shape):
    """A deal as its events leave it."""

    deal_id: str
    account_id: str | None
    person_id: str | None
    status: Literal["open", "won", "lost", "deleted"]
    stage: str
    value: Money | None
    owner: str
    reason: str = Field(description="Why it was lost.")
    opened_at: When
    moved_at: Moment = Field(description="When it last changed its stage or status.")
    closed_at: When


class Pending(Shape):
    """An answer that can still be taken back; it takes effect at `until`."""

    answer: str
    reason: str
    by: str
    at: Moment
    until: Moment


class Clocks(Shape):
    """When each clock runs out; null: it does not run."""

    answer: When
    first_touch: When
    attempts: When
    outcome: When
    reply: When
    second_look: When


class HandoffShape(Shape):
    """One passing of a person from marketing to sales, under one version of the agreement."""

    handoff_id: str
    person_id: str
    account_id: str | None
    status: str
    owner: str | None = Field(description="A handle; null: nobody owns it, the loudest state.")
    team: str | None
    band: str
    score: float | None
    persona: str
    complete: bool = Field(description="Whether everything that was agreed is known.")
    version: int = Field(description="The version of the agreement that it began with and finishes under.")
    qualified_by: str = Field(description="The clause that qualified the person.")
    routed_by: str = Field(description="The clause that chose the owner.")
    reason: str
    contradicted: bool | None = Field(description="Whether the facts say otherwise than the reason.")
    missed_answer: bool
    offered_at: Moment
    owned_since: When
    answered_at: When
    contacted_at: When
    closed_at: When
    clocks: Clocks
    pending: Pending | None


class Reason(Shape):
    """A reason that the agreement names."""

    code: str
    label: str


class Reasons(Shape):
    """What a handoff may be rejected or recycled for."""

    reject: list[Reason]
    recycle: list[Reason]


class Refused(Shape):
    """What is wrong with one row, and what to do about it."""

    index: int
    field: str
    value: str
    problem: str
    remedy: str


class Received(Shape):
    """What became of events."""

    received: int
    refused: list[Refused]


class MayContact(Shape):
    """The answer about one row."""

    index: int
    person_id: str
    known: bool
    may: bool
    clause: str | None = Field(description="The clause that holds back.")
    until: str | None = Field(description="Until when time alone changes nothing.")


class ClauseCount(Shape):
    """How many people a clause holds back."""

    people: int
    article: int | str | None
    sentence: str


class MayContactAnswer(Shape):
    """An asking with every answer. It is kept and can be opened at `url`."""

    id: int
    url: str
    asked_at: str
    version: int
    purpose: str
    side: str
    people: int
    held_back: int
    clauses: dict[str, ClauseCount]
    answers: list[MayContact]
    refused: list[Refused]


class People(Shape):
    """A page of people."""

    items: list[PersonShape]
    next: str | None


class Accounts(Shape):
    """A page of accounts."""

    items: list[AccountShape]
    next: str | None


class Deals(Shape):
    """A page of deals."""

    items: list[DealShape]
    next: str | None


class Handoffs(Shape):
    """A page of handoffs."""

    items: list[HandoffShape]
    next: str | None


def person(row: Person) -> PersonShape:
    """A person in this shape."""
    same = _same(PersonShape, row, "account_id", "status")
    return PersonShape(account_id=row.account_id or None, status=row.lifecycle, **same)


def account(row: Account, currency: str) -> AccountShape:
    """An account in this shape. `currency`: of the company, in which revenues are told."""
    revenue = None if row.revenue is None else Money(amount=row.revenue, currency=currency)
    same = _same(AccountShape, row, "revenue", "status", "parent_id")
    return AccountShape(revenue=revenue, status=row.lifecycle, parent_id=row.parent_id or None, **same)


def deal(row: Deal, currency: str) -> DealShape:
    """A deal in this shape. `currency`: of the company, for amounts whose source named none."""
    value = None if row.amount is None else Money(amount=row.amount, currency=row.currency or currency)
    same = _same(DealShape, row, "value", "account_id", "person_id")
    return DealShape(value=value, account_id=row.account_id or None, person_id=row.person_id or None, **same)


def handoff(row: Handoff) -> HandoffShape:
    """A handoff in this shape, with the answer that waits."""
    waiting = getattr(row, "pending", None)
    pending = None if waiting is None else Pending(answer=waiting.event, **_same(Pending, waiting, "answer"))
    due = {name: getattr(row, f"{name}_due") for name in Clocks.model_fields if name != "second_look"}
    same = _same(HandoffShape, row, "account_id", "qualified_by", "routed_by", "clocks", "pending")
    return HandoffShape(
        account_id=row.account_id or None, qualified_by=unmarked(row.because), routed_by=row.rule,
        clocks=Clocks(second_look=row.look_due, **due), pending=pending, **same,
    )  # fmt: skip


def _same(shape: type[Schema], row: object, *others: str) -> dict[str, Any]:
    """What is called alike in a row and in a shape."""
    return {name: getattr(row, name) for name in shape.model_fields if name not in others}
