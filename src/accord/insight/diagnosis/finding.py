"""A finding: one statement of the diagnosis, and what a rule looked at before it made it or kept silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from accord.insight.result import Interval

if TYPE_CHECKING:
    from accord.insight.diagnosis.case import Case

Who = Literal["marketing", "sales", "both", "liaison"]
MOST_RECORDS = 500
ALPHA = 0.033  # how often a company without any cause may be told one, by all rules together


@dataclass(frozen=True, slots=True)
class Candidate:
    """One comparison that a rule made: what it would say, and how likely chance alone says as much (`p`).

    `amount` is in `unit`, `records` are the ids (of `record_kind`: handoffs, deals, touches, people) behind it; `n`
    counts the records that were compared. `level` is its own part of the rule's level, where they are not even.
    """

    p: float
    says: str
    amount: float
    unit: str
    interval: Interval | None
    n: int
    record_kind: str
    records: tuple[str, ...] = ()
    subject: str = ""
    level: float | None = None

    def __post_init__(self) -> None:
        if not self.says.endswith(".") or not 0 <= self.p <= 1:
            raise ValueError(f"a candidate is a sentence with a probability, not {self.says!r} with {self.p}")


@dataclass(frozen=True, slots=True)
class Examined:
    """All comparisons of one rule; `cannot` says why none could be made; `limit` what the rule is able to see."""

    candidates: tuple[Candidate, ...] = ()
    cannot: str = ""
    limit: str = ""
    smallest_drop: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One possible cause. `level` is how often chance alone may make it speak; those of all rules add up to ALPHA."""

    name: str
    title: str
    who: Who
    examine: Callable[[Case], Examined]
    level: float = 0.001


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: the sentence, how much, its interval, the records behind it and who can act on it.

    A finding states facts and names no person. `also` are further sentences of the same rule.
    """

    rule: str
    title: str
    says: str
    amount: float
    unit: str
    interval: Interval | None
    n: int
    who: Who
    record_kind: str
    records: tuple[str, ...]
    p: float
    also: tuple[str, ...] = ()
    subject: str = ""

    def to_json(self) -> dict[str, Any]:
        told: Mapping[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "interval"}
        return {**told, "interval": self.interval.to_json() if self.interval else None}


@dataclass(frozen=True, slots=True)
class Looked:
    """What one rule looked at: how many comparisons at which level, or why it could make none."""

    rule: str
    title: str
    comparisons: int
    level: float
    cannot: str = ""
    limit: str = ""
    smallest_drop: float | None = field(default=None)
