"""A trial in words: what was decided, rule by rule, with the fact behind each value. Templates compute nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from accord.agreement import needs, route
from accord.agreement.behind import Fact, facts_behind
from accord.agreement.bench import TYPED, Trial
from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import Explanation as Told
from accord.agreement.document import Method
from accord.agreement.needs import Need
from accord.agreement.state import State, microseconds
from accord.agreement.words import STATES, condition, figure, name_of, plural
from accord.facts.kinds import Kind
from accord.facts.lead_view import COLUMNS
from accord_app.handoffs import detail, memory
from accord_app.handoffs.countdown import moment
from accord_app.handoffs.reads import Desk
from accord_app.ledger.engine import engine_of
from accord_app.ledger.reads import Version
from accord_app.members.models import Team
from accord_app.records.clauses import Clause, clause
from accord_app.records.timeline import Provenance
from accord_app.shell.components import Point, share_of
from accord_app.shield import wording as shield

_OUTCOMES = {
    "held": "Held until it is complete",
    "again": "Not handed over again so soon",
    "open": "A handoff is open already",
    "waiting": "In nurture, waits to come back",
    "excluded": "Excluded",
    "outside": "Outside the agreed profile",
    "below": "Below the line",
}
_CLOCKS = (
    ("Answer due", "answer_due", "response.answer"),
    ("First contact due", "first_touch_due", "response.first_touch"),
    ("Tries due", "attempts_due", "response.attempts"),
    ("Outcome due", "outcome_due", "response.outcome"),
)
_FLAT = {"all of these": "All of these", "at least one of these": "At least one of these", "the opposite of this":
         "The opposite of this"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was known, and where it came from; `origin` is empty where no fact says it."""

    title: str
    text: str
    origin: Provenance | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition: `truth` in words, `depth` how far it stands in."""

    text: str
    truth: str
    depth: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that had to hold. `state` is kept, missed, or open for a way over the line that was not needed."""

    title: str
    text: str
    state: str
    state_words: str
    missing: str
    clause: Clause | None
    parts: tuple[Part, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what was decided, and the clause that says so."""

    title: str
    text: str
    clause: Clause | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One trial as a page shows it."""

    number: int
    title: str
    finding: str
    is_offered: bool
    is_draft: bool
    missing: tuple[str, ...]
    said: tuple[Said, ...]
    skipped: tuple[str, ...]
    rules: tuple[Rule, ...]
    points: tuple[Point, ...]
    points_title: str
    lot: str

    @property
    def key(self) -> str:
        """What tells its headings from those of another."""
        return "draft" if self.is_draft else "in-force"


def shown(desk: Desk, version: Version, trial: Trial, *, title: str, is_draft: bool = False) -> Shown:
    """A trial in words for a reader."""
    telling = _Telling(desk, version, trial, is_draft)
    return Shown(
        number=version.version,
        title=title,
        finding=telling.finding(),
        is_offered=trial.is_offered,
        is_draft=is_draft,
        missing=telling.missing(),
        said=tuple(telling.said()),
        skipped=telling.skipped(),
        rules=telling.rules(),
        points=telling.points(),
        points_title=f"Why {figure(round(trial.decision['score'], 1))} points",
        lot=telling.lot(),
    )


def differ(one: Trial, other: Trial) -> bool:
    """Whether two versions decide differently about the same lead."""
    return _decided(one) != _decided(other)


def _decided(trial: Trial) -> tuple[Any, ...]:
    names = ("outcome", "because", "owner", "team", "rule", "band", "persona")
    dues = tuple(trial.offer[due] for _, due, _ in _CLOCKS) if trial.offer else ()
    return (*(trial.decision[name] for name in names), round(trial.decision["score"], 1), *dues, trial.held_by)


@dataclass(frozen=True)
class _Telling:
    """What is needed to tell one trial."""

    desk: Desk
    version: Version
    trial: Trial
    is_draft: bool

    def _clause(self, path: str | None) -> Clause | None:
        found = clause(self.version, path, self.desk.agreed_names) if path else None
        return replace(found, url="") if found and self.is_draft else found

    def finding(self) -> str:
        decision = self.trial.decision
        if not self.trial.is_offered:
            return _OUTCOMES[decision["outcome"]]
        self.desk.know([decision["owner"]])
        return f"Handed over to {self.desk.name(decision['owner']) or 'nobody: it is unowned'}"

    def missing(self) -> tuple[str, ...]:
        """`12 points short of 50`."""
        return tuple(need.missing for need in needs.unmet(self.trial.needs) if need.missing)

    def said(self) -> Iterator[Said]:
        decision, offer = self.trial.decision, self.trial.offer
        decisive = self._clause(decision["because"])
        if decisive is not None:
            yield Said("Because", decisive.text, decisive)
        if offer is not None:
            team = Team.objects.filter(name=decision["team"]).first()
            yield Said("Team", team.title if team else decision["team"] or "none")
            yield Said("Why this owner", self._why(), self._clause(decision["rule"]))
            for title, column, path in _CLOCKS:
                if offer[column] is not None:
                    yield Said(title, self._moment(offer[column]), self._clause(path))
            if offer["in_capacity"] is False:
                yield Said("Capacity", "Everybody has as many as was agreed; the clause lets it go on all the same")
        band = f", band {decision['band']}" if decision["band"] else ""
        points = f"{figure(round(decision['score'], 1))} points{band}"
        yield Said("Score", f"{points}: {_points(decision['fit'])} for fit, {_points(decision['intent'])} for intent")
        if decision["persona"]:
            yield Said("Persona", decision["persona"])
        yield self._shield()

    def _why(self) -> str:
        decision = self.trial.decision
        owner, path = self.desk.name(decision["owner"]), decision["rule"]
        if not owner:
            return "Nobody of whom the rules name is there." if path else "No routing rule fits this lead."
        if path == route.OWNER_FIRST:
            return f"{owner} owns the account."
        if path == route.PARENT_OWNER:
            return f"Nobody owns the account; {owner} owns the one above it."
        place = _place(path)
        clauses = self.trial.rules.agreement.routing.rules
        if place is not None and clauses[place].method is Method.LEAST_LOADED:
            return f"{owner} has the fewest open."
        return f"It is {owner}’s turn."

    def skipped(self) -> tuple[str, ...]:
        """Who was passed over, as the routing itself says."""
        trial = self.trial
        if not trial.is_offered:
            return ()
        place = _place(trial.decision["rule"])
        owner = trial.explanation.values.get("account_owner")
        at = microseconds(trial.at.astimezone(UTC))
        chosen = route.choose(
            trial.rules, State(memory.roster()), rule=-1 if place is None else place, account_owner=owner, at=at, day=0
        )
        return tuple(detail.passed_over(self.desk, chosen))

    def _moment(self, at: datetime) -> str:
        return moment(at, self.trial.at, self.desk.zone)

    def _shield(self) -> Said:
        held, until = self.trial.held_by, self.trial.until
        if held is None:
            beside = " What was written to it lately is not typed." if self.trial.person_id == TYPED else ""
            return Said("Mail from marketing", f"May be written to.{beside}")
        when = f" until {self._moment(until)} at least" if until else ""
        words = shield.words(self.version, held)
        return Said("Mail from marketing", f"Held back{when}: {words}", self._clause(held))

    def lot(self) -> str:
        """What is said about the lot of the explore clause, which a trial leaves out."""
        explore, line = self.version.agreement.explore, self.version.agreement.qualification.score
        if explore is None or line is None or self.trial.is_offered:
            return ""
        if self.trial.decision["score"] < line.at_least - explore.points_below:
            return ""
        share = f"{figure(round(100 * explore.share, 6))} of 100"
        return (
            f"A lot hands over {share} leads up to {plural(explore.points_below, 'point')} below the line. It is left"
            " out here: who is drawn is shown to nobody, so that the line can be judged."
        )

    def points(self) -> tuple[Point, ...]:
        """The score by row of the card, largest first."""
        given = [each for each in self.trial.explanation.points if round(each.points, 1)]
        most = max((abs(each.points) for each in given), default=1)
        rules = self.trial.rules
        return tuple(
            Point(detail.row_words(rules, each), round(each.points), share_of(abs(each.points), most)) for each in given
        )

    # rule by rule

    def rules(self) -> tuple[Rule, ...]:
        """Every rule that has to hold, in order."""
        found = self.trial.needs
        over, facts = needs.is_over_the_line(found), self._facts(found)
        return tuple(self._rule(need, facts, is_spare=need.is_way and over) for need in found)

    def _facts(self, found: Sequence[Need]) -> Mapping[str, Fact]:
        """The facts behind the values of a real person; what is typed rests on none."""
        if self.trial.person_id == TYPED:
            return {}
        read = dict.fromkeys(name for need in found for name in need.columns if name in COLUMNS)
        return facts_behind(
            engine_of([self.trial.person_id]), read, self.trial.person_id, self.trial.at.astimezone(UTC)
        )

    def _rule(self, need: Need, facts: Mapping[str, Fact], *, is_spare: bool) -> Rule:
        state = "kept" if need.holds else "open" if is_spare else "missed"
        parts = tuple(self._parts(need.told, facts)) if need.told else ()
        alone = (need.column,) if need.column and not parts else ()
        return Rule(
            title=_TITLES[need.kind],
            text=_text(need),
            state=state,
            state_words={"kept": "Holds", "missed": "Does not hold", "open": "Not needed"}[state],
            missing=need.missing,
            clause=self._clause(need.path) if need.path != "handoff" else None,
            parts=parts,
            values=tuple(self._value(name, facts) for name in alone),
        )

    def _parts(self, told: Told, facts: Mapping[str, Fact], depth: int = 0) -> Iterator[Part]:
        if told.children:
            yield Part(_FLAT[told.joined], _truth(told.truth), depth, ())
            for child in told.children:
                yield from self._parts(child, facts, depth + 1)
            return
        text = condition(told.text)
        values = tuple(
            self._value(name, facts)
            for name in told.columns
            if name in facts or LEAD_COLUMNS[name].kind is not Kind.TRUTH
        )
        yield Part(f"{text[:1].upper()}{text[1:]}", _truth(told.truth), depth, values)

    def _value(self, name: str, facts: Mapping[str, Fact]) -> Value:
        title, known = name_of(name), self.trial.explanation.values.get(name)
        fact = facts.get(name)
        return Value(f"{title[:1].upper()}{title[1:]}", _known(name, known), _origin(name, fact))


_TITLES = {
    needs.UNLESS: "Must not be so",
    needs.WHERE: "Must be so",
    needs.SCORE: "Points",
    needs.FIT: "Points for fit",
    needs.ALWAYS: "Or without enough points",
    needs.RETURN: "To come back",
    needs.OPEN: "No open handoff",
    needs.AGAIN: "Not again so soon",
    needs.REQUIRES: "Must be known",
}


def _text(need: Need) -> str:
    """The rule in a few words."""
    match need.kind:
        case needs.SCORE | needs.FIT:
            return f"At least {figure(need.line or 0)}"
        case needs.OPEN:
            return "Nobody works on a handoff of this person"
        case needs.AGAIN:
            return f"At least {plural(need.line or 0, 'day')} since the last handoff"
        case needs.REQUIRES:
            column = need.column or ""
            return _capital(STATES[column][0] if column in STATES else f"{name_of(column)} is known")
        case needs.RETURN if need.told is None:
            return "Nothing was agreed that brings it back by itself"
    return _capital(condition(need.text))


def _known(name: str, value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        unit = _UNITS.get(name, "")
        return f"{figure(round(value, 1))}{unit}"
    return str(value)


_UNITS = {name: f" {column.unit}" for name, column in COLUMNS.items() if column.unit in ("days", "hours")} | {
    "score": " points",
    "fit": " points",
}


def _truth(truth: bool | None) -> str:
    return "not known" if truth is None else "yes" if truth else "no"


def _origin(name: str, fact: Fact | None) -> Provenance | None:
    if fact is None:
        return None
    row = fact.row
    return Provenance(
        definition=COLUMNS[name].sentence,
        source=row["source"],
        evidence=row["evidence"],
        occurred_at=row["occurred_at"].replace(tzinfo=UTC),
        known_at=row["known_at"].replace(tzinfo=UTC),
        recorded_at=row["recorded_at"].replace(tzinfo=UTC),
        known_inferred=row["known_inferred"],
        is_day=row["precision"] == "day",
    )


def _place(path: str | None) -> int | None:
    """Which routing rule a path means."""
    return int(path.rsplit(".", 1)[1]) if path and path.startswith("routing.rules.") else None


def _points(value: float) -> str:
    return figure(round(value, 1))


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
