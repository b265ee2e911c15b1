"""Getting a calendar over the net: what is refused, how long it may take, what its owner reads when it fails."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.app.members.feed_server import Feeds, serving

from accord.facts.errors import AccordError
from accord_app.members import fetching
from accord_app.members.fetching import Fetched, UnreachableError, fetch

OWN = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    with serving() as found:
        yield found


def test_a_calendar_comes_with_its_marks_and_is_not_sent_twice(feeds: Feeds) -> None:
    feeds.text, feeds.headers = b"BEGIN:VCALENDAR", {"ETag": '"7"', "Last-Modified": "Mon, 02 Mar 2026 08:00:00 GMT"}
    first = fetch(feeds.address, own=OWN)
    assert first == Fetched(b"BEGIN:VCALENDAR", '"7"', "Mon, 02 Mar 2026 08:00:00 GMT")
    second = fetch(feeds.address, own=OWN, etag=first.etag, last_modified=first.last_modified)
    assert second == Fetched(None, first.etag, first.last_modified)
    assert feeds.asked[1]["If-Modified-Since"] == first.last_modified
    assert feeds.asked[0]["Host"] == f"127.0.0.1:{feeds.port}"


@pytest.mark.parametrize(
    ("status", "headers", "says", "wait"),
    [
        (500, {}, "has trouble (500)", None),
        (503, {"Retry-After": "600"}, "has trouble (503)", timedelta(minutes=10)),
        (429, {"Retry-After": "9" * 30}, "has trouble (429)", timedelta(days=1)),
        (429, {"Retry-After": "soon"}, "has trouble (429)", None),
        (404, {}, "no such calendar (404)", None),
        (302, {"Location": "/feed"}, "leads on more than 3 times", None),
        (302, {}, "leads on more than 3 times", None),
        (302, {"Location": "file:///etc/passwd"}, "begins with https", None),
        (302, {"Location": "http://169.254.169.254/latest/meta-data"}, "private net", None),
        (302, {"Location": "http://[::1]/"}, "private net", None),
        (200, {"Content-Encoding": "gzip"}, "packed form", None),
        (304, {}, "has trouble (304)", None),
    ],
)
def test_what_a_server_may_say_instead(
    feeds: Feeds, status: int, headers: dict[str, str], says: str, wait: timedelta | None
) -> None:
    feeds.status, feeds.headers, feeds.text = status, headers, b"secret"
    with pytest.raises(UnreachableError) as raised:
        fetch(feeds.address, own=OWN)
    assert says in str(raised.value)
    assert raised.value.wait == wait
    assert raised.value.remedy
    assert "s3cret" not in str(raised.value)


def test_it_is_not_read_to_its_end_when_it_is_large(feeds: Feeds) -> None:
    feeds.text = b"x" * 10 * 1024 * 1024
    with pytest.raises(UnreachableError, match=r"larger than 5 MB\. Give a calendar"):
        fetch(feeds.address, own=OWN)
    feeds.headers = {"Content-Length": str(len(feeds.text)), "Connection": "close"}
    with pytest.raises(UnreachableError, match="larger than 5 MB"):
        fetch(feeds.address, own=OWN)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "40"}, {"Transfer-Encoding": "chunked"}])
def test_it_ends_in_time_however_slowly_bytes_come(feeds: Feeds, headers: dict[str, str]) -> None:
    feeds.text, feeds.pause, feeds.headers = b"28\r\n" + b"x" * 40, 0.2, headers
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match="too long"):
        fetch(feeds.address, own=OWN, seconds=0.5)
    assert time.monotonic() - begun < 3


def test_the_time_counts_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match="too long"):
        fetch("https://calendar.example/", seconds=0.2)
    assert time.monotonic() - begun < 2


def test_look_ups_that_hang_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end = [], threading.Event()

    def hangs(*_: Any, **__: Any) -> list[Any]:
        begun.append(1)
        may_end.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr(fetching, "LOOK_UPS", threading.BoundedSemaphore(2))
    for _ in range(4):
        with pytest.raises(UnreachableError, match="too long"):
            fetch("https://calendar.example/", seconds=0.1)
    assert len(begun) == 2
    may_end.set()
    assert fetching.LOOK_UPS.acquire(timeout=5)


def test_half_a_calendar_is_none(feeds: Feeds) -> None:
    feeds.text, feeds.headers, feeds.cut = b"x" * 1000, {"Content-Length": "1000"}, True
    with pytest.raises(UnreachableError, match="stopped in the middle"):
        fetch(feeds.address, own=OWN)


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1:8443/x", "https://169.254.169.254/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://100.64.0.1/", "https://224.0.0.1/",
        "https://localhost/", "https://2130706433/", "https://0x7f.1/",
    ],
)  # fmt: skip
def test_a_private_net_is_not_read(address: str) -> None:
    with pytest.raises(UnreachableError, match=r"private net.*ACCORD_CALENDAR_NETWORKS|not known"):
        fetch(address)


def test_every_address_of_a_name_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two addresses the private one may be the second; and only what was checked is connected to."""

    def lookup(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(UnreachableError, match="private net"):
        fetch("https://calendar.example/")


def test_without_encryption_only_from_ones_own_net(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(UnreachableError, match="not encrypted"):
        fetch("http://calendar.example/", own=OWN)


def test_nobody_listens_and_a_certificate_that_is_none(feeds: Feeds) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        fetch(feeds.address.replace("http:", "https:"), own=OWN)  # speaks no TLS
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="cannot be reached"):
            fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/", own=OWN)


def test_addresses_that_are_kept() -> None:
    assert fetching.checked(" webcal://calendar.example/a.ics ") == "https://calendar.example/a.ics"
    assert fetching.checked("http://calendar.corp/a.ics", own=OWN) == "http://calendar.corp/a.ics"
    assert fetching.host_of("https://calendar.example:8443/a?key=s3cret") == "calendar.example"


@pytest.mark.parametrize(
    "address",
    [
        "", "calendar.example/a.ics", "http://calendar.example/a.ics", "ftp://calendar.example/", "https://",
        "https://tomas:pw@calendar.example/", "https://calendar.example:99999/", "https://calendar.example:0/",
        "https://[::1", "https://calendar.example/a\r\nHost: x", "javascript:alert(1)", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_addresses_that_are_never_fetched(address: str) -> None:
    with pytest.raises(AccordError) as raised:
        fetching.checked(address)
    assert raised.value.remedy
