"""A stage that leaks for one segment: its people pass one stage less often than before, others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from accord.insight.diagnosis.case import DIMENSIONS, Case, Flags, coded, ids, known, moments, share, words
from accord.insight.diagnosis.chance import Share, fall, smallest_fall
from accord.insight.diagnosis.finding import Candidate, Examined, Rule
from accord.insight.result import ENOUGH, Interval

SMALLEST = 0.05  # of all records of a stage; smaller groups are not looked at, for nothing could be seen in them
LEVEL = 0.022
FEWEST = 5  # records that passed the stage, before and now


@dataclass(frozen=True, slots=True)
class Stage:
    """Records that stood before a stage, those that passed it, and by which moment each belongs to a period. `part` is
    its part of the rule's level: most where there are most records to see anything in."""

    name: str
    table: pa.Table
    id: str
    kind: str
    came: np.ndarray
    stood: Flags
    passed: Flags
    part: float


def stages(case: Case) -> Iterator[Stage]:
    """Offer to acceptance, acceptance to opportunity, closing to win; each by the date of its first moment."""
    handoffs, deals = case.handoffs, case.deals
    answered, accepted = known(handoffs, "answer"), words(handoffs, "answer") == "accepted"
    offered = moments(handoffs, "offered_at")
    yield Stage("accepted by sales", handoffs, "handoff_id", "handoffs", offered, answered, accepted, 0.8)
    ended, qualified = accepted & known(handoffs, "ending"), words(handoffs, "ending") == "qualified"
    yield Stage("qualified by sales", handoffs, "handoff_id", "handoffs", offered, ended, qualified, 0.1)
    closing = words(deals, "closing")
    closed = (closing == "won") | (closing == "lost")
    yield Stage("won", deals, "deal_id", "deals", moments(deals, "closed_at"), closed, closing == "won", 0.1)


def compared(case: Case) -> list[Candidate]:
    """Every comparison that can be made, with its part of the level."""
    told: list[Candidate] = []
    for stage in stages(case):
        found = list(_of_stage(case, stage))
        told += [replace(each, level=LEVEL * stage.part / len(found)) for each in found]
    return told


def examine(case: Case) -> Examined:
    """Every group with at least 5 % of a stage's records, by segment, origin and country."""
    told = compared(case)
    if not told:
        return Examined(cannot=f"No stage has a group with {ENOUGH} records now and before.")
    first = next(stages(case))
    now, before = (int((period(first.came) & first.stood).sum()) for period in (case.in_period, case.in_base))
    if min(now, before) < 5 * ENOUGH:
        return Examined(tuple(told))
    rate = share(first.passed, case.in_base(first.came) & first.stood).rate
    level = next((each.level for each in told if each.subject.startswith(first.name)), None) or LEVEL
    drop = smallest_fall(rate, now=now // 5, before=before // 5, rest_now=now - now // 5,
                         rest_before=before - before // 5, level=level)  # fmt: skip
    says = (
        f"Of {now + before:,} records, a relative drop of {100 * drop:.0f} % in being {first.name}, in a segment of "
        "20 % of them, would be found in 9 of 10 cases."
    )
    return Examined(tuple(told), limit=says, smallest_drop=drop)


def _of_stage(case: Case, stage: Stage) -> Iterator[Candidate]:
    now, before = case.in_period(stage.came) & stage.stood, case.in_base(stage.came) & stage.stood
    counted = (now & stage.passed, now, before & stage.passed, before)
    whole = [int(flags.sum()) for flags in counted]
    for name in DIMENSIONS:
        told, numbers = coded(stage.table, name)
        by_value = [np.bincount(numbers[flags], minlength=len(told))[:-1].tolist() for flags in counted]
        for place in sorted(np.flatnonzero(by_value[1]), key=lambda each: str(told[each])):
            shares = _four([each[place] for each in by_value], whole)
            if _enough(shares):
                missed = now & (numbers == place) & ~stage.passed
                yield _one(stage, f"{name} {told[place]}", shares, ids(stage.table, stage.id, missed))


def _four(here: Sequence[int], whole: Sequence[int]) -> tuple[Share, ...]:
    """Shares now and before of one group, then of all others, from how many passed and stood now and before."""
    rest = [every - own for every, own in zip(whole, here, strict=True)]
    return tuple(Share(counts[place], counts[place + 1]) for counts in (here, rest) for place in (0, 2))


def _enough(shares: tuple[Share, ...]) -> bool:
    of, part = shares[0].of + shares[1].of + shares[2].of + shares[3].of, shares[0].of + shares[1].of
    return min(each.of for each in shares) >= ENOUGH and part >= SMALLEST * of and shares[1].count >= FEWEST


def _one(stage: Stage, subject: str, shares: tuple[Share, ...], records: tuple[str, ...]) -> Candidate:
    here, was, rest, rest_was = shares
    found = fall(here, was, rest, rest_was)
    return Candidate(
        p=found.p,
        says=f"In {subject}, {100 * here.rate:.0f} % were {stage.name} ({here.count} of {here.of}), before "
        f"{100 * was.rate:.0f} %; elsewhere {100 * rest.rate:.0f} %, before {100 * rest_was.rate:.0f} %.",
        amount=100 * found.drop,
        unit="% fewer than if it had changed as elsewhere",
        interval=Interval(100 * found.interval.low, 100 * found.interval.high),
        n=sum(each.of for each in shares),
        record_kind=stage.kind,
        records=records,
        subject=f"{stage.name}, {subject}",
    )


RULE = Rule("leak", "A stage that leaks for one segment", "both", examine, level=LEVEL)
