"""The simulated company: its facts before the first decision, and its 24 months as the agreement runs them.

What people do on their own (pages, forms, mails opened) is drawn beforehand in arrays. What follows from decisions is
lived from export to export of the CRM: the agreement advances with the shipped `advance()`, colleagues act on what they
are offered, and the CRM tells their calls, mails and deals to everybody at 02:00 UTC after each working day. So no fact
that a day brings forth can change a decision of that day, and the history can be replayed exactly.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from accord.example import journeys
from accord.example.life import Company, Life, Progress
from accord.example.people import Registry, consent, people, profiles, shards
from accord.example.staff import old_hands, scale_of
from accord.example.truth import truth_of
from accord.example.world import LAST_DAY, MONTHS, ExampleError, Span, World, micros, moment, world
from accord.facts.engine import Engine
from accord.facts.engine import name as quoted
from accord.facts.ledger import Ledger
from accord.facts.recording import Counts
from accord.facts.tables import TABLES

LEADS = 12_000
SEED = 7
MOST_BUILT = 1_000_000
_SHARDS_AT_ONCE = 4
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
    span, ids = Span.of(last_day=end, months=months), Registry.of(seed)
    owners = old_hands(scale_of(leads, span))
    for first, count in shards(leads):
        who = people(first, count, seed=seed, span=span, world=world())
        yield "profiles", profiles(who, seed=seed, span=span, ids=ids, owners=owners)
        found, known = journeys.touches(who, seed=seed, span=span, ids=ids, per_lead=per_lead)
        yield "touches", found
        sent = journeys.mails(who, seed=seed, span=span, per_lead=per_lead)
        yield "touches", journeys.mail_touches(sent, ids)
        yield "identities", known
        yield "consent", consent(who, span=span, ids=ids)


def build(
    lake: Path,
    *,
    leads: int = LEADS,
    seed: int = SEED,
    name: str = "none",
    size: float = 1.0,
    months: int = MONTHS,
    end: date = LAST_DAY,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Made:
    """Lets a company live for `months` up to and with the day `end`, and records everything in a new lake.

    With `until`, a moment of the last day, only what was known by then is recorded: a history that breaks off in the
    middle of a day, with clocks that run. The truth is written beside the lake. Raises ExampleError for an unknown
    world or too many leads, and LedgerError when the folder is not empty. Same arguments, same facts.
    """
    if leads > MOST_BUILT:
        raise ExampleError(
            f"{leads:,} leads are too many to be lived day by day; the most is {MOST_BUILT:,}.",
            remedy="For larger lakes, undecided, use accord.example.company.write_facts.",
        )
    span = Span.of(last_day=end, months=months)
    company = Company.of(leads=leads, seed=seed, span=span, planted=world(name, size))
    ledger = _labelled(lake, company, end)
    show = progress or _silent
    try:
        with tempfile.TemporaryDirectory(prefix="accord-example-") as spill:
            engine = Engine(temp_directory=Path(spill), threads=1 if leads <= _ONE_THREAD else None)
            life = Life(company, engine, show)
            life.live()
            rows = _recorded(ledger, engine, span, show, span.end if until is None else min(span.end, micros(until)))
            engine.close()
    except BaseException:
        shutil.rmtree(lake)  # half a company would be taken for a whole one
        raise
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


def _labelled(lake: Path, company: Company, end: date) -> Ledger:
    ledger = Ledger.create(lake, key=_key(company.seed))
    first = company.versions[0]
    ledger.describe(
        simulated=True,
        company=first.company,
        world=company.world.name,
        size=company.world.size,
        seed=company.seed,
        leads=company.leads,
        time_zone=first.time_zone,
        currency=first.currency,
        from_day=moment(company.span.start).date().isoformat(),
        last_day=end.isoformat(),
    )
    return ledger


def write_facts(
    lake: Path,
    leads: int,
    *,
    seed: int = SEED,
    end: date = LAST_DAY,
    months: int = MONTHS,
    per_lead: float = journeys.PER_LEAD,
) -> dict[str, int]:
    """Writes the facts of `stream_facts` into a new lake, a batch for each table; gives the rows by table.

    For benchmarks and replays of agreements over many leads that nobody has decided about. Memory stays at 4 shards of
    25,000 leads.
    """
    ledger = Ledger.create(lake, key=_key(seed))
    ledger.describe(simulated=True, seed=seed, leads=leads, lived=False)
    at = moment(Span.of(last_day=end, months=months).end)
    open_batches = {table: ledger.begin(table, at=at) for table in ("profiles", "touches", "identities", "consent")}
    counts = dict.fromkeys(open_batches, Counts())
    waiting: dict[str, list[pa.Table]] = {table: [] for table in open_batches}

    def write() -> None:
        for table, parts in waiting.items():
            if parts:
                counts[table] += ledger.append(open_batches[table], pa.concat_tables(parts))
            parts.clear()

    for table, rows in stream_facts(leads, seed=seed, end=end, months=months, per_lead=per_lead):
        waiting[table].append(rows)
        if table == "consent" and len(waiting[table]) == _SHARDS_AT_ONCE:  # the last of a shard
            write()
    write()
    for table, batch in open_batches.items():
        ledger.commit(batch, rows=counts[table].rows, refused=0, counts=counts[table])
    return {table: count.rows for table, count in counts.items()}


def _key(seed: int) -> bytes:
    """The same lake for the same seed; there is nobody whose identity it would have to keep."""
    return hashlib.sha256(f"simulated {seed}".encode()).digest()


def _silent(what: str, done: int, of: int) -> None:
    """No progress is shown."""


def _recorded(ledger: Ledger, engine: Engine, span: Span, progress: Progress, end: int) -> dict[str, int]:
    """Writes what was known before `end` into the lake, a batch for each stretch of months; gives the rows by table."""
    rows: Counter[str] = Counter()
    for done, (table, every) in enumerate(RECORDED_EVERY.items()):
        progress("recording", done, len(RECORDED_EVERY))
        since = "-infinity"
        for until in _recording_times(span, every, end):
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


def _recording_times(span: Span, every: int, end: int) -> list[int]:
    """The ends of every so many months before `end`, and `end`."""
    ends = [month for _, month in span.months()]
    return sorted({*(each for each in ends[every - 1 :: every] if each < end), end})


__all__ = ["LEADS", "SEED", "Company", "Made", "Progress", "build", "stream_facts", "write_facts"]
