"""How fast an agreement is replayed over a million leads, and one live lead is decided.

    python benchmarks/replay.py           1,000,000 leads with 10,000,000 touches
    python benchmarks/replay.py --short   a small size, to see that it works
    python benchmarks/replay.py --leads 2000000

The leads' facts are simulated. A first replay, not timed, says whom the agreement hands over; invented colleagues
answer them, and the timed replay runs over facts and answers together, as it would over a company's history.
Exit code 1 when a figure is above its limit.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from accord.agreement.decide import decide
from accord.agreement.document import Agreement
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.agreement.state import State, microseconds
from accord.example.company import stream_facts
from accord.example.papers import papers
from accord.example.staff import scale_of
from accord.example.world import Span
from accord.facts.engine import Engine
from accord.facts.ledger import Ledger
from accord.insight.replay.replay import over_all_of, replay

LEADS, SHORT, SECONDS, LIVE_MS, GIB = 1_000_000, 10_000, 60.0, 20.0, 2**30
DAY = timedelta(days=1)


def main(argv: list[str] | None = None) -> int:
    """Measure, print figure, limit and ratio, and say by the exit code whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--leads", type=int, default=LEADS)
    args = parser.parse_args(argv)
    leads = SHORT if args.short else args.leads
    figures = [*replayed(leads), live()]
    print(f"{'figure':<58} {'measured':>10} {'limit':>10} {'ratio':>8}")
    for name, value, limit in figures:
        print(f"{name:<58} {value:>10.2f} {limit:>10.2f} {value / limit:>8.2f}")
    return int(any(value > limit for _, value, limit in figures))


def replayed(leads: int) -> Iterator[tuple[str, float, float]]:
    """The timed replay of `leads`, at ten touches a lead, and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, touches = lake_of(leads, Path(folder) / "lake")
        agreement = the_agreement(leads)
        answer(ledger, agreement)
        engine = ledger.connect(memory="6GB")
        begun = time.perf_counter()
        done = replay(engine, [over_all_of(agreement, engine)], progress=shown)
        seconds = time.perf_counter() - begun
        print(
            f"{leads:,} leads, {touches:,} touches, {done.moments:,} moments, {len(done.offers):,} handoffs",
            file=sys.stderr,
        )
        yield f"replay of {leads:,} leads (s)", seconds, SECONDS * leads / LEADS
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
        yield "peak memory, making of the facts included (GiB)", peak, 12.0


def shown(step: str, done: int, of: int) -> None:
    """Progress on the error stream."""
    print(f"\r{step} {done} of {of}   ", end="\n" if done == of else "", file=sys.stderr, flush=True)


def the_agreement(leads: int) -> Agreement:
    """The simulated company's first version, with teams as large as for 100,000 leads at most."""
    span = Span.of()
    most = min(leads, 100_000)
    return papers(span=span, leads=most, scale=scale_of(most, span))[0]


def lake_of(leads: int, folder: Path) -> tuple[Ledger, int]:
    """A lake with the facts of so many leads; gives the number of touches."""
    ledger, touches = Ledger.create(folder), 0
    at = datetime(2027, 1, 1, tzinfo=UTC)
    batches = {name: ledger.begin(name, at=at) for name in ("profiles", "touches", "identities", "consent")}
    counts: dict[str, Any] = {}
    engine = Engine(memory="2GB")
    for name, rows in stream_facts(leads, per_lead=10.0):
        got = ledger.append(batches[name], rows, engine=engine)
        counts[name] = counts[name] + got if name in counts else got
        touches += len(rows) if name == "touches" else 0
    for name, got in counts.items():
        ledger.commit(batches[name], rows=got.rows, refused=0, counts=got)
    return ledger, touches


def answer(ledger: Ledger, agreement: Agreement) -> None:
    """Invented answers to everybody whom the agreement hands over, recorded as a company would have."""
    engine = ledger.connect(memory="6GB")
    offers = replay(engine, [over_all_of(agreement, engine)], progress=shown).offers
    rows = [event for offer in offers.to_pylist() for event in events_of(offer)]
    ledger.write("handoffs", pa.Table.from_pylist(rows), at=datetime(2027, 1, 2, tzinfo=UTC))


def events_of(offer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The offer, and in 98 of 100 cases an answer within hours and an end within weeks."""
    chance = random.Random(offer["handoff_id"])  # noqa: S311 invented answers
    yield event_of(offer, "offered", offer["occurred_at"], None)
    if chance.random() > 0.98:
        return
    at = offer["occurred_at"] + timedelta(seconds=chance.expovariate(1 / 5_000))
    first = chance.choices(["accepted", "rejected", "recycled"], [7, 2, 1])[0]
    yield event_of(offer, first, at, {"rejected": "no_interest", "recycled": "timing"}.get(first))
    if first == "accepted":
        yield event_of(offer, "contacted", at + timedelta(hours=2), None)
        last = chance.choices(["qualified", "rejected", "recycled"], [5, 3, 2])[0]
        reason = {"rejected": "no_interest", "recycled": "timing"}.get(last)
        yield event_of(offer, last, at + DAY * chance.uniform(2, 12), reason)


def event_of(offer: dict[str, Any], event: str, at: datetime, reason: str | None) -> dict[str, Any]:
    """One handoff event as a fact."""
    kept = {k: v for k, v in offer.items() if k not in ("by", "rule") or event == "offered"}
    return kept | {
        "event": event,
        "occurred_at": at,
        "known_at": at,
        "by": offer["owner"],
        "reason": reason,
        "source": "bench",
        "source_id": f"{offer['handoff_id']}{event}",
        "known_inferred": False,
        "precision": "second",
        "evidence": "evidenced",
    }


def live() -> tuple[str, float, float]:
    """One lead with 50 facts, decided again and again; the median in milliseconds."""
    agreement = the_agreement(1_000)
    rules, engine = Rules.of(agreement), Engine(threads=1)
    now = datetime(2026, 6, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    tables(engine, now)
    asked = pa.table({"person_id": ["p"], "moment": pa.array([now], pa.timestamp("us")), "trigger": ["fact"]})

    def once() -> float:
        begun = time.perf_counter()
        done = decide(look(engine, rules, asked), rules, State(), microseconds(now))
        assert len(done.decisions) == 1
        return (time.perf_counter() - begun) * 1_000

    once()
    return "decide one live lead with 50 facts, median (ms)", statistics.median(once() for _ in range(50)), LIVE_MS


def tables(engine: Engine, now: datetime) -> None:
    """The facts of one lead, as they would be read from the database by index."""
    from accord.facts.tables import TABLES, TIME

    for table in TABLES.values():
        naive = pa.schema([pa.field(f.name, pa.timestamp("us") if f.type == TIME else f.type) for f in table.schema])
        engine.register("shape", naive.empty_table())
        engine.run(f"CREATE TABLE {table.name}_revisions AS SELECT *, NULL::TIMESTAMP AS superseded_at FROM shape")
        engine.unregister("shape")
    kinds = ["page.pricing", "email.clicked", "form.demo-request", "webinar.attended", "page.home"]
    facts = [{"person_id": "p", "kind": kinds[i % 5], "side": "marketing", "at": now - DAY * i} for i in range(46)]
    times = [{"occurred_at": f["at"], "known_at": f["at"], "revision": 1} for f in facts]
    touches = pa.Table.from_pylist([f | t for f, t in zip(facts, times, strict=True)])
    engine.insert("touches_revisions", touches.drop_columns(["at"]))
    person = {"subject": "person", "subject_id": "p", "account_id": "a", "title": "Plant manager",
              "email": "p@a.example", "country": "DE", "known_at": now - DAY * 50, "revision": 1}  # fmt: skip
    account = {
        "subject": "account",
        "subject_id": "a",
        "name": "A",
        "employees": 500.0,
        "known_at": now - DAY * 50,
        "revision": 1,
    }
    for row in (person, account):
        engine.insert("profiles_revisions", pa.Table.from_pylist([row]))


if __name__ == "__main__":
    sys.exit(main())
