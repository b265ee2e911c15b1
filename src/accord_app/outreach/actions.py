"""What people do with templates and tracks, and how somebody enters and leaves a track."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accord.agreement import track as tracks
from accord.agreement.letter import LetterError, check
from accord.agreement.track import TrackError
from accord.facts.errors import AccordError
from accord_app.ledger.reads import agreement_in_force
from accord_app.members.models import User
from accord_app.outbox import letters
from accord_app.outbox.models import Letter
from accord_app.outreach import composing, places
from accord_app.outreach.composing import Said
from accord_app.outreach.models import Membership, Passed, Task, Template, TemplateVersion, Track, TrackVersion
from accord_app.records.models import Person

LONGEST_WORDS = 4_200
Why, Left, Awaits, Came = Membership.Why, Membership.Left, Membership.Awaits, Passed.Came


class NurtureError(AccordError):
    """It cannot be done as things stand."""


# templates and tracks


@transaction.atomic
def write_template(*, name: str, subject: str, body: str, by: User, at: datetime) -> TemplateVersion:
    """Write a template, or its next version; the same text again is the version there is. Raises LetterError."""
    said = body.replace("\r\n", "\n").strip()
    check(subject.strip(), said, must_not_say=_must_not_say(at))
    composing.expect_filled_by_tracks(name, said, at=at)
    template, _ = Template.objects.get_or_create(name=name)
    Template.objects.select_for_update().get(pk=template.pk)
    newest = template.versions.order_by("-number").first()
    if newest and (newest.subject, newest.body) == (subject.strip(), said):
        return newest
    number = newest.number + 1 if newest else 1
    return TemplateVersion.objects.create(
        template=template, number=number, subject=subject.strip(), body=said, by=by.handle, at=at
    )


def _must_not_say(at: datetime) -> tuple[str, ...]:
    agreed = agreement_in_force(at)
    return tuple(agreed.brand.must_not_say) if agreed and agreed.brand else ()


@transaction.atomic
def write_track(
    *, name: str, title: str, steps: str, entry: str, by: User, at: datetime, said: Said | None = None
) -> TrackVersion:
    """Write a track, or its next version, which holds for whoever enters from now on; people who are in it finish the
    version that they are in. `said`: what stands in free parts of its mails, by the key of the mail; what is not said
    stays as usual. The same again is the version there is. Raises TrackError, and PartsError for free parts."""
    zone = places.zone(at)
    known = frozenset(Template.objects.values_list("name", flat=True))
    read = tracks.read(steps.replace("\r\n", "\n"), templates=known, zone=zone)
    _expect_colleagues(read)
    parts = composing.filled(read, said or {}, must_not_say=_must_not_say(at))
    entry = " ".join(entry.split())
    if entry:
        tracks.condition_of(entry, zone=zone)
    track, _ = Track.objects.get_or_create(name=name, defaults={"title": title.strip()})
    Track.objects.select_for_update().get(pk=track.pk)
    Track.objects.filter(pk=track.pk).update(title=title.strip())
    newest = track.versions.order_by("-number").first()
    text = tracks.text_of(read)
    if newest and (newest.steps, newest.entry, newest.said) == (text, entry, parts):
        return newest
    number = newest.number + 1 if newest else 1
    return TrackVersion.objects.create(
        track=track, number=number, steps=text, said=parts, entry=entry, by=by.handle, at=at
    )


def _expect_colleagues(steps: tuple[tracks.Step, ...]) -> None:
    named = {step.who for step in steps if step.kind == tracks.TASK} - {tracks.MARKETING, tracks.OWNER}
    unknown = named - set(User.objects.filter(handle__in=named, is_active=True).values_list("handle", flat=True))
    if unknown:
        raise TrackError(
            f"There is no colleague {min(unknown)}.", line=0, remedy="Write marketing, owner or somebody's handle."
        )


def close(*, track: Track, at: datetime) -> None:
    """Let nobody in any more; who is in it goes on. Closed twice is closed."""
    Track.objects.filter(pk=track.pk, closed_at=None).update(closed_at=at)


def reopen(*, track: Track) -> None:
    """Let people in again."""
    Track.objects.filter(pk=track.pk).update(closed_at=None)


# entering and leaving


@transaction.atomic
def enter(
    *, track: Track, person_id: str, why: Membership.Why, at: datetime, reason: str = "", handoff_id: str = "",
    by: str = "",
) -> Membership:  # fmt: skip
    """Let a person in at the first step of the newest version. Somebody who was recycled leaves what they were in;
    otherwise whoever is in a track stays there. Raises NurtureError."""
    version = track.versions.order_by("-number").first()
    if version is None or track.closed_at is not None:
        raise NurtureError(f"{track} lets nobody in.", remedy="Open it, or write its steps.")
    if why == Why.ANSWER:
        for before in inside(person_id):
            leave(membership=before, because=Left.AGAIN, at=at)
    try:
        with transaction.atomic():
            return Membership.objects.create(
                track=track, version=version, person_id=person_id, why=why, reason=reason, handoff_id=handoff_id,
                by=by, entered_at=at, due_at=at,
            )  # fmt: skip
    except IntegrityError:
        there = Membership.objects.select_related("track").get(person_id=person_id, left_at=None)
        raise NurtureError(
            f"This person is in {there.track} already; nobody is in two tracks.", remedy="Take them out there first."
        ) from None


def inside(person_id: str) -> list[Membership]:
    """The track that a person is in: none or one."""
    return list(Membership.objects.select_related("track", "version").filter(person_id=person_id, left_at=None))


@transaction.atomic
def leave(*, membership: Membership, because: Membership.Left, at: datetime) -> bool:
    """Let somebody out: what has not left for them is withdrawn, and their tasks are dropped. False: they had left."""
    gone = Membership.objects.filter(pk=membership.pk, left_at=None).update(
        left_at=at, left=because, awaits=Awaits.NOTHING, lease="", leased_until=None, died_at=None
    )
    if gone:
        letters.cancel(key=places.key_of(membership))
        Task.objects.filter(membership=membership, done_at=None).update(is_dropped=True)
        membership.left_at, membership.left = at, because
    return bool(gone)


def leave_all(*, person_ids: list[str], because: Membership.Left, at: datetime) -> int:
    """Let these people out of whatever they are in; gives how many left."""
    there = Membership.objects.select_related("version").filter(person_id__in=person_ids, left_at=None)
    return sum(leave(membership=each, because=because, at=at) for each in there)


@transaction.atomic
def move(*, membership: Membership, at: datetime) -> Membership:
    """Let somebody go on in the newest version, behind as many mails and tasks as they have behind them. Raises
    NurtureError."""
    held = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    newest = held.track.versions.order_by("-number").first()
    if held.left_at is not None or newest is None:
        raise NurtureError("This person is not in the track any more.", remedy="Load the page again.")
    if newest.pk == held.version_id:
        return held
    _expect_still(held)
    zone = places.zone(at)
    place = tracks.place_in(
        tracks.read(held.version.steps, zone=zone), held.place, tracks.read(newest.steps, zone=zone)
    )
    letters.cancel(key=places.key_of(held))
    Task.objects.filter(membership=held, done_at=None).update(is_dropped=True)
    Membership.objects.filter(pk=held.pk).update(
        version=newest, place=place, awaits=Awaits.NOTHING, due_at=at, lease="", leased_until=None
    )
    held.refresh_from_db()
    return held


def _expect_still(held: Membership) -> None:
    """A mail that may have left must be settled first: moved, the person could get it twice."""
    letter = Letter.objects.filter(key=places.key_of(held)).first()
    if letter is not None and letter.state in (Letter.State.LEAVING, Letter.State.UNSURE):
        raise NurtureError(
            "Nobody knows yet whether the last mail has left.", remedy="Say so on the page of the track first."
        )


# tasks and doubtful mails


@transaction.atomic
def finish_task(*, task: Task, by: User, at: datetime) -> None:
    """A colleague has done it; the person goes on. Done twice is done."""
    if Task.objects.filter(pk=task.pk, done_at=None, is_dropped=False).update(done_at=at, done_by=by.handle):
        go_on(membership=task.membership, came=Came.DONE, at=at)


def go_on(*, membership: Membership, came: Passed.Came, at: datetime) -> None:
    """What the person waited for has come: on to the next step."""
    held = Membership.objects.select_related("version").select_for_update(of=("self",)).get(pk=membership.pk)
    if held.left_at is not None:
        return
    step = places.steps(held.version, at)[held.place]
    passed(membership=held, words=step.words, came=came, at=at)
    Membership.objects.filter(pk=held.pk).update(place=held.place + 1, awaits=Awaits.NOTHING, due_at=at)


def passed(*, membership: Membership, words: str, came: Passed.Came, at: datetime) -> None:
    """Keep that a step is behind somebody."""
    Passed.objects.create(
        membership=membership,
        version=membership.version.number,
        place=membership.place,
        words=words[:LONGEST_WORDS],
        came=came,
        at=at,
    )


def put_in(*, track: Track, person: Person, by: User, at: datetime) -> Membership:
    """A colleague lets a person in. Raises NurtureError."""
    if person.erased_at or not person.email:
        raise NurtureError("No address of this person is known.", remedy="It comes with an import or an event.")
    return enter(track=track, person_id=person.pk, why=Why.HAND, at=at, by=by.handle)


__all__ = ["LetterError", "NurtureError", "TrackError"]
