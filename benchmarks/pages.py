"""How long the server takes for every page of a company of 100,000 people and 2,000,000 facts, and for lists of
1,000,000 people, on SQLite or on the database server of ACCORD_DATABASE_URL.

    python -m benchmarks.pages [--keep FOLDER] [--part pages|lists|acts] [--only TEXT] [--runs N] [--short]

Every address is asked for as the role that uses it, once to warm up and then 21 times about different records. What
counts is processor time, of this thread and of its PostgreSQL backend: it does not depend on what else the machine
does; the time by the clock stands beside it. Then the company grows tenfold: lists are asked for at their beginning, in
the middle and near the end, acts are measured again, and no page may take more queries than before.

The company is built in a folder and a database of its own, which `--keep` keeps for the next run of the same day.
Prints rows of figure, limit, measured. Exit code 1 when one is above its limit.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from benchmarks._company import FULL, SHORT, Size, busiest, counted, fill, multiply, refresh_statistics

PAGE, LIST = 100.0, 30.0
RUNS = 21
PARTS = ("pages", "lists", "acts")
QUEUES = ("tomas", "lena", "jonas")
ROLES = ("tomas", "jonas", "lena", "sam", "mia", "eva", "")
"""A rep, a marketer, the RevOps lead, both heads, an administrator, and nobody who is signed in."""

FOR_EVERY_ROLE = frozenset({"today:today", "handoffs:list", "handoffs:one", "scoreboard:scoreboard"})
NO_PAGE = frozenset({
    "demo:sign_in", "intake:refused", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_download_recovery_codes",
    "outreach:mail_events",
})  # fmt: skip
"""Addresses that have nothing to show here: the demo's, a file that is not there, a second factor nobody has, where a
provider of mail tells what became of it."""

SHOWN = frozenset({200, 410})
NOT_FOR_READING, SENT_ON, FORBIDDEN, NOT_THERE = 405, 302, 403, 404


@dataclass(frozen=True, slots=True)
class Call:
    """One address as one role asks for it, about several records in turn."""

    title: str
    role: str
    paths: tuple[str, ...]
    limit: float
    part: bool = False  # as htmx asks for a part of the page


@dataclass(frozen=True, slots=True)
class Took:
    """What a call took in the middle of all runs: milliseconds of processor and by the clock, and its queries."""

    call: Call
    processor: float
    clock: float
    queries: int


def main(argv: list[str] | None = None) -> int:
    """Build the company, ask for everything, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the company is kept for the next run")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be given again")
    parser.add_argument("--only", default="", metavar="TEXT", help="only addresses that hold this text")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"how often each is measured ({RUNS})")
    parser.add_argument("--short", action="store_true", help="some hundred people, to see that it runs")
    args = parser.parse_args(argv)
    size, runs = (SHORT, 1) if args.short else (FULL, args.runs)
    with workspace(args.keep, size):
        return _measure(size, runs, args.only, args.part or PARTS)


def _measure(size: Size, runs: int, only: str, parts: Sequence[str]) -> int:
    print(", ".join(f"{number:,} {what}" for what, number in counted()), flush=True)
    took = _all_took((call for call in pages() if only in call.title), runs) if "pages" in parts else []
    if set(parts) == {"pages"}:
        return _is_slow(took)
    said = []
    if "acts" in parts:
        with _copy():
            said = acts(runs)
    with _copy():
        multiply(size.listed, mark="_", lists_only=True)
        refresh_statistics()
        print("\n" + ", ".join(f"{number:,} {what}" for what, number in counted()), flush=True)
        listed = (
            _all_took((call for call in lists(("tomas",) if size is SHORT else QUEUES) if only in call.title), runs)
            if "lists" in parts
            else []
        )
        grown = [(each, now) for each in took if (now := _queries(each.call)) > each.queries]
        _print_acts(said, acts(runs) if "acts" in parts else [])
    for each, now in grown:
        print(f"more queries for more rows: {each.call.title} as {each.call.role}, {each.queries} and then {now}")
    return int(bool(grown)) or _is_slow([*took, *listed])


def _is_slow(took: Sequence[Took]) -> int:
    return int(any(each.processor > each.call.limit for each in took))


def _all_took(calls: Iterable[Call], runs: int) -> list[Took]:
    """Measure one call after the other and print each as soon as it is."""
    print(f"\n{'':58} {'role':7} {'limit':>6} {'processor':>10} {'clock':>8} {'queries':>8}")
    took = []
    for call in calls:
        each = _took(call, runs)
        mark = " above" if each.processor > call.limit else ""
        print(
            f"{call.title[:58]:58} {call.role or '–':7} {call.limit:4.0f} ms {each.processor:7.1f} ms"
            f" {each.clock:5.0f} ms {each.queries:8}{mark}",
            flush=True,
        )
        took.append(each)
    _sum_up(took)
    return took


def _sum_up(took: Sequence[Took]) -> None:
    for limit in (PAGE, LIST):
        if some := [each for each in took if each.call.limit == limit]:
            slowest = max(some, key=lambda each: each.processor)
            print(
                f"{len(some)} with {limit:.0f} ms: half of them under {median(e.processor for e in some):.0f} ms,"
                f" the slowest {slowest.processor:.0f} ms ({slowest.call.title})"
            )


# Asking


def _took(call: Call, runs: int) -> Took:
    client = _client(call.role)
    _answered(client, call, call.paths[0])
    _forget()
    measured = [_timed(partial(_answered, client, call, call.paths[n % len(call.paths)])) for n in range(1, runs + 1)]
    processor, clock = (median(each[place] for each in measured) for place in (0, 1))
    return Took(call, processor, clock, _queries(call))


def _queries(call: Call) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _forget()
    with CaptureQueriesContext(connection) as queries:
        _answered(_client(call.role), call, call.paths[0])
    return len(queries)


def _forget() -> None:
    """Let every handoff be one that nobody has looked at yet: what is kept of it would hide what it takes."""
    from accord_app.handoffs import detail

    detail._explained.cache_clear()


def _answered(client: Any, call: Call, path: str) -> None:
    """Ask, and read the answer; of a file, which may be long, its beginning."""
    answer = client.get(path, headers={"HX-Request": "true"} if call.part else {})
    if answer.status_code not in SHOWN:
        raise RuntimeError(f"{path} as {call.role or 'nobody'} answers {answer.status_code}")
    if answer.streaming:
        next(iter(answer.streaming_content))
        answer.close()


@cache
def _client(role: str) -> Any:
    from django.test import Client

    from accord_app.members.models import User

    client = Client(SERVER_NAME="127.0.0.1")
    if role:
        client.force_login(User.objects.get(handle=role))
    return client


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of processor, here and in the database, and by the clock."""
    begun, used = time.perf_counter(), time.thread_time() + _used_by_database()
    act()
    return (
        1_000 * (time.thread_time() + _used_by_database() - used),
        1_000 * (time.perf_counter() - begun),
    )


_backend: list[Path] = []


def _used_by_database() -> float:
    """Seconds that the PostgreSQL backend has computed, if it runs on this machine; SQLite computes in the thread."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    if not _backend:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            _backend.append(Path(f"/proc/{cursor.fetchone()[0]}/schedstat"))
    return int(_backend[0].read_text().split()[0]) / 1e9 if _backend[0].exists() else 0.0


# Pages


def pages() -> Iterator[Call]:
    """Every address that shows people something, as found in the address tables; none can be forgotten. Those for
    programs take a key and are not measured here.

    Raises RuntimeError for an address that asks for something which is not known here, or that shows nothing.
    """
    records, missing = _records(), []
    for name, asked in _addresses():
        if name.startswith("api:"):
            continue
        paths = tuple(_paths(name, asked, records))
        if name in NO_PAGE:
            continue
        whoever = (role for role in ROLES if _status(role, paths[0]) in SHOWN)
        roles = list(whoever) if name in FOR_EVERY_ROLE else list(islice(whoever, 1))
        if not roles and not _shows_nothing(paths[0]):
            missing.append(name)
        for role in roles:
            yield Call(f"{name} {_titled(paths[0])}", role, paths, PAGE)
    if missing:
        raise RuntimeError(f"nobody is shown {', '.join(missing)}: name a record for it in benchmarks/pages.py")
    yield from _further(records)


def _addresses() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every address."""
    from django.urls import URLPattern, get_resolver

    def walk(patterns: Sequence[Any], room: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for each in patterns:
            if isinstance(each, URLPattern):
                yield f"{room}{each.name}", tuple(each.pattern.regex.groupindex)
            else:
                yield from walk(each.url_patterns, f"{each.namespace}:" if each.namespace else room)

    yield from walk(get_resolver().url_patterns, "")


def _paths(name: str, asked: Sequence[str], records: dict[str, list[Any]]) -> Iterator[str]:
    from django.urls import reverse

    known = [records.get(f"{name} {each}", records.get(each)) for each in asked]
    if lost := [each for each, values in zip(asked, known, strict=True) if not values]:
        raise RuntimeError(f"{name} needs {', '.join(lost)}: name some in benchmarks/pages.py")
    for place in range(max((len(values or ()) for values in known), default=1)):
        yield reverse(name, kwargs={each: v[place % len(v)] for each, v in zip(asked, known, strict=True) if v})


def _status(role: str, path: str) -> int:
    status: int = _client(role).get(path).status_code
    return status


def _shows_nothing(path: str) -> bool:
    """Whether an address only takes what is sent, or leads elsewhere."""
    said = {_status(role, path) for role in ROLES}
    return NOT_FOR_READING in said or said <= {SENT_ON, FORBIDDEN}


def _titled(path: str) -> str:
    from django.urls import resolve

    return "/" + resolve(path).route.replace("<record:", "<").replace("<slug:", "<").replace("<int:", "<")


def _records() -> dict[str, list[Any]]:
    """What addresses are asked about, by parameter, or by name of the address and parameter."""
    from django.db.models import Count

    from accord_app.handoffs.models import Handoff
    from accord_app.intake.models import Upload
    from accord_app.ledger.reads import versions
    from accord_app.measures.models import PromiseFigure
    from accord_app.records.models import Account, Deal, Person

    of_team = Handoff.objects.filter(team="dach-sdr")
    open_ones = list(of_team.filter(closed_at=None).order_by("next_due").values_list("pk", flat=True)[:RUNS])
    closed = list(of_team.exclude(closed_at=None).order_by("-closed_at").values_list("pk", flat=True)[:RUNS])
    crowded = Account.objects.annotate(n=Count("people")).order_by("-n", "pk").values_list("pk", flat=True)[:RUNS]
    promised = list(PromiseFigure.objects.filter(is_current=True).order_by("promise"))
    numbers = [each.version for each in versions()]
    people = Person.objects.filter(handoffs__isnull=False).order_by("pk").values_list("pk", flat=True)
    return {
        "handoff_id": open_ones or closed, "handoffs:reply handoff_id": _to_reply(),
        "closed handoff": closed, "person_id": list(people.distinct()[:RUNS]),
        "account_id": list(crowded), "deal_id": list(Deal.objects.order_by("pk").values_list("pk", flat=True)[:RUNS]),
        "promise": [each.promise for each in promised], "label": [each.details["period"] for each in promised],
        "number": list(Upload.objects.values_list("pk", flat=True)[:RUNS]), "pk": [1],
        "agreements:version number": numbers, "agreements:text number": numbers,
        "agreements:draft_questions name": ["by-country"], "agreements:draft_text name": ["by-country"],
        "figure": ["new_revenue", "cost_per_lead"],
        "older": numbers[:1], "newer": numbers[-1:], "width": ["wide"], "theme": ["light"], "handle": ["tomas"],
        "name": ["dach-sdr", "emea-sdr"], "token": ["gone"], "kind": ["look"], "row_id": [1],
        "records:pair kind": ["person"], "left": list(people[:1]), "right": list(people[1:2]),
        "merge_id": [1], "message_id": [1],
        "check": [_a_check()], "override": [1], "part": [0], "uidb36": ["1"], "key": ["gone"],
        "track": ["keep-warm"], "template": ["keep-warm-1"], "member": [1], "letter": [1], "task": [1],
        "provider": ["postmark"], "by": ["channel", "campaign"], **_links_in_mails(),
    }  # fmt: skip


def _links_in_mails() -> dict[str, list[Any]]:
    """What people outside are sent: links to their own page, and to confirm what they asked for."""
    from django.utils import timezone

    from accord_app.members.models import User
    from accord_app.outreach import consents, tokens
    from accord_app.records.models import Person

    person = Person.objects.exclude(email="").order_by("pk").first()
    if person is None:
        return {}
    asked = consents.ask(person=person, by=User.objects.get(handle="jonas"), at=timezone.now())
    own = [tokens.for_person(person.pk)]
    return {
        "outreach:unsubscribe token": own, "outreach:preferences token": own,
        "outreach:confirm token": [tokens.for_request(person.pk, asked.pk)],
    }  # fmt: skip


def _to_reply() -> list[str]:
    """The newest rejections, as if their replies were still to come."""
    from django.utils import timezone

    from accord_app.handoffs.models import Handoff

    newest = Handoff.objects.filter(status="rejected").order_by("-closed_at").values_list("pk", flat=True)[:RUNS]
    keys = list(newest)
    Handoff.objects.filter(pk__in=keys).update(replied_at=None, reply_due=timezone.now() + timedelta(hours=4))
    return keys


def _a_check() -> int:
    """A list of a thousand people that was checked."""
    from django.utils import timezone

    from accord_app.records.models import Person
    from accord_app.shield import inquiring
    from accord_app.shield.asking import Question

    people = list(Person.objects.order_by("pk").values_list("pk", flat=True)[:1_000])
    by = inquiring.Asker("jonas")
    return int(inquiring.ask(people, Question(), by=by, at=timezone.now()).inquiry.pk)


def _further(records: dict[str, list[Any]]) -> Iterator[Call]:
    """What differs by record or by what is asked."""
    crowded, account = busiest(), records["account_id"][0]
    for role, path in (
        ("lena", f"/people/of/{crowded}/"),
        ("lena", f"/people/of/{crowded}/?earlier=1700000000000000.0.9"),
        ("eva", f"/people/of/{crowded}/erase/"),
        ("lena", f"/accounts/of/{account}/"),
        *(("eva", f"/people/erase/?{urlencode({'named': name})}") for name in ("Brian", "nobody@nowhere.example")),
        *((role, f"/search/?{urlencode({'q': words})}") for role in ("tomas", "lena") for words in WORDS),
        *((role, f"/handoffs/{records['closed handoff'][0]}/?view=all") for role in ("tomas", "jonas", "lena")),
    ):
        if _status(role, path) in SHOWN:
            yield Call(path, role, (path,), PAGE)


WORDS = ("co", "brian", "brian korkin", "korkin freight", "nobody-of-this-name", "an works")


# Lists


def lists(roles: Sequence[str]) -> Iterator[Call]:
    """Every list, with filters and words, at its beginning, in the middle and near its end; the queue of some roles."""
    yield from _records_lists()
    yield from _queues(roles)
    for role, path in (
        ("lena", "/imports/"), ("lena", "/messages/all/"), ("lena", "/messages/all/?state=dead"),
        ("lena", "/messages/"), ("lena", "/messages/all/?before=40"), ("lena", "/members/"),
        ("tomas", "/search/?q=brian"),
    ):  # fmt: skip
        yield Call(path, role, (path,), LIST)


def _records_lists() -> Iterator[Call]:
    from accord_app.records import listing, lists

    asked: dict[str, Sequence[dict[str, str]]] = {
        "people": ({}, {"country": "DE"}, {"country": "ES"}, {"owner": "tomas"}, {"status": "lead"}, *_by_words()),
        "accounts": ({}, {"country": "DE"}, {"country": "ES"}, {"segment": "large"}, *_by_words()),
        "deals": ({}, {"status": "won"}, {"owner": "ines"}, {"stage": "discovery", "status": "lost"}),
    }  # fmt: skip
    listings: dict[str, Any] = {"people": lists.PEOPLE, "accounts": lists.ACCOUNTS, "deals": lists.DEALS}
    for name, of in listings.items():
        for each in asked[name]:
            chosen = listing.Chosen.of(each, of)
            found = listing.rows(of, chosen)
            for place, title in _places(found.count()):
                row = found[place] if place else None
                after = {"after": listing._named(row, of)} if row else {}
                path = f"/{name}/?{urlencode({**each, **after})}"
                yield Call(f"/{name}/ {_said(each)}, {title}", "tomas", (path,), LIST)


def _by_words() -> tuple[dict[str, str], ...]:
    return ({"q": "bri"}, {"q": "brian korkin"}, {"q": "an", "country": "ES"}, {"q": "nobody"})


def _places(count: int) -> Iterator[tuple[int, str]]:
    yield 0, "first"
    if count > 200:
        yield count // 2, "middle"
        yield count - 60, "last"


def _said(asked: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in asked.items()) or "all"


def _queues(roles: Sequence[str]) -> Iterator[Call]:
    """The list of handoffs as htmx asks for it, and the page around it."""
    from django.utils import timezone

    from accord_app.handoffs import queue, reads
    from accord_app.members.models import User

    for role in roles:
        user = User.objects.get(handle=role)
        rare = ({"country": "ES"}, {"country": "CH", "band": "C"}, {"origin": "webinar"}, {"band": "A"})
        owned = ({"owner": "sara"}, {"team": "emea-sdr"}, {"status": "rejected"}, {"owner": "nobody"})
        asked: list[tuple[str, dict[str, str]]] = [(view.key, {}) for view in queue.views_of(user)]
        asked += [(queue.views_of(user)[0].key, each) for each in (*rare, *owned)]
        asked += [("rejected", each) for each in rare]
        for view, filters in asked:
            chosen = reads.choose(user, view, filters)
            for after, title in _places_in(user, chosen, timezone.now()):
                path = f"/handoffs/?{chosen.query}{f'&after={after}' if after else ''}"
                said = f"{view} {_said(filters)}, {title}"
                yield Call(f"/handoffs/ {said}", role, (path,), LIST, part=True)
                if not filters and title == "first":
                    yield Call(f"/handoffs/ {said}, with a handoff", role, (path,), PAGE)


def _places_in(user: Any, chosen: Any, at: datetime) -> Iterator[tuple[Any, str]]:
    from accord_app.handoffs import access, queue

    yield None, "first"
    for shelf in queue._shelves(chosen, None):
        scope = access.visible(user).filter(chosen.where(user, at)).filter(shelf.which)
        found = scope.order_by(f"{'-' if shelf.descending else ''}{shelf.by}", "handoff_id")
        for place, title in list(_places(found.count()))[1:]:
            row = found[place]
            yield queue.Place(shelf.key, *shelf.place(row), place), f"{title} of {shelf.key}"


# Acts


@dataclass(slots=True)
class Act:
    """What people or programs do, and the milliseconds that each took."""

    title: str
    took: list[tuple[float, float]] = field(default_factory=list)

    def time(self, do: Callable[[], object], *, of: int = 1) -> None:
        """Do it, and note what it took for each of so many."""
        processor, clock = _timed(do)
        self.took.append((processor / of, clock / of))


def acts(runs: int) -> list[Act]:
    """Accepting, taking effect, an event that is decided about, clocks that come due."""
    from django.utils import timezone

    from accord_app.handoffs import actions, handlers
    from accord_app.handoffs.models import Clock, Handoff
    from accord_app.intake.actions import receive
    from accord_app.members.models import User

    accepting, settling, sending, deciding, passing = (
        Act("accept a handoff"), Act("let the answer take effect"), Act("receive an event"),
        Act("make it a fact and decide"), Act("a clock comes due, each"),
    )  # fmt: skip
    _catch_up()
    rep, at = User.objects.get(handle="tomas"), timezone.now()
    for handoff in list(Handoff.objects.filter(closed_at=None, status="offered", pending=None)[:runs]):
        accepting.time(partial(actions.accept, handoff=handoff, by=rep, at=timezone.now()))
        settling.time(lambda: actions.settle(at=timezone.now() + timedelta(seconds=11)))
    for n in range(runs + 1):
        event = {
            "id": f"{at.isoformat()} {n}", "kind": "form.price-request", "at": at.isoformat(), "side": "marketing",
            "person": {"email": f"new{n}@benchmark.example", "name": "Nora Quist", "country": "DE"},
            "company": {"domain": f"benchmark{n}.example", "name": "Quist Works", "employees": 900},
        }  # fmt: skip
        sending.time(partial(receive, source="site", sent=[event], at=timezone.now()))
    _take_in_alone(deciding, at)
    for _ in range(runs):
        due = Clock.objects.filter(handoff__pending=None).order_by("due_at").values_list("due_at", flat=True).first()
        if due is None:
            break
        now = max(due, timezone.now())
        many = Clock.objects.filter(due_at__lte=now).count()
        passing.time(partial(handlers.let_clocks_come_due, [], now), of=many)
    return [accepting, settling, sending, deciding, passing]


def _catch_up() -> None:
    """Let clocks that have run out do what they do, and everything be planned once, so that each act is measured for
    itself."""
    from django.utils import timezone

    from accord_app.handoffs import handlers
    from accord_app.handoffs.models import Clock
    from accord_app.intake.models import Arrival

    while Clock.objects.filter(due_at__lte=timezone.now()).exists():
        handlers.let_clocks_come_due([], timezone.now())
    Arrival.objects.filter(problem="").delete()


def _take_in_alone(deciding: Act, at: datetime) -> None:
    """One event after the other, as when they come one by one."""
    from django.utils import timezone

    from accord_app.handoffs import handlers
    from accord_app.intake.models import Arrival

    waiting = list(Arrival.objects.filter(received_at__gte=at, problem=""))
    Arrival.objects.filter(problem="").delete()
    for place, each in enumerate(waiting):
        each.save(force_insert=True)
        if place:
            deciding.time(lambda: handlers.take_in_and_decide([], timezone.now()))
        else:
            handlers.take_in_and_decide([], timezone.now())  # the first of a thread plans its queries


def _print_acts(small: Sequence[Act], large: Sequence[Act]) -> None:
    if small:
        print(f"\n{'one act, processor (clock)':40} {'first':>16} {'grown tenfold':>18}")
    for one, other in zip(small, large, strict=True):
        print(f"{one.title:40} {_middle(one):>16} {_middle(other):>18}")


def _middle(act: Act) -> str:
    if not act.took:
        return "–"
    processor, clock = (median(each[place] for each in act.took) for place in (0, 1))
    return f"{processor:.1f} ({clock:.0f}) ms"


# Where the company lives


@contextmanager
def workspace(keep: Path | None, size: Size) -> Iterator[None]:
    """A folder and a database with the company in it, kept or not."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="accord-benchmark-") as temporary:
        named = f"{size.lived * size.copies}-{today:%Y%m%d}"
        folder = (keep / named if keep else Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        database = f"accord_benchmark_{named if keep else os.getpid()}".replace("-", "_")
        with _settled(folder, database, is_kept=keep is not None):
            _filled(folder, size)
            yield


@contextmanager
def _settled(folder: Path, database: str, *, is_kept: bool) -> Iterator[None]:
    """Django over this folder and, on PostgreSQL, this database, which is made if it is not there."""
    os.environ |= {"ACCORD_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "accord_app.settings", "ACCORD_LOG": "ERROR"}
    url, _, _ = os.environ.get("ACCORD_DATABASE_URL", "").rpartition("/")
    is_server = url.startswith("postgres")
    if is_server:
        _on_server(url, f'CREATE DATABASE "{database}"', may_be_done=True)
        os.environ["ACCORD_DATABASE_URL"] = f"{url}/{database}"
    import django
    from django.db import connection

    django.setup()
    logging.getLogger("django.request").setLevel(logging.ERROR)  # refusals are asked for
    try:
        yield
    finally:
        connection.close()
        if is_server and not is_kept:
            _on_server(url, f'DROP DATABASE "{database}" WITH (FORCE)')


def _on_server(url: str, statement: str, *, may_be_done: bool = False) -> None:
    import psycopg

    with psycopg.connect(f"{url.replace('postgres://', 'postgresql://')}/postgres", autocommit=True) as server:
        try:
            server.execute(statement)
        except psycopg.errors.DuplicateDatabase:
            if not may_be_done:
                raise


def _filled(folder: Path, size: Size) -> None:
    from django.db import connection
    from django.utils import timezone

    from accord_app.commands.serve import bring_up_to_date

    bring_up_to_date()
    ready = folder / f"ready-{connection.vendor}"
    if ready.exists():
        return
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")
    begun = time.perf_counter()
    fill(size, at=timezone.now())
    print(f"the company moved in within {time.perf_counter() - begun:.0f} s")
    connection.close()
    ready.touch()


@contextmanager
def _copy() -> Iterator[None]:
    """A copy of the database, for what changes it."""
    from django.db import connection

    name, is_file = str(connection.settings_dict["NAME"]), connection.vendor == "sqlite"
    url = os.environ.get("ACCORD_DATABASE_URL", "").rpartition("/")[0]
    copy = f"{name}.copy" if is_file else f"{name}_copy"
    if is_file:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    if is_file:
        shutil.copyfile(name, copy)
    else:
        _on_server(url, f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        _on_server(url, f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    connection.settings_dict["NAME"] = copy
    _backend.clear()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        _backend.clear()
        if is_file:
            for path in Path(copy).parent.glob(f"{Path(copy).name}*"):
                path.unlink()
        else:
            _on_server(url, f'DROP DATABASE "{copy}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
