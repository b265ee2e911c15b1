"""`accord serve` as a user starts it: a real process, a real port, a database in a file."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

STARTS_WITHIN = 60  # seconds, on a busy machine


def environment(data: Path) -> dict[str, str]:
    """Of a workspace of its own on SQLite."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("ACCORD_")}
    return mine | {"ACCORD_DATA": str(data), "PYTHONWARNINGS": "ignore"}


@contextmanager
def serving(data: Path, *words: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], list[str], str]]:
    """A server that answers, with further settings: its process, what it said until then, its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "accord.cli", "serve", *words],
        env=environment(data) | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    said: list[str] = []
    try:
        while not (said and said[-1].startswith("Accord answers")):
            said.append(_line(server.stdout))
        address = re.search(r"https?://\S+\w", said[-1])
        assert address is not None
        yield server, said, address[0]
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()
        server.stdout.close()


def _line(stream: IO[str]) -> str:
    ready, _, _ = select.select([stream], [], [], STARTS_WITHIN)
    line = stream.readline() if ready else ""
    assert line, "the server said nothing more"
    return line.strip()


def get(url: str) -> tuple[int, str]:
    """Status and text; errors are answers too."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own address
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def test_it_makes_the_tables_answers_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--port", str(port)) as (server, said, address):
        assert re.fullmatch(r"Bringing the database to this version \(\d+ steps\)\.", said[0])
        assert address == f"http://127.0.0.1:{port}"
        status, page = get(f"{address}/")
        assert status == 200 and "Welcome to Accord." in page
        styles = re.findall(r'href="(/static/[^"]+\.css)"', page)
        assert styles and all(get(address + style)[0] == 200 for style in styles)
        assert json.loads(get(f"{address}/health")[1])["checks"]["database"]["well"] is True
        assert get(f"{address}/static/no-such.css")[0] in (302, 404)
        before = time.monotonic()
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=20)
        assert server.returncode == 0 and "Traceback" not in rest
        assert time.monotonic() - before < 10
    with serving(tmp_path, "--port", str(port)) as (server, said, _):
        assert len(said) == 1  # nothing to bring up to date
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=40) == 0


def test_a_busy_port_is_said_and_the_next_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        with serving(tmp_path, "--port", str(busy)) as (_, said, address):
            port = int(address.rpartition(":")[2])
            assert said[0] == f"Port {busy} is taken by another program, so this is port {port}."
            assert busy < port < busy + 20
            assert get(f"{address}/account/login/")[0] == 200


def test_a_fixed_port_is_taken_or_the_start_ends(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = str(other.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "accord.cli", "serve", "--port", busy, "--fixed-port"],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=STARTS_WITHIN,
        )
    assert done.returncode == 2 and f"Port {busy} is taken." in done.stderr


def test_behind_a_proxy_that_ends_tls_cookies_are_safe_and_forms_are_taken(tmp_path: Path) -> None:
    host = "accord.example.com"
    port = free_port()
    settings = {"ACCORD_ADDRESS": f"https://{host}", "ACCORD_HOSTS": f"{host},127.0.0.1", "ACCORD_PROXIES": "1"}
    passed_on = {"Host": host, "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    with serving(tmp_path, "--port", str(port), "--fixed-port", **settings) as (_, _, address):
        assert address == f"https://{host}"
        ours = f"http://127.0.0.1:{port}"
        asked = urllib.request.Request(f"{ours}/welcome/", headers=passed_on)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            cookie, page = answer.headers["Set-Cookie"], answer.read().decode()
            assert "Secure" in cookie and answer.headers["Strict-Transport-Security"]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        from_here = {"Cookie": cookie.partition(";")[0], "Origin": f"https://{host}", "Referer": f"https://{host}/"}
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1]}).encode()
        sent = urllib.request.Request(f"{ours}/welcome/", form, passed_on | from_here)  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(sent, timeout=20)  # noqa: S310
        assert refused.value.code == 422, "the form was taken, and lacks a company"
        refused.value.close()
        assert get(f"{ours}/health")[0] == 200


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        (["--host", "192.0.2.1"], {}, "192.0.2.1 is not an address of this machine."),
        (["--host", "no.such.host.invalid"], {}, "no.such.host.invalid is not an address of this machine."),
        (["--port", "70000"], {}, "Ports 70000 to 70019 are taken."),
        (["--threads", "0"], {}, "Nothing would answer."),
        (["--port", "x"], {}, "invalid int value"),
        (["--port", "0"], {"ACCORD_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "The database cannot be used"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(
    tmp_path: Path, words: list[str], more: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "accord.cli", "serve", *words],
        env=environment(tmp_path) | more,
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
    )
    assert done.returncode == 2
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
