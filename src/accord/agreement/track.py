"""A nurture track: its steps as people write them, a line each, and when the next of them may be taken.

    mail keep-warm-1
    wait 14d
    when score < 65
    mail keep-warm-2
    task marketing: Look for news about the account
    exit when account_open_deals > 0
    wait 30d

`wait` is wall time; mails and tasks come inside business time, at the next opening. `when` guards the one step after
it, which is passed over where the condition is not met; `exit when` ends the track where it is. A condition is an SQL
predicate over the lead view, as everywhere in an agreement, and one that comes out unknown is not met.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from accord.agreement.calendar import ClockError, Duration
from accord.agreement.clock import Clock
from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import Condition, ConditionError, parse
from accord.facts.errors import AccordError

MAIL, TASK, WAIT, WHEN, EXIT = "mail", "task", "wait", "when", "exit"
MARKETING, OWNER = "marketing", "owner"
MOST_STEPS = 60
LONGEST_WAIT = timedelta(days=730)
LONGEST_TITLE = 120
IN_BUSINESS_TIME = frozenset({MAIL, TASK})

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TASK = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})\s*:\s*(\S.*)")
_HOW = "Begin the line with mail NAME, wait 14d, task marketing: WHAT, when CONDITION, exit when CONDITION, or exit."


class TrackError(AccordError):
    """A line that is no step. `line` counts from 1; 0 where the track as a whole is meant."""

    def __init__(self, problem: str, *, line: int, remedy: str) -> None:
        self.line = line
        super().__init__(f"Line {line}: {problem}" if line else problem, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `what`: the name of the template, the title of the task, the text of the condition; `who`: whose task
    it is, a handle, `marketing` or the `owner` of the lead; `wait`: for how long, in wall time."""

    kind: str
    what: str = ""
    who: str = ""
    wait: Duration | None = None
    condition: Condition | None = None

    @property
    def words(self) -> str:
        """The step as it is written."""
        match self.kind:
            case "wait":
                return f"wait {self.wait}"
            case "task":
                return f"task {self.who}: {self.what}"
            case "exit":
                return f"exit when {self.what}" if self.what else "exit"
        return f"{self.kind} {self.what}"


@dataclass(frozen=True, slots=True)
class Ahead:
    """A step to come, by its place from 0, and the earliest moment at which it can be taken."""

    place: int
    step: Step
    at: datetime


def read(text: str, *, templates: Collection[str] | None = None, zone: tzinfo = UTC) -> tuple[Step, ...]:
    """The steps of a text; empty lines and what follows a `#` at the beginning of a line do not count.

    `templates`: the names that `mail` may use, any if None. Dates in conditions are read in `zone`. Raises TrackError
    for the first line that is no step.
    """
    found = [
        (number, _step(line.strip(), number, templates, zone))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#")
    ]
    steps = tuple(step for _, step in found)
    if not any(step.kind in IN_BUSINESS_TIME for step in steps):
        raise TrackError("The track holds no mail and no task.", line=0, remedy="Write at least one of them.")
    if len(steps) > MOST_STEPS:
        raise TrackError(f"{len(steps)} steps are too many.", line=0, remedy=f"Write up to {MOST_STEPS}.")
    for (number, step), (_, after) in zip(found, [*found[1:], (0, Step(""))], strict=True):
        if step.kind == WHEN and after.kind not in (MAIL, TASK, WAIT, EXIT):
            raise TrackError("`when` guards no step.", line=number, remedy="Write the step that it guards below it.")
    return steps


def text_of(steps: Sequence[Step]) -> str:
    """Steps as `read` reads them."""
    return "\n".join(step.words for step in steps)


def templates_of(steps: Sequence[Step]) -> frozenset[str]:
    """The names of the mails that a track sends."""
    return frozenset(step.what for step in steps if step.kind == MAIL)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of a track: its template, and which of the mails from that template it is, counted from 1."""

    template: str
    nth: int

    @property
    def key(self) -> str:
        """`keep-warm-1`, and for the second mail from that template `keep-warm-1 2`: what is said in its free parts
        stays with it when steps are put before or behind it."""
        return self.template if self.nth == 1 else f"{self.template} {self.nth}"


def mails_named(text: str) -> tuple[Mail, ...]:
    """The mails that a text names, whatever else may be wrong with it."""
    lines = (line.strip() for line in text.splitlines())
    names = [rest.strip() for kind, _, rest in (line.partition(" ") for line in lines) if kind.lower() == MAIL]
    fit = [name for name in names if _NAME.fullmatch(name)][:MOST_STEPS]
    return tuple(Mail(name, fit[: place + 1].count(name)) for place, name in enumerate(fit))


def mails_of(steps: Sequence[Step]) -> dict[int, Mail]:
    """The mails of a track by their place, in order."""
    names = [step.what if step.kind == MAIL else "" for step in steps]
    return {place: Mail(name, names[: place + 1].count(name)) for place, name in enumerate(names) if name}


def when_due(step: Step, since: datetime, clock: Clock) -> datetime:
    """When a step may be taken if the one before it was done at `since`: mails and tasks at the next opening of the
    clock, everything else at once."""
    return clock.next_open(since) if step.kind in IN_BUSINESS_TIME else since


def after(step: Step, at: datetime) -> datetime:
    """When a step that is taken at a moment lets go: a wait at its end, everything else at once."""
    return at + step.wait.wall() if step.wait is not None else at


def ahead(steps: Sequence[Step], place: int, since: datetime, clock: Clock) -> Iterator[Ahead]:
    """The steps from a place on, and the earliest moment of each: as if mails left at once, tasks took no time, and
    conditions let everything through."""
    at = since
    for number, step in enumerate(steps[place:], start=place):
        at = when_due(step, at, clock)
        yield Ahead(number, step, at)
        at = after(step, at)
        if step.kind == EXIT and not step.what and not (number and steps[number - 1].kind == WHEN):
            return


def place_in(old: Sequence[Step], place: int, new: Sequence[Step]) -> int:
    """Where somebody who stands at a place of one version goes on in another: behind as many of its mails and tasks as
    they had behind them. A wait that is running begins anew."""
    done = sum(step.kind in IN_BUSINESS_TIME for step in old[:place])
    if not done:
        return 0
    passed = 0
    for number, step in enumerate(new):
        passed += step.kind in IN_BUSINESS_TIME
        if passed == done:
            return number + 1
    return len(new)


def _step(line: str, number: int, templates: Collection[str] | None, zone: tzinfo) -> Step:
    kind, _, rest = line.partition(" ")
    rest = rest.strip()
    match kind.lower():
        case "mail":
            return _mail(rest, number, templates)
        case "wait":
            return _wait(rest, number)
        case "task":
            return _task(rest, number)
        case "when":
            return _guard(WHEN, rest, number, zone)
        case "exit":
            said, _, condition = rest.partition(" ")
            if not rest:
                return Step(EXIT)
            if said.lower() == "when":
                return _guard(EXIT, condition.strip(), number, zone)
    raise TrackError(f"{line[:60]!r} is no step.", line=number, remedy=_HOW)


def _mail(rest: str, number: int, templates: Collection[str] | None) -> Step:
    if not _NAME.fullmatch(rest):
        raise TrackError("`mail` names no template.", line=number, remedy="Write the name of one, as keep-warm-1.")
    if templates is not None and rest not in templates:
        known = ", ".join(sorted(templates)) or "none yet"
        raise TrackError(f"There is no template {rest}.", line=number, remedy=f"Write it first. There are: {known}.")
    return Step(MAIL, what=rest)


def _wait(rest: str, number: int) -> Step:
    try:
        wait = Duration.parse(rest)
    except ClockError:
        wait = None
    if wait is None or not timedelta() < wait.wall() <= LONGEST_WAIT:
        raise TrackError("`wait` needs a duration.", line=number, remedy="Write hours or days up to 730d, as wait 14d.")
    return Step(WAIT, wait=wait)


def _task(rest: str, number: int) -> Step:
    found = _TASK.fullmatch(rest)
    if found is None or len(found[2]) > LONGEST_TITLE:
        remedy = (
            f"Write task WHO: WHAT, where WHO is marketing, owner or a handle, in up to {LONGEST_TITLE} characters."
        )
        raise TrackError("`task` does not say whose and what.", line=number, remedy=remedy)
    return Step(TASK, what=found[2].strip(), who=found[1])


def _guard(kind: str, text: str, number: int, zone: tzinfo) -> Step:
    return replace(Step(kind, what=text), condition=condition_of(text, line=number, zone=zone))


def condition_of(text: str, *, line: int = 0, zone: tzinfo = UTC) -> Condition:
    """A condition over the lead view. Raises TrackError."""
    try:
        return parse(text, LEAD_COLUMNS, zone=zone)
    except ConditionError as error:
        raise TrackError(error.message, line=line, remedy=error.remedy or "") from None
