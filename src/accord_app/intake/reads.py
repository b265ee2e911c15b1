"""What the pages of intake show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord_app.intake import imports, uploading, wording
from accord_app.intake.imports import State
from accord_app.intake.models import Arrival, Token, Upload
from accord_app.intake.wording import TITLES
from accord_app.members.models import User
from accord_app.records.listing import Chosen, Listing, Slice, page
from accord_app.records.models import Person
from accord_app.shell.components import share_of

IMPORTS: Listing[Upload] = Listing(Upload, by="at", filters={})
MOST = 200
STATES = {State.DONE: "kept", State.FAILED: "missed", State.QUEUED: "", State.RUNNING: "", State.UNDOING: ""}
STEPS = {
    Upload.Step.READING: "Reading the file",
    Upload.Step.COPYING: "Copying its facts",
    Upload.Step.FOLLOWING: "Bringing people, accounts and deals up to date",
    Upload.Step.LOOKING: "Asking for a look at its people",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One import in the list."""

    upload: Upload
    holds: str
    by: str
    state: str
    word: str


@dataclass(frozen=True, slots=True)
class Imports:
    """A page of the list, latest first."""

    slice: Slice[Upload]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the rows in one table."""

    place: int
    title: str
    rows: int
    stored: int
    known: int
    revised: int
    refused: int
    left_out: int
    is_derived: bool
    has_file: bool
    notes: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of all rows of a file, in every table that it fed."""

    parts: tuple[Part, ...]
    refused: int
    stored: int
    known: int
    revised: int
    left_out: int
    rows: int

    @property
    def is_many(self) -> bool:
        """Whether the file fed several tables."""
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: the step in words, rows so far of how many, and the share in percent."""

    words: str
    rows: int
    rows_of: int | None
    is_estimate: bool
    share: int
    is_over: bool
    problem: str


def listed(asked: Mapping[str, str]) -> Imports:
    """The page of the list at the asked place."""
    found = page(IMPORTS, Chosen.of(asked, IMPORTS))
    names = dict(User.objects.filter(handle__in={u.by for u in found.rows}).values_list("handle", "name"))
    lines = (
        Line(u, TITLES.get(u.table, u.table), names.get(u.by, u.by), STATES.get(State(u.state), ""), state_word(u))
        for u in found.rows
    )
    return Imports(found, tuple(lines))


def state_word(upload: Upload) -> str:
    """How a file stands, in words."""
    if upload.state in (State.UPLOADED, State.PREVIEWED):
        return "Not imported yet"
    return State(upload.state).label


def result(parts: Sequence[Mapping[str, Any]]) -> Result:
    """The counts of an import or of a try."""
    shown = tuple(_part(place, part) for place, part in enumerate(parts))
    sums = {name: sum(getattr(each, name) for each in shown if not each.is_derived) for name in (*_COUNTS, "rows")}
    return Result(shown, **sums)


_COUNTS = ("stored", "known", "revised", "refused", "left_out")


def _part(place: int, part: Mapping[str, Any]) -> Part:
    title = TITLES.get(part["table"], part["table"].capitalize())
    file = part["refused_file"]
    return Part(
        place=place,
        title=f"{title} ({part['part']})" if part["part"] else title,
        **{count: part[count] for count in ("rows", *_COUNTS)},
        is_derived=part["is_derived"],
        has_file=bool(file) and uploading.path_of(file).is_file(),
        notes=tuple(part["notes"]),
        examples=tuple(each | {"reason": wording.reason(each["field"], each["reason"])} for each in part["examples"]),
    )


def progress(upload: Upload) -> Progress:
    """How far it is."""
    step = Upload.Step(upload.step) if upload.step else None
    is_reading = step in (None, Upload.Step.READING)
    words = STEPS[step] if step and upload.state == State.RUNNING else state_word(upload)
    share = 0 if is_reading else share_of(upload.rows, upload.rows_of or 0)
    return Progress(
        words=words,
        rows=upload.rows,
        rows_of=upload.rows_of,
        is_estimate=is_reading,
        share=share,
        is_over=upload.state not in (State.QUEUED, State.RUNNING, State.UNDOING) and upload.dry_run != imports.TRYING,
        problem=upload.problem,
    )


# Events


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that could not be taken in."""

    number: int
    source: str
    event_id: str
    kind: str
    received_at: datetime
    problem: str


def tokens() -> tuple[Token, ...]:
    """Every key, those in use first, the latest first."""
    return tuple(Token.objects.select_related("person").order_by("-withdrawn_at", "-made_at")[:MOST])


def waiting_count() -> int:
    """How many events are not taken in yet; stops at 1,000."""
    return Arrival.objects.filter(problem="")[:1_000].count()


def aside_count(user: object = None) -> int | None:
    """How many events were set aside; stops at 1,000; None for none."""
    return Arrival.objects.exclude(problem="")[:1_000].count() or None


def set_aside() -> tuple[Aside, ...]:
    """The earliest events that could not be taken in."""
    rows = Arrival.objects.exclude(problem="").order_by("received_at", "id")[:MOST]
    return tuple(
        Aside(row.pk, row.source, row.event_id, str(row.payload.get("kind", "")), row.received_at, row.problem)
        for row in rows
    )


def is_history_imported() -> bool:
    """Whether a file is in force, or facts came in by another way."""
    return Upload.objects.filter(state=State.DONE).exists() or Person.objects.exists()
