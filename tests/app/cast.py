"""The cast: a few people of one company, each made when first asked for and the same one afterwards.

Tomás answers handoffs, Jonas makes them, Ada keeps the agreement running; their heads and an administrator when a test
is about them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from accord_app.members.models import Team, User
from accord_app.members.roles import Role
from accord_app.shell.models import Company

PASSWORD = "wild-plum-under-snow-7"  # noqa: S105
FOUNDED = datetime(2026, 1, 5, 9, tzinfo=UTC)


def a_company(name: str = "Kestrel Robotics", *, currency: str = "EUR", time_zone: str = "Europe/Berlin") -> Company:
    """The company of the workspace, set up and open."""
    company, _ = Company.objects.get_or_create(
        only=True,
        defaults={
            "name": name,
            "currency": currency,
            "time_zone": time_zone,
            "created_at": FOUNDED,
            "opened_at": FOUNDED,
        },
    )
    return company


def a_team(name: str = "sales-dach", title: str = "Sales DACH", side: str = "sales") -> Team:
    """A team by its name; sales unless told otherwise."""
    team, _ = Team.objects.get_or_create(name=name, defaults={"title": title, "side": side})
    return team


def a_member(handle: str, name: str, role: Role, team: Team | None, *, manager: User | None = None) -> User:
    """Somebody who has joined and can sign in with PASSWORD, in a company that exists."""
    a_company()
    if found := User.objects.filter(handle=handle).first():
        return found
    return User.objects.create_user(
        f"{handle}@kestrel.example",
        PASSWORD,
        handle=handle,
        name=name,
        role=role,
        team=team,
        manager=manager,
        invited_at=FOUNDED,
        joined_at=FOUNDED,
    )


def a_rep(handle: str = "tomas", name: str = "Tomás Rivera", *, team: Team | None = None) -> User:
    """Tomás, who sells in DACH; other handles give his colleagues."""
    return a_member(handle, name, Role.REP, team or a_team(), manager=a_head_of_sales())


def a_marketer(handle: str = "jonas", name: str = "Jonas Weber") -> User:
    """Jonas, who brings leads."""
    team = a_team("marketing", "Marketing", "marketing")
    return a_member(handle, name, Role.MARKETER, team, manager=a_head_of_marketing())


def a_revops() -> User:
    """Ada, who keeps the agreement running."""
    return a_member("ada", "Ada Lindqvist", Role.REVOPS, a_team("revops", "RevOps", "both"))


def a_head_of_sales() -> User:
    """Clara, who leads sales and is Tomás's manager."""
    return a_member("clara", "Clara Novak", Role.HEAD_OF_SALES, a_team())


def a_head_of_marketing() -> User:
    """Miro, who leads marketing and is Jonas's manager."""
    return a_member("miro", "Miro Haas", Role.HEAD_OF_MARKETING, a_team("marketing", "Marketing", "marketing"))


def an_administrator() -> User:
    """Ingrid, who set the workspace up."""
    return a_member("ingrid", "Ingrid Solberg", Role.ADMINISTRATOR, None)
