"""The agreement as both teams read it: its articles, and beside each what has become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.urls import reverse

from accord.agreement import diff, prose
from accord.agreement.called import called
from accord.agreement.document import Agreement
from accord.agreement.mistake import Mistake, MistakeKind
from accord.agreement.names import handles
from accord.agreement.reading import read
from accord_app.agreements import points
from accord_app.ledger.models import AgreementEvent
from accord_app.ledger.reads import Version, versions
from accord_app.measures import reads as measures
from accord_app.measures.models import PromiseFigure
from accord_app.members.models import User
from accord_app.shell.components import Evidence, Sign

STRIP = {"kept": "k", "at_risk": "r", "missed": "m"}
_WORDS: dict[str, tuple[Literal["kept", "risk", "missed"], str]] = {
    "kept": ("kept", "Kept"),
    "at_risk": ("risk", "At risk"),
    "missed": ("missed", "Missed"),
}
_SIDES = {"leadership": "both"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an article's text; marked where it is a quantity that was agreed."""

    text: str
    is_mark: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """One article with what stands beside it. `anchors` are the paths by which other pages link to it."""

    no: int
    title: str
    pieces: tuple[Piece, ...]
    points: tuple[points.Table, ...]
    anchors: tuple[str, ...]
    judged: tuple[Evidence, ...]
    waiting: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the list of versions."""

    number: int
    since: datetime
    is_current: bool
    is_to_come: bool
    summary: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """One version with its evidence."""

    version: int
    since: datetime
    company: str
    sentence: str
    clauses: tuple[Clause, ...]
    signatures: tuple[Sign, ...]
    versions: tuple[Row, ...]
    is_current: bool
    text: str
    age: measures.Age | None


def page(*, number: int | None, at: datetime) -> Page | None:
    """A version (the one in force if None) with its evidence; None when there is no such version."""
    every = versions()
    current = _current(every, at)
    shown = current if number is None else next((each for each in every if each.version == number), None)
    if shown is None:
        return None
    agreement = shown.agreement
    figures = measures.promises() if shown is current else []
    clauses = tuple(_clauses(agreement, shown.text, figures))
    return Page(
        version=shown.version,
        since=shown.since,
        company=agreement.company,
        sentence=_sentence(agreement, clauses, figures),
        clauses=clauses,
        signatures=tuple(_signatures(shown, agreement)),
        versions=tuple(_rows(every, current)),
        is_current=shown is current,
        text=shown.text,
        age=_age(figures, at),
    )


def _current(every: Sequence[Version], at: datetime) -> Version | None:
    return next((each for each in reversed(every) if each.since <= at), None)


def _sentence(agreement: Agreement, clauses: Sequence[Clause], figures: Sequence[Sequence[PromiseFigure]]) -> str:
    promises, (fine, judged) = len(agreement.promises), measures.on_course(figures)
    course = f", {fine} of {judged} that can be judged are on course" if judged else ""
    return f"{len(clauses)} articles, {promises} {'promise' if promises == 1 else 'promises'}{course}."


def _clauses(agreement: Agreement, text: str, figures: Sequence[Sequence[PromiseFigure]]) -> list[Clause]:
    by_id = {periods[-1].promise: periods for periods in figures}
    later = not_yet(text)
    return [
        _clause(agreement, article, [by_id[name] for name in article.promises if name in by_id], later)
        for article in prose.articles(with_names(agreement))
    ]


def with_names(agreement: Agreement) -> Agreement:
    """The same agreement with its people as the workspace calls them."""
    return called(agreement, dict(User.objects.filter(handle__in=_mentioned(agreement)).values_list("handle", "name")))


def _mentioned(agreement: Agreement) -> set[str]:
    """Those with a role, a team or a signature, and whom a clause alone names."""
    look = agreement.answers.second_look
    weighted = {who for rule in agreement.routing.rules for who in rule.weights}
    told = {step.to for step in agreement.response.on_breach if step.to}
    return handles(agreement) | weighted | told | ({look.by} if look else set())


def _clause(
    agreement: Agreement, article: prose.Article, figures: Sequence[Sequence[PromiseFigure]], later: Sequence[Mistake]
) -> Clause:
    return Clause(
        no=article.no,
        title=article.title,
        pieces=tuple(pieces(article.marked)),
        points=points.tables(agreement.cards) if all(path.startswith("cards.") for path in article.paths) else (),
        anchors=tuple(anchor(path) for path in article.paths),
        judged=tuple(_evidence(periods) for periods in figures if _is_judged(periods)),
        waiting=tuple(_waiting(periods) for periods in figures if not _is_judged(periods)),
        later=tuple(each.message for each in later if _speaks_of(article.paths, each.path)),
    )


def not_yet(text: str) -> list[Mistake]:
    """What the text says and this version of Accord does not enforce yet."""
    _, found = read(text)
    return [each for each in found if each.kind is MistakeKind.NOT_YET_ENFORCED]


def _speaks_of(paths: Sequence[str], path: str) -> bool:
    roots = {each.partition(".")[0].partition("[")[0] for each in paths}
    return path.partition(".")[0].partition("[")[0] in roots


def pieces(marked: str) -> list[Piece]:
    """An article's text in stretches, of which every other is a quantity that was agreed."""
    return [Piece(text, place % 2 == 1) for place, text in enumerate(prose.MARK.split(marked)) if text]


def anchor(path: str) -> str:
    """How a clause is linked to: `response.on_breach.0` as `c-response-on_breach-0`."""
    return "c-" + path.replace("[", "-").replace("]", "").replace(".", "-")


def _is_judged(periods: Sequence[PromiseFigure]) -> bool:
    return measures.headline(periods).state in _WORDS


def _evidence(periods: Sequence[PromiseFigure]) -> Evidence:
    shown = measures.headline(periods)
    state, words = _WORDS[shown.state]
    return Evidence(
        what=str(shown.details["title"]),
        side=_SIDES.get(shown.side, shown.side),
        figure=shown.shown,
        of=str(shown.details["target"]),
        state=state,
        strip="".join(STRIP.get(each.state, "o") for each in periods),
        strip_words=f"Last {len(periods)} periods",
        state_words=words,
        url=reverse("scoreboard:promise", args=[shown.promise]),
    )


def _waiting(periods: Sequence[PromiseFigure]) -> str:
    shown = measures.headline(periods)
    said = measures.said(shown)
    return f"{shown.details['title']}: {said[:1].lower()}{said[1:]}"


def _signatures(shown: Version, agreement: Agreement) -> list[Sign]:
    """Who signed for each side; the signatories with an open place where nobody has."""
    rows = AgreementEvent.facts().filter(version=shown.version, event="signed").order_by("occurred_at")
    signed = {row["side"]: row for row in rows.values("side", "by", "occurred_at")}
    names = dict(User.objects.values_list("handle", "name"))
    found = []
    for side, title, people in (
        ("marketing", "For marketing", agreement.signatories.marketing),
        ("sales", "For sales", agreement.signatories.sales),
    ):
        row = signed.get(side)
        if row:
            found.append(
                Sign(side, title, names.get(row["by"], row["by"]), f"Signed {row['occurred_at']:%d %B %Y, %H:%M} UTC")
            )
        else:
            found.append(Sign(side, title, "", f"Not signed in Accord. Signs: {', '.join(people)}"))
    return found


def _rows(every: Sequence[Version], current: Version | None) -> list[Row]:
    rows = []
    for place, each in enumerate(every):
        before = every[place - 1].agreement if place else None
        to_come = current is None or each.since > current.since
        rows.append(
            Row(
                number=each.version,
                since=each.since,
                is_current=each is current,
                is_to_come=to_come and each is not current,
                summary=_changed(before, each.agreement),
                url=reverse("agreements:version", args=[each.version]),
            )
        )
    return rows[::-1]


def _changed(before: Agreement | None, after: Agreement) -> str:
    if before is None:
        return "First version"
    titles = [each.title for each in diff.rewritten(before, after)]
    return f"Changed: {', '.join(titles[:3])}" + (" and more" if len(titles) > 3 else "") if titles else "Same articles"


def _age(figures: Sequence[Sequence[PromiseFigure]], at: datetime) -> measures.Age | None:
    return measures.age_of(figures[0][-1].measured_at, at) if figures else None


@dataclass(frozen=True, slots=True)
class Reworded:
    """One article in both versions, word by word; empty where a version does not have it."""

    title: str
    before: tuple[diff.Words, ...]
    after: tuple[diff.Words, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, article by article and clause by clause."""

    older: int
    newer: int
    articles: tuple[Reworded, ...]
    clauses: tuple[diff.Change, ...]


def comparison(*, older: int, newer: int) -> Comparison | None:
    """What differs between two versions; None when one of them does not exist."""
    found = {each.version: each.agreement for each in versions()}
    if older not in found or newer not in found:
        return None
    before, after = found[older], found[newer]
    articles = (_reworded(each) for each in diff.rewritten(with_names(before), with_names(after)))
    return Comparison(older, newer, tuple(articles), tuple(diff.changes(before, after)))


def _reworded(each: diff.Rewritten) -> Reworded:
    """What a whole article says anew is not marked word by word."""
    if not each.before or not each.after:
        return Reworded(each.title, _unmarked(each.before), _unmarked(each.after))
    return Reworded(each.title, *diff.marked_words(each.before, each.after))


def _unmarked(text: str) -> tuple[diff.Words, ...]:
    return (diff.Words(text, is_other=False),) if text else ()
