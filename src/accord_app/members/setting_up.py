"""This room's part in setting up a new workspace."""

from __future__ import annotations

from django.utils import timezone

from accord_app.ledger.reads import agreement_in_force
from accord_app.members.models import Team, User
from accord_app.members.roles import Right
from accord_app.shell.models import Company
from accord_app.shell.steps import Step


def has_people() -> bool:
    """Whether somebody beside the first administrator was invited."""
    return User.objects.filter(is_active=True).count() > 1


def has_teams() -> bool:
    """Whether both sides have a team, and every team of the agreement is here."""
    teams = dict(Team.objects.values_list("name", "side"))
    agreement = agreement_in_force(timezone.now())
    both = "both" in teams.values() or {"marketing", "sales"} <= set(teams.values())
    return both and (agreement is None or set(agreement.teams) <= set(teams))


def is_live() -> bool:
    """Whether an administrator has said so."""
    return Company.objects.filter(opened_at__isnull=False).exists()


STEPS = (
    Step(
        10,
        "Invite people",
        "Everybody who brings, answers or looks after leads gets a role.",
        "members:members",
        has_people,
    ),
    Step(
        20,
        "Set up teams",
        "Handoffs go to teams; their working hours stand in the agreement.",
        "members:teams",
        has_teams,
    ),
    Step(
        90,
        "Go live",
        "From then on leads are handed over and clocks run.",
        "members:go_live",
        is_live,
        Right.MANAGE_MEMBERS,
    ),
)
