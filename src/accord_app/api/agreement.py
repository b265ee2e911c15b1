"""The agreement: the version in force, every version, and who signed."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from accord_app.agreements import reads
from accord_app.api.door import Key, now, told
from accord_app.api.shapes import Moment, Shape
from accord_app.intake.models import Token
from accord_app.ledger.reads import versions as every_version

Scope = Token.Scope
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
router = Router(tags=["agreement"])


class Article(Shape):
    """One article as both teams read it; `paths` are the clauses of the text that it says."""

    number: int
    title: str
    text: str
    anchors: list[str]
    not_enforced_yet: list[str]


class Signature(Shape):
    """Who signed for a side; nobody has where `by` is empty."""

    side: str
    by: str
    said: str


class Agreement(Shape):
    """One version of the agreement."""

    version: int
    in_force_from: Moment
    is_in_force: bool
    company: str
    articles: list[Article]
    signatures: list[Signature]
    text: str = Field(description="The YAML that was loaded.")


class Version(Shape):
    """One version in the list."""

    version: int
    in_force_from: Moment
    is_in_force: bool
    is_to_come: bool
    summary: str


class Versions(Shape):
    """Every version, newest first."""

    items: list[Version]


@router.get("/agreement", auth=Key(Scope.READ_AGREEMENT), response=Agreement, url_name="agreement")
def agreement(request: HttpRequest) -> HttpResponse:
    """The version in force; 404 before there is one."""
    return _told(request, None)


@router.get("/agreement/versions", auth=Key(Scope.READ_AGREEMENT), response=Versions, url_name="versions")
def versions(request: HttpRequest) -> Any:
    """Every version, newest first, with what each changed."""
    every = every_version()
    found = reads.page(number=every[-1].version, at=now(request)) if every else None
    rows = found.versions if found else ()
    return {
        "items": [
            Version(
                version=each.number, in_force_from=each.since, is_in_force=each.is_current, is_to_come=each.is_to_come,
                summary=each.summary,
            )
            for each in rows
        ]
    }  # fmt: skip


@router.get("/agreement/versions/{number}", auth=Key(Scope.READ_AGREEMENT), response=Agreement, url_name="version")
def version(request: HttpRequest, number: Path[Number]) -> HttpResponse:
    """One version by its number."""
    return _told(request, number)


def _told(request: HttpRequest, number: int | None) -> HttpResponse:
    found = reads.page(number=number, at=now(request))
    if found is None:
        raise Http404
    return told(request, _shown(found))


def _shown(page: reads.Page) -> Agreement:
    return Agreement(
        version=page.version,
        in_force_from=page.since,
        is_in_force=page.is_current,
        company=page.company,
        articles=[_article(each) for each in page.clauses],
        signatures=[Signature(side=each.side, by=each.name, said=each.caption) for each in page.signatures],
        text=page.text,
    )


def _article(clause: reads.Clause) -> Article:
    return Article(
        number=clause.no,
        title=clause.title,
        text="".join(piece.text for piece in clause.pieces),
        anchors=list(clause.anchors),
        not_enforced_yet=list(clause.later),
    )
