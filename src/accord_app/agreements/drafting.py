"""Drafting a version from a template: what the workspace can answer already, and what a draft says and needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest

from accord.agreement import prose
from accord.agreement.document import Agreement
from accord.agreement.drafting.answers import starting
from accord.agreement.drafting.kinds import Rows
from accord.agreement.drafting.templates import BY_COUNTRY, Template
from accord.agreement.mistake import Mistake, MistakeKind
from accord.agreement.names import handles
from accord_app.agreements.actions import CannotLoadError, checked, new_teams, next_number
from accord_app.agreements.reads import Piece, pieces, with_names
from accord_app.members.models import Team, User
from accord_app.members.roles import Role
from accord_app.shell.models import Company

KEPT = "draft"  # where the session keeps the draft of whoever is signed in


@dataclass(frozen=True, slots=True)
class Kept:
    """The draft that somebody is at: its template, the answers, and the text, which may have been edited since."""

    template: str
    answers: Mapping[str, Any]
    text: str
    drafted: str

    @property
    def is_edited(self) -> bool:
        """Whether the text is no longer the one that followed from the answers."""
        return self.text != self.drafted


def kept(request: HttpRequest) -> Kept | None:
    """The draft of whoever asks; None when there is none."""
    found = request.session.get(KEPT)
    return Kept(**found) if found else None


def keep(request: HttpRequest, *, template: str, answers: Mapping[str, Any], text: str, drafted: str) -> None:
    """Keep a draft until it is loaded or the session ends."""
    request.session[KEPT] = {"template": template, "answers": dict(answers), "text": text, "drafted": drafted}


def forget(request: HttpRequest) -> None:
    """Drop a draft that has been loaded."""
    request.session.pop(KEPT, None)


def first_answers(template: Template, *, on: date) -> dict[str, Any]:
    """The answers that the workspace knows, else the defaults as of a day."""
    return starting(template, on=on, known=_known(template))


def _known(template: Template) -> dict[str, Any]:
    company = Company.objects.first()
    known: dict[str, Any] = {"version": next_number(), "teams": _teams(template)}
    if company is not None:
        known |= {
            "company": company.name,
            "currency": company.currency,
            "time_zone": company.time_zone,
            "fiscal_year_start": company.fiscal_year_start,
        }
    for key, role in (
        ("signs_marketing", Role.HEAD_OF_MARKETING),
        ("signs_sales", Role.HEAD_OF_SALES),
        ("liaison", Role.REVOPS),
    ):
        known[key] = (
            User.objects.filter(role=role, is_active=True).order_by("pk").values_list("handle", flat=True).first()
        )
    return known


def _teams(template: Template) -> list[dict[str, Any]]:
    """The sales teams of the workspace as rows: its reps, and its head as deputy; as many as the template asks for."""
    kind = template.question("teams").kind
    assert isinstance(kind, Rows)  # noqa: S101 - every template asks for teams as rows
    most = len(kind.labels) or kind.most
    teams = Team.objects.filter(side=Team.Side.SALES).order_by("pk").prefetch_related("people")[:most]
    rows = [_row(team) for team in teams]
    least = len(kind.labels) or kind.least
    return [*rows, *({column.key: None for column in kind.columns} for _ in range(least - len(rows)))]


def _row(team: Team) -> dict[str, Any]:
    people = sorted((person for person in team.people.all() if person.is_active), key=lambda person: person.pk)
    reps = [person.handle for person in people if person.role == Role.REP]
    heads = [person.handle for person in people if person.role == Role.HEAD_OF_SALES]
    return {"name": team.name, "people": reps, "deputy": heads[0] if reps and heads else None}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One article as both teams will read it."""

    no: int
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A draft as it reads and what stands in its way. `articles` is empty while something has to be mended.

    `new_teams` are those of the draft that the workspace does not have and could have, `strangers` the handles that
    nobody here bears.
    """

    version: int | None
    begins: datetime | None
    articles: tuple[Paragraph, ...]
    blocking: tuple[Mistake, ...]
    notices: tuple[Mistake, ...]
    later: tuple[Mistake, ...]
    new_teams: tuple[str, ...]
    strangers: tuple[str, ...]
    problem: CannotLoadError | None = None


def review(text: str) -> Review:
    """What is to be said about the text of a draft."""
    try:
        found = checked(text)
    except CannotLoadError as error:
        return Review(None, None, (), (), (), (), (), (), error)
    agreement = None if found.blocking else found.agreement
    return Review(
        version=agreement.version if agreement else None,
        begins=agreement.in_force_from if agreement else None,
        articles=tuple(_paragraphs(agreement)) if agreement else (),
        blocking=found.blocking,
        notices=tuple(each for each in found.mistakes if each.kind is MistakeKind.NOTICE),
        later=found.later,
        new_teams=new_teams(agreement),
        strangers=_strangers(agreement) if agreement else (),
    )


def _paragraphs(agreement: Agreement) -> list[Paragraph]:
    return [
        Paragraph(each.no, each.title, tuple(pieces(each.marked))) for each in prose.articles(with_names(agreement))
    ]


def _strangers(agreement: Agreement) -> tuple[str, ...]:
    here = set(User.objects.filter(is_active=True).values_list("handle", flat=True))
    return tuple(sorted(handles(agreement) - here))


def fitting(templates: Mapping[str, Template]) -> str:
    """The template that the teams of the workspace speak for: several sales teams mean countries, most of the time."""
    several = Team.objects.filter(side=Team.Side.SALES).count() > 1
    return BY_COUNTRY if several else next(iter(templates))
