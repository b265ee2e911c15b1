"""How long the shield takes to answer `POST /v1/may-contact`, for one person and for 10,000, in a company of 100,000
people and 2,000,000 facts, on SQLite or on the database server of ACCORD_DATABASE_URL.

    python -m benchmarks.may_contact [--keep FOLDER] [--runs N] [--short]

Each question goes through the door as a program sends it, and its answer is stored; each is about other people. Prints
rows of figure, limit, measured. Exit code 1 when one is above its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks._company import FULL, SHORT, counted
from benchmarks.pages import workspace

ONE, MANY = 20.0, 300.0
RUNS, TIMES_ONE, PEOPLE = 7, 300, 10_000


def main(argv: list[str] | None = None) -> int:
    """Build the company, ask, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the company is kept for the next run")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"how often many are asked about ({RUNS})")
    parser.add_argument("--short", action="store_true", help="some hundred people, to see that it runs")
    args = parser.parse_args(argv)
    with workspace(args.keep, SHORT if args.short else FULL):
        print(", ".join(f"{number:,} {what}" for what, number in counted()), flush=True)
        return _measure(1 if args.short else args.runs, 10 if args.short else TIMES_ONE)


def _measure(runs: int, times_one: int) -> int:
    from accord_app.records.models import Person

    known = list(Person.objects.order_by("pk").values_list("pk", flat=True)[: PEOPLE * (runs + 1)])
    ask = _door()
    ones = sorted(ask([each]) for each in islice(cycle(known), times_one))
    many = sorted(ask(list(islice(cycle(known), place * PEOPLE, (place + 1) * PEOPLE))) for place in range(runs))
    rows = [
        ("one person, median", ONE, ones[len(ones) // 2]),
        ("one person, p99", ONE, ones[min(int(len(ones) * 0.99), len(ones) - 1)]),
        (f"{PEOPLE:,} people, median", MANY, many[len(many) // 2]),
    ]
    for title, limit, took in rows:
        print(f"{title:28} {limit:6.0f} ms {took:8.1f} ms{' above' if took > limit else ''}", flush=True)
    return int(any(took > limit for _, limit, took in rows))


def _door() -> Callable[[Sequence[str]], float]:
    """Asks about some people as a program does, and says how many milliseconds it took."""
    from django.test import Client
    from django.utils import timezone

    from accord_app.intake import tokens
    from accord_app.members.models import User

    by = User.objects.get(handle="lena")
    made = tokens.make(name="Benchmark", source="benchmark", by=by, at=timezone.now(), scopes=["may-contact"])
    client, said = Client(SERVER_NAME="127.0.0.1"), {"Authorization": f"Bearer {made.secret}"}

    def ask(people: Sequence[str]) -> float:
        begun = time.perf_counter()
        body = json.dumps({"people": people})
        answer = client.post("/v1/may-contact", body, content_type="application/json", headers=said)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.content[:300]!r}")
        return 1_000 * (time.perf_counter() - begun)

    ask(["warm@up.example"])
    return ask


if __name__ == "__main__":
    sys.exit(main())
