"""All rules of the diagnosis, in the order in which their findings are told.

Facts that cannot be trusted come first, for everything else is made of them. A finding that names an act comes before
one that only names a place, because the place usually shows what the act brought about.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord.insight.diagnosis import (
    campaigns,
    capacity,
    content_gap,
    contradicted,
    leak,
    price,
    rejected_source,
    slow_hours,
    unowned,
    untrusted,
)
from accord.insight.diagnosis.case import Case
from accord.insight.diagnosis.finding import Candidate, Examined, Finding, Looked, Rule

RULES: tuple[Rule, ...] = (
    untrusted.RULE,
    unowned.RULE,
    capacity.RULE,
    campaigns.RULE,
    rejected_source.RULE,
    contradicted.RULE,
    slow_hours.RULE,
    content_gap.RULE,
    price.RULE,
    leak.RULE,
)


def look(case: Case, rule: Rule) -> tuple[Finding | None, Looked]:
    """What one rule finds. Its comparisons share its level, evenly unless they say otherwise, so that the rule as a
    whole is wrong by chance no more often than its level says (Bonferroni)."""
    examined = rule.examine(case)
    level = rule.level / max(len(examined.candidates), 1)
    clear = sorted((each for each in examined.candidates if each.p <= (each.level or level)), key=lambda each: each.p)
    return (_finding(rule, clear) if clear else None), _looked(rule, examined, level)


def _finding(rule: Rule, clear: list[Candidate]) -> Finding:
    first, *others = clear
    return Finding(
        rule=rule.name,
        title=rule.title,
        says=first.says,
        amount=first.amount,
        unit=first.unit,
        interval=first.interval,
        n=first.n,
        who=rule.who,
        record_kind=first.record_kind,
        records=first.records,
        p=first.p,
        also=tuple(each.says for each in others),
        subject=first.subject,
    )


def _looked(rule: Rule, examined: Examined, level: float) -> Looked:
    return Looked(
        rule.name, rule.title, len(examined.candidates), level, examined.cannot, examined.limit, examined.smallest_drop
    )


def looks(case: Case) -> Iterator[tuple[Finding | None, Looked]]:
    """What every rule finds, one after the other in their order."""
    for rule in RULES:
        yield look(case, rule)
