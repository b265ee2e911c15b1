"""How long the shield takes to answer `POST /v1/may-contact`, for one person and for 10,000, with 1,000,000 people and
20,000,000 facts in store, on SQLite or on the database server of ACCORD_DATABASE_URL.

    python -m benchmarks.may_contact [--people N] [--touches N] [--ahead N] [--keep FOLDER] [--runs N] [--short]

Each question goes through the door as a program sends it, and its answer is stored. Asked are people of whom nothing is
kept, and people of whom the worker has worked ahead how they stand, each time others: with the usual question, and with
one that nobody has asked before; then such of whom one in a hundred has got a mail since, and such of whom an import
named nobody. What counts is processor time, of this thread and of its PostgreSQL backend; the time
by the clock stands beside it. Prints rows of figure, limit, measured. Exit code 1 when one is above its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import _ledger
from benchmarks.pages import _settled, _used_by_database

ONE, MANY = 20.0, 300.0
RUNS, TIMES_ONE, PEOPLE = 5, 300, 10_000
LISTS = 4
"""Lists of many that are asked about once."""

FULL, SHORT = 1_000_000, 3_000
TOUCHES = 16
Took = tuple[float, float]
"""Milliseconds of processor, and by the clock."""


def main(argv: list[str] | None = None) -> int:
    """Build the ledger, ask, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=FULL, metavar="N", help=f"people in store ({FULL:,})")
    parser.add_argument("--touches", type=int, default=TOUCHES, metavar="N", help=f"touches of each ({TOUCHES})")
    parser.add_argument("--ahead", type=int, metavar="N", help="people whose answers are worked out ahead (as needed)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the ledger is kept for the next run")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"how often many are asked about ({RUNS})")
    parser.add_argument("--short", action="store_true", help="some thousand people, to see that it runs")
    args = parser.parse_args(argv)
    people, runs, asked = (SHORT, 1, 500) if args.short else (args.people, args.runs, min(PEOPLE, args.people // 8))
    with tempfile.TemporaryDirectory(prefix="accord-benchmark-") as temporary:
        folder = (args.keep or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with _settled(folder, f"accord_shield_{people}_{args.touches}", is_kept=args.keep is not None):
            _fill(people, args.touches)
            return _measure(runs, asked, args.ahead or 0, 10 if args.short else TIMES_ONE)


def _fill(people: int, touches: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from accord_app.commands.serve import bring_up_to_date
    from accord_app.ledger.models import FACTS
    from accord_app.records.models import Person

    bring_up_to_date()
    begun = time.perf_counter()
    if not Person.objects.exists():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous = OFF")
                cursor.execute("PRAGMA cache_size = -1000000")
        _ledger.fill(people, touches, at=timezone.now())
        connection.close()
    facts = sum(model.facts().count() for model in FACTS.values())
    print(f"{Person.objects.count():,} people, {facts:,} facts, there after {time.perf_counter() - begun:.0f} s")


def _measure(runs: int, many: int, ahead: int, times_one: int) -> int:
    from accord_app.ledger.concerning import concern_everybody
    from accord_app.records.models import Person

    needed = many * (2 * runs + LISTS) + 3 * times_one
    known = list(Person.objects.order_by("pk").values_list("pk", flat=True)[: max(needed, ahead)])
    ones = [known[-times_one * n :][:times_one] for n in (1, 2, 3)]
    lists = [known[place * many : (place + 1) * many] for place in range(2 * runs + LISTS)]
    concern_everybody("touches")
    ask, unkept = _door(), lists[:runs]
    many_unkept, one_unkept = [ask(some) for some in unkept], [ask([each]) for each in ones[2]]
    _work_ahead([*(each for some in lists[runs:] for each in some), *ones[0], *ones[1], *known[:ahead]])
    another = {"purpose": "survey", "side": "sales"}
    one_another, one_kept = [ask([each], **another) for each in ones[0]], [ask([each]) for each in ones[1]]
    many_another, many_kept = ask(lists[-1], **another), [ask(some) for some in lists[runs : 2 * runs]]
    _written_to(lists[-2][::100])
    after_mails = ask(lists[-2])
    _imported(lists[-4])
    rows: list[tuple[str, float | None, Took]] = [
        ("one person, kept, median", ONE, _at(one_kept, 0.5)),
        ("one person, kept, p99", ONE, _at(one_kept, 0.99)),
        ("one person, kept, another question, p99", ONE, _at(one_another, 0.99)),
        ("one person, not kept, median", ONE, _at(one_unkept, 0.5)),
        ("one person, not kept, p99", ONE, _at(one_unkept, 0.99)),
        (f"{many:,} people, kept, median", MANY, _at(many_kept, 0.5)),
        (f"{many:,} people, kept, another question", MANY, many_another),
        (f"{many:,} people, 1 % written to since", None, after_mails),
        (f"{many:,} people, {many:,} others imported", None, ask(lists[-3])),
        (f"{many:,} people, not kept, median", MANY, _at(many_unkept, 0.5)),
    ]
    for title, limit, (processor, clock) in rows:
        said = "" if limit is None else f"{limit:.0f} ms"
        above = " above" if limit is not None and processor > limit else ""
        print(f"{title:40} {said:>7} {processor:9.1f} ms {clock:9.1f} ms by the clock{above}", flush=True)
    return int(any(limit is not None and took[0] > limit for _, limit, took in rows))


def _written_to(people: Sequence[str]) -> None:
    """Marketing writes to some people."""
    from django.utils import timezone

    from accord_app.ledger.actions import append

    now = timezone.now()
    mail = {"kind": "email.sent", "side": "marketing", "occurred_at": now}
    written = [{**mail, "id": f"{now}-{n}", "person_id": each} for n, each in enumerate(people)]
    append("touches", written, at=now, source="benchmark")


def _imported(people: Sequence[str]) -> None:
    """An import begins to count that names some people."""
    from django.utils import timezone

    from accord_app.ledger import copying
    from accord_app.ledger.models import Batch

    now = timezone.now()
    batch = Batch.objects.create(
        id=f"made-{now.timestamp()}", table="touches", state=Batch.State.COPYING, at=now, changed_at=now
    )
    copying.change_state(batch.pk, Batch.State.IN_FORCE, now, named={(each, "email.sent") for each in people})


def _at(took: Sequence[Took], share: float) -> Took:
    """What so many of the askings stayed below, by processor and by the clock."""
    place = min(int(len(took) * share), len(took) - 1)
    return sorted(each[0] for each in took)[place], sorted(each[1] for each in took)[place]


def _work_ahead(people: Sequence[str]) -> None:
    """What the worker does: how these people stand."""
    from django.utils import timezone

    from accord_app.shield import keeping
    from accord_app.shield.tending import PEOPLE_AT_ONCE
    from accord_app.shield.working_out import in_force

    begun, used = time.perf_counter(), time.thread_time() + _used_by_database()
    keeping.notice()
    for some in keeping.parts(set(people), PEOPLE_AT_ONCE):
        now = timezone.now()
        version = in_force(now)
        keeping.keep(keeping.article_of(version, at=now), version, some, at=now)
    used = time.thread_time() + _used_by_database() - used
    print(
        f"worked ahead for {len(set(people)):,} people: {used:.1f} s, {time.perf_counter() - begun:.1f} s by the clock"
    )


def _door() -> Callable[..., Took]:
    """Asks about some people as a program does, and says how long it took."""
    from django.test import Client
    from django.utils import timezone

    from accord_app.intake import tokens
    from accord_app.members.models import User

    by = User.objects.get(handle="lena")
    made = tokens.make(name="Benchmark", source="benchmark", by=by, at=timezone.now(), scopes=["may-contact"])
    client, said = Client(SERVER_NAME="127.0.0.1"), {"Authorization": f"Bearer {made.secret}"}

    def ask(people: Sequence[str], **more: str) -> Took:
        begun, used = time.perf_counter(), time.thread_time() + _used_by_database()
        body = json.dumps({"people": people, **more})
        answer = client.post("/v1/may-contact", body, content_type="application/json", headers=said)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.content[:300]!r}")
        used = time.thread_time() + _used_by_database() - used
        return 1_000 * used, 1_000 * (time.perf_counter() - begun)

    ask(["warm@up.example"])
    return ask


if __name__ == "__main__":
    sys.exit(main())
