"""What many parts of a page ask for is read once while the page is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
T = TypeVar("T")
_held: ContextVar[dict[Any, Any] | None] = ContextVar("held", default=None)


def once_per_page(read: Callable[P, T]) -> Callable[P, T]:
    """While a page is only looked at, `read` is called once for the same arguments. Where something is done, and
    outside of pages, it is called each time."""

    @wraps(read)
    def held(*args: P.args, **kwargs: P.kwargs) -> T:
        known = _held.get()
        if known is None:
            return read(*args, **kwargs)
        key = (read, args, tuple(kwargs.items()))
        if key not in known:
            known[key] = read(*args, **kwargs)
        found: T = known[key]
        return found

    return held


def reading(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Begins each page that is only looked at with nothing held, and forgets it afterwards."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return answer(request)
        with holding():
            return answer(request)

    return answered


@contextmanager
def holding() -> Iterator[None]:
    """Within, what is read once per page is read once: for what looks and changes nothing that others look at."""
    before = _held.set({})
    try:
        yield
    finally:
        _held.reset(before)


@contextmanager
def anew() -> Iterator[None]:
    """Within, everything is read anew although a page is only looked at."""
    before = _held.set(None)
    try:
        yield
    finally:
        _held.reset(before)
