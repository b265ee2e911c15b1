"""Where the scoreboard stands outside its own pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accord_app.agreements.reads import Page, anchor
from accord_app.members.access import signed_in
from accord_app.members.roles import Right
from accord_app.shell import navigation, panels

_EXPLORE = anchor("explore")


def put_everywhere() -> None:
    """Join the registries."""
    navigation.register(
        navigation.Entry(
            "See", "scoreboard", "Scoreboard", "layout-dashboard", "scoreboard:scoreboard",
            right=Right.SEE_SCOREBOARD, order=10, go="s", tab=4, short="Score",
        )
    )  # fmt: skip
    navigation.register(
        navigation.Entry(
            "See", "diagnosis", "Diagnosis", "stethoscope", "scoreboard:diagnosis",
            right=Right.SEE_SCOREBOARD, order=20, short="Why",
        )
    )  # fmt: skip
    panels.register("teams", 10, how_dealt_out)
    panels.register("agreement", 20, what_the_lot_told)


def how_dealt_out(request: HttpRequest, teams: Any) -> SafeString | None:
    """From the list of teams to how handoffs were dealt out in each."""
    return render_to_string("scoreboard/_how_dealt_out.html", {}, request=request) if teams else None


def what_the_lot_told(request: HttpRequest, agreement: Any) -> SafeString | None:
    """From an agreement that has leads drawn by lot to what became of them."""
    if not (isinstance(agreement, Page) and signed_in(request).may(Right.SEE_LOT)):
        return None  # a draft has drawn nothing
    if not any(_EXPLORE in clause.anchors for clause in agreement.clauses):
        return None
    return render_to_string("scoreboard/_what_the_lot_told.html", {}, request=request)
