"""What many parts of a page ask for is read once while it is looked at, and anew where something is done."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse

from accord_app.shell.once import once_per_page, reading

calls: list[tuple[int, str]] = []


@once_per_page
def asked(number: int, *, word: str = "") -> tuple[int, str]:
    calls.append((number, word))
    return number, word


def page(request: HttpRequest) -> HttpResponse:
    found = [asked(1), asked(1), asked(2), asked(1, word="x"), asked(1, word="x")]
    assert found == [(1, ""), (1, ""), (2, ""), (1, "x"), (1, "x")]
    return HttpResponse()


def sent(method: str) -> int:
    calls.clear()
    request = HttpRequest()
    request.method = method
    reading(page)(request)
    return len(calls)


def test_a_page_that_is_looked_at_reads_once_and_the_next_reads_again() -> None:
    assert [sent("GET"), sent("GET"), sent("HEAD")] == [3, 3, 3]


def test_where_something_is_done_each_part_reads_what_is_so_now() -> None:
    assert sent("POST") == 5


def test_outside_of_pages_and_after_one_that_broke_nothing_is_held() -> None:
    def broken(request: HttpRequest) -> HttpResponse:
        asked(1)
        raise LookupError

    request = HttpRequest()
    request.method = "GET"
    with pytest.raises(LookupError):
        reading(broken)(request)
    calls.clear()
    assert [asked(1), asked(1)] == [(1, ""), (1, "")]
    assert len(calls) == 2
