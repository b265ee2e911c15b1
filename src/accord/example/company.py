"""The simulated company: its facts before the first decision, and its 24 months as the agreement runs them.

What people do on their own (pages, forms, mails opened) is drawn beforehand in arrays. What follows from decisions is
lived day by day: the agreement advances over one day with the shipped `advance()`, colleagues act on what they are
offered, and the CRM tells their calls, mails and deals to everybody at 02:00 UTC of the next day. So no fact that a day
brings forth can change a decision of that day, and the history can be replayed exactly.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from accord.example import journeys
from accord.example.life import Company, Life, Progress
from accord.example.people import consent, people, profiles, shards
from accord.example.truth import truth_of
from accord.example.world import LAST_DAY, MONTHS, ExampleError, Span, World, moment, world
from accord.facts.engine import Engine
from accord.facts.engine import name as quoted
from accord.facts.ledger import Ledger
from accord.facts.tables import TABLES

LEADS = 12_000
SEED = 7
MOST_BUILT = 1_000_000
_ONE_THREAD = 50_000  # up to so many leads a day is so little work that sharing it out costs more
# Every how many months the facts of a table are recorded; each recording is a batch with that month's end as its time.
RECORDED_EVERY = {
    "touches": 3,
    "profiles": 3,
    "deals": 3,
    "handoffs": 3,
    "decisions": 3,
    "spend": 6,
    "content": 6,
    "consent": 6,
    "reviews": 12,
    "rates": 12,
    "identities": 12,
    "agreements": 12,
    "availability": 12,
}


@dataclass(frozen=True, slots=True)
class Made:
    """What `build` made: rows by table, and where the lake and the truth lie."""

    lake: Path
    truth: Path
    world: World
    leads: int
    seed: int
    span: Span
    rows: Mapping[str, int]
    outcomes: Mapping[str, int]  # how often each handoff event and deal event happened


def stream_facts(
    leads: int, *, seed: int = SEED, end: date = LAST_DAY, months: int = MONTHS, per_lead: float = journeys.PER_LEAD
) -> Iterator[tuple[str, pa.Table]]:
    """What people do on their own, as (table, facts) for one shard after the other: profiles, touches, consent.

    Nothing is decided and nothing is held: memory stays at one shard of 25,000 leads, whatever `leads`. `per_lead` is
    the average number of touches per lead, campaign mails included.
    """
    company = Company.of(leads=leads, seed=seed, span=Span.of(last_day=end, months=months), planted=world())
    for first, count in shards(leads):
        who = people(first, count, seed=seed, span=company.span, world=company.world)
        yield "profiles", profiles(who, seed=seed, span=company.span, ids=company.ids, owners=company.owners)
        found, known = journeys.touches(who, seed=seed, span=company.span, ids=company.ids, per_lead=per_lead)
        yield "touches", found
        sent = journeys.mails(who, seed=seed, span=company.span, per_lead=per_lead)
        yield "touches", journeys.mail_touches(sent, company.ids)
        yield "identities", known
        yield "consent", consent(who, span=company.span, ids=company.ids)


def build(
    lake: Path,
    *,
    leads: int = LEADS,
    seed: int = SEED,
    name: str = "none",
    size: float = 1.0,
    months: int = MONTHS,
    end: date = LAST_DAY,
    progress: Progress | None = None,
) -> Made:
    """Lets a company live for `months` up to and with the day `end`, and records everything in a new lake.

    The truth is written beside the lake. Raises ExampleError for an unknown world or too many leads, and LedgerError
    when the folder is not empty. Same arguments, same facts.
    """
    if leads > MOST_BUILT:
        raise ExampleError(
            f"{leads:,} leads are too many to be lived day by day; the most is {MOST_BUILT:,}.",
            remedy="For larger lakes of undecided facts use accord.example.company.stream_facts.",
        )
    span = Span.of(last_day=end, months=months)
    company = Company.of(leads=leads, seed=seed, span=span, planted=world(name, size))
    ledger = Ledger.create(lake, key=hashlib.sha256(f"simulated {seed}".encode()).digest())
    ledger.describe(
        simulated=True,
        company=company.versions[0].company,
        world=name,
        size=size,
        seed=seed,
        leads=leads,
        time_zone=company.versions[0].time_zone,
        currency=company.versions[0].currency,
        from_day=moment(span.start).date().isoformat(),
        last_day=end.isoformat(),
    )
    with tempfile.TemporaryDirectory(prefix="accord-example-") as spill:
        engine = Engine(temp_directory=Path(spill), threads=1 if leads <= _ONE_THREAD else None)
        try:
            life = Life(company, engine, progress or _silent)
            life.live()
            rows = _recorded(ledger, engine, span, progress or _silent)
        finally:
            engine.close()
    truth = truth_of(
        company.world,
        span,
        seed=seed,
        leads=leads,
        staff=company.staff,
        contradicted=tuple(life.crew.contradicted),
        counts=life.counts,
    )
    return Made(lake, truth.write(lake), company.world, leads, seed, span, rows, dict(life.counts))


def _silent(what: str, done: int, of: int) -> None:
    """No progress is shown."""


def _recorded(ledger: Ledger, engine: Engine, span: Span, progress: Progress) -> dict[str, int]:
    """Writes every table into the lake, a batch for each stretch of months; gives the rows by table."""
    rows: Counter[str] = Counter()
    for done, (table, every) in enumerate(RECORDED_EVERY.items()):
        progress("recording", done, len(RECORDED_EVERY))
        since = "-infinity"
        for until in _recording_times(span, every):
            upto = moment(until).strftime("%Y-%m-%d %H:%M:%S")
            columns = ", ".join(quoted(column.name) for column in TABLES[table].columns)
            sql = (
                f"SELECT {columns} FROM {table}_revisions"
                f" WHERE known_at >= '{since}'::TIMESTAMP AND known_at < '{upto}'::TIMESTAMP"
            )
            if engine.one(f"SELECT count(*) FROM ({sql})") != (0,):
                rows[table] += ledger.write(table, sql, at=moment(until), engine=engine).rows
            since = upto
    return dict(rows)


def _recording_times(span: Span, every: int) -> list[int]:
    """The ends of every so many months, and the end of the span."""
    ends = [end for _, end in span.months()]
    return sorted({*ends[every - 1 :: every], ends[-1]})


__all__ = ["LEADS", "SEED", "Company", "Made", "Progress", "build", "stream_facts"]
