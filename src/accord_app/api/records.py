"""People, accounts and deals as they stand."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import Field

from accord_app.api import paging, shapes
from accord_app.api.door import Key, caller, told
from accord_app.api.shapes import ID, PLAIN, Moment, Shape
from accord_app.intake.models import Token
from accord_app.records import access, lists
from accord_app.records.listing import Chosen, Listing, rows
from accord_app.shell.models import Company

Scope = Token.Scope
Text = Annotated[str, Field(max_length=200, pattern=PLAIN)]
Some = Annotated[str, Field(pattern=ID)]
Cursor = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]*$")]
router = Router()


class Paged(Shape):
    """Where to go on, and how many at once."""

    cursor: Cursor = Field("", description="What `next` of the page before said.")
    limit: int = Field(paging.USUAL, ge=1, le=paging.MOST)


class PeopleAsked(Paged):
    """Which people."""

    country: Text = ""
    owner: Text = ""
    segment: Text = ""
    status: Text = ""
    email: Text = Field("", description="The whole address.")
    account_id: Some | None = None
    known_since: Moment | None = Field(None, description="Of whom something became known at or after this moment.")


class AccountsAsked(Paged):
    """Which accounts."""

    country: Text = ""
    owner: Text = ""
    segment: Text = ""
    status: Text = ""
    domain: Text = ""
    known_since: Moment | None = None


class DealsAsked(Paged):
    """Which deals."""

    status: Text = ""
    stage: Text = ""
    owner: Text = ""
    account_id: Some | None = None
    person_id: Some | None = None
    moved_since: Moment | None = None


@router.get(
    "/people", auth=Key(Scope.READ_PEOPLE, PeopleAsked), response=shapes.People, url_name="people", tags=["people"]
)
def people(request: HttpRequest, asked: Query[PeopleAsked]) -> Any:
    """People, those of whom something became known last first."""
    access.may_see(caller(request).user)
    found = _found(lists.PEOPLE, asked, "account_id", known_at__gte=asked.known_since)
    found = found.filter(email__iexact=asked.email) if asked.email else found
    return paging.page(lists.PEOPLE, found, limit=asked.limit, cursor=asked.cursor, show=shapes.person)


@router.get(
    "/people/{person_id}", auth=Key(Scope.READ_PEOPLE), response=shapes.PersonShape, url_name="person", tags=["people"]
)
def person(request: HttpRequest, person_id: Path[Some]) -> HttpResponse:
    """One person."""
    return told(request, shapes.person(access.person(caller(request).user, person_id)))


@router.get(
    "/accounts",
    auth=Key(Scope.READ_ACCOUNTS, AccountsAsked),
    response=shapes.Accounts,
    url_name="accounts",
    tags=["accounts"],
)
def accounts(request: HttpRequest, asked: Query[AccountsAsked]) -> Any:
    """Accounts, those of which something became known last first."""
    access.may_see(caller(request).user)
    found = _found(lists.ACCOUNTS, asked, known_at__gte=asked.known_since)
    found = found.filter(domain=asked.domain.lower()) if asked.domain else found
    money = currency()
    return paging.page(
        lists.ACCOUNTS, found, limit=asked.limit, cursor=asked.cursor, show=lambda row: shapes.account(row, money)
    )


@router.get(
    "/accounts/{account_id}", auth=Key(Scope.READ_ACCOUNTS), response=shapes.AccountShape, url_name="account",
    tags=["accounts"],
)  # fmt: skip
def account(request: HttpRequest, account_id: Path[Some]) -> HttpResponse:
    """One account."""
    return told(request, shapes.account(access.account(caller(request).user, account_id), currency()))


@router.get("/deals", auth=Key(Scope.READ_DEALS, DealsAsked), response=shapes.Deals, url_name="deals", tags=["deals"])
def deals(request: HttpRequest, asked: Query[DealsAsked]) -> Any:
    """Deals, those that moved last first."""
    access.may_see(caller(request).user)
    found = _found(lists.DEALS, asked, "account_id", "person_id", moved_at__gte=asked.moved_since)
    money = currency()
    return paging.page(
        lists.DEALS, found, limit=asked.limit, cursor=asked.cursor, show=lambda row: shapes.deal(row, money)
    )


@router.get("/deals/{deal_id}", auth=Key(Scope.READ_DEALS), response=shapes.DealShape, url_name="deal", tags=["deals"])
def deal(request: HttpRequest, deal_id: Path[Some]) -> HttpResponse:
    """One deal."""
    return told(request, shapes.deal(access.deal(caller(request).user, deal_id), currency()))


def _found(listing: Listing[Any], asked: Paged, *ids: str, **since: object) -> QuerySet[Any, Any]:
    """Everything that was asked for, in the order of the list."""
    filters = {name: value for name in listing.filters if (value := getattr(asked, name))}
    found: QuerySet[Model, Model] = rows(listing, Chosen("", filters, "", ""))
    exact = {name: value for name in ids if (value := getattr(asked, name)) is not None}
    return found.filter(**exact, **{name: value for name, value in since.items() if value is not None})


def currency() -> str:
    """In which the company counts."""
    return Company.objects.values_list("currency", flat=True).first() or "EUR"
