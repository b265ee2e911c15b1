"""What the worker does with a file, step by step. Each step can be begun again after a crash: reading takes back what
an earlier try put into the lake, copying goes on where it stood, and the rest may be done twice.

People work meanwhile: the database is written in short transactions with pauses between them, because SQLite lets one
writer in at a time and does not queue those who wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger, LedgerError
from accord.sources.importing import Outcome, import_file, mirrored, workplace
from accord.sources.mapping import FileMapping
from accord_app.intake import imports, lightly, reading, turns, uploading
from accord_app.intake.imports import State
from accord_app.intake.models import Upload
from accord_app.ledger import copying, lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import Batch
from accord_app.ledger.reads import version_in_force
from accord_app.records.actions import follow
from accord_app.records.models import Person
from accord_app.work import claim
from accord_app.work.actions import enqueue
from accord_app.work.models import Job

LEASE_SECONDS = 600
TELL_EVERY = 1.0
LOG_SHORTENED_EVERY = 2_000
PAUSE_PER_WORK = 2
"""Those who wait for SQLite ask again after up to 100 ms; so the database must be free most of the time."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.3
TRIES_AT_LAKE = 3
GIVE_UP_AFTER = 8
LOOK, LOOK_AT_ONCE = "look", 500
Step = Upload.Step
_COUNTS = ("rows", "stored", "known", "revised", "refused", "left_out")


@dataclass
class Work:
    """A job about one upload, with the time that has passed since it was taken."""

    job: Job
    upload: Upload
    taken_at: datetime
    begun: float
    told: float = 0.0

    @classmethod
    def of(cls, job: Job, at: datetime) -> Work | None:
        """None where the upload is gone."""
        found = Upload.objects.filter(pk=job.payload["upload"]).first()
        return cls(job, found, at, time.monotonic()) if found else None

    @property
    def now(self) -> datetime:
        """The moment at which the job was taken, and what has passed since."""
        return self.taken_at + timedelta(seconds=time.monotonic() - self.begun)

    def tell(self, **changes: object) -> None:
        """Say how far it is, and hold the job for longer. Raises LeaseLostError when somebody else has it."""
        self.told = time.monotonic()
        with transaction.atomic():
            claim.keep(self.job, at=self.now, lease_seconds=LEASE_SECONDS)
            self._set(changes)

    def tell_now_and_then(self, **changes: object) -> None:
        """The same, at most once a second."""
        if time.monotonic() - self.told > TELL_EVERY:
            self.tell(**changes)

    def _set(self, changes: dict[str, object]) -> None:
        for name, value in changes.items():
            setattr(self.upload, name, value)
        Upload.objects.filter(pk=self.upload.pk).update(**changes, changed_at=self.now)


# The jobs


def import_upload(jobs: Sequence[Job], at: datetime) -> None:
    """Read a file, copy its facts, let the records follow, and have its people looked at."""
    for job in jobs:
        work = Work.of(job, at)
        if work and work.upload.state in (State.QUEUED, State.RUNNING):
            _told_if_it_fails(work, _import)


def try_upload(jobs: Sequence[Job], at: datetime) -> None:
    """Read a file into a lake that is thrown away, and keep the counts."""
    for job in jobs:
        work = Work.of(job, at)
        if work and work.upload.dry_run == imports.TRYING:
            _try(work)


def undo_upload(jobs: Sequence[Job], at: datetime) -> None:
    """Take an import back: in the lake, in the database, in the records."""
    for job in jobs:
        work = Work.of(job, at)
        if work and work.upload.state == State.UNDOING:
            _undo(work)


def _told_if_it_fails(work: Work, act: Any) -> None:
    """A file or mapping that is of no use is told at once; anything else is tried again, and told in the end."""
    try:
        act(work)
    except LedgerError:
        _give_up_at_last(work)
        raise
    except AccordError as error:
        work.tell(state=State.FAILED, problem=error.message, remedy=error.remedy)
    except claim.LeaseLostError:
        raise
    except Exception:
        _give_up_at_last(work)
        raise


def _give_up_at_last(work: Work) -> None:
    if work.job.attempts < GIVE_UP_AFTER:
        return
    remedy = "What went wrong stands on the page Work. Import it again once that is mended."
    work.tell(state=State.FAILED, problem="The file could not be imported.", remedy=remedy)


def _import(work: Work) -> None:
    work.tell(state=State.RUNNING)
    steps = {Step.READING: _read, Step.COPYING: _copy, Step.FOLLOWING: _follow, Step.LOOKING: _look}
    for step, act in list(steps.items())[list(steps).index(Step(work.upload.step)) :]:
        work.tell(step=step)
        with lightly.written():
            act(work)
    work.tell(state=State.DONE, step="", rows=work.upload.rows_of or 0)


# Reading


def _read(work: Work) -> None:
    mapping = reading.read_text(work.upload.mapping)
    path = uploading.path_of(work.upload.stored_as)
    with turns.turn(wait=True):
        outcomes = _into_the_lake(work, path, mapping)
    total = outcomes[0].rows if outcomes else 0
    work.tell(rows=0, rows_of=total, parts=[_part(each) for each in outcomes], **_sums(outcomes))


def _into_the_lake(work: Work, path: Path, mapping: FileMapping) -> list[Outcome]:
    """Read once more where a batch of somebody else came in between."""
    for attempt in range(TRIES_AT_LAKE):
        _take_earlier_try_back(work)
        carry(at=work.now)  # what is known here must be known there, or it would be stored twice
        try:
            return _read_file(lake.ledger(), path, mapping, work.now, _beside(path))
        except LedgerError:
            if attempt + 1 == TRIES_AT_LAKE:
                raise
    raise AssertionError("unreachable")


def _take_earlier_try_back(work: Work) -> None:
    """Batches of this file that are in force, though nobody wrote down that they are: a crash came in between."""
    ledger, file = lake.ledger(), work.upload.stored_as
    left = [state.id for state in ledger.states().values() if state.file == file and state.state == "in_force"]
    if left:
        ledger.undo_all(left, at=work.now)


def _read_file(ledger: Ledger, path: Path, mapping: FileMapping, at: datetime, refused_to: Any) -> list[Outcome]:
    with workplace(ledger, at=at) as place:
        place.engine.run("SET threads = 1")  # the other cores are for those who work meanwhile
        return import_file(path, mapping, place, refused_file=refused_to)


def _beside(path: Path) -> Any:
    """Where refused rows of each part go."""

    def named(part: FileMapping) -> Path:
        which = f".{part.part or part.table}".replace("/", "-").replace(" ", "-")[:40]
        return path.with_name(f"{path.name}{which}.refused.csv")

    return named


def _part(outcome: Outcome) -> dict[str, Any]:
    return {
        "table": outcome.table, "part": outcome.part, "batch": outcome.batch, "notes": list(outcome.notes),
        "is_derived": _is_derived(outcome),
        **{count: getattr(outcome, count) for count in _COUNTS},
        "refused_file": outcome.refused_file.name if outcome.refused_file else "",
        "examples": [
            {"line": r.line, "field": r.field, "value": r.value, "reason": r.reason, "remedy": r.remedy}
            for r in outcome.examples
        ],
    }  # fmt: skip


def _sums(outcomes: Sequence[Outcome]) -> dict[str, int]:
    rows = [each for each in outcomes if not _is_derived(each)]
    return {count: sum(getattr(each, count) for each in rows) for count in _COUNTS[1:]}


def _is_derived(outcome: Outcome) -> bool:
    """Facts that follow from rows of another part: addresses that stand for people, accounts to which they lead."""
    return (outcome.table, outcome.part) in (("identities", "addresses"), ("profiles", "employers"))


def _try(work: Work) -> None:
    path, counts = uploading.path_of(work.upload.stored_as), {}
    try:
        mapping = reading.read_text(work.upload.mapping)
        with mirrored(lake.ledger().folder) as ledger:
            outcomes = _read_file(ledger, path, mapping, work.now, lambda _: None)
        counts = {"parts": [_part(each) for each in outcomes], "at": work.now.isoformat()}
    except AccordError as error:
        counts = {"problem": error.message, "remedy": error.remedy}
    work.tell(dry_run=counts)


# Copying, following, looking, undoing


def _copy(work: Work) -> None:
    before = 0
    for batch in _batches(work):
        begun = time.monotonic()
        for copied in copying.copy(batch, at=work.now):
            work.tell_now_and_then(rows=min(before + copied, work.upload.rows_of or 0))
            took = time.monotonic() - begun
            if copied % LOG_SHORTENED_EVERY < copying.AT_ONCE:
                lightly.shorten_log()
            time.sleep(min(max(PAUSE_PER_WORK * took, SHORTEST_PAUSE), LONGEST_PAUSE))
            begun = time.monotonic()
        before += batch.copied


def _batches(work: Work) -> Iterator[Batch]:
    states = lake.ledger().states()
    for batch_id in work.upload.batches:
        batch = copying.begin(states[batch_id], at=work.now)
        if batch.state == Batch.State.COPYING:
            yield batch


def _follow(work: Work) -> None:
    for part in work.upload.parts:
        if part["batch"]:
            follow(part["table"], batch_id=part["batch"], at=work.now)
            work.tell()


def _look(work: Work) -> None:
    """Whoever these facts are about is looked at, where there is an agreement by which to decide."""
    if version_in_force(work.now) is None:
        return
    for people in _people(work.upload):
        enqueue(kind=LOOK, at=work.now, payload={"people": people})
        work.tell_now_and_then()


def _people(upload: Upload) -> Iterator[list[str]]:
    for part in upload.parts:
        if part["batch"] and part["table"] in _WHO:
            engine = lake.ledger().connect(tables=[part["table"]])
            sql = f"SELECT DISTINCT {_WHO[part['table']]} AND batch = $1"
            for some in engine.stream(sql, [part["batch"]], rows=LOOK_AT_ONCE):
                ids = some.column(0).to_pylist()
                yield from (ids[start : start + LOOK_AT_ONCE] for start in range(0, len(ids), LOOK_AT_ONCE))
            engine.close()
        if part["batch"] and part["table"] == "profiles":
            yield from _who_work_there(part["batch"])


_WHO = {
    "touches": "person_id FROM touches_revisions WHERE true",
    "consent": "person_id FROM consent_revisions WHERE true",
    "deals": "person_id FROM deals_revisions WHERE person_id IS NOT NULL",
    "profiles": "subject_id FROM profiles_revisions WHERE subject = 'person'",
}


def _who_work_there(batch: str) -> Iterator[list[str]]:
    """What an account is counts for everybody who works there."""
    engine = lake.ledger().connect(tables=["profiles"])
    sql = "SELECT DISTINCT subject_id FROM profiles_revisions WHERE subject = 'account' AND batch = $1"
    for some in engine.stream(sql, [batch], rows=LOOK_AT_ONCE):
        ids = some.column(0).to_pylist()
        for start in range(0, len(ids), LOOK_AT_ONCE):
            here = Person.objects.filter(account_id__in=ids[start : start + LOOK_AT_ONCE])
            people = list(here.values_list("person_id", flat=True))
            yield from (people[place : place + LOOK_AT_ONCE] for place in range(0, len(people), LOOK_AT_ONCE))
    engine.close()


def _undo(work: Work) -> None:
    with turns.turn(wait=True):
        states = lake.ledger().states()
        held = [batch for batch in work.upload.batches if batch in states and states[batch].state == "in_force"]
        if held:
            lake.ledger().undo_all(held, at=work.now)
    for part in work.upload.parts:
        if part["batch"]:
            copying.retract(part["batch"], at=work.now)
            follow(part["table"], batch_id=part["batch"], at=work.now)
            work.tell()
    work.tell(state=State.UNDONE)
