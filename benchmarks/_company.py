"""A company of any size to measure pages on: some thousand people live for 24 months as the agreement runs them, and
are then copied in the database under other ids, with their accounts, deals, handoffs, clocks and facts.

The figures of the scoreboard and of data health are measured over those who lived, because pages read rows of them
that do not grow with the company.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model

MARKED = frozenset(
    {"person_id", "account_id", "handoff_id", "deal_id", "subject_id", "alias_id", "ref", "source_id", "email"}
)
"""Columns that name somebody or something, and get the number of the copy."""

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many people live for how many months, how often each is there in the first and in the second part, how many
    touches the busiest of them has, and how many messages, events and other rows stand beside."""

    lived: int
    months: int
    copies: int
    listed: int
    busiest: int
    beside: int


FULL = Size(lived=12_500, months=24, copies=8, listed=10, busiest=100_000, beside=100_000)
SHORT = Size(lived=120, months=3, copies=2, listed=2, busiest=1_000, beside=500)


def fill(size: Size, *, at: datetime) -> None:
    """Let the company move into an empty workspace."""
    from accord_app.demo import workspace
    from accord_app.intake import health
    from accord_app.measures.attributing import measure_attribution
    from accord_app.measures.colliding import measure_collisions
    from accord_app.measures.counting_money import measure_economics
    from accord_app.measures.dealing import measure_drawn, measure_fairness
    from accord_app.measures.diagnosing import measure_diagnosis
    from accord_app.measures.foretelling import measure_forecast
    from accord_app.measures.measuring import measure

    building = workspace.begin(at=at, leads=size.lived, months=size.months)
    workspace.prepare(building, at=at, shown=_silent)
    for each in (
        measure, measure_attribution, measure_collisions, measure_economics, measure_diagnosis, measure_forecast,
        measure_fairness, measure_drawn, health.measure,
    ):  # fmt: skip
        each(at=at)
    multiply(size.copies)
    _be_busy(size.busiest)
    _stand_beside(size.beside, at)
    refresh_statistics()


def _silent(what: str, done: int, of: int) -> None:
    """No progress is shown."""


def multiply(times: int, *, mark: str = "-", lists_only: bool = False) -> None:
    """Let everybody be there so many times; `mark` and a number are added to ids. `lists_only`: of facts only those
    that lists of handoffs read, and of touches those of people with an open handoff."""
    from django.db import connection

    from accord_app.handoffs.models import Clock, Handoff, Lead, Note
    from accord_app.ledger import models as ledger
    from accord_app.records.models import Account, Deal, Person, SearchTerm

    open_ones = f"person_id IN (SELECT person_id FROM {Handoff._meta.db_table} WHERE closed_at IS NULL)"
    facts: dict[type[Model], str] = (
        {ledger.Touch: open_ones, ledger.Decision: "outcome = 'offered'"}
        if lists_only
        else dict.fromkeys(
            (
                ledger.Touch, ledger.HandoffEvent, ledger.Decision, ledger.DealEvent, ledger.ContentUse,
                ledger.ConsentWord, ledger.Alias, ledger.Profile,
            ),
            "1 = 1",
        )
    )  # fmt: skip
    with connection.cursor() as cursor:
        for model, which in facts.items():
            cursor.execute(_copied(model, times, mark, which))
        for each in (Account, Person, Deal, SearchTerm, Lead, Handoff, Clock, *(() if lists_only else (Note,))):
            cursor.execute(_copied(each, times, mark, "1 = 1"))


def _copied(model: type[Model], times: int, mark: str, which: str) -> str:
    """A statement that adds every row times - 1 times. Two copies of one row differ in whatever names it."""
    from django.db import connection

    quoted = connection.ops.quote_name
    fields = [f for f in model._meta.concrete_fields if f.column not in ("id", "carried")]
    columns = ", ".join(quoted(f.column) for f in fields)
    values = ", ".join(_marked(quoted(f.column), mark) if f.column in MARKED else quoted(f.column) for f in fields)
    copies = " UNION ALL ".join(f"SELECT {n} AS copy" for n in range(1, times))
    table = quoted(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, ({copies}) AS copies WHERE {which}"


def _marked(column: str, mark: str) -> str:
    return f"CASE WHEN {column} = '' THEN '' ELSE {column} || '{mark}' || copy END"


def _be_busy(touches: int) -> None:
    """Give the person with the most handoffs as many touches as these."""
    from django.db import connection

    from accord_app.ledger.models import Touch

    quoted = connection.ops.quote_name
    fields = [f.column for f in Touch._meta.concrete_fields if f.column not in ("id", "carried")]
    named: dict[str, str] = {"person_id": "%s", "source": "'busy'"}
    columns, values = ", ".join(map(quoted, fields)), ", ".join(named.get(name, quoted(name)) for name in fields)
    table = quoted(Touch._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE source <> 'busy' LIMIT {touches:d}",
            [busiest()],
        )


def busiest() -> str:
    """The person with the most touches, once `fill` is through."""
    from django.db.models import Count

    from accord_app.handoffs.models import Handoff

    found = Handoff.objects.values("person_id").annotate(n=Count("pk")).order_by("-n", "person_id").first()
    if found is None:
        raise RuntimeError("nobody was handed over: the company is too small")
    return str(found["person_id"])


def refresh_statistics() -> None:
    """What PostgreSQL does by itself after a while."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


# What else there is


def _stand_beside(count: int, at: datetime) -> None:
    from accord_app.handoffs.models import Handoff, Note, SavedView
    from accord_app.members.models import Absence, User

    _write_messages(count, at)
    _keep_work(count, at)
    _bring_in(count, at)
    _erase_a_few(at)
    written = Handoff.objects.order_by("-offered_at").values_list("pk", flat=True)[: count // 2]
    text = "Called twice, asked for the price list, wants to see the line before the budget round in May."
    _make(
        Note(handoff_id=pk, by="sara" if place % 2 else "jonas", at=at, text=text) for place, pk in enumerate(written)
    )
    views = ("view=team&country=DE", "view=team&band=A", "view=team&origin=webinar")
    _make(SavedView(owner="lena", name=f"Shared {n}", query=views[n % 3], shared=True) for n in range(6))
    people = list(User.objects.order_by("pk"))
    _make(
        Absence(user=who, begins_at=at + timedelta(days=n), ends_at=at + timedelta(days=n + 5), set_by=people[0])
        for n, who in enumerate(people * 4)
    )


def _write_messages(count: int, at: datetime) -> None:
    from accord_app.handoffs.models import Handoff
    from accord_app.members.models import User
    from accord_app.outbox.models import Message

    people, about = list(User.objects.order_by("pk")), list(Handoff.objects.values_list("pk", flat=True)[:2_000])
    states = [Message.State.SENT] * 90 + [Message.State.WAITING] * 5 + [Message.State.DIGEST] * 3 + [Message.State.DEAD]
    _make(
        Message(
            key=f"benchmark {n}", kind="handoff_offered", to=people[n % len(people)],
            about=f"handoff:{about[n % len(about)]}", context={"clause": "routing.rules.0"}, state=states[n % 99],
            at=at, due_at=at - timedelta(minutes=n), sent_at=at if states[n % 99] == "sent" else None,
            died_at=at if states[n % 99] == "dead" else None,
        )
        for n in range(count)
    )  # fmt: skip


def _keep_work(count: int, at: datetime) -> None:
    from accord_app.work.models import Heartbeat, Job

    _make(
        Job(
            kind="look", payload={"people": [f"p{n}"]}, created_at=at, due_at=at + timedelta(seconds=n),
            died_at=at - timedelta(minutes=n) if n % 50 == 0 else None, attempts=8 if n % 50 == 0 else 0,
            last_error="OperationalError: the database did not answer" if n % 50 == 0 else "",
        )
        for n in range(count // 5)
    )  # fmt: skip
    soon = at + timedelta(days=400)
    _make(Heartbeat(worker=f"machine {n}", started_at=at, seen_at=at, alive_until=soon, done=n) for n in range(4))


def _bring_in(count: int, at: datetime) -> None:
    from accord_app.intake.models import Arrival, Token, Upload

    event = {"id": "e", "kind": "page.home", "at": at.isoformat(), "person": {"id": "somebody"}}
    _make(
        Arrival(
            source="site", event_id=f"e{n}", received_at=at, payload=event,
            problem="ValueError: touches: occurred_at is missing" if n % 4 == 0 else "",
        )
        for n in range(count // 100)
    )  # fmt: skip
    _make(Token(name=f"Site {n}", token_hash=f"{n:064}", source="site", made_by="lena", made_at=at) for n in range(20))
    done = {
        "table": "touches", "part": "", "batch": "", "rows": 5_000, "stored": 4_990, "known": 0, "revised": 0,
        "refused": 10, "left_out": 0, "is_derived": False, "refused_file": "", "notes": [], "examples": [],
    }  # fmt: skip
    _make(
        Upload(
            name=f"touches-{n}.csv", stored_as=f"benchmark-{n}", size=1_000_000, table="touches", state="done",
            by="lena", at=at - timedelta(hours=n), changed_at=at, rows=5_000, rows_of=5_000, stored=4_990,
            parts=[done], file_gone_at=at,
        )
        for n in range(count // 100)
    )  # fmt: skip


def _erase_a_few(at: datetime) -> None:
    from accord_app.records.models import Erasure

    emptied = {"People": 1, "Profiles": 3}
    _make(Erasure(by="eva", at=at - timedelta(days=n), emptied=emptied, done_at=at) for n in range(300))


def _make(rows: Iterator[Any]) -> None:
    while some := list(islice(rows, AT_ONCE)):
        type(some[0])._default_manager.bulk_create(some)


def counted() -> Sequence[tuple[str, int]]:
    """How many people, facts and handoffs there are."""
    from accord_app.handoffs.models import Handoff
    from accord_app.ledger.models import FACTS
    from accord_app.records.models import Account, Deal, Person

    facts = sum(model.facts().count() for model in FACTS.values())
    open_ones = Handoff.objects.filter(closed_at=None).count()
    return (
        ("people", Person.objects.count()), ("accounts", Account.objects.count()), ("deals", Deal.objects.count()),
        ("facts", facts), ("handoffs", Handoff.objects.count()), ("open handoffs", open_ones),
    )  # fmt: skip
