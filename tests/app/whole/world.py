"""A house in which everything is there once: for every address something to open, for every form something to send.

Tomás answers for DACH, Amy for the United Kingdom; whatever is Amy's is foreign to Tomás.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.http import int_to_base36
from tests.app import cast
from tests.app.handoffs.leads import DAY, HOUR, TEAM, a_lead, in_force, let_seconds_pass
from tests.app.intake.bringing import CONTACTS, a_client, brought, imported

from accord_app.handoffs import actions as handoffs
from accord_app.handoffs.models import Handoff, SavedView
from accord_app.intake import tokens
from accord_app.intake.models import Arrival
from accord_app.ledger.carrying import carry
from accord_app.measures.attributing import measure_attribution
from accord_app.measures.colliding import measure_collisions
from accord_app.measures.counting_money import measure_economics
from accord_app.measures.dealing import measure_drawn, measure_fairness
from accord_app.measures.diagnosing import measure_diagnosis
from accord_app.measures.foretelling import measure_forecast
from accord_app.measures.measuring import keep, measure
from accord_app.measures.models import Figure, PromiseFigure
from accord_app.members import absences, actions, feeds, links
from accord_app.members.models import Absence, User
from accord_app.members.roles import Role
from accord_app.outbox.actions import send
from accord_app.outbox.models import Letter, Message
from accord_app.outreach import actions as nurture
from accord_app.outreach import consents
from accord_app.outreach import tokens as links_in_mails
from accord_app.outreach.models import Membership, Task
from accord_app.records.actions import record
from accord_app.records.merging import merge
from accord_app.records.models import Duplicate, Person
from accord_app.shield import inquiring
from accord_app.shield.asking import Question
from accord_app.shield.inquiring import Asker
from accord_app.shield.overriding import let_through
from accord_app.work.models import Job

PROMISES = [
    {"id": "answered", "side": "sales", "metric": "answered_in_time", "at_least": 0.9, "per": "week"},
    {"id": "handed-over", "side": "marketing", "metric": "handoffs", "at_least": 3, "per": "week"},
]
CONTACT = {"shield": [{"when": "open_handoff", "side": "marketing"}]}
TEAMS = {TEAM: {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}}
CAST: Mapping[Role, Callable[[], User]] = {
    Role.REP: cast.a_rep,
    Role.MARKETER: cast.a_marketer,
    Role.REVOPS: cast.a_revops,
    Role.HEAD_OF_SALES: cast.a_head_of_sales,
    Role.HEAD_OF_MARKETING: cast.a_head_of_marketing,
    Role.ADMINISTRATOR: cast.an_administrator,
}
EVERYBODY = frozenset(Role)
SEE_ALL = EVERYBODY - {Role.REP}
SET_ALL = frozenset({Role.REVOPS, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Sample:
    """One thing that an address can name, and the roles for whom it exists, their right to the door provided."""

    value: str
    exists_for: frozenset[Role] = EVERYBODY


Samples = Mapping[str, tuple[Sample, ...]]


def a_full_house() -> Samples:
    """Makes everything, and says by which values addresses name it: by the name of the part of the address, or by the
    address and the part where several rooms call different things the same."""
    now = timezone.now()
    for member in CAST.values():
        member()
    TOTP.activate(cast.a_revops(), "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(cast.a_revops())
    amy = cast.a_rep("amy", "Amy Byrne", team=cast.a_team("sales-uk", "Sales UK"))
    cast.a_rep("zoe", "Zoë Baumann")
    in_force(version=2, in_force_from="2025-06-02T00:00:00+00:00", teams=TEAMS, promises=PROMISES)
    in_force(teams=TEAMS, promises=PROMISES, contact=CONTACT)
    return {
        **_handoffs(now),
        **_records(now),
        **_measured(now),
        **_members(now, amy),
        **_files(),
        **_events(now),
        **_failed_work(now),
        **_shielded(now),
        **_nurtured(now),
        "agreements:version.number": (Sample("3"), Sample("2")),
        "agreements:text.number": (Sample("3"),),
        "agreements:draft_questions.name": (Sample("one-team"),),
        "agreements:draft_text.name": (Sample("one-team"),),
        "older": (Sample("2"),),
        "newer": (Sample("3"),),
        "width": (Sample("wide"), Sample("narrow")),
        "theme": (Sample("light"), Sample("dark")),
    }


def _handoffs(now: datetime) -> Samples:
    tomas = cast.a_rep()
    waiting = a_lead(at=now - HOUR)
    accepted = a_lead("noor", at=now - 3 * HOUR, name="Noor Haddad")
    rejected = a_lead("laurent", at=now - 4 * HOUR, name="Laurent Picard")
    foreign = a_lead("emma", at=now - HOUR, name="Emma Stone", country="GB")
    handoffs.accept(handoff=accepted, by=tomas, at=now - 2 * HOUR)
    handoffs.reject(handoff=rejected, reason="no_fit", by=tomas, at=now - 2 * HOUR)
    again = a_lead("ines", at=now - 4 * HOUR, name="Inês Costa")
    handoffs.reject(handoff=again, reason="too_small", by=tomas, at=now - 2 * HOUR)
    let_seconds_pass(now - 2 * HOUR)
    again.refresh_from_db()
    handoffs.reply(handoff=again, text="They are 1,400.", second_look=True, by=cast.a_marketer(), at=now - HOUR)
    handoffs.note(handoff=waiting, text="Asks about wash-down.", by=tomas, at=now)
    views = [SavedView.objects.create(owner=who, name="Mine", query="view=mine") for who in ("amy", "tomas")]
    own = tuple(Sample(each.pk) for each in (waiting, accepted, rejected, again))
    assert Handoff.objects.get(pk=foreign.pk).owner == "amy"
    return {
        "handoffs:look_again.handoff_id": (Sample(again.pk, frozenset({Role.REVOPS, Role.ADMINISTRATOR})),),
        "handoff_id": (*own, Sample(foreign.pk, SEE_ALL)),
        "pk": (Sample(str(views[1].pk), frozenset({Role.REP})), Sample(str(views[0].pk), frozenset())),
    }


def _records(now: datetime) -> Samples:
    rows = [
        {"id": "e1", "deal_id": "deal", "account_id": "at-birgit", "person_id": "birgit", "event": "opened",
         "stage": "meeting", "amount": 48_200.0, "currency": "EUR", "owner": "tomas", "occurred_at": now - HOUR},
    ]  # fmt: skip
    record("deals", rows, at=now, source="crm")
    may_merge = frozenset({Role.REVOPS, Role.ADMINISTRATOR})
    for person in ("bob", "robert"):
        told = {"id": person, "subject": "person", "subject_id": person, "name": person, "occurred_at": now - DAY}
        record("profiles", [told], at=now - DAY, source="crm")
    Duplicate.objects.create(kind="person", left="birgit", right="emma", probability=0.93, found_at=now)
    merged = merge(kind="person", kept="bob", other="robert", by="ada", at=now)
    return {
        "records:pair.kind": (Sample("person", may_merge),),
        "left": (Sample("birgit"),),
        "right": (Sample("emma"),),
        "merge_id": (Sample(str(merged.pk), may_merge),),
        "person_id": (Sample("birgit"), Sample("emma")),
        "records:employer.person_id": (Sample("bob", may_merge),),
        "account_id": (Sample("at-birgit"),),
        "deal_id": (Sample("deal"),),
    }


def _measured(now: datetime) -> Samples:
    carry(at=now)
    assert measure(at=now)
    _analysed(now)
    figure = PromiseFigure.objects.filter(promise="answered").latest("begins_at")
    return {
        "promise": (Sample("answered"),),
        "label": (Sample(str(figure.details["period"])),),
        "by": (Sample("channel"),),
        "scoreboard:attribution_csv.by": (Sample("channel", frozenset()),),  # no file before a win is shared out
        "figure": (Sample("cost_per_lead"), Sample("new_revenue")),
    }


_ANALYSES: dict[str, Figure] = {}


def _analysed(now: datetime) -> None:
    """The long analyses, made for the first house of this process; every house has the same facts."""
    if not _ANALYSES:
        before = set(Figure.objects.values_list("name", flat=True))
        assert measure_forecast(at=now)
        measure_attribution(at=now)
        assert measure_economics(at=now)
        assert measure_diagnosis(at=now)
        measure_collisions(at=now)
        assert measure_fairness(at=now)
        measure_drawn(at=now)
        _ANALYSES.update({each.name: each for each in Figure.objects.exclude(name__in=before)})
        return
    for each in _ANALYSES.values():
        keep(each.name, each.content, each.sql, now, perf_counter())


def _members(now: datetime, amy: User) -> Samples:
    ingrid, clara, jonas = cast.an_administrator(), cast.a_head_of_sales(), cast.a_marketer()
    invitation = actions.invite(name="Sara Lind", email="sara@kestrel.example", role=Role.REP, by=ingrid, at=now - DAY)
    left = cast.a_marketer("sven", "Sven Olsson")
    actions.leave(member=left, at=now)
    cast.a_team("empty-team", "A team without people")
    calendar = feeds.Wanted("https://calendar.example/absences.ics", True, "holiday", None)
    feeds.follow(of=cast.a_rep(), wanted=calendar, at=now)
    away = {who: _away(who, ingrid, now) for who in (cast.a_rep(), amy, jonas)}
    key = default_token_generator.make_token(jonas)
    return {
        "handle": (Sample("zoe"), Sample("sara"), Sample("sven")),
        "members:absences_of.handle": (
            Sample("zoe", SET_ALL | {Role.HEAD_OF_SALES}),
            Sample("jonas", SET_ALL | {Role.MARKETER, Role.HEAD_OF_MARKETING}),
            Sample("tomas", SET_ALL | {Role.HEAD_OF_SALES, Role.REP}),
        ),
        "members:end_absence.number": (
            Sample(str(away[cast.a_rep()].pk), SET_ALL | {Role.HEAD_OF_SALES, Role.REP}),
            Sample(str(away[amy].pk), SET_ALL | {Role.HEAD_OF_SALES}),
            Sample(str(away[jonas].pk), SET_ALL | {Role.HEAD_OF_MARKETING, Role.MARKETER}),
        ),
        "name": (Sample("sales-dach"), Sample("empty-team")),
        "token": (Sample(links.token_of(invitation)),),
        "uidb36": (Sample(int_to_base36(clara.pk)),),
        "key": (Sample(key),),
    }


def _away(who: User, by: User, now: datetime) -> Absence:
    return absences.begin(of=who, begins_at=now + 40 * DAY, ends_at=now + 50 * DAY, deputy=None, by=by, at=now)


def _files() -> Samples:
    ada = a_client(cast.a_revops())
    done = imported(ada, CONTACTS, "contacts.csv")
    ready = brought(ada, CONTACTS.replace("birgit", "piotr"), "more.csv")
    numbers = tuple(Sample(str(each.pk)) for each in (ready, done))
    doors = ("import", "progress", "propose", "mapping", "undo", "discard")
    return {
        **{f"intake:{door}.number": numbers for door in doors},
        "intake:refused.number": (Sample(str(done.pk)),),
        "part": (Sample("0"),),
    }


def _events(now: datetime) -> Samples:
    made = tokens.make(name="Website", source="website", by=cast.a_revops(), at=now)
    aside = Arrival.objects.create(
        source="website", event_id="e1", received_at=now, payload={"id": "e1"}, problem="KeyError: 'person'"
    )
    assert made.secret
    return {
        "intake:withdraw.number": (Sample(str(made.token.pk)),),
        "intake:again.number": (Sample(str(aside.pk)),),
        "intake:drop.number": (Sample(str(aside.pk)),),
    }


def _shielded(now: datetime) -> Samples:
    ada, emma = cast.a_revops(), Person.objects.get(pk="emma")
    given = let_through(person=emma, question=Question(), until=now + DAY, reason="Asked for it.", by=ada, at=now)
    asked = inquiring.ask(["birgit", "emma", "nobody"], Question(), by=Asker("jonas"), at=now)
    return {"check": (Sample(str(asked.inquiry.pk)),), "override": (Sample(str(given.pk)),)}


RUN_NURTURE = frozenset({Role.MARKETER, Role.HEAD_OF_MARKETING, Role.REVOPS, Role.ADMINISTRATOR})


def _nurtured(now: datetime) -> Samples:
    """A track with somebody who waits for a mail that was begun, and two tasks: of Tomás and of marketing."""
    jonas, ada = cast.a_marketer(), cast.a_revops()
    consents.write_text(text="I want to hear from Kestrel Robotics.", by=jonas, at=now)
    nurture.write_template(name="warm-1", subject="News", body="Hello {first_name|there}", by=jonas, at=now)
    steps = "mail warm-1\ntask tomas: Call"
    track = nurture.write_track(name="keep-warm", title="Keep warm", steps=steps, entry="", by=jonas, at=now).track
    people = [Person.objects.get(pk=each) for each in ("birgit", "noor")]
    first, second = (nurture.put_in(track=track, person=each, by=ada, at=now) for each in people)
    Membership.objects.filter(pk__in=[first.pk, second.pk]).update(awaits="task")
    letter = Letter.objects.create(
        key="doubtful", writer="track", person_id="emma", context={"membership": 0}, state=Letter.State.UNSURE, at=now,
        due_at=now, begun_at=now,
    )  # fmt: skip
    own = Task.objects.create(membership=first, place=0, title="Call", who="tomas", at=now)
    of_marketing = Task.objects.create(membership=second, place=0, title="Look for news", at=now)
    asked = consents.ask(person=people[0], by=jonas, at=now)
    person = Sample(links_in_mails.for_person("birgit"))
    nurture.write_track(name="keep-warm", title="Keep warm", steps=f"{steps}\nwait 3d", entry="", by=jonas, at=now)
    return {
        "track": (Sample("keep-warm"),),
        "template": (Sample("warm-1"),),
        "member": (Sample(str(first.pk)),),
        "letter": (Sample(str(letter.pk)),),
        "task": (Sample(str(own.pk), RUN_NURTURE | {Role.REP}), Sample(str(of_marketing.pk), RUN_NURTURE)),
        "outreach:unsubscribe.token": (person,),
        "outreach:preferences.token": (person,),
        "outreach:confirm.token": (Sample(links_in_mails.for_request("birgit", asked.pk)),),
        "provider": (Sample("postmark", frozenset()),),
    }


def _failed_work(now: datetime) -> Samples:
    dead = {"due_at": now - DAY, "died_at": now - HOUR, "attempts": 8, "last_error": "ValueError: <b>no luck</b>"}
    job = Job.objects.create(kind="measure", key="k", created_at=now - DAY, **dead)
    send(kind="password_reset", to=cast.a_rep(), key="reset", about="member:tomas", context={}, at=now)
    message = Message.objects.get(key="reset")
    Message.objects.filter(pk=message.pk).update(state=Message.State.DEAD, **dead)
    return {
        "kind": (Sample(job.kind),),
        "row_id": (Sample(str(job.pk)),),
        "message_id": (Sample(str(message.pk)),),
    }
