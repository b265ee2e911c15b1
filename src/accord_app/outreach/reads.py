"""What the pages of nurture show, as frozen values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db.models import Count
from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone

from accord.agreement import track as tracks
from accord.agreement.letter import Letter as Text
from accord.agreement.letter import Part, parts_of, written
from accord_app.ledger.reads import Version, version_in_force
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.outbox import carrier
from accord_app.outbox.models import Letter
from accord_app.outreach import access, composing, entering, places
from accord_app.outreach.forms import TrackForm
from accord_app.outreach.models import Membership, Passed, Task, Template, TemplateVersion, Track, TrackVersion, Wording
from accord_app.records.models import Person
from accord_app.shield import wording

PAGE, FEW, MOST_AHEAD, MOST_READERS = 50, 8, 2_000, 20
AHEAD = timedelta(days=30)
NOBODY = "Somebody without a name"
_KINDS = {
    tracks.MAIL: ("mail", "Mail"), tracks.TASK: ("checkbox", "Task"), tracks.WAIT: ("hourglass", "Wait"),
    tracks.WHEN: ("route", "Only when"), tracks.EXIT: ("logout", "Exit"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A track in the list."""

    name: str
    title: str
    inside: int
    held: int
    left: int
    steps: int
    version: int
    rule: str
    is_closed: bool
    is_agreed: bool


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of the strip, and how many people stand at it."""

    number: int
    icon: str
    title: str
    words: str
    people: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody in a track: where, since when, and what is waited for."""

    number: int
    person_id: str
    name: str
    company: str
    since: datetime
    why: str
    place: str
    waits: str
    because: str
    due_at: datetime | None
    is_held: bool
    is_doubtful: bool
    is_old: bool
    left: str


@dataclass(frozen=True, slots=True)
class TrackPage:
    """A track with its steps and the people in it."""

    track: Track
    version: TrackVersion
    steps: tuple[StepShown, ...]
    members: tuple[MemberRow, ...]
    before: int | None
    inside: int
    finding: str
    reasons: tuple[str, ...]
    older: int
    left: tuple[tuple[str, int], ...]
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in a list."""

    number: int
    title: str
    person_id: str
    name: str
    company: str
    track: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A mail of which nobody knows whether it has left."""

    number: int
    person_id: str
    name: str
    begun_at: datetime | None
    said: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """Mails of one template on one day."""

    template: str
    track: str
    count: int
    names: tuple[tuple[str, str], ...]
    further: int


@dataclass(frozen=True, slots=True)
class DayAhead:
    """A day of the calendar."""

    day: date
    mails: tuple[Leaving, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What will be sent, day by day; what cannot be dated is counted."""

    days: tuple[DayAhead, ...]
    held: int
    after_tasks: int
    is_cut: bool
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """One way of one person through one track, for panels."""

    title: str
    name: str
    entered_at: datetime
    why: str
    is_inside: bool
    ended: str
    left_at: datetime | None
    steps: tuple[tuple[str, str, datetime], ...]
    waits: str
    because: str
    due_at: datetime | None


def track_rows(viewer: User, *, at: datetime) -> tuple[TrackRow, ...]:
    """Every track, open ones first."""
    inside = _counted(Membership.objects.filter(left_at=None))
    left = _counted(Membership.objects.exclude(left_at=None))
    held = Counter(each.track_id for each, letter in _waiting() if letter.held_by)
    agreed = set(entering.named_by_agreement(at))
    found = []
    for track in access.tracks(viewer).prefetch_related("versions").order_by("closed_at", "title", "id"):
        version = max(track.versions.all(), key=lambda each: each.number, default=None)
        if version is not None:
            found.append(TrackRow(
                track.name, track.title, inside[track.pk], held[track.pk], left[track.pk],
                len(places.steps(version, at)), version.number, version.entry, track.closed_at is not None,
                track.name in agreed,
            ))  # fmt: skip
    return tuple(sorted(found, key=lambda row: row.is_closed))


def missing(at: datetime) -> tuple[str, ...]:
    """Tracks that the agreement names and nobody has written yet."""
    written_ones = set(Track.objects.values_list("name", flat=True))
    return tuple(name for name in entering.named_by_agreement(at) if name not in written_ones)


def track_page(track: Track, *, at: datetime, before: int | None = None, gone: bool = False) -> TrackPage:
    """A track; with `gone` the people who have left it."""
    version = track.versions.latest("number")
    people = Membership.objects.filter(track=track, left_at__isnull=not gone).select_related("version")
    earlier = people.filter(pk__lt=before) if before else people
    some = list(earlier.order_by("-pk")[: PAGE + 1])
    agreed = version_in_force(at)
    inside = Membership.objects.filter(track=track, left_at=None)
    at_place = Counter(dict(inside.filter(version=version).values_list("place").annotate(n=Count("*"))))
    counts = Counter(letter.held_by for each, letter in _waiting(track) if letter.held_by)
    ends = Membership.objects.filter(track=track).exclude(left="").values_list("left").annotate(n=Count("*"))
    return TrackPage(
        track=track,
        version=version,
        steps=tuple(
            _step(number, step, at_place[number]) for number, step in enumerate(places.steps(version, at))
        ),
        members=member_rows(some[:PAGE], at=at),
        before=some[PAGE - 1].pk if len(some) > PAGE else None,
        inside=inside.count(),
        finding=wording.summed(agreed, counts) if agreed and counts else "",
        reasons=_reasons(track, at),
        older=inside.exclude(version=version).count(),
        left=tuple((Membership.Left(code).label, n) for code, n in sorted(ends, key=lambda row: -row[1])),
        is_set_up=carrier.is_set_up(),
    )  # fmt: skip


def _reasons(track: Track, at: datetime) -> tuple[str, ...]:
    agreed = version_in_force(at)
    reasons = agreed.agreement.answers.recycle if agreed else ()
    return tuple(each.label for each in reasons if each.track == track.name)


def _step(number: int, step: tracks.Step, people: int) -> StepShown:
    icon, title = _KINDS[step.kind]
    words = f"{step.who}: {step.what}" if step.kind == tracks.TASK else str(step.wait) if step.wait else step.what
    if step.kind == tracks.EXIT:
        words = f"when {step.what}" if step.what else "here"
    return StepShown(number, icon, title, words, people)


def member_rows(members: Sequence[Membership], *, at: datetime) -> tuple[MemberRow, ...]:
    """People in tracks, as they stand."""
    people = Person.objects.select_related("account").in_bulk([each.person_id for each in members])
    letters = {each.key: each for each in Letter.objects.filter(key__in=[places.key_of(each) for each in members])}
    agreed, newest = version_in_force(at), _newest(members)
    return tuple(
        _member(each, people.get(each.person_id), letters.get(places.key_of(each)), agreed, newest, at)
        for each in members
    )


def _newest(members: Iterable[Membership]) -> dict[int, int]:
    rows = TrackVersion.objects.filter(track__in={each.track_id for each in members}).order_by("number")
    return dict(rows.values_list("track_id", "pk"))


def _member(
    each: Membership, person: Person | None, letter: Letter | None, agreed: Version | None, newest: Mapping[int, int],
    at: datetime,
) -> MemberRow:  # fmt: skip
    steps = places.steps(each.version, at)
    place = steps[each.place].words if each.place < len(steps) else "The end"
    waits, because, due_at = _waits(each, letter, agreed)
    return MemberRow(
        number=each.pk, person_id=each.person_id, name=_name(person), company=person.employer if person else "",
        since=each.entered_at, why=each.get_why_display(), place=place, waits=waits, because=because, due_at=due_at,
        is_held=bool(letter and letter.held_by and each.awaits == Membership.Awaits.MAIL),
        is_doubtful=bool(letter and letter.state == Letter.State.UNSURE),
        is_old=each.left_at is None and newest.get(each.track_id) != each.version_id,
        left=each.get_left_display(),
    )  # fmt: skip


def _waits(each: Membership, letter: Letter | None, agreed: Version | None) -> tuple[str, str, datetime | None]:
    """What somebody waits for, why, and until when."""
    if each.died_at is not None:
        return "Stands still", each.last_error, None
    if each.awaits == Membership.Awaits.TASK:
        return "Waits for a task", "", None
    if each.awaits != Membership.Awaits.MAIL or letter is None:
        return "Goes on", "", each.due_at
    if letter.state == Letter.State.UNSURE:
        return "Unknown, ask a person", letter.last_error, None
    if letter.state == Letter.State.DEAD:
        return "Could not be sent", letter.last_error, None
    if letter.held_by:
        said = wording.words(agreed, letter.held_by) if agreed else letter.held_by
        sentence = wording.sentence(agreed, letter.held_by) if agreed else ""
        return f"Held back: {said}", sentence, letter.due_at
    return "Mail leaves", letter.last_error, letter.due_at


def _waiting(track: Track | None = None) -> list[tuple[Membership, Letter]]:
    """People who wait for a mail, and the mail."""
    found = Membership.objects.filter(left_at=None, awaits=Membership.Awaits.MAIL).select_related("version")
    members = {places.key_of(each): each for each in (found.filter(track=track) if track else found)[:MOST_AHEAD]}
    rows = Letter.objects.filter(key__in=list(members), state=Letter.State.WAITING)
    return [(members[letter.key], letter) for letter in rows]


def _counted(rows: object) -> Counter[int]:
    return Counter(dict(rows.values_list("track").annotate(n=Count("*"))))  # type: ignore[attr-defined]


def task_rows(viewer: User, *, most: int = PAGE) -> tuple[TaskRow, ...]:
    """What waits for somebody, oldest first."""
    found = list(access.open_tasks(viewer)[:most])
    people = Person.objects.select_related("account").in_bulk([each.membership.person_id for each in found])
    return tuple(_task(each, people.get(each.membership.person_id)) for each in found)


def _task(task: Task, person: Person | None) -> TaskRow:
    return TaskRow(
        task.pk, task.title, task.membership.person_id, _name(person), person.employer if person else "",
        task.membership.track.title, task.at, task.who,
    )  # fmt: skip


def doubts(viewer: User) -> tuple[Doubt, ...]:
    """Mails that may or may not have left."""
    found = list(access.doubtful(viewer)[:PAGE])
    people = Person.objects.in_bulk([each.person_id for each in found])
    return tuple(
        Doubt(each.pk, each.person_id, _name(people.get(each.person_id)), each.begun_at, each.last_error)
        for each in found
    )


def calendar(*, at: datetime) -> Calendar:
    """What will be sent within the next month, at the earliest: nobody knows yet whom the shield will hold back then,
    and what comes behind a task waits for it."""
    clock, end = places.clock(at), at + AHEAD
    inside = Membership.objects.filter(left_at=None).select_related("version", "track").order_by("due_at", "id")
    members = list(inside[: MOST_AHEAD + 1])
    letters = {each.key: each for _, each in _waiting()}
    planned: dict[tuple[date, str, str], list[str]] = defaultdict(list)
    after_tasks = 0
    for each in members[:MOST_AHEAD] if clock else ():
        if each.awaits == Membership.Awaits.TASK:
            after_tasks += 1
            continue
        letter = letters.get(places.key_of(each))
        since = max(letter.due_at if letter else each.due_at, at)
        for mail in tracks.ahead(places.steps(each.version, at), each.place, since, clock):  # type: ignore[arg-type]
            if mail.step.kind == tracks.TASK or mail.at > end:
                break
            if mail.step.kind == tracks.MAIL:
                planned[_local(mail.at), mail.step.what, each.track.title].append(each.person_id)
    held = sum(1 for letter in letters.values() if letter.held_by)
    return Calendar(_days(planned), held, after_tasks, len(members) > MOST_AHEAD, carrier.is_set_up())


def _days(planned: Mapping[tuple[date, str, str], list[str]]) -> tuple[DayAhead, ...]:
    shown = {person for people in planned.values() for person in people[:FEW]}
    names = {key: _name(person) for key, person in Person.objects.in_bulk(shown).items()}
    rows = sorted(planned.items())
    return tuple(
        DayAhead(
            day,
            tuple(
                Leaving(template, track, len(people), tuple((each, names.get(each, NOBODY)) for each in people[:FEW]),
                        max(len(people) - FEW, 0))
                for (_, template, track), people in some
            ),
        )
        for day, some in groupby(rows, key=lambda row: row[0][0])
    )  # fmt: skip


def _local(at: datetime) -> date:
    return timezone.localtime(at).date()


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template in the list."""

    name: str
    subject: str
    number: int
    at: datetime
    tracks: tuple[str, ...]


def template_rows(at: datetime) -> tuple[TemplateRow, ...]:
    """Every template, by name, and the tracks that send it."""
    using: dict[str, list[str]] = defaultdict(list)
    for track in Track.objects.prefetch_related("versions").order_by("title"):
        newest = max(track.versions.all(), key=lambda each: each.number, default=None)
        for name in tracks.templates_of(places.steps(newest, at)) if newest else ():
            using[name].append(track.title)
    rows = TemplateVersion.objects.select_related("template").order_by("template__name", "number")
    newest_of = {each.template.name: each for each in rows}
    return tuple(
        TemplateRow(name, each.subject, each.number, each.at, tuple(using[name])) for name, each in newest_of.items()
    )


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """A template with its parts, how it reads for somebody, and its earlier versions."""

    template: Template
    version: TemplateVersion
    parts: tuple[Part, ...]
    example: Text
    versions: tuple[TemplateVersion, ...]


EXAMPLE = {
    "first_name": "Birgit", "name": "Birgit Sommer", "title": "Plant manager", "company": "Kestrel Foods",
    "city": "Regensburg", "country": "DE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody who may be chosen as reader."""

    person_id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the mails of a track while it is written: somebody who is in it, else an example."""

    name: str
    known: Mapping[str, str]
    others: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class MailShown:
    """A mail of a track that is being written: its free parts as fields, and how it reads."""

    mail: tracks.Mail
    fields: Sequence[BoundField]
    lacking: tuple[str, ...]
    text: Text


def reader(track: Track | None, chosen: str) -> Reader:
    """The reader who was chosen among the people who came into a track last."""
    inside = (
        Membership.objects.filter(track=track, left_at=None).order_by("-pk") if track else Membership.objects.none()
    )
    ids = list(inside.values_list("person_id", flat=True)[:MOST_READERS])
    people = Person.objects.select_related("account").filter(erased_at=None).in_bulk(ids)
    others = tuple(Choice(each, str(people[each]), each == chosen) for each in ids if each in people)
    if chosen in people:
        return Reader(str(people[chosen]), composing.known(people[chosen]), others)
    return Reader(EXAMPLE["name"], EXAMPLE, others)


def mails_shown(form: TrackForm, who: Reader) -> tuple[MailShown, ...]:
    """Every mail that the steps name and that there is, as that reader gets it."""
    return tuple(
        MailShown(each.mail, form.of_mail(each.mail), tuple(p.name for p in each.parts if p.is_lacking), each.text)
        for each in composing.composed(form.mails, form.said(), known=who.known)
    )


def template_page(template: Template) -> TemplatePage:
    """One template."""
    versions = tuple(template.versions.order_by("-number")[:PAGE])
    newest = versions[0]
    example = written(newest.subject, newest.body, known=EXAMPLE)
    return TemplatePage(template, newest, parts_of(newest.body), example, versions)


def journeys(*, at: datetime, person_id: str = "", handoff_id: str = "") -> tuple[Journey, ...]:
    """The ways of a person through tracks, newest first; of a handoff those that led to it or came of it."""
    rows = Membership.objects.select_related("track", "version").order_by("-pk")
    found = list(rows.filter(handoff_id=handoff_id) if handoff_id else rows.filter(person_id=person_id)[:FEW])
    letters = {each.key: each for each in Letter.objects.filter(key__in=[places.key_of(each) for each in found])}
    agreed = version_in_force(at)
    behind: dict[int, list[Passed]] = defaultdict(list)
    for each in Passed.objects.filter(membership__in=found).order_by("id"):
        behind[each.membership_id].append(each)
    return tuple(_journey(each, letters.get(places.key_of(each)), behind[each.pk], agreed) for each in found)


def _journey(each: Membership, letter: Letter | None, behind: Sequence[Passed], agreed: Version | None) -> Journey:
    waits, because, due_at = _waits(each, letter, agreed) if each.left_at is None else ("", "", None)
    steps = tuple(
        (step.words, step.get_came_display(), step.at) for step in behind if not step.words.startswith("wait ")
    )
    return Journey(
        each.track.title, each.track.name, each.entered_at, each.get_why_display(), each.left_at is None,
        each.get_left_display(), each.left_at, steps, waits, because, due_at,
    )  # fmt: skip


def tracks_to_enter(viewer: User, people: Collection[str]) -> tuple[Track, ...]:
    """The tracks into which the viewer may let these people: none while they are in one."""
    if not viewer.may(Right.RUN_NURTURE) or Membership.objects.filter(person_id__in=people, left_at=None).exists():
        return ()
    return tuple(Track.objects.filter(closed_at=None, versions__isnull=False).distinct().order_by("title"))


def waiting_for(viewer: User) -> int:
    """How many tasks and doubtful mails wait for somebody."""
    return access.open_tasks(viewer)[:100].count() + access.doubtful(viewer)[:100].count()


def tasks_url() -> str:
    """The page of tasks."""
    return reverse("outreach:tasks")


def _name(person: Person | None) -> str:
    return str(person) if person is not None else NOBODY


def wordings() -> tuple[Wording, ...]:
    """Every version of the text to which people agree, newest first."""
    return tuple(Wording.objects.order_by("-number")[:PAGE])
