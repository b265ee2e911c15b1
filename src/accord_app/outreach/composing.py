"""What the mails of a track say in the free parts of their templates: what may stand there, what is lacking, and how
each mail reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accord.agreement.letter import Letter as Text
from accord.agreement.letter import LetterError, check_part, first_name, lacking, parts_of, written
from accord.agreement.track import Mail, Step, mails_of
from accord.facts.errors import AccordError
from accord_app.outreach import places
from accord_app.outreach.models import Membership, TemplateVersion, Track, TrackVersion
from accord_app.records.models import Person

Said = Mapping[str, Mapping[str, str]]
"""What is said in free parts: by the key of the mail, then by the name of the part."""


class PartsError(AccordError):
    """Free parts that cannot be sent as they are. `wrong`: what is wrong, by the mail and the name of the part."""

    def __init__(self, wrong: Mapping[tuple[Mail, str], str], *, remedy: str) -> None:
        self.wrong = wrong
        super().__init__(" ".join(dict.fromkeys(wrong.values())), remedy=remedy)


@dataclass(frozen=True, slots=True)
class Part:
    """A free part of a mail: what stands there, and what does where nothing is written."""

    name: str
    usual: str
    said: str

    @property
    def is_lacking(self) -> bool:
        """Whether nothing would stand there."""
        return not (self.said or self.usual)


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail of a track with its free parts, and as somebody will read it."""

    mail: Mail
    parts: tuple[Part, ...]
    text: Text


def filled(steps: Sequence[Step], said: Said, *, must_not_say: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """What the mails of a track say in their free parts, as it is kept: only what is said otherwise than usual. Raises
    PartsError that names every part that is lacking or cannot be sent."""
    found: dict[str, dict[str, str]] = {}
    wrong: dict[tuple[Mail, str], str] = {}
    mails = list(mails_of(steps).values())
    newest = newest_of({mail.template for mail in mails})
    for mail in mails:
        body, own = newest[mail.template].body, _own(newest[mail.template].body, said.get(mail.key, {}))
        wrong |= {(mail, name): f"{mail.key} lacks the part “{name}”." for name in lacking(body, own)}
        wrong |= {(mail, name): problem for name, problem in _unfit(own, must_not_say)}
        if own:
            found[mail.key] = own
    if wrong:
        raise PartsError(wrong, remedy="Fill the free parts that are marked.")
    return found


def expect_filled_by_tracks(template: str, body: str, *, at: datetime) -> None:
    """Raises LetterError where a track that sends a template would have nothing to say in one of its free parts."""
    for version in _in_use():
        for mail in mails_of(places.steps(version, at)).values():
            missing = lacking(body, version.said.get(mail.key, {})) if mail.template == template else ()
            if missing:
                raise LetterError(
                    "body", f"The track {version.track} sends this mail and says nothing for “{missing[0]}”.",
                    remedy="Give the part a usual text, or fill it in the track.",
                )  # fmt: skip


def composed(mails: Collection[Mail], said: Said, *, known: Mapping[str, str]) -> tuple[Composed, ...]:
    """The mails of a track whose templates there are, with their free parts, as the person reads them of whom that is
    known."""
    newest = newest_of({mail.template for mail in mails})
    return tuple(
        _composed(mail, newest[mail.template], said.get(mail.key, {}), known)
        for mail in mails
        if mail.template in newest
    )


def newest_of(names: Collection[str]) -> dict[str, TemplateVersion]:
    """The newest version of each of these templates that is there."""
    rows = TemplateVersion.objects.filter(template__name__in=names).select_related("template").order_by("number")
    return {each.template.name: each for each in rows}


def known(person: Person) -> dict[str, str]:
    """What a template may say of a person."""
    return {
        "first_name": first_name(person.name), "name": person.name, "title": person.title,
        "company": person.employer, "city": person.city, "country": person.country,
    }  # fmt: skip


def free_parts(mails: Collection[Mail]) -> dict[Mail, tuple[Part, ...]]:
    """The free parts of mails, with what is usually said there."""
    return {each.mail: each.parts for each in composed(mails, {}, known={})}


def _composed(mail: Mail, version: TemplateVersion, said: Mapping[str, str], known: Mapping[str, str]) -> Composed:
    own = _own(version.body, said)
    parts = tuple(Part(p.name, p.text, own.get(p.name, "")) for p in parts_of(version.body) if p.is_free)
    return Composed(mail, parts, written(version.subject, version.body, known=known, said=own))


def _own(body: str, said: Mapping[str, str]) -> dict[str, str]:
    """What is said otherwise than usual, in parts that there are."""
    usual = {part.name: part.text for part in parts_of(body) if part.is_free}
    told = {name: said.get(name, "").replace("\r\n", "\n").strip() for name in usual}
    return {name: text for name, text in told.items() if text and text != usual[name]}


def _unfit(own: Mapping[str, str], must_not_say: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for name, text in own.items():
        try:
            check_part(name, text, must_not_say=must_not_say)
        except LetterError as error:
            found.append((name, str(error)))
    return found


def _in_use() -> list[TrackVersion]:
    """The newest version of every open track, and those in which people are."""
    open_ones = Track.objects.filter(closed_at=None, versions__isnull=False).distinct()
    newest = [track.versions.latest("number").pk for track in open_ones]
    there = Membership.objects.filter(left_at=None).values("version")
    rows = TrackVersion.objects.filter(Q(pk__in=newest) | Q(pk__in=there))
    return list(rows.select_related("track").order_by("track__name", "-number"))
