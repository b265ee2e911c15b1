"""What was answered, read and held against itself: every mistake names its question and says how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accord.agreement.drafting.kinds import Holidays, RefusedError, SeveralRefusedError, is_blank
from accord.agreement.drafting.places import country_of
from accord.agreement.drafting.questions import Question
from accord.agreement.drafting.templates import BY_COUNTRY, LARGE_ACCOUNTS, Template
from accord.agreement.mistake import counted, listed, nearest
from accord.facts.errors import AccordError

Answers = Mapping[str, Any]
CHECKED_REASONS = ("too_small", "wrong_country", "competitor", "duplicate", "unreachable")
MOST_REASONS = 11
BY_MARKETING = ("promise_handoffs", "promise_accepted", "promise_complete", "promise_replies")
BY_SALES = ("promise_answered", "promise_first_touch", "promise_tried", "promise_reasons")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One answer that cannot be taken: its question, what was found, what to do. `row` (from 0) and `column` name the
    cell where the answer is a list of rows."""

    question: str
    ask: str
    message: str
    remedy: str
    row: int | None = None
    column: str = ""

    @property
    def where(self) -> str:
        """The place in a file of answers: `teams[1].people`."""
        cell = f"[{self.row}]" if self.row is not None else ""
        return f"{self.question}{cell}{f'.{self.column}' if self.column else ''}"

    def as_json(self) -> dict[str, object]:
        """Plain values, for `--json`."""
        return {
            "question": self.question,
            "where": self.where,
            "ask": self.ask,
            "message": self.message,
            "remedy": self.remedy,
        }

    def __str__(self) -> str:
        return f"{self.where} ({self.ask}) {self.message} {self.remedy}".strip()


class AnswersError(AccordError):
    """Answers from which no agreement can be written; `wrong` holds every one of them in the order of the questions."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = tuple(wrong)
        told = "\n".join(f"  {each}" for each in self.wrong)
        super().__init__(f"{counted(len(self.wrong), 'answer')} cannot be taken:\n{told}\n", remedy="Mend them.")


def starting(template: Template, *, on: date, known: Answers | None = None) -> dict[str, Any]:
    """The answers before anybody has answered: what is `known` already, else the defaults as of a day; None where a
    question has none."""
    usual = {question.key: question.default for question in template.questions}
    zone = (known or {}).get("time_zone") or usual["time_zone"]
    return {**usual, **_following(on, str(zone)), **(known or {})}


def _following(on: date, zone: str) -> dict[str, Any]:
    """The defaults that follow from the day and the zone: next Monday, and the holidays of the zone's country."""
    country = country_of(zone)
    try:
        holidays = Holidays().read(country) if country else None
    except RefusedError:
        holidays = None
    return {"in_force_from": (on + timedelta(days=7 - on.weekday())).isoformat(), "holidays": holidays}


def answered(template: Template, given: Answers, *, on: date) -> dict[str, Any]:
    """Every answer as plain data, with defaults as of a day where `given` says nothing. Raises AnswersError."""
    zone = given.get("time_zone")
    known = {"time_zone": zone.strip()} if isinstance(zone, str) and zone.strip() else {}
    filled = {**starting(template, on=on, known=known), **given}
    wrong = list(_unknown(template, given))
    found: dict[str, Any] = {}
    for question in template.questions:
        found[question.key], refused = _read(question, filled[question.key])
        wrong += refused
    if not wrong:
        wrong = [each for rule in RULES for each in rule(template, found)]
    if wrong:
        raise AnswersError(_in_order(template, wrong))
    return found


def _unknown(template: Template, given: Answers) -> Iterator[Wrong]:
    keys = [question.key for question in template.questions]
    for key in given:
        if key not in keys:
            near = nearest(str(key), keys)
            remedy = (
                f"Is {near} meant?" if near else f"`accord draft --template {template.name} --questions` lists them."
            )
            yield Wrong(str(key)[:60], "no question", "The template does not ask this.", remedy)


def _read(question: Question, given: Any) -> tuple[Any, list[Wrong]]:
    if is_blank(given):
        if question.optional:
            return None, []
        return None, [_wrong(question, "An answer is needed.", f"Answer with {question.kind.allowed}.")]
    try:
        return question.kind.read(given), []
    except RefusedError as error:
        return None, [_wrong(question, error.message, error.remedy, error.row, error.column)]
    except SeveralRefusedError as several:
        return None, [_wrong(question, e.message, e.remedy, e.row, e.column) for e in several.refused]


def _wrong(question: Question, message: str, remedy: str, row: int | None = None, column: str = "") -> Wrong:
    return Wrong(question.key, question.ask, message, remedy, row, column)


def _in_order(template: Template, wrong: Sequence[Wrong]) -> list[Wrong]:
    place = {question.key: number for number, question in enumerate(template.questions)}
    return sorted(wrong, key=lambda each: (place.get(each.question, -1), each.row or 0))


# What single answers cannot tell: whether they go together


def _team_names(template: Template, found: Answers) -> Iterator[Wrong]:
    yield from _twice(template, "teams", "name", [team["name"] for team in found["teams"]])


def _touches(template: Template, found: Answers) -> Iterator[Wrong]:
    asked = template.question("signals")
    yield from _twice(template, "signals", "touch", [signal["touch"] for signal in found["signals"]])
    for row, signal in enumerate(found["signals"]):
        if signal["at_most"] < signal["points"]:
            message = f"One touch gives {signal['points']} points and all together at most {signal['at_most']}."
            yield _wrong(asked, message, f"Allow at least {signal['points']}.", row, "at_most")


def _reasons(template: Template, found: Answers) -> Iterator[Wrong]:
    yield from _twice(template, "recycle", "label", [reason["label"].casefold() for reason in found["recycle"]])
    number = len(found["reject"] or ()) + len(found["reject_own"] or ())
    if number > MOST_REASONS:
        message = f"Together with those above there are {number} reasons."
        yield _wrong(template.question("reject_own"), message, f"Keep at most {MOST_REASONS}.")


def _twice(template: Template, key: str, column: str, names: Sequence[str]) -> Iterator[Wrong]:
    number = Counter(names)
    for row, name in enumerate(names):
        if number[name] > 1 and name in names[:row]:
            yield _wrong(template.question(key), f"‘{name}’ stands twice.", "Name each once.", row, column)


def _countries(template: Template, found: Answers) -> Iterator[Wrong]:
    if template.name != BY_COUNTRY:
        return
    asked = template.question("teams")
    taken: dict[str, str] = {}
    for row, team in enumerate(found["teams"]):
        for country in team["countries"] or ():
            if country in taken:
                message = f"{country} belongs to {taken[country]} already."
                yield _wrong(asked, message, "Give each country to one team.", row, "countries")
            elif found["countries"] and country not in found["countries"]:
                message = f"{country} is not among the countries that you sell to."
                yield _wrong(asked, message, "Add it there, or leave it out here.", row, "countries")
            taken.setdefault(country, team["name"])
    rest = [team["name"] for team in found["teams"] if not team["countries"]]
    if len(rest) != 1:
        message = f"{listed(rest).capitalize() if rest else 'No team'} {'take' if rest else 'takes'} all other leads."
        yield _wrong(asked, message, "Leave the countries of exactly one team open.")


def _sizes(template: Template, found: Answers) -> Iterator[Wrong]:
    least, most = found["employees_from"] or 1, found["employees_to"]
    if most is not None and most < least:
        asked = template.question("employees_to")
        yield _wrong(
            asked, f"{most:,} is below the {least:,} from which on you sell.", f"Answer with {least:,} or more."
        )
    if template.name == LARGE_ACCOUNTS:
        large, asked = found["large_from"], template.question("large_from")
        if large <= least:
            message = f"You sell from {least:,} employees on, so every company would be large."
            yield _wrong(asked, message, f"Answer with more than {least:,}.")
        elif most is not None and large > most:
            message = f"You sell up to {most:,} employees, so no company would be large."
            yield _wrong(asked, message, f"Answer with {most:,} or less.")


def _bands(template: Template, found: Answers) -> Iterator[Wrong]:
    if found["a_band"] <= found["line"]:
        message = f"Every lead over the line of {found['line']} points would be an A lead."
        yield _wrong(template.question("a_band"), message, f"Answer with more than {found['line']}.")


def _promises(template: Template, found: Answers) -> Iterator[Wrong]:
    for side, keys in (("Marketing", BY_MARKETING), ("Sales", BY_SALES)):
        if all(found[key] is None for key in keys):
            yield _wrong(template.question(keys[0]), f"{side} promises nothing.", "Answer one of its questions.")
    if found["promise_complete"] is not None and not found["required"]:
        message = "Nothing has to be known about a lead, so every lead is complete."
        yield _wrong(template.question("promise_complete"), message, "Leave this open, or say what must be known.")
    if found["promise_reasons"] is not None and not reasons_with_facts(found):
        message = "No reason is in use that a fact can speak to."
        remedy = "Leave this open, or use ‘Competitor’, ‘Already known’ or ‘Cannot be reached’."
        yield _wrong(template.question("promise_reasons"), message, remedy)


def reasons_with_facts(found: Answers) -> tuple[str, ...]:
    """The reasons to reject that are held against a fact."""
    without = {"too_small": found["employees_from"] is None, "wrong_country": not found["countries"]}
    return tuple(code for code in found["reject"] or () if code in CHECKED_REASONS and not without.get(code))


RULES: tuple[Callable[[Template, Answers], Iterator[Wrong]], ...] = (
    _team_names,
    _touches,
    _reasons,
    _countries,
    _sizes,
    _bands,
    _promises,
)
