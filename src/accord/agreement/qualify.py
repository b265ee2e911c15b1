"""Lead to MQL: whether a lead is qualified under the agreement, and which clause says so, as SQL over the lead view.

A judged row carries the verdict as far as it follows from facts alone. What depends on the person's earlier handoffs
(`again`, what brings a recycled lead back) is left to `decide()`, which knows how each person stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.agreement import card
from accord.agreement.condition import ClauseKind, Condition, met_sql
from accord.agreement.document import Missing
from accord.facts.lead_view import DAY_US

if TYPE_CHECKING:
    from accord.agreement.rules import Limit, Rules

ELIGIBLE = "eligible"
EXCLUDED = "excluded"
OUTSIDE = "outside"
EXPLORE, OVER_THE_LINE = "explore", "qualification.score"
BELOW = "below"

STANDING_SQL = f"""coalesce(s.open_handoff, FALSE) AS open_handoff, coalesce(s.handoffs, 0)::DOUBLE AS handoffs,
    (epoch_us(b.moment) - s.offered_us)::DOUBLE / {DAY_US} AS days_since_handoff,
    (epoch_us(b.moment) - s.recycled_us)::DOUBLE / {DAY_US} AS days_since_recycle,
    (epoch_us(b.moment) - s.rejected_us)::DOUBLE / {DAY_US} AS days_since_reject,
    s.recycle_reason AS recycle_reason, s.reject_reason AS reject_reason"""
NO_STANDING_SQL = """FALSE AS open_handoff, 0::DOUBLE AS handoffs, NULL::DOUBLE AS days_since_handoff,
    NULL::DOUBLE AS days_since_recycle, NULL::DOUBLE AS days_since_reject, NULL::VARCHAR AS recycle_reason,
    NULL::VARCHAR AS reject_reason, NULL::DOUBLE AS attempts"""


def judged_sql(rules: Rules, base: str) -> str:
    """SQL over a relation of lead view rows: persona, points and verdict per row.

    Columns: person_id, account_id, moment, us (microseconds since 1970), persona, fit, intent, score, band, outcome
    (eligible, excluded, outside, below), because (path of the clause), missing (first required field that is empty),
    may_return, account_owner, sales_touches, route, answer, first_touch, due_outcome (index of the first line that
    fits, -1 for none) and what late clauses read.
    """
    banded = scored_sql(rules, f"(SELECT *, {NO_STANDING_SQL} FROM {base})")
    outcome, because = _verdict_sql(rules)
    names = set(rules.base_columns)
    columns = [
        "person_id", "account_id", "moment", "epoch_us(moment) AS us", "trigger",
        "persona", "fit", "intent", "score", "band",
        f"{outcome} AS outcome", f"{because} AS because", f"{_missing_sql(rules)} AS missing",
        f"({_may_return_sql(rules)}) AS may_return",
        "account_owner" if "account_owner" in names else "NULL::VARCHAR AS account_owner",
        "sales_touches" if "sales_touches" in names else "0::DOUBLE AS sales_touches",
        f"{_first_sql(rules.routes)} AS route",
        f"{_limit_sql(rules.answer)} AS answer", f"{_limit_sql(rules.first_touch)} AS first_touch",
        f"{_limit_sql(rules.outcome)} AS due_outcome",
    ]  # fmt: skip
    taken = {"persona", "fit", "intent", "score", "band", "account_owner", "sales_touches"}
    columns += [f'"{name}"' for name in rules.kept if name not in taken]
    return f"SELECT {', '.join(columns)} FROM ({banded})"


def scored_sql(rules: Rules, rows: str) -> str:
    """SQL that adds persona, fit, intent, score and band to lead view rows with standing columns."""
    return f"""SELECT *, {card.band_sql(rules)} AS band FROM (
        SELECT *, round(fit + intent, {card.PLACES}) AS score FROM (
            SELECT *, {card.fit_sql(rules)} AS fit, {card.intent_sql(rules)} AS intent FROM (
                SELECT *, {card.persona_sql(rules)} AS persona FROM {rows})))"""


def late_sql(rules: Rules) -> str:
    """SQL over `asked` (judged rows) and `standings`: the verdict with the person's earlier handoffs in view.

    Columns: number (of the row), where_met, unless_met, always_met and `return_CODE` per recycle reason.
    """
    late = [
        f"{_met_late(rules, rules.where, ClauseKind.WHERE, settled='TRUE')} AS where_met",
        f"{_met_late(rules, rules.unless, ClauseKind.UNLESS, settled='FALSE')} AS unless_met",
        f"{_met_late(rules, rules.always, ClauseKind.ALWAYS, settled='TRUE')} AS always_met",
    ] if rules.always_late else []  # fmt: skip
    late += [f'{met_sql(c.sql, ClauseKind.RETURN)} AS "return_{code}"' for code, c in rules.returns.items()]
    attempts = "CASE WHEN s.handoffs > 0 THEN greatest(b.sales_touches - s.sales_touches_at_offer, 0)::DOUBLE END"
    rows = f"""SELECT b.*, {STANDING_SQL}, {attempts} AS attempts
        FROM asked b LEFT JOIN standings s USING (person_id)"""
    return f"SELECT number, {', '.join(late) or 'NULL'} FROM ({rows}) ORDER BY number"


def _met_late(rules: Rules, condition: Condition | None, kind: ClauseKind, *, settled: str) -> str:
    """A clause that reads earlier handoffs; what the others come to was `settled` when the row was judged."""
    return met_sql(condition.sql, kind) if condition in rules.late_conditions and condition else settled


def _now(rules: Rules, condition: Condition | None, kind: ClauseKind, *, without: str, late: str) -> str:
    """A clause as far as facts alone go: one that reads earlier handoffs stays open (`late`) until they are known."""
    if condition is None:
        return without
    return late if condition in rules.late_conditions else met_sql(condition.sql, kind)


def _verdict_sql(rules: Rules) -> tuple[str, str]:
    unless = _now(rules, rules.unless, ClauseKind.UNLESS, without="FALSE", late="FALSE")
    where = _now(rules, rules.where, ClauseKind.WHERE, without="TRUE", late="TRUE")
    ways = _ways(rules)
    steps = [
        (unless, EXCLUDED, "qualification.unless"),
        (f"NOT {where}", OUTSIDE, "qualification.where"),
        *((sql, ELIGIBLE, path) for sql, path in ways),
    ]
    outcome = " ".join(f"WHEN {sql} THEN '{word}'" for sql, word, _ in steps)
    because = " ".join(f"WHEN {sql} THEN '{path}'" for sql, _, path in steps)
    return f"CASE {outcome} ELSE '{BELOW}' END", f"CASE {because} ELSE {_below_sql(rules)} END"


def _ways(rules: Rules) -> list[tuple[str, str]]:
    """The ways over the line, in the order in which they are tried."""
    line = rules.agreement.qualification.score
    ways = []
    if line is not None:
        fit = f" AND fit >= {line.fit_at_least}" if line.fit_at_least is not None else ""
        ways.append((f"(score >= {line.at_least}{fit})", "qualification.score"))
    if rules.always is not None:
        late = rules.always in rules.late_conditions
        ways.append(("TRUE" if late else met_sql(rules.always.sql, ClauseKind.ALWAYS), "qualification.always"))
    if line is not None and (explore := rules.agreement.explore):
        near = f"score >= {line.at_least - explore.points_below}"
        ways.append((f"({near} AND {drawn_sql('explore', rules.version)} < {explore.share})", "explore"))
    if line is None and rules.always is None:
        ways.append(("TRUE", "qualification.where"))
    return ways


def unmarked(because: str) -> str:
    """The clause that qualified a lead as people are told it: one that was drawn by lot below the line looks like every
    other that is over it, so that nobody treats it otherwise and the line can be judged."""
    return OVER_THE_LINE if because == EXPLORE else because


def drawn_sql(purpose: str, version: int) -> str:
    """A number in [0, 1) that belongs to a person, a purpose and a version, and looks random."""
    return f"(md5_number_lower(person_id || ':{purpose}:{version}') % 1000000)::DOUBLE / 1000000"


def _below_sql(rules: Rules) -> str:
    line = rules.agreement.qualification.score
    if line is None:
        return "'qualification.always'"
    if line.fit_at_least is None:
        return "'qualification.score.at_least'"
    fit, score = "'qualification.score.fit_at_least'", "'qualification.score.at_least'"
    return f"CASE WHEN fit < {line.fit_at_least} THEN {fit} ELSE {score} END"


def _missing_sql(rules: Rules) -> str:
    requires = rules.agreement.qualification.requires
    if requires is None:
        return "NULL::VARCHAR"
    steps = " ".join(f"WHEN {empty_sql(name)} THEN '{name}'" for name in requires.fields)
    return f"CASE {steps} END"


def empty_sql(name: str) -> str:
    """SQL that says whether a required field of a lead is empty."""
    if name.startswith(("has_", "is_", "opted_")):
        return f'"{name}" IS NOT TRUE'
    return f'"{name}" IS NULL OR "{name}"::VARCHAR = \'\''


def _may_return_sql(rules: Rules) -> str:
    """Whether a recycle reason might bring the lead back: only those rows are looked at again for recycled people."""
    if not rules.returns:
        return "FALSE"
    unless = _now(rules, rules.unless, ClauseKind.UNLESS, without="FALSE", late="FALSE")
    where = _now(rules, rules.where, ClauseKind.WHERE, without="TRUE", late="TRUE")
    possible = " OR ".join(f"coalesce({c.sql}, TRUE)" for c in rules.returns.values())
    return f"{where} AND NOT {unless} AND ({possible})"


def _first_sql(conditions: tuple[Condition | None, ...]) -> str:
    steps = (f"WHEN {met_sql(c.sql, ClauseKind.WHEN) if c else 'TRUE'} THEN {i}" for i, c in enumerate(conditions))
    return f"CASE {' '.join(steps)} ELSE -1 END::INT" if conditions else "-1::INT"


def _limit_sql(limits: tuple[Limit, ...]) -> str:
    return _first_sql(tuple(limit.when for limit in limits))


def holds_back(rules: Rules) -> bool:
    """Whether a lead with a required field empty waits, rather than being handed over as a defect."""
    requires = rules.agreement.qualification.requires
    return requires is not None and requires.missing is Missing.HOLD
