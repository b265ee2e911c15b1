"""Data health: what is missing, late, doubled, contradictory, in the future or inferred, with counts and examples.

Every check is one query that gives the rows it is about, each with source, source_id and occurred_at, and a sentence.
What a check finds is no error of the ledger: it says how far the numbers that are built on these facts can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accord.facts.engine import Engine, text
from accord.facts.ledger import Ledger
from accord.facts.tables import TABLES

EXAMPLES = 5


class Kind(StrEnum):
    """What is the matter."""

    EMPTY = "empty"
    MISSING = "missing"
    LATE = "late"
    DOUBLED = "doubled"
    CONTRADICTORY = "contradictory"
    FUTURE = "future"
    INFERRED = "inferred"
    DATE_ONLY = "date only"


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` of `of` rows (or deals, or handoffs) of a table, said in a sentence, with up to 5 examples."""

    kind: Kind
    table: str
    count: int
    of: int
    sentence: str
    examples: tuple[Mapping[str, object], ...] = ()

    def __post_init__(self) -> None:
        if not self.sentence.endswith(".") or not 0 <= self.count <= max(self.of, 0):
            raise ValueError(f"finding on {self.table}: {self.count} of {self.of}: {self.sentence}")

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where there is nothing to have a share of."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Health:
    """All findings about a lake, with the number of facts that hold per table."""

    simulated: bool
    facts: Mapping[str, int]
    findings: tuple[Finding, ...]

    def of_kind(self, kind: Kind) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)


@dataclass(frozen=True, slots=True)
class _Check:
    """`sql` gives the rows found, `of` what they are counted against. In the sentence, {n} and {of} are the numbers."""

    kind: Kind
    table: str
    sentence: str
    sql: str
    of: str = ""
    needs: str = ""  # a table without which the check says nothing


def check(ledger: Ledger) -> Health:
    """Looks at all facts that hold now. Raises LedgerError when the lake cannot be read."""
    engine = ledger.connect()
    facts = {table: _count(engine, table) for table in TABLES}
    zone = _zone(ledger.about.get("time_zone"))
    _prepare(engine)
    findings = [*_empty(engine, facts), *_checked(engine, facts), *_date_only(engine, facts, zone)]
    order = list(Kind)
    findings.sort(key=lambda finding: order.index(finding.kind))
    return Health(ledger.about.get("simulated") is True, facts, tuple(findings))


# What cannot be measured

_UNMEASURED = {
    "touches": "intent, channels and attribution cannot be measured",
    "handoffs": "handoffs and response times are not recorded",
    "deals": "wins, win rates and revenue are not recorded",
    "spend": "cost per lead and payback are not recorded",
    "content": "the use of content is not recorded",
    "consent": "who may be written to is not recorded",
    "availability": "who was there to answer is not recorded",
    "profiles": "nothing is known about people and accounts",
}
_RESPONSES = ("accepted", "rejected", "contacted")


def _empty(engine: Engine, facts: Mapping[str, int]) -> Iterator[Finding]:
    for table, what in _UNMEASURED.items():
        if not facts[table]:
            yield Finding(Kind.EMPTY, table, 0, 0, f"Nothing is recorded in {table}: {what}.")
    if facts["handoffs"] and not _count(engine, f"handoffs WHERE event IN ({_words(_RESPONSES)})"):
        sentence = "No handoff was answered or contacted in these files: response times are not recorded."
        yield Finding(Kind.EMPTY, "handoffs", 0, facts["handoffs"], sentence)


# The checks

_RECORDED_LIVE = ("touches", "handoffs", "deals", "content", "consent")


def _prepare(engine: Engine) -> None:
    """When each person was first heard of, under every id that stands for them; and who was absent when."""
    engine.run("""
        CREATE TEMP TABLE health_people AS
        WITH heard AS (
            SELECT person_id, occurred_at FROM touches UNION ALL SELECT person_id, occurred_at FROM handoffs
        ), meant AS (
            SELECT h.person_id AS met_as, coalesce(i.person_id, h.person_id) AS person_id,
                   min(h.occurred_at) AS first_at
            FROM heard h LEFT JOIN (SELECT alias_id, any_value(person_id) AS person_id FROM identities GROUP BY 1) i
                 ON i.alias_id = h.person_id GROUP BY ALL)
        SELECT met_as AS person_id, min(first_at) OVER (PARTITION BY person_id) AS first_at FROM meant""")
    engine.run("""
        CREATE TEMP TABLE health_absences AS
        SELECT person, occurred_at AS gone_at, coalesce(until, lead(occurred_at) OVER next) AS back_at, event
        FROM availability WHERE event IN ('absent', 'back')
        WINDOW next AS (PARTITION BY person ORDER BY occurred_at)""")


_CHECKS = (
    _Check(
        Kind.MISSING,
        "touches",
        "{n} of {of} touches are of people without a profile.",
        """SELECT t.source, t.source_id, t.occurred_at, t.person_id FROM touches t
           ANTI JOIN (SELECT subject_id AS person_id FROM profiles WHERE subject = 'person'
                      UNION ALL SELECT i.alias_id FROM identities i
                      SEMI JOIN (SELECT subject_id FROM profiles WHERE subject = 'person') p
                             ON p.subject_id = i.person_id) known ON known.person_id = t.person_id""",
        needs="profiles",
    ),
    _Check(
        Kind.MISSING,
        "deals",
        "{n} of {of} deals name no account.",
        """SELECT arg_min(source, occurred_at) AS source, arg_min(source_id, occurred_at) AS source_id,
                  min(occurred_at) AS occurred_at, deal_id FROM deals GROUP BY deal_id HAVING count(account_id) = 0""",
        of="SELECT count(DISTINCT deal_id) FROM deals",
    ),
    _Check(
        Kind.MISSING,
        "deals",
        "{n} of {of} deals name no owner.",
        """SELECT arg_min(source, occurred_at) AS source, arg_min(source_id, occurred_at) AS source_id,
                  min(occurred_at) AS occurred_at, deal_id FROM deals GROUP BY deal_id HAVING count(owner) = 0""",
        of="SELECT count(DISTINCT deal_id) FROM deals",
    ),
    _Check(
        Kind.MISSING,
        "deals",
        "{n} of {of} amounts of deals have no currency.",
        """SELECT source, source_id, occurred_at, deal_id, amount FROM deals
           WHERE amount IS NOT NULL AND currency IS NULL""",
        of="SELECT count(amount) FROM deals",
    ),
    *(
        _Check(
            Kind.MISSING,
            table,
            f"{{n}} of {{of}} amounts of {table} are in a currency without a rate at that time, though several "
            "currencies are in use.",
            f"""SELECT f.source, f.source_id, f.occurred_at, f.amount, f.currency FROM {table} f
                WHERE f.amount IS NOT NULL AND f.currency IS NOT NULL
                  AND (SELECT count(DISTINCT currency)
                       FROM (SELECT currency FROM deals UNION SELECT currency FROM spend)) > 1
                  AND f.currency NOT IN (SELECT base FROM rates)
                  AND NOT EXISTS (SELECT 1 FROM rates r
                                  WHERE r.currency = f.currency AND r.occurred_at <= f.occurred_at)""",
            of=f"SELECT count(amount) FROM {table}",
        )
        for table in ("deals", "spend")
    ),
    _Check(
        Kind.MISSING,
        "handoffs",
        "{n} of {of} accepted handoffs have no offer.",
        """SELECT source, source_id, occurred_at, handoff_id FROM handoffs WHERE event = 'accepted'
           AND handoff_id NOT IN (SELECT handoff_id FROM handoffs WHERE event = 'offered')""",
        of="SELECT count(*) FROM handoffs WHERE event = 'accepted'",
    ),
    _Check(
        Kind.DOUBLED,
        "touches",
        "{n} of {of} touches repeat one of the same person, kind and second under another identity.",
        """SELECT source, source_id, occurred_at, person_id, kind FROM touches WHERE precision = 'second'
           QUALIFY row_number() OVER (PARTITION BY person_id, kind, occurred_at ORDER BY source, source_id) > 1""",
    ),
    _Check(
        Kind.DOUBLED,
        "deals",
        "{n} of {of} deal events repeat one of the same deal, event, stage and second under another identity.",
        """SELECT source, source_id, occurred_at, deal_id, event FROM deals WHERE precision = 'second'
           QUALIFY row_number() OVER (
               PARTITION BY deal_id, event, stage, amount, occurred_at ORDER BY source, source_id) > 1""",
    ),
    _Check(
        Kind.CONTRADICTORY,
        "deals",
        "{n} of {of} closed deals were won and lost at the same time.",
        """SELECT DISTINCT ON (w.deal_id) w.source, w.source_id, w.occurred_at, w.deal_id FROM deals w
           SEMI JOIN (SELECT * FROM deals WHERE event = 'lost') l
                  ON l.deal_id = w.deal_id AND l.occurred_at = w.occurred_at WHERE w.event = 'won'""",
        of="SELECT count(DISTINCT deal_id) FROM deals WHERE event IN ('won', 'lost')",
    ),
    _Check(
        Kind.CONTRADICTORY,
        "deals",
        "{n} of {of} closed deals closed before they were opened.",
        """SELECT arg_min(c.source, c.occurred_at) AS source, arg_min(c.source_id, c.occurred_at) AS source_id,
                  min(c.occurred_at) AS occurred_at, c.deal_id, min(o.opened_at) AS opened_at
           FROM deals c
           JOIN (SELECT deal_id, min(occurred_at) AS opened_at FROM deals WHERE event = 'opened' GROUP BY 1) o
                ON o.deal_id = c.deal_id
           WHERE c.event IN ('won', 'lost') AND c.occurred_at < o.opened_at GROUP BY c.deal_id""",
        of="SELECT count(DISTINCT deal_id) FROM deals WHERE event IN ('won', 'lost')",
    ),
    _Check(
        Kind.CONTRADICTORY,
        "deals",
        "{n} of {of} wins with a known person came before the first contact with that person.",
        """SELECT d.source, d.source_id, d.occurred_at, d.person_id, p.first_at AS first_contact,
                  (epoch_us(d.occurred_at) - epoch_us(p.first_at)) / 86400e6 AS lag_days
           FROM deals d JOIN health_people p ON p.person_id = d.person_id
           WHERE d.event = 'won' AND d.occurred_at < p.first_at""",
        of="SELECT count(*) FROM deals SEMI JOIN health_people USING (person_id) WHERE event = 'won'",
    ),
    _Check(
        Kind.CONTRADICTORY,
        "handoffs",
        "{n} of {of} answers came before the offer.",
        """SELECT a.source, a.source_id, a.occurred_at, a.handoff_id, a.event, o.offered_at FROM handoffs a
           JOIN (SELECT handoff_id, min(occurred_at) AS offered_at FROM handoffs WHERE event = 'offered' GROUP BY 1) o
                ON o.handoff_id = a.handoff_id
           WHERE a.event IN ('accepted', 'rejected', 'recycled', 'contacted') AND a.occurred_at < o.offered_at""",
        of="SELECT count(*) FROM handoffs WHERE event IN ('accepted', 'rejected', 'recycled', 'contacted')",
    ),
    _Check(
        Kind.CONTRADICTORY,
        "handoffs",
        "{n} of {of} answers were given by a colleague who was absent.",
        """SELECT h.source, h.source_id, h.occurred_at, h.handoff_id, h.event, h."by" FROM handoffs h
           SEMI JOIN (SELECT * FROM health_absences WHERE event = 'absent') a
                  ON a.person = h."by" AND h.occurred_at >= a.gone_at
                 AND h.occurred_at < coalesce(a.back_at, 'infinity'::TIMESTAMP)
           WHERE h.event IN ('accepted', 'rejected', 'recycled', 'contacted')""",
        of="""SELECT count("by") FROM handoffs WHERE event IN ('accepted', 'rejected', 'recycled', 'contacted')""",
        needs="availability",
    ),
    *(
        _Check(
            Kind.FUTURE,
            table,
            f"{{n}} of {{of}} {table} happened after they were known or recorded.",
            f"""SELECT source, source_id, occurred_at, known_at, recorded_at FROM {table}
                WHERE occurred_at > known_at OR occurred_at > recorded_at""",
        )
        for table in _RECORDED_LIVE
    ),
    *(
        _Check(
            Kind.INFERRED,
            table,
            f"{{n}} of {{of}} {table} do not say when they could be known; a replay takes them as known at once.",
            f"SELECT source, source_id, occurred_at FROM {table} WHERE known_inferred",
        )
        for table in TABLES
    ),
)


def _checked(engine: Engine, facts: Mapping[str, int]) -> Iterator[Finding]:
    for one in _CHECKS:
        if facts[one.table] and (not one.needs or facts[one.needs]):
            yield from _found(engine, one)
    for table in TABLES:
        if facts[table]:
            yield from _late(engine, table)


def _found(engine: Engine, one: _Check, of: int | None = None) -> Iterator[Finding]:
    found = _count(engine, f"({one.sql})")
    if not found:
        return
    total = _number(engine, one.of or f"SELECT count(*) FROM {one.table}") if of is None else of
    sentence = one.sentence.format(n=f"{found:,}", of=f"{total:,}")
    rows = engine.rows(f"SELECT * FROM ({one.sql}) ORDER BY occurred_at, source, source_id LIMIT {EXAMPLES}")
    yield Finding(one.kind, one.table, found, total, sentence, tuple(rows.to_pylist()))


_NOUNS = {
    "spend": "rows of spend", "content": "uses of content", "consent": "rows of consent",
    "availability": "absences and returns", "agreements": "events of the agreement", "rates": "exchange rates",
}  # fmt: skip


def nouns(table: str) -> str:
    """What rows of a table are called, when they are counted: `336 rows of spend`."""
    return _NOUNS.get(table, table.replace("_", " "))


def _late(engine: Engine, table: str) -> Iterator[Finding]:
    days = "(epoch_us(known_at) - epoch_us(occurred_at)) / 86400e6"
    late = f"SELECT source, source_id, occurred_at, known_at FROM {table} WHERE known_at > occurred_at + INTERVAL 1 DAY"
    median = engine.one(f"SELECT coalesce(median({days}), 0) FROM ({late})")[0]
    sentence = f"{{n}} of {{of}} {nouns(table)} were known more than a day after they happened, half of them after "
    yield from _found(engine, _Check(Kind.LATE, table, f"{sentence}{float(str(median)):.1f} days.", late))


# Dates that pass for times

_CLUSTER = 5  # rows; fewer could be chance
_CONCENTRATED = 0.9  # of all times on a full hour stand on one hour, or on two neighbours where clocks change


def _date_only(engine: Engine, facts: Mapping[str, int], zone: ZoneInfo | None) -> Iterator[Finding]:
    for table in _RECORDED_LIVE:
        if facts[table]:
            sql = f"SELECT source, source_id, occurred_at FROM {table} WHERE precision = 'day'"
            sentence = f"{{n}} of {{of}} {table} say only on which day they happened."
            yield from _found(engine, _Check(Kind.DATE_ONLY, table, sentence, sql))
            yield from _midnights(engine, table, zone)


def _midnights(engine: Engine, table: str, zone: ZoneInfo | None) -> Iterator[Finding]:
    """Times that are really dates: exact midnights of the company's zone, or of a zone that nobody named."""
    if zone is not None and zone.key != "UTC":
        seconds, whose = _seconds_of_midnight(engine, table, zone), f" (midnight in UTC or {zone.key})"
    else:
        seconds, whose = [3600 * hour for hour in _suspicious_hours(engine, table)], ""
    seconds = sorted({0, *seconds})
    listed = ", ".join(str(1_000_000 * second) for second in seconds) or "NULL"
    found = f"""SELECT source, source_id, occurred_at FROM {table}
                WHERE precision = 'second' AND epoch_us(occurred_at) % 86400000000 IN ({listed})"""
    if _count(engine, f"({found})") >= _CLUSTER and _beyond_chance(engine, table, found):
        spoken = " or ".join(f"{second // 3600:02d}:{second // 60 % 60:02d}:00" for second in seconds)
        sentence = f"{{n}} of {{of}} {table} happened exactly at {spoken} UTC{whose}: probably dates without a time."
        yield from _found(engine, _Check(Kind.DATE_ONLY, table, sentence, found))


def _seconds_of_midnight(engine: Engine, table: str, zone: ZoneInfo) -> list[int]:
    """When the zone's days begin, in seconds of the UTC day. Summer and winter both count on every day of the year, for
    many programs apply one of the two throughout."""
    first, last = engine.con.execute(f"SELECT min(occurred_at), max(occurred_at) FROM {table}").fetchone() or ()
    months = [datetime(year, month, 1, tzinfo=zone) for year in range(first.year, last.year + 1) for month in (1, 7)]
    offsets = [(month.utcoffset() or timedelta()).total_seconds() for month in months]
    return [int(-offset) % 86_400 for offset in offsets]


_FULL_HOUR = "epoch_us(occurred_at) % 3600000000 = 0"


def _suspicious_hours(engine: Engine, table: str) -> list[int]:
    """One hour, or two neighbours, on which nearly all times stand that are a full hour exactly."""
    sql = f"""SELECT hour(occurred_at)::INTEGER, count(*) FROM {table}
              WHERE precision = 'second' AND {_FULL_HOUR} AND hour(occurred_at) > 0 GROUP BY 1"""
    exact = {int(hour): int(rows) for hour, rows in engine.con.execute(sql).fetchall()}
    pairs = [[hour, (hour + 1) % 24] for hour in exact]
    best = max(pairs, key=lambda pair: sum(exact.get(hour, 0) for hour in pair), default=[])
    held = [hour for hour in best if exact.get(hour)]
    return held if sum(exact[hour] for hour in held) >= _CONCENTRATED * sum(exact.values()) else []


def _beyond_chance(engine: Engine, table: str, found: str) -> bool:
    """Whether there are more than twenty times as many as the one in 3,600 per hour that chance puts on a full hour."""
    return _count(engine, f"({found})") > 20 * _count(engine, table) / 24 / 3600


# Counting


def _count(engine: Engine, what: str) -> int:
    return _number(engine, f"SELECT count(*) FROM {what}")


def _number(engine: Engine, sql: str) -> int:
    return int(str(engine.one(sql)[0]))


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(text(word) for word in words)


def _zone(named: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(named)) if named else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
