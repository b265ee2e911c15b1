"""Events that come late, out of order and again and again, through a door and to workers that are killed: what stands
in the workspace at the end is what one clean delivery leaves there."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.faults.killing import LONG_AGO
from tests.faults.workspaces import ON, Workspace
from tests.post_office import PostOffice, open_post_office

SETTINGS, WORKERS, SENDERS = "accord_app.settings", 2, 3
LEASED = ("work_job", "outbox_message")
NOW = datetime.now(UTC)
Event = dict[str, Any]


def events_of(leads: int) -> list[Event]:
    """Three of each lead. Two of three ask for a price, and one of four of these does not live where we sell."""
    return [event for number in range(leads) for event in _told_of(number)]


def _told_of(number: int) -> Iterator[Event]:
    who = {"email": f"lead{number}@firm{number}.example", "name": f"Lead {number}"}
    where = {"domain": f"firm{number}.example", "employees": 200, "country": "AT" if number % 4 == 3 else "DE"}
    for place, kind in enumerate(("page.home", "form.price-request" if number % 3 else "page.home", "page.cases")):
        at = (NOW - timedelta(minutes=60 - place)).isoformat()
        yield {"id": f"{number}-{place}", "kind": kind, "at": at, "side": "marketing",
               "person": {**who, "country": where["country"]}, "company": where}  # fmt: skip


def is_good(number: int) -> bool:
    return number % 3 != 0 and number % 4 != 3


@dataclass
class House:
    """A door and workers in a workspace, each a process that can be killed and is started anew."""

    workspace: Workspace
    only: str
    port: int = 0
    secret: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def open(self) -> None:
        """A company to which nobody has come, with its door and its workers at work."""
        self.secret = self.workspace.run("-m", "tests.faults.living_company", "open")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        for name in ("door", *(f"worker {number}" for number in range(WORKERS))):
            self.start(name)

    def start(self, name: str) -> None:
        """Start the process of this name, once nobody holds its port any more."""
        door = ("serve", "--port", str(self.port), "--fixed-port")
        words = door if name == "door" else ("worker", "--only", self.only, "--parent", str(os.getpid()))
        self.processes[name] = self.workspace.start("-m", "accord.cli", *words)

    def kill(self, name: str) -> None:
        """Kill it where it stands, and start it again. The leases it leaves run out at once, in life in minutes."""
        self.processes[name].kill()
        self.processes[name].wait()
        for table in LEASED:
            self.workspace.query(f"UPDATE {table} SET leased_until = '{LONG_AGO}' WHERE leased_until IS NOT NULL")
        self.start(name)

    def deliver(self, some: Sequence[Event], pause: float = 0.0) -> None:
        """Send until it is said that they were received. A door that does not open is tried again."""
        time.sleep(pause)
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/events",
            json.dumps(some).encode(),
            {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"},
        )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    told = json.loads(answer.read())
                assert told["refused"] == [] and told["received"], told
                return
            except urllib.error.HTTPError as refused:
                assert refused.code >= 500, refused.read()
            except OSError:
                pass
            if self.processes["door"].poll() is not None:
                self.start("door")  # the port was still held
            time.sleep(0.2)
        raise AssertionError("nobody took the events")

    def rest(self) -> None:
        """Wait until everything that came was taken in, decided, told and carried."""
        open_ones = """SELECT (SELECT count(*) FROM intake_arrival)
          + (SELECT count(*) FROM outbox_message WHERE state <> 'sent')
          + (SELECT count(*) FROM work_job WHERE kind = 'take in' AND due_at <= '{now}')"""
        end, quiet = time.monotonic() + 180, 0
        while quiet < 3 and time.monotonic() < end:
            waiting = self.workspace.query(open_ones.format(now=datetime.now(UTC)))[0][0]
            quiet = 0 if waiting else quiet + 1
            time.sleep(0.5)
        assert quiet == 3, "work waits that nobody does"


@dataclass(frozen=True)
class State:
    """What a workspace knows at the end, without the moments at which it came to know it."""

    touches: tuple[tuple[Any, ...], ...]
    facts: tuple[int, ...]
    people: frozenset[tuple[Any, ...]]
    offered: frozenset[tuple[Any, ...]]
    told: int


def state_of(workspace: Workspace, office: PostOffice) -> State:
    """Raises AssertionError where a lead was offered twice or somebody waits for a mail that did not come."""
    offers = workspace.query(
        "SELECT p.email, p.name, h.team FROM handoffs_handoff h JOIN records_person p ON p.person_id = h.person_id"
    )
    acts = workspace.query("SELECT handoff_id FROM fact_handoffs WHERE event = 'offered'")
    assert max(Counter(offers).values()) == 1
    assert len(set(acts)) == len(acts) == len(offers)
    arrived = {mail["Message-ID"] for mail in office.came}
    messages = workspace.query("SELECT count(*) FROM outbox_message")[0][0]
    assert len(arrived) == messages
    touches = """SELECT p.email, t.kind, t.occurred_at FROM fact_touches t JOIN records_person p
      ON p.person_id = t.person_id WHERE t.source = 'website'"""
    counted = (
        workspace.query(f"SELECT count(*) FROM fact_{table}")[0][0] for table in ("touches", "profiles", "identities")
    )
    return State(
        tuple(sorted(workspace.query(touches))),
        tuple(counted),
        frozenset(workspace.query("SELECT email, name, country FROM records_person")),
        frozenset(offers),
        messages,
    )


@contextmanager
def a_house(on: str, folder: Path, only: str) -> Iterator[tuple[House, PostOffice]]:
    with ON[on](folder, migrated=False) as workspace, open_post_office() as office:
        workspace.settings, workspace.mail_url = SETTINGS, f"smtp://127.0.0.1:{office.port}"
        workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
        house = House(workspace, only)
        house.open()
        yield house, office


def cleanly(on: str, folder: Path, leads: int, only: str) -> State:
    """Each event once, in order, and nothing fails."""
    with a_house(on, folder, only) as (house, office):
        house.deliver(events_of(leads))
        house.rest()
        return state_of(house.workspace, office)


def badly(on: str, folder: Path, leads: int, only: str, *, kills: int, chance: random.Random) -> State:
    """Each event up to three times, in any order, now and later, while processes are killed."""
    events = events_of(leads)
    sent = [event for event in events for _ in range(chance.choice((1, 2, 3)))]
    chance.shuffle(sent)
    parts = [sent[start : start + 7] for start in range(0, len(sent), 7)]
    with a_house(on, folder, only) as (house, office), ThreadPoolExecutor(SENDERS) as senders:
        on_their_way: list[Future[None]] = [senders.submit(house.deliver, some, chance.random() / 2) for some in parts]
        names = ["door", *[chance.choice(sorted(house.processes)) for _ in range(kills - 1)]]
        for name in names:
            time.sleep(chance.uniform(0.2, 1.5))
            house.kill(name)
        for each in on_their_way:
            each.result(180)
        house.rest()
        return state_of(house.workspace, office)


def assert_whole(state: State, leads: int) -> None:
    """Every event is one fact, everybody who qualified was offered and nobody else, and each offer was told."""
    offered = {f"lead{number}@firm{number}.example" for number in range(leads) if is_good(number)}
    assert {email for email, _, _ in state.offered} == offered
    assert (len(state.touches), len(state.people), state.told) == (3 * leads, leads, len(offered))
    assert state.facts[0] == 3 * leads


@pytest.mark.parametrize("on", sorted(ON))
def test_what_comes_again_late_and_to_the_killed_is_taken_in_once(on: str, tmp_path: Path) -> None:
    chance = random.Random(on)  # noqa: S311
    assert_whole(badly(on, tmp_path, 12, "take in,carry,mail", kills=2, chance=chance), 12)


@pytest.mark.prove
@pytest.mark.parametrize("on", sorted(ON))
def test_twenty_kills_among_nine_hundred_deliveries_end_as_one_clean_delivery(on: str, tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "bad").mkdir()
    clean = cleanly(on, tmp_path / "clean", 150, "")
    assert_whole(clean, 150)
    bad = badly(on, tmp_path / "bad", 150, "", kills=20, chance=random.Random(f"{on} 20"))  # noqa: S311
    assert bad == clean
