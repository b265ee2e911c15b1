"""Panels that rooms put on the page of a record, so that rooms on one floor need not know each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from accord_app.shell.registry import Registry

Render = Callable[[HttpRequest, Any], SafeString | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """What one room shows about one kind of record; `render` returns None where it has nothing to say."""

    kind: str
    order: int
    render: Render


_PANELS: Registry[Panel] = Registry(key=lambda panel: (panel.kind, panel.render), order=lambda panel: panel.order)


def register(kind: str, order: int, render: Render) -> None:
    """Show what `render` gives on every page of a record of this kind."""
    _PANELS.add(Panel(kind, order, render))


def rendered(request: HttpRequest, kind: str, record: Any) -> tuple[SafeString, ...]:
    """The panels of a record, in order, without those that have nothing to say."""
    shown = [panel.render(request, record) for panel in _PANELS.all() if panel.kind == kind]
    return tuple(each for each in shown if each is not None)
