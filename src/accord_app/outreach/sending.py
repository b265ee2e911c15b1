"""What leaves to people outside, said at the last moment: the shield is asked, its answer is kept, and the text is put
together from the newest version of the template and what is known about the person now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accord.agreement import track as tracks
from accord.agreement.letter import Letter as Text
from accord.agreement.letter import first_name, written
from accord_app.outbox.letters import Held, Needless, Written
from accord_app.outbox.models import Letter
from accord_app.outreach import consents, places, tokens
from accord_app.outreach.actions import Came, Left, go_on, leave
from accord_app.outreach.composing import known
from accord_app.outreach.models import Check, Membership, Request, Template
from accord_app.records.actions import record
from accord_app.records.models import Person
from accord_app.shell.models import Company
from accord_app.shield.asking import Question, Verdict, in_force, may_contact
from accord_app.work.actions import enqueue

WRITER = "track"
ASK_AGAIN, AT_ONCE_MOST = timedelta(days=1), timedelta(hours=1)
HELD_FOR = timedelta(days=30)
"""After so long a mail that is held back comes too late, and the person leaves the track."""

NEVER = "contact.never"
State = Letter.State


class TrackMail:
    """The mails of tracks."""

    def write(self, letter: Letter, at: datetime) -> Written:
        """The mail of a step, unless the person has left, is held back, or it is not business time."""
        membership = _of(letter)
        person = _somebody(letter.person_id)
        if membership is None or membership.left_at is not None:
            return Needless()
        if person is None:
            leave(membership=membership, because=Left.NO_ADDRESS, at=at)
            return Needless()
        clock = places.clock(at)
        if clock is not None and (opens := clock.next_open(at)) > at:
            return Held("", opens)
        template = places.steps(membership.version, at)[membership.place].what
        said = places.said_at(membership.version, membership.place, at)
        verdict = asked(letter, Question(message=template), at)
        if verdict.clause is not None:
            return self._held(membership, letter, verdict, at)
        return mail_to(person, letter, _text_for(template, person, said), marketing=True)

    def _held(self, membership: Membership, letter: Letter, verdict: Verdict, at: datetime) -> Written:
        if letter.at <= at - HELD_FOR:
            leave(membership=membership, because=Left.HELD_BACK, at=at)
            return Needless()
        return Held(verdict.clause or "", _ask_again(verdict, at))

    def ended(self, letter: Letter, at: datetime) -> None:
        """The touch of a mail that has left, and on to the next step; an address that takes no mail is said so."""
        membership = _of(letter)
        if membership is None:
            return
        if letter.state == State.SENT:
            _touched(letter, membership, letter.sent_at or at, at)
            go_on(membership=membership, came=Came.SENT, at=at)
        elif letter.state == State.REFUSED:
            go_on(membership=membership, came=Came.REFUSED, at=at)
        elif letter.state == State.BOUNCED:
            came_back(letter, at)


class Asking:
    """The mails that ask for consent."""

    def write(self, letter: Letter, at: datetime) -> Written:
        """The mail with the link to confirm, while the asking holds."""
        request = Request.objects.select_related("wording").filter(pk=letter.context["request"]).first()
        person = _somebody(letter.person_id)
        if request is None or person is None or request.confirmed_at is not None or request.until <= at:
            return Needless()
        verdict = asked(letter, Question(purpose=consents.ASKING), at)
        if verdict.clause is not None:
            return Held(verdict.clause, _ask_again(verdict, at))
        said = {"wording": request.wording, "link": tokens.confirm_url(person.pk, request.pk), "until": request.until}
        return _asking_mail(person, letter, said)

    def ended(self, letter: Letter, at: datetime) -> None:
        """An address that takes no mail is said so; a touch is kept of what has left."""
        if letter.state == State.BOUNCED:
            came_back(letter, at)


def hold_back(letter: Letter, *, template: str, at: datetime) -> None:
    """Ask the shield when the mail is written, so that pages say at once who is held back; it is asked again before the
    mail leaves."""
    verdict = asked(letter, Question(message=template), at)
    if verdict.clause is not None:
        Letter.objects.filter(pk=letter.pk).update(held_by=verdict.clause, due_at=_ask_again(verdict, at))


def asked(letter: Letter, question: Question, at: datetime) -> Verdict:
    """What the shield answers about a letter now; the answer is kept."""
    verdict = may_contact([letter.person_id], question, at=at)[letter.person_id]
    Check.objects.create(
        letter=letter, at=at, clause=verdict.clause or "", until=verdict.until, version=in_force(at).version
    )
    return verdict


def came_back(letter: Letter, at: datetime) -> None:
    """The mail server says that there is no such address: a fact, by which the shield holds it back from now on."""
    consents.say(
        person_id=letter.person_id, purpose=consents.MAIL, status=consents.BOUNCED, at=at, what=f"letter:{letter.pk}"
    )


def mail_to(person: Person, letter: Letter, text: Text, *, marketing: bool) -> EmailMultiAlternatives:
    """A mail as it leaves; of marketing with the links and headers by which its reader says no (RFC 8058)."""
    company = Company.objects.first()
    context = {
        "subject": text.subject,
        "paragraphs": [part.strip() for part in text.body.split("\n\n") if part.strip()],
        "company": company.name if company else "",
        "unsubscribe": tokens.unsubscribe_url(person.pk) if marketing else "",
        "preferences": tokens.preferences_url(person.pk) if marketing else "",
    }
    headers = {"Message-ID": message_id(letter)}
    if marketing:
        headers["List-Unsubscribe"] = f"<{context['unsubscribe']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return _whole(person, text.subject, "letter", context, headers)


def message_id(letter: Letter) -> str:
    """The same at every attempt."""
    host = urlsplit(settings.ADDRESS).hostname or "localhost"
    return f"<{hashlib.sha256(f'letter {letter.key}'.encode()).hexdigest()[:32]}@{host}>"


def _asking_mail(person: Person, letter: Letter, said: Mapping[str, object]) -> EmailMultiAlternatives:
    company = Company.objects.first()
    named = company.name if company else ""
    subject = f"Please confirm: mail from {named}" if named else "Please confirm"
    context = {**said, "subject": subject, "company": named, "first_name": first_name(person.name)}
    return _whole(person, subject, "asking", context, {"Message-ID": message_id(letter)})


def _whole(
    person: Person, subject: str, template: str, context: Mapping[str, object], headers: dict[str, str]
) -> EmailMultiAlternatives:
    text = render_to_string(f"outreach/mails/{template}.txt", dict(context)).strip() + "\n"
    html = render_to_string(f"outreach/mails/{template}.mjml", dict(context))
    mail = EmailMultiAlternatives(" ".join(subject.split()), text, settings.MAIL_FROM, [person.email], headers=headers)
    mail.attach_alternative(html, "text/html")
    return mail


def _text_for(template: str, person: Person, said: Mapping[str, str]) -> Text:
    version = Template.objects.get(name=template).versions.order_by("-number")[0]
    return written(version.subject, version.body, known=known(person), said=said)


def _touched(letter: Letter, membership: Membership, sent_at: datetime, at: datetime) -> None:
    template = places.steps(membership.version, at)[letter.context["place"]].what
    row = {
        "id": f"letter:{letter.pk}", "person_id": letter.person_id, "kind": "email.sent", "side": tracks.MARKETING,
        "channel": "email", "campaign": membership.track.name, "asset": template, "occurred_at": sent_at,
    }  # fmt: skip
    record("touches", [row], at=at, source=consents.SOURCE)
    enqueue(kind=consents.LOOK, at=at, payload={"people": [letter.person_id]})


def _of(letter: Letter) -> Membership | None:
    """Whose step it is, as long as the person stands there still."""
    found = Membership.objects.select_related("track", "version").filter(pk=letter.context["membership"]).first()
    return found if found is not None and places.key_of(found) == letter.key else None


def _somebody(person_id: str) -> Person | None:
    there = Person.objects.select_related("account").filter(pk=person_id, erased_at=None).exclude(email="")
    return there.first()


def _ask_again(verdict: Verdict, at: datetime) -> datetime:
    """When the answer may have changed by itself, at least once a day: much of what holds back ends by what happens."""
    soonest = min(verdict.until or at + ASK_AGAIN, at + ASK_AGAIN)
    return max(soonest, at + AT_ONCE_MOST)
