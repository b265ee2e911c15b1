"""How both sides stand, as the pages show it: everything was measured by the worker, nothing is counted here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accord.report.figures import unowned_says
from accord.report.numbers import MONTHS, day
from accord_app.handoffs import access
from accord_app.handoffs.models import Handoff
from accord_app.ledger.models import HandoffEvent, Touch
from accord_app.ledger.reads import version_in_force
from accord_app.measures import reads as measures
from accord_app.measures.measuring import records_name
from accord_app.measures.models import Figure, PromiseFigure
from accord_app.members.models import Team, User
from accord_app.records import reads as records_of
from accord_app.records import wording
from accord_app.records.models import Deal, Person
from accord_app.shell.components import Kpi, Stage

MOST_UNOWNED = 999
STRIP = {"kept": "k", "at_risk": "r", "missed": "m"}
STATES = {"kept": "kept", "at_risk": "risk", "missed": "missed"}
WORDS = {
    "kept": "Kept",
    "at_risk": "At risk",
    "missed": "Missed",
    "open": "Open",
    "too_few": "Too few",
    "not_recorded": "Not recorded",
}
VERDICTS = {"kept": "Kept", "missed": "Missed", "open": "Still open"}


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One promise: how it stands and its last periods."""

    title: str
    figure: str
    target: str
    strip: str
    state: str
    word: str
    url: str


@dataclass(frozen=True, slots=True)
class Side:
    """What one side promised."""

    side: str
    title: str
    summary: str
    lines: tuple[PromiseLine, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it was drawn for both looks and two widths, with what it says in words and as a table."""

    says: str
    beside: str
    pictures: Mapping[str, SafeString]
    grid: Mapping[str, Any] | None
    definition: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The page of both teams."""

    title: str
    context: str
    notes: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    sides: tuple[Side, ...]
    both: tuple[PromiseLine, ...]
    funnel_summary: str
    funnel: tuple[Stage, ...]
    funnel_definition: str
    funnel_sql: str
    plan: Drawn | None
    wins: Mapping[str, Any] | None
    wins_says: str
    kept: Drawn | None
    health: Mapping[str, Any]
    age: measures.Age
    funnel_age: measures.Age
    is_simulated: bool


def board(*, at: datetime) -> Board | None:
    """The scoreboard as last measured; None before anything was."""
    shot = measures.scoreboard(at=at)
    if shot is None:
        return None
    told = shot.content
    grouped = measures.promises()
    return Board(
        title=told["title"],
        context=told["context"],
        notes=(*_unowned(), *told["missing"]),
        kpis=tuple(kpi(tile) for tile in told["tiles"]),
        sides=tuple(_side(side, title, grouped) for side, title in (("marketing", "Marketing"), ("sales", "Sales"))),
        both=tuple(_line(periods) for periods in grouped if periods[-1].side in ("both", "leadership")),
        funnel_summary=told["funnel"]["summary"],
        funnel=tuple(_stages(told["funnel"]["bars"])),
        funnel_definition=told["funnel"]["definition"],
        funnel_sql=told["funnel"]["sql"],
        plan=_plan(told.get("plan")),
        wins=told["wins"],
        wins_says=told["wins_says"],
        kept=_kept(told["kept"], told["kept_grid"]),
        health=told["health"],
        age=measures.age_of(grouped[0][-1].measured_at, at) if grouped else shot.age,
        funnel_age=shot.age,
        is_simulated=bool(told["simulated"]),
    )


def _plan(told: Mapping[str, Any] | None) -> Drawn | None:
    if told is None:
        return None
    drawings, beside = pictures(told["chart"]), period_words(told["beside"])
    return Drawn(told["says"], beside, drawings, told["grid"], told["definition"], told["sql"])


def _kept(told: Mapping[str, Any] | None, grid: Mapping[str, Any] | None) -> Drawn | None:
    if told is None:
        return None
    return Drawn(told["label"], "of the periods that ended in each month", pictures(told), grid)


def pictures(chart: Mapping[str, Any]) -> Mapping[str, SafeString]:
    """The drawings as elements of the page, in whose letters they are then written. We drew them ourselves."""
    sizes = [f"{width}_{theme}" for width in ("wide", "narrow") for theme in ("light", "dark")]
    return {size: mark_safe(str(chart[size])) for size in sizes}  # noqa: S308


def period_words(label: str) -> str:
    """`2026-W48` as `week 48`, `2026-10` as `October`, `2026-Q4` as `Q4 2026`; other words stay."""
    year, _, part = label.partition("-")
    if part.startswith("W"):
        return f"week {int(part[1:])}"
    if part.startswith("Q"):
        return f"{part} {year}"
    return MONTHS[int(part) - 1] if part.isdecimal() and 0 < int(part) < 13 else label


def period_title(label: str) -> str:
    """The same with its year, where several years stand beside each other: `Week 48, 2026`, `October 2026`."""
    said, year = period_words(label), label.partition("-")[0]
    if said.startswith("week "):
        return f"{said.capitalize()}, {year}"
    return said if said == label or year in said else f"{said} {year}"


def _unowned() -> tuple[str, ...]:
    """Counted now: nobody waits without an owner for as long as the funnel is not measured anew."""
    waiting = Handoff.objects.filter(closed_at=None, owner=None)[: MOST_UNOWNED + 1].count()
    if waiting > MOST_UNOWNED:
        return (f"More than {MOST_UNOWNED:,} handoffs have no owner. People are waiting, and no clock runs.",)
    return unowned_says(waiting)


def kpi(tile: Mapping[str, Any]) -> Kpi:
    """A tile of the report as a figure of the page."""
    return Kpi(
        title=tile["title"],
        side=tile["team"],
        figure=tile["value"],
        of=tile["of"],
        now=tile["now"],
        words=f"{tile['value']} {tile['beside']}, {tile['says']}",
        target=tile["target"],
        low=tile["low"],
        high=tile["high"],
        caption=", ".join(part for part in (period_words(tile["period"]), _without_count(tile["says"])) if part),
        state=tile["state"] if tile["state"] in ("kept", "risk", "missed") else "",
        state_words=tile["word"],
    )


def _without_count(says: str) -> str:
    """A range without the number of records, for which a tile has no room; the promise's own page has it."""
    return says.partition(", n = ")[0]


def _side(side: str, title: str, grouped: Sequence[Sequence[PromiseFigure]]) -> Side:
    lines = tuple(_line(periods) for periods in grouped if periods[-1].side == side)
    judged = [line for line in lines if line.state]
    kept = sum(line.state == "kept" for line in judged)
    summary = f"{kept} of {len(judged)} kept" if judged else "nothing to judge yet"
    return Side(side, f"{title} promised", summary, lines)


def _line(periods: Sequence[PromiseFigure]) -> PromiseLine:
    shown = measures.headline(periods)
    return PromiseLine(
        title=str(shown.details["title"]),
        figure=figure(shown),
        target=of(shown),
        strip="".join(STRIP.get(each.state, "o") for each in periods),
        state=STATES.get(shown.state, ""),
        word=WORDS[shown.state],
        url=reverse("scoreboard:promise", args=[shown.promise]),
    )


def figure(shown: PromiseFigure) -> str:
    """The value; for too few records how many there are: `18`."""
    return f"{shown.denominator:,.0f}" if _is_too_few(shown) else shown.shown


def of(shown: PromiseFigure) -> str:
    """What stands beside the value: `of 90 %`, or how many records it takes: `of 20 records`."""
    if _is_too_few(shown):
        return f"of {shown.denominator + shown.details['missing']:,.0f} records"
    return f"of {shown.details['target']}"


def _is_too_few(shown: PromiseFigure) -> bool:
    return shown.state == "too_few" and shown.denominator is not None and bool(shown.details.get("missing"))


def _stages(bars: Sequence[Mapping[str, Any]]) -> Iterator[Stage]:
    """The step that leads to a stage stands with it in the report and before it on the page."""
    for bar, following in zip(bars, [*bars[1:], None], strict=True):
        yield Stage(
            title=bar["name"],
            side=bar["team"],
            count=bar["count"],
            beside=bar["beside"],
            width=bar["width"],
            rate=following["step"] if following else "",
            pace=following["step_says"] if following else "",
        )


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a promise in a list."""

    label: str
    title: str
    figure: str
    target: str
    state: str
    word: str
    sentence: str
    url: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One record behind a figure, by a name that people know. `url` leads to it where whoever looks may open it."""

    title: str
    beside: str
    when: datetime
    team: str
    verdict: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class PromisePage:
    """A promise opened: what it counts, how it stood, and the records behind a period."""

    promise: str
    title: str
    side: str
    definition: str
    article_url: str
    shown: Period
    periods: tuple[Period, ...]
    records: tuple[Record, ...]
    are_records_kept: bool
    sql: str
    age: measures.Age


def promise_page(*, promise: str, label: str | None, viewer: User, at: datetime) -> PromisePage | None:
    """A promise and one of its periods (the one of the headline if None); None when there is no such one."""
    rows = [] if "\x00" in promise else list(PromiseFigure.objects.filter(promise=promise).order_by("begins_at"))
    if not rows:
        return None
    chosen = measures.headline(rows) if label is None else next((r for r in rows if r.details["period"] == label), None)
    if chosen is None:
        return None
    kept = records(promise=promise, label=str(chosen.details["period"]))
    periods = tuple(_period(row, chosen) for row in reversed(rows))
    return PromisePage(
        promise=promise,
        title=str(chosen.details["title"]),
        side={"leadership": "both"}.get(chosen.side, chosen.side),
        definition=str(chosen.details["definition"]),
        article_url=_article(promise, at),
        shown=next(period for period in periods if period.is_shown),
        periods=periods,
        records=tuple(_records(kept or [], viewer)),
        are_records_kept=kept is not None,
        sql=str(chosen.details["sql"]),
        age=measures.age_of(chosen.measured_at, at),
    )


def records(*, promise: str, label: str) -> list[dict[str, Any]] | None:
    """The records behind a period as measured; None where only the figure was kept."""
    name = records_name(promise, label)
    row = None if "\x00" in name else Figure.objects.filter(name=name).first()
    return row.content if row else None


def _period(row: PromiseFigure, chosen: PromiseFigure) -> Period:
    label = str(row.details["period"])
    return Period(
        label=label,
        title=period_title(label),
        figure=row.shown,
        target=str(row.details["target"]),
        state=STATES.get(row.state, ""),
        word=WORDS[row.state],
        sentence=measures.said(row),
        url=reverse("scoreboard:period", args=[row.promise, label]),
        is_shown=row.pk == chosen.pk,
    )


def _article(promise: str, at: datetime) -> str:
    """The article under which the promise is measured."""
    from accord.agreement import prose

    version = version_in_force(at)
    for article in prose.articles(version.agreement) if version else ():
        if promise in article.promises:
            return f"{reverse('agreements:agreement')}#article-{article.no}"
    return reverse("agreements:agreement")


def _records(kept: Sequence[Mapping[str, Any]], viewer: User) -> Iterator[Record]:
    known = known_records([str(row["record_id"]) for row in kept], viewer)
    teams = dict(Team.objects.values_list("name", "title"))
    for row in kept:
        record_id, verdict, team = str(row["record_id"]), str(row["verdict"]), str(row.get("team") or "")
        found = known.get(record_id) or Known(_dated(record_id))
        yield Record(
            title=found.title,
            beside=found.beside,
            when=datetime.fromisoformat(str(row["cohort_at"])).replace(tzinfo=UTC),
            team=teams.get(team, team),
            verdict=VERDICTS.get(verdict, _capital(verdict.replace("_", " "))),
            state="missed" if verdict == "missed" else "",
            url=found.url,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What a record is called, what helps to tell it from others, and where it is opened."""

    title: str
    beside: str = ""
    url: str = ""


_DATED = re.compile(r"([a-z_ ]+) (\d{4}-\d{2}-\d{2})")


def _dated(record_id: str) -> str:
    """What is no handoff and no deal bears its date or its period: `meeting 2026-08-11` is `Meeting of 11 August`."""
    found = _DATED.fullmatch(record_id)
    if found is None:
        return period_title(record_id)
    on = date.fromisoformat(found[2])
    return f"{_capital(found[1].replace('_', ' '))} of {on.day} {MONTHS[on.month - 1]} {on.year}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def known_records(ids: Sequence[str], viewer: User) -> dict[str, Known]:
    """Records by name: a handoff, by its id or by the fact of one of its events, as its person; a touch, by its fact,
    as its person; a deal as its account; a person as such."""
    behind = _handoffs_behind(ids)
    rows = Handoff.objects.filter(pk__in=set(behind.values())).select_related("person__account")
    may_open = set(access.visible(viewer).filter(pk__in=set(behind.values())).values_list("pk", flat=True))
    handoffs = {row.pk: _of_handoff(row, may_open) for row in rows}
    found = {each: handoffs[handoff_id] for each, handoff_id in behind.items() if handoff_id in handoffs}
    deals = records_of.deal_rows(list(Deal.objects.filter(pk__in=ids)))
    urls = {row.deal_id: reverse("records:deal", args=[row.deal_id]) for row in deals}
    found |= {row.deal_id: Known(row.title, row.amount, urls[row.deal_id]) for row in deals}
    found |= _touches([each for each in ids if ":" in each and each not in found])
    return found | _people([each for each in ids if ":" not in each and each not in found])


def _people(ids: Sequence[str]) -> dict[str, Known]:
    people = Person.objects.select_related("account").in_bulk(ids) if ids else {}
    return {each: _of_person(person) for each, person in people.items()}


def _touches(ids: Sequence[str]) -> dict[str, Known]:
    if not ids:
        return {}
    facts = [tuple(each.split(":", 1)) for each in ids]
    which = Touch.facts().filter(source__in={f[0] for f in facts}, source_id__in={f[1] for f in facts})
    told = {f"{row['source']}:{row['source_id']}": row for row in which.order_by("revision", "id").values()}
    people = Person.objects.in_bulk({told[each]["person_id"] for each in ids if each in told})
    return {
        each: _of_touch(told[each], person)
        for each in ids
        if each in told and (person := people.get(told[each]["person_id"]))
    }


def _of_touch(row: Mapping[str, Any], person: Person) -> Known:
    said = f"{wording.touch(row)}, {day(timezone.localdate(row['occurred_at']))}"
    return Known(str(person), said, reverse("records:person", args=[person.pk]))


def _of_handoff(row: Handoff, may_open: Collection[str]) -> Known:
    """Whoever may not open a handoff of another team comes to the person."""
    known = _of_person(row.person)
    return replace(known, url=reverse("handoffs:one", args=[row.pk])) if row.pk in may_open else known


def _of_person(person: Person) -> Known:
    title = person.name or person.email or ("Erased person" if person.erased_at else "A lead without a name")
    return Known(title, person.employer, reverse("records:person", args=[person.pk]))


def _handoffs_behind(ids: Sequence[str]) -> dict[str, str]:
    facts = [tuple(each.split(":", 1)) for each in ids if ":" in each]
    events = HandoffEvent.facts().filter(source__in={f[0] for f in facts}, source_id__in={f[1] for f in facts})
    told = events.values_list("source", "source_id", "handoff_id")
    found = {f"{source}:{source_id}": str(handoff_id) for source, source_id, handoff_id in told}
    return found | {each: each for each in ids if ":" not in each}
