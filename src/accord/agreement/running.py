"""The agreement at work over a stretch of time: which moments matter, what is seen at them, and the decision."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement import replies
from accord.agreement.decide import Colleagues, Decisions, decide
from accord.agreement.handoff import LOOKED_AGAIN, OFFERED, RECYCLED, REJECTED
from accord.agreement.rules import Rules, Waits
from accord.agreement.standing import ask_about
from accord.agreement.state import State, first_at_or_after, microseconds
from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, DAY_US, DEAL_PEOPLE, MAIL_SAYS_NO, SPELLS, Origin, relevant_touches
from accord.facts.same import POINTERS, Links

FEW = 2_000
"""Up to so many moments, joining each with its facts is cheaper than one pass along all time lines."""
MANY = 100_000
MOMENT = pa.timestamp("us")
LONGEST_STRETCH_US = 30 * DAY_US
_MOMENTS = pa.schema([("person_id", pa.string()), ("moment", MOMENT), ("trigger", pa.string())])


def advance(
    engine: Engine, rules: Rules, state: State, *, since: int, until: int, colleagues: Colleagues | None = None
) -> Decisions:
    """Everything that the agreement does in (since, until]: facts looked at, ticks, clocks, acts that are due.

    `engine` holds the revisions of facts (`touches_revisions`, `profiles_revisions`, ...), of which only those known by
    each moment are read. Times are microseconds since 1970, UTC. How a time is cut into stretches makes no difference.
    """
    done = Decisions()
    for start, end in pairwise(edges(rules, since, until)):
        asked = moments(engine, rules, state, since=start, until=end)
        done.add(decide(look(engine, rules, asked), rules, state, end, colleagues=colleagues))
    return done


def look(engine: Engine, rules: Rules, asked: pa.Table) -> pa.Table:
    """The judged lead view at the asked moments (person_id, moment, trigger), one row per moment."""
    if not _are_few(asked):
        engine.register("moments", asked)
        return engine.rows(rules.look_sql)
    ask_about(engine, asked)
    return engine.planned(rules.look_few_sql)


def _are_few(asked: pa.Table) -> bool:
    """Whether joining is cheaper: not many moments, or hardly more than one for each person."""
    return len(asked) <= FEW or (len(asked) <= MANY and len(asked) <= 2 * pc.count_distinct(asked["person_id"]).as_py())


def moments(engine: Engine, rules: Rules, state: State, *, since: int, until: int) -> pa.Table:
    """Who is looked at when: at facts that the agreement reads, and at the tick for whom time may have changed."""
    ticks = rules.ticks(since, until)
    found = moments_of_facts(engine, rules, since=since, until=until, ticks=ticks)
    return merged(found, turned(state, ticks))


def merged(*parts: pa.Table) -> pa.Table:
    """One row per person and moment; a fact and a tick at the same moment count as the fact."""
    filled = [part for part in parts if len(part)]
    if len(filled) <= 1:
        return filled[0] if filled else _MOMENTS.empty_table()
    return _once(pa.concat_tables(filled))


def _once(found: pa.Table) -> pa.Table:
    found = found.group_by(["person_id", "moment"]).aggregate([("trigger", "min")])
    return found.rename_columns(_MOMENTS.names).cast(_MOMENTS)


def turned(state: State, ticks: list[int]) -> pa.Table:
    """People whose earlier handoffs let time alone change the answer, at the first tick at which it may have."""
    return ticked(turns_come(state, ticks))


def turns_come(state: State, ticks: list[int]) -> set[tuple[str, int]]:
    """Like `turned`, as person and tick."""
    if not ticks:
        return set()
    rows = ((person, first_at_or_after(ticks, at)) for at, person in state.turned(ticks[-1]))
    return {(state.links.root(person, tick), tick) for person, tick in rows if tick is not None}


def ticked(rows: Collection[tuple[str, int]]) -> pa.Table:
    """Moments of people and ticks, in microseconds."""
    people = pa.array([person for person, _ in rows], pa.string())
    times = pa.array([tick for _, tick in rows], pa.int64()).cast(MOMENT)
    return pa.table([people, times, pa.array(["tick"] * len(rows), pa.string())], schema=_MOMENTS)


def moments_of_facts(engine: Engine, rules: Rules, *, since: int, until: int, ticks: list[int]) -> pa.Table:
    """The moments in (since, until] that follow from facts alone, each of whom the fact's id means then."""
    before = rules.next_tick(since - 2 * DAY_US)
    while (later := rules.next_tick(before)) <= since:
        before = later
    found = engine.planned(moments_sql(rules, everyone=starts(rules, ticks)), since, until, before, ticks)
    return of_roots(found, Links.read(engine))


def of_roots(found: pa.Table, links: Links) -> pa.Table:
    """Moments of ids that stand for somebody else then are moments of whom they stand for."""
    if not links:
        return found
    standing_in = pc.is_in(found["person_id"], pa.array(links.up, pa.string()))
    rows = found.filter(standing_in)
    times = rows["moment"].cast(pa.int64()).to_pylist()
    roots = [links.root(person, at) for person, at in zip(rows["person_id"].to_pylist(), times, strict=True)]
    meant = pa.table([pa.array(roots, pa.string()), rows["moment"], rows["trigger"]], names=found.column_names)
    return _once(pa.concat_tables([found.filter(pc.invert(standing_in)), meant.cast(found.schema)]))


def starts(rules: Rules, ticks: list[int]) -> int | None:
    """The first tick of this version, at which everybody is looked at once; only later ones are this version's."""
    first = rules.next_tick(microseconds(rules.agreement.in_force_from))
    return first if first in ticks else None


def moments_sql(rules: Rules, *, everyone: int | None) -> str:
    """SQL with four parameters (since, until, last tick before since, list of ticks), over the revisions of facts."""
    parts = list(_fact_moments(rules))
    parts += [_waiting(wait) for wait in rules.waits() if COLUMNS[wait.column].elapsed is not None]
    if everyone is not None:
        known = f"known_at <= make_timestamp({everyone})"
        parts.append(
            f"SELECT DISTINCT person_id, make_timestamp({everyone}), 'tick' FROM ("
            f"SELECT subject_id AS person_id FROM profiles_revisions WHERE subject = 'person' AND {known}"
            f" UNION ALL SELECT person_id FROM touches_revisions WHERE {known})"
        )
    by_age = any(COLUMNS[wait.column].origin is Origin.DEAL for wait in rules.waits())
    deals = f", {DEAL_PEOPLE}" if any("deal_" in part for part in parts) else ""
    spells = SPELLS if by_age else SPELLS.replace("GROUP BY", f"AND subject_id IN ({_CONCERNED}) GROUP BY", 1)
    stretch = "make_timestamp($1::BIGINT) AS since, make_timestamp($2::BIGINT) AS until, $3::BIGINT AS last_tick"
    ticks = "SELECT tick, lag(tick, 1, $3) OVER (ORDER BY tick) AS before FROM unnest($4::BIGINT[]) AS one(tick)"
    return f"""WITH stretch AS (SELECT {stretch}), ticks AS ({ticks}), {POINTERS}, {spells}{deals}
        SELECT person_id, moment, min(trigger) AS trigger
        FROM ({" UNION ALL ".join(parts)}) AS m(person_id, moment, trigger)
        WHERE person_id IS NOT NULL GROUP BY person_id, moment"""


_CONCERNED = """WITH accounts AS (
            SELECT subject_id AS account_id FROM profiles_revisions, stretch
            WHERE subject = 'account' AND known_at > stretch.since AND known_at <= stretch.until
            UNION SELECT account_id FROM deals_revisions, stretch
            WHERE (known_at > stretch.since AND known_at <= stretch.until)
                OR (superseded_at > stretch.since AND superseded_at <= stretch.until)
            UNION SELECT account_id FROM profiles_revisions WHERE subject = 'person'
                AND subject_id IN (SELECT person_id FROM deals_revisions WHERE account_id IS NULL)
            UNION SELECT alias_id FROM pointers WHERE of_account
            UNION SELECT person_id FROM pointers WHERE of_account
        )
        SELECT subject_id FROM profiles_revisions
        WHERE subject = 'person' AND account_id IN (SELECT account_id FROM accounts WHERE account_id IS NOT NULL)"""
"""Whose accounts matter in a stretch: those with something new, and those whose deals name a person alone."""


def _fact_moments(rules: Rules) -> Iterator[str]:
    names, origins = rules.base_columns, {COLUMNS[name].origin for name in rules.base_columns}
    relevant = relevant_touches(names, rules.decays)
    within = "{0} > stretch.since AND {0} <= stretch.until"
    for time in ("known_at", "superseded_at"):
        when = within.format(time)
        yield f"SELECT person_id, {time}, 'fact' FROM touches_revisions, stretch WHERE {when} AND ({relevant})"
    yield from _said_the_same(within)
    yield (
        "SELECT subject_id, known_at, 'fact' FROM profiles_revisions, stretch"
        f" WHERE subject = 'person' AND {within.format('known_at')}"
    )
    yield (
        "SELECT s.person_id, a.known_at, 'fact' FROM profiles_revisions a JOIN spells s ON s.account_id = a.subject_id"
        " AND s.since <= a.known_at AND (s.until IS NULL OR s.until > a.known_at), stretch"
        f" WHERE a.subject = 'account' AND {within.format('a.known_at')}"
    )
    if replies.offers_again(rules.agreement):
        yield (
            "SELECT person_id, occurred_at, 'fact' FROM handoffs_revisions, stretch"
            f" WHERE {within.format('occurred_at')}"
            f" AND event = '{LOOKED_AGAIN}' AND reason = '{replies.WAS_GOOD}'"
        )
    if Origin.DEAL in origins:
        yield (
            f"SELECT p.person_id, t.turn, 'fact' FROM ({_deal_turns(within)}) t JOIN deal_people p USING (deal_id)"
            " WHERE p.known_at <= t.turn"
        )
    if Origin.CONSENT in origins:
        yield f"SELECT person_id, known_at, 'fact' FROM consent_revisions, stretch WHERE {within.format('known_at')}"
        yield (
            "SELECT person_id, known_at, 'fact' FROM touches_revisions, stretch"
            f" WHERE {within.format('known_at')} AND {MAIL_SAYS_NO}"
        )


def _said_the_same(within: str) -> Iterator[str]:
    """When somebody turned out to be known under two ids, or not to be; and so of the account that people work for."""
    for end in ("since", "until"):
        when = within.format(f"p.{end}")
        for who in ("alias_id", "person_id"):
            yield f"SELECT {who}, p.{end}, 'fact' FROM pointers p, stretch WHERE {when} AND NOT p.of_account"
            yield (
                f"SELECT s.person_id, p.{end}, 'fact' FROM pointers p JOIN spells s ON s.account_id = p.{who}"
                f" AND s.since <= p.{end} AND (s.until IS NULL OR s.until > p.{end}), stretch"
                f" WHERE {when} AND p.of_account"
            )


def _deal_turns(within: str) -> str:
    """When something about a deal became known, be it only for which account its person works."""
    return (
        f"SELECT deal_id, known_at AS turn FROM deals_revisions, stretch WHERE {within.format('known_at')}"
        f" UNION SELECT deal_id, superseded_at FROM deals_revisions, stretch WHERE {within.format('superseded_at')}"
        " UNION SELECT deal_id, s.since FROM deals_revisions d"
        " JOIN spells s ON s.person_id = d.person_id AND s.since >= d.known_at,"
        f" stretch WHERE d.account_id IS NULL AND {within.format('s.since')}"
    )


def _waiting(wait: Waits) -> str:
    """The first tick after a fact has become so old that a clause may answer differently."""
    elapsed = COLUMNS[wait.column].elapsed
    assert elapsed is not None  # noqa: S101 the caller asked for columns that grow with time
    number = 1 if COLUMNS[wait.column].unit == "count" else wait.number
    turns = f"SELECT person_id, us + {int(number * elapsed.unit_us)} AS us, known FROM ({elapsed.since})"
    late = f"SELECT e.* FROM ({turns}) e, stretch WHERE e.us > stretch.last_tick"
    return (
        f"SELECT e.person_id, make_timestamp(t.tick), 'tick' FROM ({late}) e"
        " JOIN ticks t ON e.us <= t.tick AND e.us > t.before WHERE e.known <= t.tick"
    )


def edges(rules: Rules, since: int, until: int) -> list[int]:
    """Where a time is cut, so that nobody's turn, set within a stretch, comes due within it (microseconds).

    A turn is taken at a tick; if turns come due sooner than after a day, each tick opens a stretch of its own.
    """
    shortest = min((wait for waits in turns(rules).values() for wait in waits), default=LONGEST_STRETCH_US)
    if shortest >= DAY_US:
        return [*range(since, until, min(shortest, LONGEST_STRETCH_US)), until]
    return [since, *(tick - 1 for tick in rules.ticks(since + 1, until)), until]


def turns(rules: Rules) -> Mapping[str, list[int]]:
    """How long after which event of a handoff time alone may change the answer (microseconds)."""
    waits = rules.standing_waits
    found = {
        event: [int(days * DAY_US) for days in waits.get(column, ())]
        for event, column in (
            (OFFERED, "days_since_handoff"),
            (RECYCLED, "days_since_recycle"),
            (REJECTED, "days_since_reject"),
        )
    }
    if again := rules.agreement.qualification.again:
        found[OFFERED].append(int(again.wall().total_seconds() * 1_000_000))
    return found


def watch_again(rules: Rules, state: State, at: int) -> None:
    """A new version may wait for other numbers of days: everybody's earlier handoffs are put on its list."""
    again = rules.agreement.qualification.again
    for person, standing in state.people.items():
        for column, since in (
            ("days_since_handoff", standing.offered_us),
            ("days_since_recycle", standing.recycled_us),
            ("days_since_reject", standing.rejected_us),
        ):
            for days in rules.standing_waits.get(column, ()) if since is not None else ():
                if since is not None and since + days * DAY_US > at:
                    state.watch(person, since + int(days * DAY_US))
        free = (standing.offered_us or at) + (int(again.wall().total_seconds() * 1_000_000) if again else 0)
        if free > at:
            state.watch(person, free)
