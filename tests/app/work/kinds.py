"""Kinds of work for one test, forgotten after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from accord_app.work import handlers


@contextmanager
def no_other_kinds() -> Iterator[None]:
    """Within, nothing is registered but what is registered within."""
    with mock.patch.dict(handlers._kinds, clear=True), mock.patch.dict(handlers._recurring, clear=True):
        yield
