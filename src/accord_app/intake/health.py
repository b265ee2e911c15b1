"""How far the facts can be trusted, as the worker last looked at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from accord.facts.health import Finding, Kind, check, nouns
from accord_app.ledger import lake
from accord_app.measures.models import Figure
from accord_app.measures.reads import Age
from accord_app.records.models import Deal, Person

NAME = "health"
OLDEST = timedelta(minutes=15)
TITLES = {
    Kind.EMPTY: ("Cannot be measured", "Nothing is recorded from which these could be worked out."),
    Kind.MISSING: ("Missing", "Figures that need these leave the rows out."),
    Kind.LATE: ("Known late", "Decisions of their time could not take them into account."),
    Kind.DOUBLED: ("Doubled", "The same thing came in under two names, and is counted twice."),
    Kind.CONTRADICTORY: ("Contradictory", "Two facts that cannot both be so."),
    Kind.FUTURE: ("In the future", "They happened after they were known: a clock or a zone is off."),
    Kind.INFERRED: ("Known when, inferred", "The source does not say when it knew; taken as known at once."),
    Kind.DATE_ONLY: ("Dates without a time", "Times to respond cannot be worked out from these."),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One row that a finding is about, and where to look it up."""

    source: str
    about: str
    person_id: str
    deal_id: str
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding with its share in percent and some examples."""

    sentence: str
    table: str
    share: float | None
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind."""

    key: str
    title: str
    meaning: str
    findings: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that was found, and when."""

    facts: tuple[tuple[str, int], ...]
    count: int
    groups: tuple[Group, ...]
    age: Age


def measure(*, at: datetime) -> None:
    """Look at every fact that holds, and keep what was found."""
    begun = perf_counter()
    found = check(lake.ledger())
    content = {"facts": dict(found.facts), "findings": [_as_json(each) for each in found.findings]}
    took = round((perf_counter() - begun) * 1_000)
    defaults = {"content": content, "as_known": at, "measured_at": at, "took_ms": took}
    Figure.objects.update_or_create(name=NAME, defaults=defaults)


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "table": finding.table,
        "share": finding.share if finding.count else None,
        "sentence": finding.sentence,
        "examples": [{name: _plain(value) for name, value in row.items()} for row in finding.examples],
    }


def _plain(value: object) -> object:
    return f"{value.isoformat()}+00:00" if isinstance(value, datetime) else value


def page(*, at: datetime) -> Page | None:
    """What was found last; None before the worker has looked."""
    row = Figure.objects.filter(name=NAME).first()
    if row is None:
        return None
    findings: list[Mapping[str, Any]] = row.content["findings"]
    known = _known(findings)
    groups = (
        Group(kind.value.replace(" ", "-"), *TITLES[kind], tuple(_shown(each, known) for each in some))
        for kind in Kind
        if (some := [each for each in findings if each["kind"] == kind])
    )
    facts = tuple((nouns(table), count) for table, count in row.content["facts"].items() if count)
    passed = at - row.measured_at
    age = Age(row.measured_at, max(0, round(passed.total_seconds())), passed > OLDEST)
    return Page(facts, len(findings), tuple(groups), age)


def _known(findings: list[Mapping[str, Any]]) -> frozenset[str]:
    """Which people and deals of the examples have a page of their own."""
    rows = [row for each in findings for row in each["examples"]]
    people = [row["person_id"] for row in rows if row.get("person_id")]
    deals = [row["deal_id"] for row in rows if row.get("deal_id")]
    return frozenset(Person.objects.filter(pk__in=people).values_list("pk", flat=True)) | frozenset(
        Deal.objects.filter(pk__in=deals).values_list("pk", flat=True)
    )


def _shown(finding: Mapping[str, Any], known: frozenset[str]) -> Shown:
    return Shown(
        finding["sentence"],
        finding["table"],
        finding["share"],
        tuple(_example(row, known) for row in finding["examples"]),
    )


def _example(row: Mapping[str, Any], known: frozenset[str]) -> Example:
    told = (str(row[name]) for name in ("kind", "event", "by", "amount", "currency") if row.get(name) is not None)
    person, deal = (str(row.get(name) or "") for name in ("person_id", "deal_id"))
    when = row.get("occurred_at")
    return Example(
        source=str(row["source"]),
        about=" ".join(told),
        person_id=person if person in known else "",
        deal_id=deal if deal in known else "",
        occurred_at=datetime.fromisoformat(when) if isinstance(when, str) else None,
    )
