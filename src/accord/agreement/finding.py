"""What the rules that check an agreement have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accord.agreement.document import Agreement
from accord.agreement.mistake import Mistake, MistakeKind

JUDGED = ("persona", "score", "fit", "intent", "band")


@dataclass(frozen=True, slots=True)
class Where:
    """One condition, where it stands, and which judged columns exist when it is asked."""

    path: str
    text: str
    judged: tuple[str, ...] = JUDGED


@dataclass(frozen=True, slots=True)
class Known:
    """What promises and conditions may name."""

    metrics: Mapping[str, Any]
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake before its line is known. `also` are other clauses that it was drawn from: nothing is said when one of
    them could not be read."""

    path: str
    found: str
    allowed: str
    message: str
    nearest: str | None = None
    kind: MistakeKind = MistakeKind.MISTAKE
    also: tuple[str, ...] = ()

    def at(self, line: int, column: int) -> Mistake:
        """The same with its place."""
        return Mistake(line, column, self.path, self.found, self.allowed, self.nearest, self.message, self.kind)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and the articles that must have been read whole for it to be meaningful."""

    find: Callable[[Agreement, Known], Iterator[Finding]]
    needs: tuple[str, ...] = ()

    def hidden_by(self, broken: Collection[str]) -> bool:
        """Whether something that the rule looks at could not be read."""
        return any(path == need or path.startswith((f"{need}.", f"{need}[")) for path in broken for need in self.needs)


def unknown(path: str, name: str, noun: str, allowed: str, near: str | None, also: str = "") -> Finding:
    """A name that stands for nothing; `also` is where it would stand."""
    hint = f" Did you mean {near}?" if near else ""
    message = f"{path}: there is no {noun} '{name}'; allowed is {allowed}.{hint}"
    return Finding(path, f"'{name}'", allowed, message, near, also=(also,) if also else ())


def contradiction(
    path: str, found: str, allowed: str, message: str, near: str | None = None, also: tuple[str, ...] = ()
) -> Finding:
    """Two clauses of which one makes the other pointless."""
    return Finding(path, found, allowed, f"{path}: {message}", near, MistakeKind.CONTRADICTION, also)


def mistake(path: str, found: str, allowed: str, message: str) -> Finding:
    """Something that cannot stay so."""
    return Finding(path, found, allowed, f"{path}: {message}")


def notice(path: str, found: str, message: str) -> Finding:
    """Something that works and may not be meant."""
    return Finding(path, found, "", f"{path}: {message}", None, MistakeKind.NOTICE)


def conditions(agreement: Agreement) -> Iterator[Where]:
    """Every condition of an agreement with its path and the judged columns that it may use."""
    for index, persona in enumerate(agreement.personas):
        yield Where(f"personas[{index}].where", persona.where, ())
    for name, card in agreement.cards.items():
        for index, row in enumerate(card.fit):
            yield Where(f"cards.{name}.fit[{index}].when", row.when, ("persona",))
    yield from _of_qualification(agreement)
    yield from _of_handoffs(agreement)
    yield from _of_answers(agreement)
    for index, shield in enumerate(agreement.contact.shield):
        yield Where(f"contact.shield[{index}].when", shield.when)
    for index, promise in enumerate(agreement.promises):
        yield from _maybe(f"promises[{index}].where", promise.where)


def _of_qualification(agreement: Agreement) -> Iterator[Where]:
    clause = agreement.qualification
    yield from _maybe("qualification.where", clause.where)
    yield from _maybe("qualification.unless", clause.unless)
    yield from _maybe("qualification.always", clause.always)
    yield from _maybe("contact.never", agreement.contact.never)


def _of_handoffs(agreement: Agreement) -> Iterator[Where]:
    for index, rule in enumerate(agreement.routing.rules):
        yield from _maybe(f"routing.rules[{index}].when", rule.when)
    response = agreement.response
    for name, limits in (
        ("answer", response.answer),
        ("first_touch", response.first_touch),
        ("outcome", response.outcome),
    ):
        for index, limit in enumerate(limits):
            yield from _maybe(f"response.{name}[{index}].when", limit.when)


def _of_answers(agreement: Agreement) -> Iterator[Where]:
    for index, reject in enumerate(agreement.answers.reject):
        yield from _maybe(f"answers.reject[{index}].check", reject.check)
    for index, recycle in enumerate(agreement.answers.recycle):
        yield from _maybe(f"answers.recycle[{index}].return", recycle.returns)


def _maybe(path: str, text: str | None) -> Iterator[Where]:
    if text is not None:
        yield Where(path, text)
