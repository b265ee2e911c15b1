"""What became of leads drawn by lot below the line, as the page shows it: counted by the worker, as sums only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord_app.ledger.reads import agreement_in_force
from accord_app.measures import reads as measures
from accord_app.shell.components import step
from accord_app.shell.words import percent

OUTCOMES = {"accepted": "Accepted", "rejected": "Rejected", "qualified": "Qualified", "won": "Became a customer"}
VERDICTS = {
    "too_few": "too few to tell",
    "chance": "cannot be told apart",
    "more": "clearly more often",
    "fewer": "clearly less often",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One group of leads: its share on a scale of 0 to 100 with what chance allows for; without a share where there are
    too few."""

    title: str
    figure: str
    beside: str
    low: int
    middle: int
    high: int
    has_share: bool
    is_lot: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of both groups, and whether they can be told apart."""

    title: str
    days: int
    verdict: str
    difference: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The page. `rule` says how leads are drawn now; empty where the agreement in force draws none."""

    title: str
    count: int
    rule: str
    outcomes: tuple[Outcome, ...]
    definition: str
    sql: str
    age: measures.Age


def page(*, at: datetime) -> Page | None:
    """Everything as last counted; None before anything was."""
    found = measures.drawn(at=at)
    if found is None:
        return None
    told = found.content["outcomes"]
    return Page(
        title=_title(told, found.content["n"]),
        count=found.content["n"],
        rule=_rule(at),
        outcomes=tuple(_outcomes(told)),
        definition=found.content["definition"],
        sql=found.sql,
        age=found.age,
    )


def _title(told: Sequence[Mapping[str, Any]], drawn: int) -> str:
    verdicts = {each["outcome"]: each["verdict"] for each in told}
    clear = [name for name, verdict in verdicts.items() if verdict in ("more", "fewer")]
    if not drawn:
        return "No lead was drawn by lot yet."
    if all(verdict == "too_few" for verdict in verdicts.values()):
        return "Too few leads were drawn by lot to tell how well the line stands."
    if not clear:
        return "Leads below the line cannot be told apart from those just above it."
    words = [f"{OUTCOMES[name].lower()} {VERDICTS[verdicts[name]].removeprefix('clearly ')}" for name in clear]
    return f"Leads below the line {'' if clear == ['won'] else 'were '}{' and '.join(words)} than those just above it."


def _rule(at: datetime) -> str:
    agreement = agreement_in_force(at)
    if agreement is None or agreement.explore is None or agreement.qualification.score is None:
        return ""
    line, explore = agreement.qualification.score.at_least, agreement.explore
    return (
        f"The lot hands over {percent(explore.share)} of leads from {line - explore.points_below:g} points on; "
        f"the line is {line:g}. Beside them stand those from {line:g} to {line + explore.points_below:g} points."
    )


def _outcomes(told: Sequence[Mapping[str, Any]]) -> Iterator[Outcome]:
    for each in told:
        yield Outcome(
            OUTCOMES[each["outcome"]],
            each["days"],
            VERDICTS[each["verdict"]],
            _difference(each["difference"]),
            (_bar("Drawn by lot", each["lot"], is_lot=True), _bar("Just above", each["above"], is_lot=False)),
        )


def _difference(apart: Mapping[str, float] | None) -> str:
    if apart is None:
        return ""
    low, high = (f"{100 * apart[name]:+.0f}".replace("-", "−") for name in ("low", "high"))
    return f"difference {low} to {high} percentage points"


def _bar(title: str, group: Mapping[str, Any], *, is_lot: bool) -> Bar:
    waiting = f", {group['open']:,} with time left" if group["open"] else ""
    if group["rate"] is None:
        figure, beside = f"{group['count']:,} of {group['n']:,}", f"{group['needed']} more needed{waiting}"
        return Bar(title, figure, beside, 0, 0, 0, has_share=False, is_lot=is_lot)
    low, middle, high = (step(100 * group[name]) for name in ("low", "rate", "high"))
    beside = f"{group['count']:,} of {group['n']:,}, {low} to {high}{waiting}"
    return Bar(title, percent(group["rate"]), beside, low, middle, high, has_share=True, is_lot=is_lot)
