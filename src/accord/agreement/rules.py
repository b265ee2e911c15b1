"""An agreement made ready to decide: its conditions parsed, its clocks built, its SQL written once per version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from accord.agreement import card, explain, qualify, standing
from accord.agreement.clock import Clock
from accord.agreement.columns import FOR_FIT, FOR_PERSONAS, LEAD_COLUMNS
from accord.agreement.condition import Condition, Threshold, parse
from accord.agreement.condition_tree import Not
from accord.agreement.document import Agreement, Within
from accord.facts.lead_view import COLUMNS, DAY_US, Decay, Origin
from accord.facts.lead_view_few import few_sql
from accord.facts.lead_view_whole import view_sql


class Limit(NamedTuple):
    """One line of a clock: within how long, for which leads."""

    path: str
    within: Within
    when: Condition | None


class Waits(NamedTuple):
    """A condition that time alone can make true: which column must pass which number of its unit."""

    column: str
    number: float


@dataclass(frozen=True)
class Rules:
    """One version of the agreement, compiled. Build it once with `Rules.of`; it is cheap to use and never changes."""

    agreement: Agreement
    personas: tuple[tuple[str, Condition], ...]
    fit: tuple[tuple[Condition, float], ...]
    where: Condition | None
    unless: Condition | None
    always: Condition | None
    returns: Mapping[str, Condition]
    checks: Mapping[str, Condition]
    routes: tuple[Condition | None, ...]
    answer: tuple[Limit, ...]
    first_touch: tuple[Limit, ...]
    outcome: tuple[Limit, ...]
    never: Condition | None
    shields: tuple[Condition, ...]

    @classmethod
    def of(cls, agreement: Agreement) -> Rules:
        """Parse every condition. Raises ConditionError for the first that cannot be understood."""
        said = agreement.qualification
        points = card.of(agreement)
        zone = ZoneInfo(agreement.time_zone)

        def parsed(text: str | None) -> Condition | None:
            return parse(text, LEAD_COLUMNS, zone=zone) if text else None

        def limits(path: str, lines: tuple[Within, ...]) -> tuple[Limit, ...]:
            numbered = len(lines) > 1
            return tuple(Limit(f"{path}.{i}" if numbered else path, w, parsed(w.when)) for i, w in enumerate(lines))

        return cls(
            agreement=agreement,
            personas=tuple((p.name, parse(p.where, FOR_PERSONAS, zone=zone)) for p in agreement.personas),
            fit=tuple((parse(row.when, FOR_FIT, zone=zone), row.points) for row in (points.fit if points else ())),
            where=parsed(said.where),
            unless=parsed(said.unless),
            always=parsed(said.always),
            returns={r.code: parse(r.returns, LEAD_COLUMNS, zone=zone) for r in agreement.answers.recycle if r.returns},
            checks={r.code: parse(r.check, LEAD_COLUMNS, zone=zone) for r in agreement.answers.reject if r.check},
            routes=tuple(parsed(rule.when) for rule in agreement.routing.rules),
            answer=limits("response.answer", agreement.response.answer),
            first_touch=limits("response.first_touch", agreement.response.first_touch),
            outcome=limits("response.outcome", agreement.response.outcome),
            never=parsed(agreement.contact.never),
            shields=tuple(parse(s.when, LEAD_COLUMNS, zone=zone) for s in agreement.contact.shield),
        )

    @property
    def version(self) -> int:
        return self.agreement.version

    def conditions(self) -> Iterator[Condition]:
        """Every condition that has a part in whether, to whom and under which clocks a lead is handed over."""
        yield from (condition for _, condition in self.personas)
        yield from (condition for condition, _ in self.fit)
        yield from (c for c in (self.where, self.unless, self.always, *self.routes) if c)
        yield from self.returns.values()
        yield from (limit.when for limit in (*self.answer, *self.first_touch, *self.outcome) if limit.when)

    def contact_conditions(self) -> Iterator[Condition]:
        """The conditions that say who may be written to."""
        yield from (c for c in (self.never, *self.shields) if c)

    @cached_property
    def base_columns(self) -> tuple[str, ...]:
        """Columns of the lead view that deciding needs, in the order of the lead view."""
        used = set(_used(self.conditions()))
        if self.agreement.routing.owner_first:
            used.add("account_owner")
        if requires := self.agreement.qualification.requires:
            used.update(requires.fields)
        if "attempts" in used:
            used.add("sales_touches")
        return _base(used)

    @cached_property
    def decays(self) -> tuple[Decay, ...]:
        return card.decays(self.agreement)

    @cached_property
    def look_sql(self) -> str:
        """The lead view for these rules: base columns, then persona, points and the verdict that needs no standing."""
        return qualify.judged_sql(self, f"({view_sql(self.base_columns, self.decays, carry=('trigger',))})")

    @cached_property
    def look_few_sql(self) -> str:
        """The same rows as `look_sql` for a few moments, which stand in `few_moments`."""
        view = few_sql(self.base_columns, self.decays, carry=("trigger",), moments="few_moments")
        return qualify.judged_sql(self, f"({view})")

    @cached_property
    def explain_sql(self) -> str:
        """Everything that explains a lead at one moment, which stands in `few_moments`."""
        return explain.explain_sql(self)

    @cached_property
    def checks_sql(self) -> str:
        """Every reject reason with a check, held against the facts of one moment, which stands in `few_moments`."""
        return standing.checks_sql(self)

    @cached_property
    def late_sql(self) -> str:
        """The clauses that depend on a person's earlier handoffs, over judged rows and `standings`."""
        return qualify.late_sql(self)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Columns that the late clauses read from a judged row."""
        used = {c for condition in self.late_conditions for c in condition.columns}
        return tuple(name for name in LEAD_COLUMNS if name in used and LEAD_COLUMNS[name].origin is not Origin.STANDING)

    @cached_property
    def late_conditions(self) -> tuple[Condition, ...]:
        """Clauses that read the person's earlier handoffs, and every return condition."""
        late = [c for c in (self.where, self.unless, self.always) if c and is_late(c)]
        return (*late, *self.returns.values())

    @cached_property
    def always_late(self) -> bool:
        """Whether where, unless or always reads the person's earlier handoffs."""
        return any(c and is_late(c) for c in (self.where, self.unless, self.always))

    @cached_property
    def desk(self) -> duckdb.DuckDBPyConnection:
        """A small private DuckDB on which late clauses are evaluated, row by row, never facts."""
        return duckdb.connect(config={"threads": 1})

    @cached_property
    def clocks(self) -> Mapping[str | None, Clock]:
        """A clock per team; under None the company's."""
        teams: Iterable[str | None] = (None, *self.agreement.teams)
        return {team: Clock(self.agreement.calendar_of(team)) for team in teams}

    @cached_property
    def own_hours(self) -> Mapping[tuple[str, str], Clock]:
        """A clock per team and colleague who keeps other hours than the team."""
        teams = self.agreement.teams.items()
        return {(name, person): Clock(hours) for name, team in teams for person, hours in team.hours.items()}

    def is_at_work(self, person: str, *, team: str, at: int) -> bool:
        """Whether a moment lies in the working hours of somebody who answers for a team: the own ones, else the
        team's."""
        clock = self.own_hours.get((team, person)) or self.clocks[team]
        return clock.is_open_us(at)

    def waits(self) -> tuple[Waits, ...]:
        """What the passing of time alone can make true among the clauses that qualify."""
        rising = [c for c in (self.where, self.always, *self.returns.values()) if c]
        found = [w for c in rising for w in _waits(c, falling=False)]
        found += _waits(self.unless, falling=True) if self.unless else ()
        return tuple(dict.fromkeys(found))

    @cached_property
    def standing_waits(self) -> Mapping[str, tuple[float, ...]]:
        """Numbers of days after an offer, a recycling or a rejection at which time alone may change the answer."""
        waits = [w for w in self.waits() if LEAD_COLUMNS[w.column].origin is Origin.STANDING]
        return {column: tuple(w.number for w in waits if w.column == column) for column, _ in waits}

    @cached_property
    def soonest(self) -> Mapping[str | None, int]:
        """How long after being recycled for which reason a lead comes back at the soonest (microseconds)."""
        return {c: int((when.at_least("days_since_recycle") or 0) * DAY_US) for c, when in self.returns.items()}

    def ticks(self, since: int, until: int) -> list[int]:
        """The daily ticks in (since, until], microseconds since 1970."""
        found, tick = [], self.next_tick(since)
        while tick <= until:
            found.append(tick)
            tick = self.next_tick(tick)
        return found

    def next_tick(self, after: int) -> int:
        """The first daily tick later than `after`: the agreed time of day on the company's wall clock."""
        zone = ZoneInfo(self.agreement.time_zone)
        day = datetime.fromtimestamp(after // 1_000_000, tz=UTC).astimezone(zone).date()
        hour, minute = divmod(self.agreement.qualification.tick // 60, 60)
        while True:
            local = datetime.combine(day, time(hour, minute), tzinfo=zone)
            tick = int(local.timestamp()) * 1_000_000
            if tick > after:
                return tick
            day += timedelta(days=1)


def is_late(condition: Condition) -> bool:
    """Whether a condition reads the person's earlier handoffs."""
    return any(LEAD_COLUMNS[name].origin is Origin.STANDING for name in condition.columns)


def _used(conditions: Iterable[Condition]) -> Iterator[str]:
    return (name for condition in conditions for name in condition.columns)


def _base(used: set[str]) -> tuple[str, ...]:
    return tuple(name for name in COLUMNS if name in used and COLUMNS[name].origin is not Origin.STANDING)


def _waits(condition: Condition, *, falling: bool) -> Iterator[Waits]:
    """Thresholds that an elapsed time crosses upwards; with NOT in the text all count, whatever their direction."""
    either = _has_not(condition.tree)
    for threshold in condition.thresholds():
        if _grows(threshold.column) and (either or _matters(threshold, falling=falling)):
            yield Waits(threshold.column, float(threshold.number))


def _grows(name: str) -> bool:
    return COLUMNS[name].elapsed is not None or name.startswith("days_since_") if name in COLUMNS else False


def _matters(threshold: Threshold, *, falling: bool) -> bool:
    counted_down = COLUMNS[threshold.column].unit == "count"
    rises = threshold.operator in (">", ">=", "=", "<>", "!=")
    sinks = threshold.operator in ("<", "<=", "=", "<>", "!=")
    return sinks if counted_down != falling else rises


def _has_not(tree: object) -> bool:
    if isinstance(tree, Not):
        return True
    return any(_has_not(child) for child in getattr(tree, "children", ()))
