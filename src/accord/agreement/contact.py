"""The shield: who must not be written to by whom now, and by which clause. As SQL over the lead view.

Unknown is careful here: `never` and `shield` block when their condition cannot be decided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import ClauseKind, Condition, met_sql
from accord.agreement.document import Frequency
from accord.agreement.standing import FEW, whole_view_sql
from accord.facts.lead_view import COLUMNS, DAY_US, HOUR_US, Elapsed, Origin, fields_read, quoted
from accord.facts.same import members_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

OPT_IN = "opt_in"
WRITTEN_KINDS = ("email.sent", "mail.sent", "message.sent")
MAIL_SAYS_NO_KINDS = ("email.bounced", "email.complained", "email.unsubscribed")
WRITTEN = f"t.kind IN ({', '.join(map(quoted, WRITTEN_KINDS))})"


def held_back_sql(
    rules: Rules,
    *,
    side: str = "marketing",
    purpose: str = "marketing.email",
    handoffs: str = "handoffs",
    few: bool = False,
    let_through: bool = False,
) -> str:
    """SQL that answers person_id, moment, held_by: the path of the first clause that forbids the contact, or NULL; and
    until: the next moment at which time alone may change that, or NULL.

    Reads `moments(person_id, moment, message)`, or with `few` what `ask_about` was given, where `message` names what is
    to be sent (a shield may let some through) and each moment is just before the sending; the revisions of facts; and
    the relation `handoffs`. With `let_through` a moment also says until when an owner lets this purpose through: that
    lifts shields and frequencies, never what the law asks for.
    """
    carry = ("message", "let_until") if let_through else ("message",)
    columns, scored = columns_read(rules), _is_scored(rules)
    view = whole_view_sql(rules, columns, handoffs=handoffs, carry=carry, few=few, scored=scored)
    moments = FEW if few else "moments"
    steps = list(_steps(rules, side, purpose, let_through=let_through))
    joins = "".join(f" LEFT JOIN ({sql}) AS {name} USING (person_id, moment)" for name, sql in _beside(steps, moments))
    clauses = " ".join(f"WHEN {step.sql} THEN {place}" for place, step in enumerate(steps))
    place = f"CASE {clauses} ELSE {len(steps)} END" if clauses else "0"
    turns = [(n, turn) for n, step in enumerate(steps) for turn in step.turns]
    chosen = ["person_id", "moment", f"{place} AS place", *(f"{turn} AS t{n}" for n, (_, turn) in enumerate(turns))]
    to_come = [f"CASE WHEN place >= {first} AND t{n} > moment THEN t{n} END" for n, (first, _) in enumerate(turns)]
    paths = " ".join(f"WHEN {place} THEN {quoted(step.path)}" for place, step in enumerate(steps))
    held = f"CASE place {paths} END" if paths else "NULL::VARCHAR"
    until = f"least({', '.join(to_come)})" if to_come else "NULL::TIMESTAMP"
    return (
        f"WITH RECURSIVE {members_sql(moments)}"
        f" SELECT person_id, moment, {held} AS held_by, {until} AS until"
        f" FROM (SELECT {', '.join(chosen)} FROM ({view}){joins})"
    )


def read_by(rules: Rules) -> tuple[Collection[str] | None, Collection[str] | None]:
    """What the question reads: the kinds of touches and the fields of profiles; None: all of them."""
    used = {name for condition in rules.contact_conditions() for name in condition.columns}
    if _is_scored(rules):
        return None, None
    of_touches = "attempts" in used or any(COLUMNS[name].origin is Origin.TOUCH for name in used)
    read = [name for name in columns_read(rules) if COLUMNS[name].origin is not Origin.STANDING]
    fields = fields_read(read)["profiles"]
    return None if of_touches else (*WRITTEN_KINDS, *MAIL_SAYS_NO_KINDS), fields


def written_within(rules: Rules) -> timedelta:
    """How far back messages count, by the clause on frequency that looks back longest."""
    return max((limit.per.wall() for limit in rules.agreement.contact.frequency), default=timedelta())


def columns_read(rules: Rules) -> set[str]:
    """The columns that the clauses on contact read from facts and from earlier handoffs."""
    asked = {name for c in rules.contact_conditions() for name in c.columns if name in COLUMNS}
    return asked | ({"opted_in", "unsubscribed"} if rules.agreement.contact.consent else set())


def _is_scored(rules: Rules) -> bool:
    """Whether a clause speaks of points, bands or personas."""
    return any(LEAD_COLUMNS[n].origin is Origin.CARD for c in rules.contact_conditions() for n in c.columns)


def held_by_sql(rules: Rules, *, side: str = "marketing", purpose: str = "marketing.email") -> str:
    """SQL over one row of the whole lead view: the path of the first clause that forbids the contact, or NULL. Clauses
    on frequency are left out, since a row does not tell what was written when."""
    steps = [s for s in _steps(rules, side, purpose, let_through=False) if not s.path.startswith("contact.frequency.")]
    clauses = " ".join(f"WHEN {step.sql} THEN {quoted(step.path)}" for step in steps)
    return f"CASE {clauses} END" if clauses else "NULL::VARCHAR"


class _Step(NamedTuple):
    """One clause: when it forbids, its path, and as SQL the moments at which time alone may change that. `beside` are
    relations by person and moment that these read."""

    sql: str
    path: str
    turns: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


def _beside(steps: Iterable[_Step], moments: str) -> Iterator[tuple[str, str]]:
    named = {name: sql for step in steps for name, sql in step.beside}
    return ((name, sql.replace("{moments}", moments)) for name, sql in named.items())


def _steps(rules: Rules, side: str, purpose: str, *, let_through: bool) -> Iterator[_Step]:
    """Clauses in the order in which they are named: never, consent, shield, frequency."""
    contact = rules.agreement.contact
    unless_let = " AND NOT coalesce(let_until > moment, FALSE)" if let_through else ""
    let = ("let_until",) if let_through else ()
    if rules.never is not None:
        yield _step(rules, rules.never, met_sql(rules.never.sql, ClauseKind.NEVER), "contact.never")
    if (asked := contact.consent.get(purpose)) is not None:
        yield _Step(f"NOT ({'opted_in' if asked == OPT_IN else 'NOT unsubscribed'})", f"contact.consent.{purpose}")
    for number, (clause, condition) in enumerate(zip(contact.shield, rules.shields, strict=True)):
        if clause.side in (side, "any"):
            exempt = f" AND NOT coalesce(message IN ({_listed(clause.exempt)}), FALSE)" if clause.exempt else ""
            forbids = met_sql(condition.sql, ClauseKind.SHIELD) + exempt + unless_let
            yield _step(rules, condition, forbids, f"contact.shield.{number}", *let)
    for number, limit in enumerate(contact.frequency):
        if limit.side in (side, "any"):
            name = f"f{number}"
            forbids = f"coalesce({name}.written, 0) >= {limit.at_most}{unless_let}"
            beside = ((name, _written_sql(limit)),)
            yield _Step(forbids, f"contact.frequency.{number}", (f"{name}.frees", *let), beside)


def _step(rules: Rules, condition: Condition, sql: str, path: str, *more: str) -> _Step:
    """A clause with a condition, and when the condition may turn by time alone."""
    turns, beside = list(more), {}
    for threshold in condition.thresholds():
        column, number = LEAD_COLUMNS[threshold.column], threshold.number
        if column.unit not in _UNITS:
            if column.name in COLUMNS and (elapsed := COLUMNS[column.name].elapsed):
                beside[f"left_{column.name}"] = _leaving_sql(elapsed)
                turns.append(f"left_{column.name}.turn")
            continue
        after = 1 if threshold.operator in ("<=", ">") else 0
        left = f"round(({number} - {column.name}) * {_UNITS[column.unit]})::BIGINT"
        turns.append(f"moment + to_microseconds({left} + {after})")
        if threshold.operator in ("=", "<>", "!="):
            turns.append(f"moment + to_microseconds({left} + 1)")
    if any(_runs(name) for name in condition.computed_columns()) or any(map(_fades(rules), condition.columns)):
        turns.append("moment + to_microseconds(1)")
    return _Step(sql, path, tuple(turns), tuple(beside.items()))


_UNITS = {"days": DAY_US, "hours": HOUR_US}


def _runs(name: str) -> bool:
    """Whether a column changes as time passes."""
    return LEAD_COLUMNS[name].unit in _UNITS or (name in COLUMNS and COLUMNS[name].elapsed is not None)


def _fades(rules: Rules) -> Callable[[str], bool]:
    """Whether a column holds points that become fewer from moment to moment."""
    fading = any(decay.half_life_us is not None for decay in rules.decays)
    return lambda name: fading and LEAD_COLUMNS[name].origin is Origin.CARD


def _leaving_sql(elapsed: Elapsed) -> str:
    """When the next of some touches leaves the window within which they are counted."""
    turn = f"e.us + {elapsed.unit_us}"
    when = f"e.known <= epoch_us(m.moment) AND {turn} > epoch_us(m.moment)"
    return f"""SELECT m.person_id, m.moment, make_timestamp(min({turn})) AS turn
        FROM (SELECT person_id, k AS moment, id FROM members) m
        JOIN ({elapsed.since}) e ON e.person_id = m.id AND {when} GROUP BY m.person_id, m.moment"""


def _written_sql(limit: Frequency) -> str:
    """How many messages a person got from a side, or from both, in the wall time before each moment, and when they will
    be fewer than is agreed."""
    seconds = int(limit.per.wall().total_seconds())
    of_side = "" if limit.side == "any" else f" AND t.side = '{limit.side}'"
    known = "t.known_at <= m.moment AND (t.superseded_at IS NULL OR t.superseded_at > m.moment)"
    written = "least(t.occurred_at, t.known_at)"
    lately = f"{written} > m.moment - to_seconds({seconds})"
    frees = f"list({written} ORDER BY {written} DESC)[{limit.at_most}] + to_seconds({seconds})"
    return f"""SELECT m.person_id, m.moment, count(*) AS written, {frees} AS frees
        FROM (SELECT person_id, k AS moment, id FROM members) m JOIN touches_revisions t
        ON t.person_id = m.id AND {WRITTEN}{of_side} AND {known} AND {lately} GROUP BY m.person_id, m.moment"""


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, words))
