"""What became of leads that were given back, as the page shows it: measured by the worker, nothing is counted here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accord.insight.defects import KINDS
from accord.insight.result import ENOUGH
from accord_app.measures import reads as measures
from accord_app.measures.measuring import MOST_RECORDS
from accord_app.members.models import User
from accord_app.scoreboard.reads import Known, known_records
from accord_app.shell.words import percent

ANSWERS = {"rejected": "Rejected", "recycled": "Recycled"}
CAME_TO = {"accepted": "accepted later", "deal": "became a deal", "won": "won"}
DEFECTS = {"incomplete": "Incomplete", "wrong_data": "Wrong data", "late": "Late"}


@dataclass(frozen=True, slots=True)
class Share:
    """A share in words, with what chance allows for below it; or why there is none."""

    figure: str
    beside: str


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead that came to something, by name. `url` leads to the handoff, or to the person for whoever may not open
    it."""

    title: str
    beside: str
    url: str
    when: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, what became of its leads, and those that came to something."""

    answer: str
    title: str
    count: str
    waiting: str
    shares: tuple[Share, ...]
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of defect."""

    title: str
    sentence: str
    share: Share


@dataclass(frozen=True, slots=True)
class Page:
    """The page of both teams."""

    title: str
    days: int
    columns: tuple[str, ...]
    reasons: tuple[Reason, ...]
    most: str
    defects: tuple[Defect, ...]
    definition: str
    sql: str
    age: measures.Age


def page(*, viewer: User, at: datetime) -> Page | None:
    """Everything as last measured; None before anything was."""
    found = measures.given_back(at=at)
    if found is None:
        return None
    later, records = found.content["later"], found.content["records"]
    reasons = tuple(_reasons(later["reasons"], records, found.content["labels"], viewer))
    return Page(
        title=_title(later["reasons"], later["within_days"]),
        days=later["within_days"],
        columns=tuple(CAME_TO.values()),
        reasons=reasons,
        most=f"The newest {MOST_RECORDS} of all reasons are listed." if len(records) == MOST_RECORDS else "",
        defects=tuple(_defects(found.content["defects"]["kinds"])),
        definition=later["definition"],
        sql=found.sql,
        age=found.age,
    )


def _title(rows: Sequence[Mapping[str, Any]], days: int) -> str:
    won = [row for row in rows if row["outcome"] == "won"]
    given_back, count = sum(row["n"] for row in won), sum(row["count"] for row in won)
    if not given_back:
        return "No lead was given back long enough ago to tell."
    leads = f"{given_back:,} leads that were" if given_back != 1 else "1 lead that was"
    return f"Of {leads} given back, {count:,} {'was' if count == 1 else 'were'} won within {days} days."


def _reasons(
    rows: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]], labels: Mapping[str, str], viewer: User
) -> Iterator[Reason]:
    known = known_records([str(each["handoff_id"]) for each in records], viewer)
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["answer"], row["reason"] or ""), []).append(row)
    for (answer, code), outcomes in grouped.items():
        first = outcomes[0]
        theirs = [each for each in records if (each["answer"], each["reason"] or "") == (answer, code)]
        yield Reason(
            answer=ANSWERS.get(answer, answer),
            title=labels.get(code, code) or "No reason",
            count=f"{first['n']:,}",
            waiting=f"{first['open']:,} with time left" if first["open"] else "",
            shares=tuple(_share(row) for row in outcomes),
            leads=tuple(_lead(each, known[each["handoff_id"]]) for each in theirs if each["handoff_id"] in known),
        )


def _share(row: Mapping[str, Any]) -> Share:
    if row["rate"] is None:
        needed = ENOUGH - row["n"]
        return Share(f"{row['count']:,} of {row['n']:,}", f"too few to tell, {needed} more needed")
    return Share(percent(row["rate"]), f"{100 * row['low']:.0f} to {100 * row['high']:.0f}")


def _lead(record: Mapping[str, Any], known: Known) -> Lead:
    came_to = ", ".join(word for name, word in CAME_TO.items() if record[name])
    ended = datetime.fromisoformat(str(record["ended_at"])).replace(tzinfo=UTC)
    return Lead(known.title, known.beside, known.url, ended, came_to)


def _defects(rows: Sequence[Mapping[str, Any]]) -> Iterator[Defect]:
    for row in rows:
        yield Defect(DEFECTS[row["kind"]], KINDS[row["kind"]], _share(row))
