"""Why not handed over, rule by rule: what would have had to hold, in the order in which `decide()` asks.

Nothing is decided here. The truths are those of `explain`, which are the same SQL as the decision's; a test holds the
two together over a company's leads. The lot of the explore clause is no rule that a lead can meet: who is drawn is
known to the statistics and to nobody else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.agreement.condition import Explanation as Told
from accord.agreement.explain import Clause, Explanation
from accord.agreement.qualify import holds_back
from accord.agreement.words import figure, plural

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

UNLESS, WHERE, SCORE, FIT, ALWAYS, RETURN = "unless", "where", "score", "fit", "always", "return"
OPEN, AGAIN, REQUIRES = "open", "again", "requires"
WAYS = (SCORE, FIT, ALWAYS)
"""Over the line by points, of which enough may have to be for fit; or by the clause that asks for none."""


@dataclass(frozen=True, slots=True)
class Need:
    """One rule that has to hold for a lead to be handed over: the path of its clause, whether it holds, and what that
    rests on. `told` are the parts of a condition; `known` and `line` a number and what it has to reach (points, days of
    wall time); `column` the one value that it reads."""

    kind: str
    path: str
    holds: bool
    text: str = ""
    told: Told | None = None
    column: str | None = None
    known: float | None = None
    line: float | None = None

    @property
    def is_way(self) -> bool:
        """Whether it is one of the ways over the line, of which one is enough."""
        return self.kind in WAYS

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        read = (*((self.column,) if self.column else ()), *(_read(self.told) if self.told else ()))
        return tuple(dict.fromkeys(read))

    @property
    def short(self) -> float:
        """How much is missing to the line, in tenths, rounded up; 0 where there is none or it is reached."""
        if self.holds or self.known is None or self.line is None:
            return 0.0
        return max(0.1, math.ceil(round(10 * (self.line - self.known), 6)) / 10)

    @property
    def missing(self) -> str:
        """`12 points short of 50`; empty where nothing can be counted."""
        if not self.short or self.line is None:
            return ""
        if self.kind == AGAIN:
            return f"{plural(self.short, 'day')} short of {figure(self.line)}"
        of_fit = " of fit" if self.kind == FIT else ""
        return f"{plural(self.short, 'point')}{of_fit} short of {figure(self.line)}"


def _read(told: Told) -> Iterator[str]:
    yield from told.columns
    for child in told.children:
        yield from _read(child)


def needs(rules: Rules, explanation: Explanation) -> tuple[Need, ...]:
    """Everything that has to hold for this lead at its moment, in order."""
    return tuple(_needs(rules, explanation))


def is_over_the_line(found: Sequence[Need]) -> bool:
    """Whether one of the ways over the line is open: the points with those for fit among them, or the clause."""
    points = [need.holds for need in found if need.kind in (SCORE, FIT)]
    clauses = [need.holds for need in found if need.kind == ALWAYS]
    return not (points or clauses) or (bool(points) and all(points)) or any(clauses)


def unmet(found: Sequence[Need]) -> tuple[Need, ...]:
    """Those that stand in the way, in order; of the ways over the line all that do not hold, where none is open."""
    over = is_over_the_line(found)
    return tuple(need for need in found if not need.holds and not (need.is_way and over))


def _needs(rules: Rules, explanation: Explanation) -> Iterator[Need]:
    values = explanation.values
    yield from _clause(explanation.clause("qualification.unless"), UNLESS)
    yield from _clause(explanation.clause("qualification.where"), WHERE)
    if is_recycled(values):
        yield from _return(rules, explanation)
    else:
        yield from _ways(rules, explanation)
    yield Need(OPEN, "handoff", not values["open_handoff"], column="open_handoff")
    if not is_recycled(values):
        yield from _again(rules, values)
    if holds_back(rules):
        for name, is_filled in explanation.filled.items():
            yield Need(REQUIRES, f"qualification.requires.{name}", is_filled, column=name)


def is_recycled(values: Mapping[str, Any]) -> bool:
    """Whether what happened last to the lead is that sales gave it back to come again."""
    since = values["days_since_recycle"]
    if since is None or values["open_handoff"]:
        return False
    others = (values["days_since_handoff"], values["days_since_reject"])
    return all(other is None or since <= other for other in others)


def _clause(clause: Clause | None, kind: str) -> Iterator[Need]:
    """A condition: `unless` must not be met, every other must."""
    if clause is not None:
        yield Need(kind, clause.path, clause.met != (kind == UNLESS), clause.text, clause.told)


def _ways(rules: Rules, explanation: Explanation) -> Iterator[Need]:
    line, values = rules.agreement.qualification.score, explanation.values
    if line is not None:
        score, fit = values["score"], values["fit"]
        path = "qualification.score"
        yield Need(SCORE, f"{path}.at_least", score >= line.at_least, column="score", known=score, line=line.at_least)
        if line.fit_at_least is not None:
            enough = fit >= line.fit_at_least
            yield Need(FIT, f"{path}.fit_at_least", enough, column="fit", known=fit, line=line.fit_at_least)
    yield from _clause(explanation.clause("qualification.always"), ALWAYS)


def _return(rules: Rules, explanation: Explanation) -> Iterator[Need]:
    """What brings a recycled lead back; without a clause for its reason nothing does."""
    reason = explanation.values["recycle_reason"]
    path = f"answers.recycle.{reason}.return" if reason else "answers.recycle"
    clause = explanation.clause(path) if reason in rules.returns else None
    if clause is None:
        yield Need(RETURN, path, holds=False, column="recycle_reason")
    yield from _clause(clause, RETURN)


def _again(rules: Rules, values: Mapping[str, Any]) -> Iterator[Need]:
    again, since = rules.agreement.qualification.again, values["days_since_handoff"]
    if again is not None and since is not None:
        line = again.wall().total_seconds() / 86_400
        yield Need(AGAIN, "qualification.again", since >= line, column="days_since_handoff", known=since, line=line)
