"""The diagnosis: the gap, what is known about it, and what cannot be told yet.

found = diagnose(engine, since=…, until=…, at=…, agreements=versions_in_force(engine, at=…))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.document import Agreement
from accord.agreement.promise import newest_fact
from accord.facts.engine import Answers
from accord.facts.errors import AccordError
from accord.insight.diagnosis.case import DIMENSIONS, Case, coded
from accord.insight.diagnosis.cohort import cohorts
from accord.insight.diagnosis.finding import ALPHA, Finding, Looked
from accord.insight.diagnosis.gap import Gap, against_earlier
from accord.insight.diagnosis.planned import against_plan, target
from accord.insight.diagnosis.rules import RULES, look
from accord.insight.misalignment import Misalignment, misalignment
from accord.insight.result import Result, Theme, iso

if TYPE_CHECKING:
    import altair as alt

Told = Callable[[str, int, int], None]
YEAR = timedelta(days=365)
_DEFINITION = (
    "The gap split exactly into factors, and what ten rules found about it; all rules together tell a company without "
    f"a cause one in at most {100 * ALPHA:.0f} of 100 cases."
)


class NothingToDiagnoseError(AccordError):
    """No fact speaks of a lead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Result):
    """`gap` and `price` are None where `cannot` says why; `findings` stand in the order in which they are told."""

    gap: Gap | None
    findings: tuple[Finding, ...]
    looked: tuple[Looked, ...]
    price: Misalignment | None
    since: datetime
    until: datetime
    base_since: datetime
    base_until: datetime
    cannot: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether no rule found anything."""
        return not self.findings

    @property
    def smallest_drop(self) -> float | None:
        """The relative drop in a segment of about a fifth of the records that would be found in 9 of 10 cases."""
        return next((each.smallest_drop for each in self.looked if each.smallest_drop is not None), None)

    def table(self) -> pa.Table:
        """One row per factor of the gap; no rows where there is no gap."""
        return self.gap.table() if self.gap else pa.table({"factor": pa.array([], pa.string())})

    def to_json(self) -> dict[str, Any]:
        return {
            **Result.to_json(self),
            "from": iso(self.since),
            "to": iso(self.until),
            "earlier_from": iso(self.base_since),
            "earlier_to": iso(self.base_until),
            "gap": self.gap.to_json() if self.gap else None,
            "findings": [each.to_json() for each in self.findings],
            "looked_at": [{name: getattr(each, name) for name in each.__slots__} for each in self.looked],
            "smallest_drop": self.smallest_drop,
            "price": self.price.to_json() if self.price else None,
            "cannot": list(self.cannot),
        }

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The waterfall of the gap. Raises AccordError where there is none."""
        if self.gap is None:
            raise AccordError("There is no gap to draw.", remedy=" ".join(self.cannot) or "Record won deals.")
        return self.gap.chart(theme)


def stretch(engine: Answers, *, at: datetime) -> tuple[datetime, datetime]:
    """The default period: the newest half of what is recorded, and no more than a year, both naive UTC.

    Raises NothingToDiagnoseError when nothing is recorded.
    """
    first = engine.one(
        "SELECT min(moment) FROM (SELECT min(occurred_at) AS moment FROM handoffs UNION ALL "
        "SELECT min(occurred_at) FROM deals UNION ALL SELECT min(occurred_at) FROM touches UNION ALL "
        "SELECT min(occurred_at) FROM profiles) AS firsts"
    )[0]
    last = newest_fact(engine, at=at.replace(tzinfo=UTC))
    if not isinstance(first, datetime) or last is None or first >= at:
        raise NothingToDiagnoseError(
            "No lead is recorded here yet, so there is nothing to diagnose.",
            remedy="Import profiles, touches, handoffs or deals first: accord import --help.",
        )
    until = min(at, last.replace(tzinfo=None) + timedelta(microseconds=1))
    return until - min(YEAR, (until - first) / 2), until


def diagnose(
    engine: Answers,
    *,
    at: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    base_since: datetime | None = None,
    base_until: datetime | None = None,
    against: str = "earlier period",
    by: str = "segment",
    agreements: Sequence[Agreement] = (),
    as_known: datetime | None = None,
    answers_checked: pa.Table | None = None,
    progress: Told | None = None,
) -> Diagnosis:
    """Diagnoses [`since`, `until`) against an earlier period, else against the `plan` of the quarter of `until`.

    All moments are naive UTC; left out, the period is the newest half of what is recorded, a year at most, and the
    earlier one is as long and ends where the period begins. `at` is the moment as of which everything is judged.
    Raises NothingToDiagnoseError when nothing is recorded, AccordError for periods or dimensions that cannot be.
    """
    case = _case(engine, at, (since, until, base_since, base_until), agreements, answers_checked)
    if by not in DIMENSIONS:
        raise AccordError(f"The gap cannot be split by {by!r}.", remedy=f"Possible are: {', '.join(DIMENSIONS)}.")
    told = progress or (lambda _step, _done, _of: None)
    steps = len(RULES) + 2
    told("Splitting the gap", 0, steps)
    looked: list[Looked] = []
    findings: list[Finding] = []
    case.read()
    with ThreadPoolExecutor(1) as beside:  # the gap asks the engine nothing more, and one processor would idle
        split = beside.submit(_gap, case, against, by, as_known)
        for place, rule in enumerate(RULES, start=1):
            told("Looking for causes", place, steps)
            finding, what = look(case, rule)
            looked.append(what)
            findings += [finding] if finding else []
        told("Pricing misalignment", steps - 1, steps)
        price = misalignment(case)
        gap, cannot = split.result()
    told("Pricing misalignment", steps, steps)
    return Diagnosis(
        unit=gap.unit if gap else case.currency,
        n=len(case.people),
        definition=_DEFINITION,
        sql=f"{case.people_sql};\n\n{case.handoffs_sql};\n\n{case.deals_sql}",
        as_known=as_known,
        gap=gap,
        findings=tuple(findings),
        looked=tuple(looked),
        price=price,
        since=case.since,
        until=case.until,
        base_since=case.base_since,
        base_until=case.base_until,
        cannot=(*cannot, *(f"{each.title}: {each.cannot}" for each in looked if each.cannot)),
    )


def _case(
    engine: Answers,
    at: datetime,
    asked: tuple[datetime | None, datetime | None, datetime | None, datetime | None],
    agreements: Sequence[Agreement],
    answers_checked: pa.Table | None,
) -> Case:
    since, until, base_since, base_until = asked
    newest_half, end = stretch(engine, at=at)
    at = min(at, end)  # clocks cannot be judged further than facts tell
    until = min(until or end, at)
    since = since or (newest_half if newest_half < until else until - YEAR)
    if since >= until:
        raise AccordError(
            f"The period from {since:%Y-%m-%d} ends before it begins.", remedy="Name a --from before --to, both past."
        )
    base_until = base_until or since
    base_since = base_since or base_until - (until - since)
    held: dict[str, object] = {} if answers_checked is None else {"answers_checked": answers_checked}
    return Case(engine, since, until, base_since, base_until, at, tuple(agreements), held)


def _gap(case: Case, against: str, by: str, as_known: datetime | None) -> tuple[Gap | None, tuple[str, ...]]:
    """The gap, or why there is none to be told."""
    closings, _ = coded(case.deals, "closing")
    if "won" not in closings:
        return None, ("No deal was won, so there is no revenue to explain; what is told below needs none.",)
    if against == "plan":
        due = target(case.agreement, at=case.until)
        if isinstance(due, str):
            return None, (due,)
        return against_plan(case, due), ()
    gap = against_earlier(
        cohorts(case, by=by), currency=case.currency, since=case.since, until=case.until, label=_label(case),
        sql=f"{case.people_sql};\n\n{case.handoffs_sql};\n\n{case.deals_sql}", as_known=as_known,
    )  # fmt: skip
    if not gap.actual and not gap.expected:
        return None, ("No deal was won in either period, so there is no revenue to explain.",)
    return gap, ()


def _label(case: Case) -> str:
    return f"{case.base_since:%Y-%m-%d} to {case.base_until:%Y-%m-%d}"
