"""The shield: who must not be written to by whom now, and by which clause. As SQL over the lead view.

Unknown is careful here: `never` and `shield` block when their condition cannot be decided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import ClauseKind, Condition, met_sql
from accord.agreement.document import Frequency
from accord.agreement.kinship import RELATIVES
from accord.agreement.standing import FEW, whole_view_sql
from accord.facts.lead_view import COLUMNS, DAY_US, HOUR_US, Elapsed, Origin, fields_read, quoted
from accord.facts.lead_view_few import few_sql
from accord.facts.same import members_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

OPT_IN = "opt_in"
_FREQUENCY = "contact.frequency."
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
    the relation `handoffs`; and where a clause protects a family of accounts, what `kinship.tell_relatives` told. With
    `let_through` a moment also says until when an owner lets this purpose through: that
    lifts shields and frequencies, never what the law asks for.
    """
    steps = [step for step in _steps(rules) if step.applies(side, purpose)]
    carry = ("message", "let_until") if let_through else ("message",)
    return _first_sql(steps, _each_sql(rules, steps, carry=carry, handoffs=handoffs, few=few), let_through=let_through)


def stood_sql(rules: Rules, *, few: bool = False) -> str:
    """SQL that says how people stand towards every clause on contact, whoever may ask: person_id; stood, a text that
    `of_stood_sql` reads; and ends, the next moment at which time alone may change one of them (microseconds since 1970,
    or NULL). Reads what `held_back_sql` does, but neither messages nor who is let through."""
    steps = list(_steps(rules))
    said = [f"CASE WHEN c{n} THEN 'x' ELSE '' END || coalesce(epoch_us(t{n})::VARCHAR, '')" for n in range(len(steps))]
    ends = f"epoch_us(least({', '.join(f't{n}' for n in range(len(steps)))}))" if steps else "NULL::BIGINT"
    stood = f"concat_ws(',', {', '.join(said)})" if steps else "''"
    return f"SELECT person_id, {stood} AS stood, {ends} AS ends FROM ({_each_sql(rules, steps, few=few)})"


def of_stood_sql(rules: Rules, stood: str, *, side: str, purpose: str) -> str:
    """SQL with the answers of `held_back_sql` over what `stood_sql` said: `stood` names a relation of person_id, stood,
    moment, message and let_until. An answer is sure if its `until` is NULL or after the moment; else time may have
    changed it since."""
    steps = list(_steps(rules))
    each = (
        f"starts_with(s[{n + 1}], 'x') AS c{n}, make_timestamp(try_cast(ltrim(s[{n + 1}], 'x') AS BIGINT)) AS t{n}"
        for n in range(len(steps))
    )
    split = f"(SELECT *, string_split(stood, ',') AS s FROM {stood})"
    rows = f"SELECT {', '.join(('person_id, moment, message, let_until', *each))} FROM {split}"
    return _first_sql(steps, rows, let_through=True, asked=(side, purpose))


def _each_sql(
    rules: Rules, steps: Sequence[_Step], *, carry: Sequence[str] = (), handoffs: str = "handoffs", few: bool = False
) -> str:
    """SQL with a row per moment: for the clause at each place, whether it forbids by what is known (`c0`), and the next
    moment at which time alone may change that (`t0`)."""
    scored, moments = _is_scored(rules), FEW if few else "moments"
    view = whole_view_sql(rules, columns_read(rules), handoffs=handoffs, carry=carry, few=few, scored=scored)
    joins = _joined(steps, moments)
    with_kin, seen = "", f"({view})"
    if any(step.of_family for step in steps):
        with_kin, seen = f", seen AS MATERIALIZED ({view}), {_kin_sql(rules, steps, moments)}", "seen"
        joins += " LEFT JOIN kin USING (person_id, moment)"
    each = (_clause_sql(n, step, kin=step.of_family) for n, step in enumerate(steps))
    chosen = ", ".join(("person_id", "moment", *carry, *each))
    return f"WITH RECURSIVE {members_sql(moments)}{with_kin} SELECT {chosen} FROM {seen}{joins}"


def _joined(steps: Sequence[_Step], moments: str) -> str:
    beside = {name: sql for step in steps for name, sql in step.beside}
    return "".join(
        f" LEFT JOIN ({sql.replace('{moments}', moments)}) AS {name} USING (person_id, moment)"
        for name, sql in beside.items()
    )


def _kin_sql(rules: Rules, steps: Sequence[_Step], moments: str) -> str:
    """Common table expressions that end in `kin`: per moment, for each clause that protects a family, whether it
    forbids by the deals of any account above or below the person's (`k0`), and when that may change (`u0`). An account
    is asked about as if it were a person: the deals of its own id are its."""
    family = {n: step for n, step in enumerate(steps) if step.of_family}
    names = [name for name in sorted(columns_read(rules)) if COLUMNS[name].origin is Origin.DEAL]
    each = (_clause_sql(n, step) for n, step in family.items())
    summed = (f"bool_or(c{n}) AS k{n}, min(t{n}) AS u{n}" for n in family)
    theirs = ", ".join(f"d.{name} AS {name}" for name in names)
    return f"""kin_moments AS (SELECT DISTINCT relative AS person_id, moment FROM {RELATIVES}),
    kin_deals AS ({few_sql(names, moments="kin_moments")}),
    kin_seen AS (SELECT s.* REPLACE ({theirs}) FROM seen s JOIN {RELATIVES} r USING (person_id, moment)
        JOIN kin_deals d ON d.person_id = r.relative AND d.moment = r.moment),
    kin AS (SELECT person_id, moment, {", ".join(summed)} FROM (
        SELECT person_id, moment, {", ".join(each)} FROM kin_seen{_joined(list(family.values()), moments)})
        GROUP BY person_id, moment)"""


def _clause_sql(n: int, step: _Step, *, kin: bool = False) -> str:
    forbids, turn = f"coalesce({step.sql}, FALSE)", _next_sql(step.turns)
    if kin:
        forbids, turn = f"{forbids} OR coalesce(k{n}, FALSE)", f"least({turn}, u{n})"
    return f"{forbids} AS c{n}, {turn} AS t{n}"


def _next_sql(turns: Sequence[str]) -> str:
    return f"least({', '.join(f'CASE WHEN {t} > moment THEN {t} END' for t in turns)})" if turns else "NULL::TIMESTAMP"


def _first_sql(steps: Sequence[_Step], each: str, *, let_through: bool, asked: tuple[str, str] | None = None) -> str:
    """SQL over the rows of `each`: the first clause that forbids, of those that apply to what is asked, and until when
    none of the clauses that this follows from changes."""
    asking = [(n, step) for n, step in enumerate(steps) if asked is None or step.applies(*asked)]
    forbids = {n: f"c{n}{_unless(step, let_through)}" for n, step in asking}
    place = f"CASE {' '.join(f'WHEN {sql} THEN {n}' for n, sql in forbids.items())} ELSE {len(steps)} END"
    lets = "CASE WHEN let_until > moment THEN let_until END"
    turns = [(n, f"t{n}") for n, _ in asking]
    turns += [(n, lets) for n, step in asking if let_through and step.may_be_lifted]
    ends = ", ".join(f"CASE WHEN place >= {n} THEN {turn} END" for n, turn in turns)
    until = f"least({ends})" if turns else "NULL::TIMESTAMP"
    paths = " ".join(f"WHEN {n} THEN {quoted(step.path)}" for n, step in asking)
    held_by = f"CASE place {paths} END" if asking else "NULL::VARCHAR"
    return (
        f"SELECT person_id, moment, {held_by} AS held_by, {until} AS until"
        f" FROM (SELECT *, {place if asking else '0'} AS place FROM ({each}))"
    )


def _unless(step: _Step, let_through: bool) -> str:
    exempt = f" AND NOT coalesce(message IN ({_listed(step.exempt)}), FALSE)" if step.exempt else ""
    lifted = " AND NOT coalesce(let_until > moment, FALSE)" if let_through and step.may_be_lifted else ""
    return exempt + lifted


def read_by(rules: Rules) -> tuple[Collection[str] | None, Mapping[str, Collection[str]] | None]:
    """What the question reads: the kinds of touches, and by kind of fact the fields; None: all of them."""
    used = {name for condition in rules.contact_conditions() for name in condition.columns}
    if _is_scored(rules):
        return None, None
    of_touches = "attempts" in used or any(COLUMNS[name].origin is Origin.TOUCH for name in used)
    read = [name for name in columns_read(rules) if COLUMNS[name].origin is not Origin.STANDING]
    fields = fields_read(read)
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
    steps = [step for step in _steps(rules) if step.applies(side, purpose) and not step.path.startswith(_FREQUENCY)]
    clauses = " ".join(f"WHEN {step.sql} THEN {quoted(step.path)}" for step in steps)
    return f"CASE {clauses} END" if clauses else "NULL::VARCHAR"


class _Step(NamedTuple):
    """One clause: when it forbids, its path, and as SQL the moments at which time alone may change that. `beside` are
    relations by person and moment that these read. Applies to messages of a side, or of both; of a purpose, or of all;
    but not to those that are `exempt`."""

    sql: str
    path: str
    turns: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
    side: str = "any"
    purpose: str | None = None
    exempt: tuple[str, ...] = ()
    may_be_lifted: bool = False  # by the owner of a record
    of_family: bool = False  # also by the deals of accounts above and below

    def applies(self, side: str, purpose: str) -> bool:
        """Whether it speaks of messages by this side for this purpose."""
        return self.side in (side, "any") and self.purpose in (purpose, None)


def _steps(rules: Rules) -> Iterator[_Step]:
    """Clauses in the order in which they are named: never, consent, shield, frequency."""
    contact = rules.agreement.contact
    if rules.never is not None:
        yield _step(rules, rules.never, ClauseKind.NEVER, "contact.never")
    for purpose, asked in contact.consent.items():
        forbids = f"NOT ({'opted_in' if asked == OPT_IN else 'NOT unsubscribed'})"
        yield _Step(forbids, f"contact.consent.{purpose}", purpose=purpose)
    for n, (clause, condition) in enumerate(zip(contact.shield, rules.shields, strict=True)):
        step = _step(rules, condition, ClauseKind.SHIELD, f"contact.shield.{n}")
        of_family = clause.including_family and any(_is_of_deals(name) for name in condition.columns)
        yield step._replace(side=clause.side, exempt=clause.exempt, may_be_lifted=True, of_family=of_family)
    for n, limit in enumerate(contact.frequency):
        forbids, beside = f"coalesce(written.n{n}, 0) >= {limit.at_most}", ("written", _written_sql(contact.frequency))
        step = _Step(forbids, f"{_FREQUENCY}{n}", (f"written.frees{n}",), (beside,))
        yield step._replace(side=limit.side, may_be_lifted=True)


def _step(rules: Rules, condition: Condition, kind: ClauseKind, path: str) -> _Step:
    """A clause with a condition, and when the condition may turn by time alone."""
    turns, beside = [], {}
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
    return _Step(met_sql(condition.sql, kind), path, tuple(turns), tuple(beside.items()))


def _is_of_deals(name: str) -> bool:
    return name in COLUMNS and COLUMNS[name].origin is Origin.DEAL


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


def _written_sql(limits: Sequence[Frequency]) -> str:
    """For the limit at each place how many messages a person got from its side, or from both, in its wall time before
    each moment (`n0`), and when they will be fewer than is agreed (`frees0`)."""
    written = "least(t.occurred_at, t.known_at)"
    columns, longest = [], max(limit.per.wall() for limit in limits)
    for n, limit in enumerate(limits):
        seconds = _seconds(limit.per.wall())
        of_side = "" if limit.side == "any" else f" AND side = '{limit.side}'"
        lately = f"FILTER (written > moment - to_seconds({seconds}){of_side})"
        latest = f"(list(written ORDER BY written DESC) {lately})"
        columns.append(f"count(*) {lately} AS n{n}, {latest}[{limit.at_most}] + to_seconds({seconds}) AS frees{n}")
    known = "t.known_at <= m.moment AND (t.superseded_at IS NULL OR t.superseded_at > m.moment)"
    return f"""SELECT person_id, moment, {", ".join(columns)} FROM (
        SELECT m.person_id, m.moment, t.side, {written} AS written
        FROM (SELECT person_id, k AS moment, id FROM members) m JOIN touches_revisions t
        ON t.person_id = m.id AND {WRITTEN} AND {known} AND {written} > m.moment - to_seconds({_seconds(longest)}))
        GROUP BY person_id, moment"""


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, words))
