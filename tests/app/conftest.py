"""What every test of the product stands on: a data folder of its own, plain static files, templates that refuse a
variable nobody gave them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as project
from django.template import Context, Variable, engines
from django.template.backends.django import DjangoTemplates
from django.template.defaulttags import ForNode
from tests.app.flushing import let_flush_pass

let_flush_pass()


class UndefinedVariableError(Exception):
    """A template used what its page did not give."""


class _Refusing(str):
    """Django formats this with the name of a missing variable; a mail half empty or a blank figure fails instead."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        return part == "%s"

    def __mod__(self, variable: object) -> str:
        raise UndefinedVariableError(f"{variable} is not defined.")


@pytest.fixture(scope="session", autouse=True)
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where collected static files would be; a live server looks there once, when it starts."""
    project.STATIC_ROOT = tmp_path_factory.mktemp("static")


def set_within(folder: Path) -> dict[str, Any]:
    """The settings of a house with lake and uploads in a folder. Its hashing takes no time; the real one takes a third
    of a second, on purpose."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return {
        "DATA": folder,
        "LAKE": folder / "lake",
        "UPLOADS": folder / "uploads",
        "STORAGES": {**project.STORAGES, "staticfiles": plain},
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }


@pytest.fixture(autouse=True)
def data_folder(settings: LazySettings, tmp_path: Path) -> Path:
    """Lake and uploads of one test."""
    for name, value in set_within(tmp_path).items():
        setattr(settings, name, value)
    return tmp_path


@pytest.fixture(autouse=True)
def strict_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """An undefined variable fails the test."""
    for backend in engines.all():
        assert isinstance(backend, DjangoTemplates)
        monkeypatch.setattr(backend.engine, "string_if_invalid", _Refusing("%s"))
    loop = ForNode.render

    def strict_loop(node: ForNode, context: Context) -> str:
        """Django takes an undefined collection for an empty one."""
        over = getattr(node.sequence, "var", None)
        if isinstance(over, Variable) and over.lookups and over.lookups[0] not in context:
            raise UndefinedVariableError(f"{over.var} is not defined.")
        return loop(node, context)

    monkeypatch.setattr(ForNode, "render", strict_loop)
