"""The company from its first day to its last, from export to export, under the version of the agreement in force."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from accord.agreement.document import Agreement
from accord.agreement.rules import Rules
from accord.agreement.running import advance, watch_again
from accord.agreement.state import Roster, State
from accord.example import books, journeys, papers
from accord.example.colleagues import Crew, DealEvent, Latent, Touch
from accord.example.columns import Whole, facts
from accord.example.damage import Damage
from accord.example.people import Registry, consent, people, profiles, shards
from accord.example.staff import Colleague, availability, old_hands, scale_of, shifts, staff
from accord.example.world import DAY, HOUR, ExampleError, Span, World, moment
from accord.facts.engine import Engine
from accord.facts.lead_view import MAIL_SAYS_NO, relevant_touches
from accord.facts.tables import TABLES, TIME

_BORN = ("profiles", "touches", "identities", "consent")  # facts that no decision changes
_AHEAD = 30  # days for which such facts are laid ready
SYNC = 2 * HOUR  # after midnight UTC, the CRM tells what happened the day before
Progress = Callable[[str, int, int], None]  # what is being done, how far, of how many


@dataclass(frozen=True, slots=True)
class Company:
    """One company before it has lived: who works there, under which agreements, in which world."""

    leads: int
    seed: int
    span: Span
    world: World
    ids: Registry
    versions: tuple[Agreement, Agreement]
    staff: tuple[Colleague, ...]
    scale: int

    @classmethod
    def of(cls, *, leads: int, seed: int, span: Span, planted: World) -> Company:
        """Raises ExampleError for a number of leads below 1 and a seed that is none."""
        if not 0 <= seed < 2**32:
            raise ExampleError(f"{seed} is no seed.", remedy="Name a whole number from 0 to 4,294,967,295.")
        if leads < 1:
            raise ExampleError(f"{leads} leads make no company.", remedy="Name at least 1.")
        scale = scale_of(leads, span)
        change = papers.changed(span)
        return cls(
            leads=leads,
            seed=seed,
            span=span,
            world=planted,
            ids=Registry.of(seed),
            versions=papers.papers(span=span, leads=leads, scale=scale),
            staff=staff(seed=seed, span=span, world=planted, scale=scale, change=change),
            scale=scale,
        )


def _insert(engine: Engine, table: str, rows: pa.Table, *, into: str = "revisions") -> None:
    """Adds facts to the revisions of a table, or to those still to come; times lose their zone there."""
    if not rows.num_rows:
        return
    naive = pa.schema([pa.field(f.name, pa.timestamp("us") if f.type == TIME else f.type) for f in rows.schema])
    engine.insert(f"{table}_{into}", rows.cast(naive))


def _prepare(engine: Engine) -> None:
    for table in TABLES.values():
        naive = pa.schema([pa.field(f.name, pa.timestamp("us") if f.type == TIME else f.type) for f in table.schema])
        engine.register("shape", naive.empty_table())
        engine.run(f"CREATE TABLE {table.name}_revisions AS SELECT *, NULL::TIMESTAMP AS superseded_at FROM shape")
        engine.unregister("shape")
    for name in _BORN:
        engine.run(f"CREATE TABLE {name}_coming AS SELECT * FROM {name}_revisions")


def _between_exports(span: Span) -> list[list[int]]:
    """The days between two exports of the CRM, which runs in the nights after working days.

    What happens on a weekend is known on Tuesday at 02:00 like what happens on Monday; so Saturday to Monday are one
    stretch in which no new fact of the CRM arrives.
    """
    stretches: list[list[int]] = [[]]
    for day in range(span.days):
        stretches[-1].append(day)
        if moment(span.start + day * DAY).weekday() < 5:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _arrive(engine: Engine, since: int, until: int, reads: str) -> None:
    """What becomes known in (since, until] moves from the facts to come to the revisions.

    The agreement would not look at later facts anyway, nor at touches other than `reads` (SQL); but it need not read
    past them every day.
    """
    for table in _BORN:
        engine.run(
            f"INSERT INTO {table}_revisions SELECT * FROM {table}_coming"
            f" WHERE epoch_us(known_at) > {since} AND epoch_us(known_at) <= {until}"
            f"{f' AND ({reads})' if table == 'touches' else ''}"
        )


def _reads(rules: Sequence[Rules]) -> str:
    """SQL for the touches that any of the agreements looks at; it names their kind and side only."""
    read = [relevant_touches(each.base_columns, each.decays) for each in rules]
    return " OR ".join(f"({one})" for one in (*read, MAIL_SAYS_NO))


def _supersede(engine: Engine, table: str) -> None:
    engine.run(
        f"UPDATE {table}_coming AS old SET superseded_at = next.known_at FROM {table}_coming AS next"
        " WHERE next.revision = old.revision + 1 AND next.source = old.source AND next.source_id = old.source_id"
    )


def _listed(column: pa.ChunkedArray) -> list[str]:
    found: list[str] = column.to_pylist()
    return found


def crew_of(company: Company, latent: Latent) -> Crew:
    """Everybody who acts on handoffs, with their shifts; `latent` is what is true about the company's leads."""
    calendars = {who.handle: company.versions[1].calendar_of(who.team) for who in company.staff}
    at_work = {
        who.handle: shifts(who, calendars[who.handle], seed=company.seed, span=company.span) for who in company.staff
    }
    return Crew(
        seed=company.seed,
        span=company.span,
        world=company.world,
        ids=company.ids,
        truth=latent,
        staff={who.handle: who for who in company.staff},
        shifts=at_work,
    )


@dataclass(slots=True)
class _Mailing:
    """Planned campaign mails of everybody, in order of sending."""

    mails: journeys.Mails
    days: Sequence[int] = field(default_factory=list)

    def of_day(self, day: int) -> journeys.Mails:
        return self.mails.chosen(slice(self.days[day], self.days[day + 1]))


class Life:
    """The company from its first day to its last."""

    def __init__(self, company: Company, engine: Engine, progress: Progress) -> None:
        self.company, self.engine, self.progress = company, engine, progress
        self.counts: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._damage = Damage(company.seed, company.world, company.ids)
        self._later: dict[str, list[pa.Table]] = defaultdict(list)  # facts that no decision reads
        self._unread: list[pa.Table] = []  # touches that no agreement looks at
        self._known_kinds: dict[tuple[str, str], bool] = {}
        self._reads = ""
        _prepare(engine)
        latent, self._mailing = self._born()
        self._settle()
        self.crew = crew_of(company, latent)

    def _born(self) -> tuple[Latent, _Mailing]:
        """Everybody's facts that no decision changes go into the engine, shard by shard."""
        company, parts, sent = self.company, [], []
        starts, owners = shards(company.leads), old_hands(company.scale)
        for done, (first, count) in enumerate(starts):
            self.progress("people", done, len(starts))
            who = people(first, count, seed=company.seed, span=company.span, world=company.world)
            about = profiles(who, seed=company.seed, span=company.span, ids=company.ids, owners=owners)
            _insert(self.engine, "profiles", about, into="coming")
            found, known = journeys.touches(who, seed=company.seed, span=company.span, ids=company.ids)
            _insert(self.engine, "touches", found, into="coming")
            _insert(self.engine, "identities", known, into="coming")
            _insert(self.engine, "consent", consent(who, span=company.span, ids=company.ids), into="coming")
            sent.append(journeys.mails(who, seed=company.seed, span=company.span))
            parts.append(who)
        _supersede(self.engine, "profiles")
        return Latent.of(parts), _mailing(sent, company.span)

    def _settle(self) -> None:
        """What the company knows about itself: colleagues, agreements, books."""
        company, ids, span = self.company, self.company.ids, self.company.span
        _insert(self.engine, "availability", availability(company.staff, span=span, ids=ids))
        _insert(self.engine, "agreements", papers.signatures(company.versions, ids))
        _insert(self.engine, "spend", books.spend(seed=company.seed, span=span, leads=company.leads, ids=ids))
        _insert(self.engine, "rates", books.rates(seed=company.seed, span=span, ids=ids))
        _insert(self.engine, "reviews", books.reviews(seed=company.seed, span=span, ids=ids))

    def live(self) -> None:
        """Day after day, under the version that is in force."""
        first, second = (Rules.of(version) for version in self.company.versions)
        self._reads = _reads((first, second))
        changes = papers.in_force_from(second.agreement)
        rows = self.engine.rows("SELECT * FROM availability_revisions").to_pylist()
        state = State(Roster.from_rows(rows))
        span = self.company.span
        for days in _between_exports(span):
            self.progress("days", days[0], span.days)
            start, end = span.start + days[0] * DAY, span.start + (days[-1] + 1) * DAY
            for day in days:
                self._begin(day)
            if start < changes <= end:
                self._run(first, state, start, changes)
                watch_again(second, state, changes)
                self._run(second, state, changes, end)
            else:
                self._run(first if start < changes else second, state, start, end)
            self._synchronise(end)
        self._flush()
        self._settle_touches(span.days)

    def _begin(self, day: int) -> None:
        """What comes with the day by itself: facts laid ready, campaign mails."""
        if day % _AHEAD == 0:
            start = self.company.span.start + day * DAY
            _arrive(self.engine, start if day else 0, start + _AHEAD * DAY, self._reads)
            self._flush()
        self._mail(day)

    def _settle_touches(self, days: int) -> None:
        """At last the touches that no agreement looks at join the others."""
        until = self.company.span.start + -(-days // _AHEAD) * _AHEAD * DAY
        self.engine.run(
            "INSERT INTO touches_revisions SELECT * FROM touches_coming"
            f" WHERE epoch_us(known_at) <= {until} AND ({self._reads}) IS NOT TRUE"
        )
        for rows in self._unread:
            _insert(self.engine, "touches", rows)

    def _touched(self, rows: pa.Table) -> None:
        """New touches go where the agreement sees them, unless it would not look at them anyway."""
        seen = [
            self._is_read(kind, side) for kind, side in zip(*map(_listed, (rows["kind"], rows["side"])), strict=True)
        ]
        _insert(self.engine, "touches", rows.filter(pa.array(seen, pa.bool_())))
        self._unread.append(rows.filter(pa.array([not one for one in seen], pa.bool_())))

    def _is_read(self, kind: str, side: str) -> bool:
        if (kind, side) not in self._known_kinds:
            row = self.engine.one(
                f"SELECT coalesce({self._reads}, FALSE) FROM (SELECT $1 AS kind, $2 AS side)", [kind, side]
            )
            self._known_kinds[kind, side] = bool(row[0])
        return self._known_kinds[kind, side]

    def _flush(self) -> None:
        for table, parts in self._later.items():
            _insert(self.engine, table, pa.concat_tables(parts))
        self._later.clear()

    def _mail(self, day: int) -> None:
        """Campaign mails of the day; the shield holds back those to people in negotiation, unless the world differs."""
        planned = self._mailing.of_day(day)
        if not len(planned):
            return
        chance = np.random.default_rng([self.company.seed, 9, day])
        let = ~self.crew.busy[planned.number] | (chance.random(len(planned)) < self.company.world.shield_ignored)
        sent = planned.chosen(let)
        if not len(sent):
            return
        self._touched(journeys.mail_touches(sent, self.company.ids))
        self.counts["mails sent"] += len(sent)
        self.counts["mails held back"] += len(planned) - len(sent)
        self.counts["mails into negotiations"] += self.crew.mailed(sent.number, int(sent.at[0]))

    def _run(self, rules: Rules, state: State, since: int, until: int) -> None:
        done = advance(self.engine, rules, state, since=since, until=until, colleagues=self.crew)
        decisions, handoffs = done.decisions, done.handoffs
        self._note("decisions", decisions)
        self._note("handoffs", handoffs)
        events = handoffs.select(["handoff_id", "event"]).to_pylist()
        self.counts.update(row["event"] for row in events)
        self.crew.lived(events)

    def _note(self, table: str, rows: pa.Table) -> None:
        """Decisions and handoff events are facts themselves; they are known at once."""
        if not rows.num_rows:
            return
        at = rows["occurred_at"].cast(pa.int64()).to_numpy()
        own = {name: rows[name] for name in rows.column_names if name != "occurred_at"}
        code = self._code(table, len(at))
        self._later[table].append(facts(table, own, source="accord", source_id=code, occurred=at, known=at))

    def _synchronise(self, until: int) -> None:
        """The CRM tells at night what sales did during the day."""
        told = self.crew.happened(until)
        touched = [each for each in told if isinstance(each, Touch)]
        dealt = [each for each in told if isinstance(each, DealEvent)]
        if touched:
            self._tell_touches(touched, until + SYNC)
        if dealt:
            self._tell_deals(dealt, until + SYNC)

    def _tell_touches(self, told: list[Touch], known: int) -> None:
        who = self.company.ids.people.column(np.array([each.person for each in told]))
        at = np.array([each.at for each in told], np.int64)
        own = {
            "person_id": who,
            "kind": [each.kind for each in told],
            "side": ["sales"] * len(told),
            "channel": ["email" if each.kind == "mail.sent" else "call" for each in told],
            "by": [each.by for each in told],
            "outcome": [each.outcome for each in told],
            "asset": [each.asset for each in told],
        }
        self._tell("touches", own, at, known)
        self._tell_content([each for each in told if each.asset], known)

    def _tell_content(self, used: list[Touch], known: int) -> None:
        if not used:
            return
        own = {
            "asset": [each.asset for each in used],
            "person_id": [self.company.ids.people.one(each.person) for each in used],
            "kind": ["sent"] * len(used),
            "stage": [each.stage for each in used],
            "by": [each.by for each in used],
            "side": ["sales"] * len(used),
        }
        at = np.array([each.at for each in used], np.int64)
        code = self._code("content", len(used))
        told = facts("content", own, source="crm", source_id=code, occurred=at, known=np.full(len(used), known))
        self._later["content"].append(told)

    def _tell_deals(self, told: list[DealEvent], known: int) -> None:
        ids = self.company.ids
        own = {
            "deal_id": ids.deals.column(np.array([each.deal.number for each in told])),
            "account_id": ids.accounts.column(np.array([each.deal.account for each in told])),
            "person_id": ids.people.column(np.array([each.deal.person for each in told])),
            "event": [each.event for each in told],
            "stage": [each.stage for each in told],
            "amount": [each.amount for each in told],
            "currency": [each.deal.currency for each in told],
            "owner": [each.deal.owner for each in told],
            "reason": [each.reason for each in told],
            "pipeline": ["new business"] * len(told),
        }
        self.counts.update(f"deal {each.event}" for each in told)
        at = np.array([each.at for each in told], np.int64)
        self._tell("deals", own, at, known)

    def _tell(self, table: str, own: Mapping[str, Any], at: Whole, known: int) -> None:
        """Puts the CRM's facts where the agreement sees them; in a world of untrusted data some are damaged first."""
        code = self._code(table, len(at))
        rows = facts(table, own, source="crm", source_id=code, occurred=at, known=np.full(len(at), known))
        damaged = self._damage.applied(table, rows)
        if table == "touches":
            self._touched(damaged)
        else:
            _insert(self.engine, table, damaged)

    def _code(self, table: str, count: int) -> pa.Array:
        first = self._numbers[table]
        self._numbers[table] += count
        which = 50_000 + list(TABLES).index(table)
        return self.company.ids.facts.column((np.arange(first, first + count, dtype=np.int64) << 16) + which)


def _mailing(parts: Sequence[journeys.Mails], span: Span) -> _Mailing:
    joined = journeys.Mails(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in journeys.Mails.__slots__)
    )
    ordered = joined.chosen(np.lexsort((joined.number, joined.at)))
    edges = np.searchsorted(ordered.at, span.start + np.arange(span.days + 1) * DAY)
    return _Mailing(ordered, edges.tolist())
