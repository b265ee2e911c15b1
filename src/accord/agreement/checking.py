"""What is well formed in an agreement and still cannot work: unknown names, conditions that cannot run, clauses that
contradict each other.

Each rule is a function that yields findings; `RULES` is the ordered table of them. A rule that looks at an article of
which something could not be read is skipped, so that one mistake is told once and not as five.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from accord.agreement import contradictions, fading, names, unknowns
from accord.agreement.columns import LEAD_COLUMNS, STANDING
from accord.agreement.condition import ConditionError, parse
from accord.agreement.counting import _HANDOFF_COLUMNS as RECORD_COLUMNS
from accord.agreement.document import Agreement
from accord.agreement.finding import JUDGED, Finding, Known, Rule, Where, conditions
from accord.agreement.metrics import METRICS
from accord.agreement.mistake import Mistake, in_order, listed, nearest
from accord.agreement.yaml_text import places

Place = tuple[int, int]


BEFORE_HANDOFFS = ("personas", "cards", "routing", "response")
"""Articles that are read before it is known how each person stands."""


def check(
    agreement: Agreement,
    metrics: Mapping[str, Any] | None = None,
    *,
    columns: Mapping[str, Any] | None = None,
    broken: Collection[str] = (),
    misspelt: Mapping[str, str] | None = None,
) -> tuple[Mistake, ...]:
    """Every mistake and contradiction between the clauses of an agreement, in the order of its text.

    `metrics` and `columns` are what promises and conditions may name, by default all that Accord knows. `broken` are
    paths that could not be read (`reading.Draft.broken`); nothing is said about what depends on them. `misspelt` says
    which paths are written otherwise. Lines come from `agreement.text` and are 0 for one that was not read from text.
    """
    known = Known(METRICS if metrics is None else metrics, LEAD_COLUMNS if columns is None else columns)
    found = [each for rule in RULES if not rule.hidden_by(broken) for each in rule.find(agreement, known)]
    where = places(agreement.text)
    named = [replace(each, path=_as_written(each.path, where)) for each in found]
    where = _with_misspelt(where, misspelt or {})
    return in_order(each.at(*_place(each.path, where)) for each in named if not _depends_on_broken(each, broken))


def _depends_on_broken(finding: Finding, broken: Collection[str]) -> bool:
    paths = (finding.path, *finding.also)
    return any(_under(path, each) or _under(each, path) for path in paths for each in broken if each)


def _under(path: str, above: str) -> bool:
    return path == above or (path.startswith(above) and path[len(above)] in ".[")


def _with_misspelt(where: Mapping[str, Place], misspelt: Mapping[str, str]) -> Mapping[str, Place]:
    """The places of what stands below misspelt keys, under the right ones too; outer keys come before inner ones."""
    found = dict(where)
    for meant, written in misspelt.items():
        found |= {f"{meant}{path[len(written) :]}": at for path, at in found.items() if _under(path, written)}
    return found


def _as_written(path: str, where: Mapping[str, Place]) -> str:
    """A single limit is written without a list: `response.answer.within`, not `response.answer[0].within`."""
    single = re.sub(r"^(response\.\w+)\[0\]", r"\1", path)
    return single if single in where and path not in where else path


def _place(path: str, where: Mapping[str, Place]) -> Place:
    while path and path not in where:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return where.get(path, (1, 1) if where else (0, 0))


def _unreadable_conditions(agreement: Agreement, known: Known) -> Iterator[Finding]:
    for where in conditions(agreement):
        if where.text and not where.path.startswith("promises"):
            names = [name for name in known.columns if _is_known_at(where, name)]
            yield from _parsed(where, {name: known.columns[name] for name in names})


def _is_known_at(where: Where, name: str) -> bool:
    if name in STANDING:
        return not where.path.startswith(BEFORE_HANDOFFS)
    return name not in JUDGED or name in where.judged


def _unmeasurable_conditions(agreement: Agreement, known: Known) -> Iterator[Finding]:
    for index, promise in enumerate(agreement.promises):
        where = Where(f"promises[{index}].where", promise.where or "")
        refused = list(_parsed(where, {**known.columns, **RECORD_COLUMNS})) if promise.where else []
        yield from refused
        kept = getattr(known.metrics.get(promise.metric), "columns", None)
        if promise.where and not refused and kept is not None:
            used = parse(where.text, {**known.columns, **RECORD_COLUMNS}).columns
            yield from _not_kept(where, used, promise.metric, kept)


def _not_kept(where: Where, used: frozenset[str], metric: str, kept: tuple[str, ...]) -> Iterator[Finding]:
    for name in sorted(used - set(kept)):
        allowed = listed(kept, "or") or "no condition at all"
        message = f"{where.path}: {name} is not kept on the records of {metric}; allowed is {allowed}."
        yield Finding(where.path, name, allowed, message, nearest(name, kept) if kept else None)


def _parsed(where: Where, columns: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        parse(where.text, columns)
    except ConditionError as error:
        yield _refused(where, error)


def _refused(where: Where, error: ConditionError) -> Finding:
    if error.found in JUDGED:
        reason = f"{error.found} cannot be used here: it is worked out from this"
        return Finding(
            where.path, error.found, "columns that are known before the card is read", f"{where.path}: {reason}."
        )
    if error.found in STANDING:
        reason = f"{error.found} cannot be used here: personas, cards, routes and clocks go by facts alone"
        return Finding(where.path, error.found, "columns that do not speak of handoffs", f"{where.path}: {reason}.")
    near = f" Did you mean {error.nearest}?" if error.nearest else ""
    message = f"{where.path}: {error.reason.rstrip('.')}; found {error.found}.{near}"
    return Finding(where.path, error.found, error.allowed, message, error.nearest)


RULES: tuple[Rule, ...] = (
    Rule(_unreadable_conditions),
    Rule(_unmeasurable_conditions),
    *names.RULES,
    *contradictions.RULES,
    *unknowns.RULES,
    *fading.RULES,
)
