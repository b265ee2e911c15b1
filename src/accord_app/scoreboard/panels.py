"""Where the scoreboard stands outside its own pages."""

from __future__ import annotations

from accord_app.members.roles import Right
from accord_app.shell import navigation


def put_everywhere() -> None:
    """Join the registries."""
    navigation.register(
        navigation.Entry(
            "See", "scoreboard", "Scoreboard", "layout-dashboard", "scoreboard:scoreboard",
            right=Right.SEE_SCOREBOARD, order=10, go="s", tab=4, short="Score",
        )
    )  # fmt: skip
