"""Guided steps of a new workspace: what a company does from empty to its first handoff. Rooms register theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accord_app.shell.registry import Registry


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to set up: a title, why, the page where it is done, and whether it is. `right` is the value of the
    right that doing it takes."""

    order: int
    title: str
    sentence: str
    url_name: str
    is_done: Callable[[], bool]
    right: str | None = None


_STEPS: Registry[Step] = Registry(key=lambda step: step.title, order=lambda step: step.order)


def register(step: Step) -> None:
    """Add a step; two steps of one title are a mistake in the house."""
    _STEPS.add(step)


def registered() -> tuple[Step, ...]:
    """Every step, first thing first."""
    return _STEPS.all()


def next_step() -> Step | None:
    """The first step that is not done; none when the workspace is set up."""
    return next((step for step in registered() if not step.is_done()), None)
