"""What stands around every page: who is signed in, where they may go, how they like it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from accord_app.shell import navigation
from accord_app.shell.models import Company

HTMX = json.dumps(
    {
        "includeIndicatorStyles": False,
        "allowEval": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "responseHandling": [{"code": "204", "swap": False}, {"code": "...", "swap": True}],
    }
)
"""Nothing that the content policy forbids; what is refused is swapped in where it says (`errors`), never lost."""

SIDES = {"marketing": "Marketing", "sales": "Sales", "both": "Both teams"}


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in person in the corner."""

    name: str
    initials: str
    side: str
    place: str
    handle: str


class Frame:
    """Read when a page asks for it, so that answers without a frame cost nothing."""

    htmx_config = HTMX

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _user(self) -> Any | None:
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def me(self) -> Me | None:
        """None where nobody is signed in."""
        user = self._user
        return None if user is None else Me(user.name, user.initials, user.side, _place(user), user.handle)

    @cached_property
    def company(self) -> str:
        """The name of the company; nothing before there is one."""
        return Company.objects.values_list("name", flat=True).first() or ""

    @property
    def theme(self) -> str:
        """light, dark, or nothing where the system decides."""
        return "" if self._user is None else str(self._user.theme)

    @property
    def shortcuts(self) -> bool:
        """Whether single keys act."""
        return self._user is not None and bool(self._user.shortcuts)

    @cached_property
    def _sections(self) -> tuple[navigation.Section, ...]:
        return () if self._user is None else navigation.sections(self._request)

    @property
    def loop(self) -> tuple[navigation.Section, ...]:
        """The sections at the side."""
        return tuple(section for section in self._sections if section.title != "You")

    @property
    def you(self) -> tuple[navigation.Shown, ...]:
        """The menu of the signed-in person."""
        return tuple(entry for section in self._sections if section.title == "You" for entry in section.entries)

    @property
    def tabs(self) -> tuple[navigation.Shown, ...]:
        """The bar on phones."""
        return navigation.tabs(self._sections)

    @property
    def letters(self) -> tuple[navigation.Shown, ...]:
        """Where G and a letter lead."""
        return tuple(entry for section in self._sections for entry in section.entries if entry.go)


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Context processor: `frame` in every template."""
    return {"frame": Frame(request)}


def _place(user: Any) -> str:
    """`Sales, DACH` after the team, else the side."""
    return user.team.title if user.team_id else SIDES[user.side]
