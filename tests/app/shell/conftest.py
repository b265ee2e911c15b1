"""Registries as they are when no room has registered anything."""

from __future__ import annotations

import pytest

from accord_app.shell import health, navigation, panels, search, steps
from accord_app.shell.registry import Registry

REGISTRIES = (
    (navigation, "_ENTRIES"),
    (panels, "_PANELS"),
    (search, "_FINDERS"),
    (steps, "_STEPS"),
    (health, "_CHECKS"),
)


@pytest.fixture
def empty_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is registered."""
    for module, name in REGISTRIES:
        full: Registry[object] = getattr(module, name)
        monkeypatch.setattr(module, name, Registry(key=full._key, order=full._order))
