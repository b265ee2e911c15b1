"""Gets a calendar over the net, for people who give its address: never from inside the company's own net unless the
settings name that net, never more or longer than is agreed, and never with the address in what it says.

Every name is looked up once, every address it has is checked, and the connection goes to one that was checked, so that
a name cannot mean something else a moment later. Each redirect is checked in the same way.
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from accord.facts.errors import AccordError

AT_MOST = 5 * 1024 * 1024
SECONDS = 10.0  # for everything: finding, connecting, redirects, reading
REDIRECTS = 3
LOOK_UPS = threading.BoundedSemaphore(16)
"""Names that are looked up at once, those among them whose look-up hangs."""

LONGEST_WAIT = timedelta(days=1)
_PART = 64 * 1024
_EMBEDS_IPV4 = ipaddress.ip_network("64:ff9b::/96")
_COPY_AGAIN = "Copy the address of the calendar in iCal format (ICS) once more from your calendar, and give it here."
_LATER = "It is tried again by itself; nothing needs to be done unless this goes on for days."

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnreachableError(AccordError):
    """A feed that could not be fetched, as its owner reads it. `wait`: how long the other side asked to be left."""

    def __init__(self, message: str, *, remedy: str, wait: timedelta | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `text` is None where nothing has changed since; the marks are for asking so the next time."""

    text: bytes | None
    etag: str
    last_modified: str


def checked(address: str, *, own: Sequence[Network] = ()) -> str:
    """An address as it is kept: `webcal` is https. Raises AccordError for one that is never fetched; `own` are the
    nets of the company."""
    address = re.sub(r"^webcals?://", "https://", address.strip(), flags=re.IGNORECASE)
    parts = _parts(address)
    if parts.scheme == "http" and not own:
        raise AccordError("The address begins with http.", remedy="Give one that begins with https.")
    return address


def host_of(address: str) -> str:
    """What may be shown of an address."""
    return _parts(address).hostname or ""


def fetch(
    address: str,
    *,
    own: Sequence[Network] = (),
    etag: str = "",
    last_modified: str = "",
    seconds: float = SECONDS,
    at_most: int = AT_MOST,
) -> Fetched:
    """The calendar at an address, as bytes. Raises UnreachableError, also when it takes longer than `seconds` or is
    larger than `at_most` bytes."""
    over_at = monotonic() + seconds
    marks = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    for _ in range(REDIRECTS + 1):
        with _answer(address, {k: v for k, v in marks.items() if v}, own, over_at) as answer:
            if answer.status not in (301, 302, 303, 307, 308):
                return _read(answer, at_most, over_at, etag, last_modified)
            address = urljoin(address, answer.getheader("Location") or "")
    raise UnreachableError(f"It leads on more than {REDIRECTS} times.", remedy=_COPY_AGAIN)


# Inside


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise UnreachableError("That is not an address.", remedy=_COPY_AGAIN) from error
    unfit = re.search(r"[\x00-\x20\x7f]", address) or port == 0
    if parts.scheme not in ("https", "http") or not parts.hostname or unfit:
        raise UnreachableError("That is not an address that begins with https.", remedy=_COPY_AGAIN)
    if parts.username is not None:
        raise UnreachableError(
            "The address holds a name and a password.", remedy="Give one that works without: your calendar makes one."
        )
    return parts


@contextmanager
def _answer(
    address: str, marks: dict[str, str], own: Sequence[Network], over_at: float
) -> Iterator[http.client.HTTPResponse]:
    parts = _parts(address)
    place = _place(parts, own, over_at)
    connection = _Connection(parts, place, over_at)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"Accept": "text/calendar, */*;q=0.1", "User-Agent": "Accord", **marks})
        with connection.getresponse() as answer:
            yield answer
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(
            "Its certificate is not good.", remedy="Ask whoever runs that server, or give another address."
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.ran_out or isinstance(error, TimeoutError) or monotonic() >= over_at:
            raise UnreachableError("It takes too long to answer.", remedy=_LATER) from error
        raise UnreachableError("It cannot be reached.", remedy=_LATER) from error
    finally:
        connection.end()


class _Connection(http.client.HTTPConnection):
    """To one checked place. A watch ends it when the time is up, also while the other side sends byte by byte."""

    def __init__(self, parts: SplitResult, place: tuple[int, Any], over_at: float) -> None:
        is_safe = parts.scheme == "https"
        self.default_port = 443 if is_safe else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port)
        self.place, self.over_at, self.ran_out = place, over_at, False
        self.kept: socket.socket | None = None  # while an answer is read the library no longer knows it
        self.context = ssl.create_default_context() if is_safe else None
        self.watch = threading.Timer(max(over_at - monotonic(), 0), self._run_out)
        self.watch.daemon = True

    def connect(self) -> None:
        family, place = self.place
        self.sock = self.kept = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(max(self.over_at - monotonic(), 0.001))
        self.watch.start()
        self.sock.connect(place)
        if self.context is not None:
            self.sock = self.kept = self.context.wrap_socket(self.sock, server_hostname=self.host)

    def end(self) -> None:
        """Closes it. `close` is also called by the library, as soon as an answer begins."""
        self.watch.cancel()
        self.close()
        if self.kept is not None:
            self.kept.close()

    def _run_out(self) -> None:
        self.ran_out = True
        if self.kept is not None:
            with suppress(OSError):  # it has ended by itself meanwhile
                self.kept.shutdown(socket.SHUT_RDWR)


def _place(parts: SplitResult, own: Sequence[Network], over_at: float) -> tuple[int, Any]:
    """Where to connect to. All that a name stands for must be allowed, not only the one that is taken."""
    is_safe = parts.scheme == "https"
    try:
        found = _looked_up(parts.hostname or "", parts.port or (443 if is_safe else 80), over_at)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(
            "Its server is not known.", remedy="Look whether the address is written as your calendar gives it."
        ) from error
    for _, _, _, _, place in found:
        _refuse(ipaddress.ip_address(str(place[0]).partition("%")[0]), is_safe, own)
    family, _, _, _, place = found[0]
    return family, place


def _looked_up(host: str, port: int, over_at: float) -> list[Any]:
    """What a name stands for. Nothing ends a look-up that hangs, so it is left to itself when the time is up; while too
    many hang, no other is begun."""
    places = LOOK_UPS
    if not places.acquire(timeout=max(over_at - monotonic(), 0)):
        raise UnreachableError("It takes too long to answer.", remedy=_LATER)
    told: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            told.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except Exception as error:  # is raised by whoever waits
            told.put(error)
        finally:
            places.release()

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = told.get(timeout=max(over_at - monotonic(), 0))
    except queue.Empty:
        raise UnreachableError("It takes too long to answer.", remedy=_LATER) from None
    if isinstance(found, Exception):
        raise found
    return found


def _refuse(address: ipaddress.IPv4Address | ipaddress.IPv6Address, is_safe: bool, own: Sequence[Network]) -> None:
    inner = _inner(address)
    if any(inner in net for net in own if net.version == inner.version):
        return
    if not inner.is_global or inner.is_multicast or inner.is_reserved:
        raise UnreachableError(
            "It lies in a private net, from which Accord reads nothing.",
            remedy="Ask an administrator to name that net in the setting ACCORD_CALENDAR_NETWORKS.",
        )
    if not is_safe:
        raise UnreachableError("It is not encrypted.", remedy="Give an address that begins with https.")


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that is meant: some of version 6 lead to one of version 4."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _EMBEDS_IPV4:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _read(answer: http.client.HTTPResponse, at_most: int, over_at: float, etag: str, last_modified: str) -> Fetched:
    if answer.status == 304 and (etag or last_modified):
        return Fetched(None, etag, last_modified)
    if answer.status != 200:
        raise _refused(answer)
    if (answer.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise UnreachableError("It answers in a packed form that was not asked for.", remedy=_COPY_AGAIN)
    if (answer.length or 0) > at_most:
        raise _too_large(at_most)
    text = bytearray()
    while part := answer.read1(_PART):
        text += part
        if len(text) > at_most:
            raise _too_large(at_most)
    if monotonic() >= over_at:  # the watch has ended it, which looks like an end
        raise UnreachableError("It takes too long to answer.", remedy=_LATER)
    if answer.length:
        raise UnreachableError("It stopped in the middle.", remedy=_LATER)
    return Fetched(bytes(text), _mark(answer.getheader("ETag")), _mark(answer.getheader("Last-Modified")))


def _mark(given: str | None) -> str:
    """A mark as it may be sent back; one that is odd is not."""
    return given if given and len(given) <= 200 and given.isascii() and given.isprintable() else ""


def _too_large(at_most: int) -> UnreachableError:
    return UnreachableError(
        f"It is larger than {at_most // 1024**2} MB.",
        remedy="Give a calendar that holds absences only, or fewer years of it.",
    )


def _refused(answer: http.client.HTTPResponse) -> UnreachableError:
    status = answer.status
    if status in (401, 403, 404, 410):
        return UnreachableError(f"Its server says that there is no such calendar ({status}).", remedy=_COPY_AGAIN)
    return UnreachableError(
        f"Its server has trouble ({status}).", remedy=_LATER, wait=_wait(answer.getheader("Retry-After"))
    )


def _wait(given: str | None) -> timedelta | None:
    """What `Retry-After` asks for in seconds; at most a day. One that names a date says nothing more than trouble."""
    if not given:
        return None
    try:
        return min(timedelta(seconds=int(given)), LONGEST_WAIT) if given.strip().isdigit() else None
    except (ValueError, OverflowError):
        return LONGEST_WAIT
