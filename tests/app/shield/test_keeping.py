"""Answers that are kept ready: whatever comes in, goes, is corrected or merged, and however time passes, they are what
the facts say (M41)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.app import cast
from tests.app.handoffs.leads import DAY, HOUR, in_force
from tests.app.shield.worlds import CONTACT, a_campaign_list, a_deal, a_person, agreed, mailed

from accord.facts.same import OF_ACCOUNTS
from accord_app.ledger import copying
from accord_app.ledger.actions import append
from accord_app.ledger.models import Batch, Concerned, Touch
from accord_app.ledger.reads import version_in_force
from accord_app.records import erasing
from accord_app.records.models import Person
from accord_app.shield import asking, keeping, overriding, tending, working_out
from accord_app.shield.asking import Question, Verdict, may_contact
from accord_app.shield.models import KeptArticle, KeptStanding, Override, RestsOn, TakenBack

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAIL = Question()


@pytest.fixture(autouse=True)
def kept_within_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run within a transaction; to these, nothing is undone."""
    monkeypatch.setattr(asking, "is_within_transaction", lambda: False)


def from_facts(people: Any, question: Question = MAIL, *, at: datetime) -> Mapping[str, Verdict]:
    """What the facts say, without anything that is kept."""
    version = version_in_force(at)
    assert version is not None
    return asking._from_facts(version, people, question, at)


def kept(question: Question = MAIL, *, at: datetime = NOW) -> set[str]:
    """About whom it is kept what answers a question for sure now."""
    version = version_in_force(at)
    assert version is not None
    article = keeping.article_of(version, at=at)
    stood = keeping.read(article, list(KeptStanding.objects.values_list("person_id", flat=True)), at=at)
    return set(working_out.answered(version, stood, question, at=at, let={}))


# What is kept


def test_what_was_asked_once_is_answered_from_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    agreed()
    people = a_campaign_list(NOW)
    found = may_contact(people, MAIL, at=NOW)
    assert kept() == set(people)
    monkeypatch.setattr(keeping, "worked_out", lambda *_, **__: pytest.fail("worked out"))
    assert may_contact(people, MAIL, at=NOW + HOUR) == found


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="how SQLite plans it, which knows nothing of how many there are"
)
def test_the_answer_about_one_person_is_found_without_looking_at_the_others() -> None:
    agreed()
    people = a_campaign_list(NOW)
    may_contact(people, MAIL, at=NOW)
    (article,) = KeptArticle.objects.all()
    with CaptureQueriesContext(connection) as queries:
        assert keeping.read(article, people[:1], at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "(person_id=? AND article=?)" in plan, plan


def test_the_first_question_of_any_kind_is_answered_from_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever side asks, for whichever purpose and message, and of whom an owner lets through."""
    agreed()
    people = a_campaign_list(NOW)
    Override.objects.create(
        person_id="deal", purpose=MAIL.purpose, side=MAIL.side, until=NOW + DAY, reason="x", clause="x", version=3,
        by="ada", at=NOW,
    )  # fmt: skip
    questions = [
        *QUESTIONS,
        Question("survey"),
        Question("sales.call"),
        Question(side="sales"),
        Question(message="sale"),
    ]
    expected = [from_facts(people, question, at=NOW) for question in questions]
    may_contact(people, Question("other", "sales"), at=NOW)
    monkeypatch.setattr(keeping, "worked_out", lambda *_, **__: pytest.fail("worked out"))
    assert [may_contact(people, question, at=NOW) for question in questions] == expected
    assert len({tuple(sorted((p, v.clause) for p, v in each.items())) for each in expected}) > 2
    assert KeptArticle.objects.count() == 1


def test_an_answer_ends_when_time_alone_may_change_it() -> None:
    agreed()
    a_campaign_list(NOW)
    until = may_contact(["deal"], MAIL, at=NOW)["deal"].until
    assert until is not None
    assert kept(at=until - timedelta(microseconds=1)) == {"deal"}
    assert kept(at=until) == kept(at=NOW - HOUR) == set()


@pytest.mark.parametrize("person", ["free", "deal"])
def test_what_is_kept_answers_also_while_an_owner_lets_through(person: str) -> None:
    agreed()
    a_campaign_list(NOW)
    may_contact(["deal"], MAIL, at=NOW)
    given_ = overriding.let_through(
        person=Person.objects.get(pk="deal"),
        question=MAIL,
        until=NOW + DAY,
        reason="Asked.",
        by=cast.a_revops(),
        at=NOW,
    )
    assert may_contact(["deal", person], MAIL, at=NOW)["deal"] == Verdict(None, NOW + DAY)
    overriding.take_back(override=given_, by=cast.a_revops(), at=NOW + HOUR)
    assert may_contact(["deal"], MAIL, at=NOW + HOUR)["deal"].clause == "contact.shield.0"
    assert not may_contact(["deal"], MAIL, at=NOW + 2 * DAY)["deal"].may


def test_an_address_that_nothing_is_known_of_leaves_nothing_behind() -> None:
    agreed()
    assert not may_contact(["unheard-of"], MAIL, at=NOW)["unheard-of"].may
    assert not KeptStanding.objects.exists()


def test_clauses_that_fade_from_moment_to_moment_keep_nothing() -> None:
    agreed(never="unsubscribed OR bounced OR score > 900")
    people = a_campaign_list(NOW)
    assert may_contact(people, MAIL, at=NOW) == from_facts(people, at=NOW)


def test_a_fact_from_a_time_to_come_counts_when_it_is_known() -> None:
    agreed()
    a_person("ann", at=NOW - DAY)
    word = {"id": "later", "person_id": "ann", "purpose": "marketing.email", "status": "withdrawn"}
    append("consent", [word | {"occurred_at": NOW + HOUR, "known_at": NOW + HOUR}], at=NOW, source="site")
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may
    assert not may_contact(["ann"], MAIL, at=NOW + HOUR)["ann"].may


# What ends them


def test_a_touch_that_no_clause_reads_ends_nothing_until_one_is_corrected() -> None:
    agreed()
    a_person("ann", at=NOW - DAY)
    mail = {"id": "m", "person_id": "ann", "kind": "email.sent", "side": "marketing", "occurred_at": NOW - 2 * HOUR}
    for each in (mail, {**mail, "id": "n"}):
        append("touches", [each], at=NOW - HOUR, source="mailer")
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].clause == "contact.frequency.0"
    append("touches", [{**mail, "id": "page", "kind": "page.home"}], at=NOW, source="site")
    keeping.notice()
    assert kept() == {"ann"}
    append("touches", [{**mail, "kind": "page.home"}], at=NOW, source="mailer")
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may


def test_a_deal_that_names_only_a_colleague_ends_what_is_said_of_the_others() -> None:
    agreed()
    for person in ("ann", "bob"):
        a_person(person, at=NOW - DAY)
    append("profiles", [at_anns("bob", "moved")], at=NOW - HOUR, source="hr")
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may
    deal = {"id": "d", "deal_id": "d", "person_id": "bob", "event": "stage", "stage": "proposal", "occurred_at": NOW}
    append("deals", [deal], at=NOW, source="crm")
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].clause == "contact.shield.0"
    append("profiles", [{**at_anns("bob", "left"), "account_id": "elsewhere"}], at=NOW + HOUR, source="hr2")
    assert may_contact(["ann"], MAIL, at=NOW + HOUR)["ann"].may


def at_anns(person: str, name: str) -> dict[str, Any]:
    return {"id": name, "subject": "person", "subject_id": person, "account_id": "at-ann", "occurred_at": NOW - HOUR}


def a_parent(account: str, parent: str, *, at: datetime) -> None:
    """An account comes to belong to another."""
    row = {"id": f"{account}-of", "subject": "account", "subject_id": account, "account_id": parent, "occurred_at": at}
    append("profiles", [row], at=at, source="crm")


@pytest.mark.parametrize("owner", ["at-bob", "at-cas"], ids=["the account above", "the account below"])
def test_what_happens_in_the_family_ends_what_is_kept(owner: str) -> None:
    """Ann works for a subsidiary of Bob's account, and Cas for one of hers."""
    agreed(shield=[{**CONTACT["shield"][0], "including_family": True}])
    for person in ("ann", "bob", "cas"):
        a_person(person, at=NOW - DAY)
    may_contact(["ann"], MAIL, at=NOW)
    a_parent("at-ann", "at-bob", at=NOW)
    a_parent("at-cas", "at-ann", at=NOW)
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may
    a_deal(owner.removeprefix("at-"), at=NOW + HOUR)
    assert may_contact(["ann"], MAIL, at=NOW + HOUR)["ann"].clause == "contact.shield.0"
    a_parent("at-ann", "elsewhere", at=NOW + 2 * HOUR)
    a_parent("at-cas", "elsewhere", at=NOW + 2 * HOUR)
    assert may_contact(["ann"], MAIL, at=NOW + 2 * HOUR)["ann"].may


def a_bounce(person: str, *, batch: str) -> None:
    """A fact of an import, which says nothing of itself while it is copied."""
    Touch.facts().create(
        source="old", source_id=person, revision=1, recorded_at=NOW, batch=batch, known_inferred=False,
        precision="second", evidence="evidenced", occurred_at=NOW - 9 * DAY, known_at=NOW - 9 * DAY, person_id=person,
        kind="email.bounced",
    )  # fmt: skip


def test_an_import_counts_from_the_moment_it_is_in_force_until_it_is_undone() -> None:
    agreed()
    a_person("ann", at=NOW - 10 * DAY)
    batch = Batch.objects.create(id="b", table="touches", state=Batch.State.COPYING, at=NOW, changed_at=NOW)
    a_bounce("ann", batch="b")
    answers = [may_contact(["ann"], MAIL, at=NOW)["ann"].clause]
    for state in (Batch.State.IN_FORCE, Batch.State.RETRACTED):
        copying.change_state(batch.pk, state, NOW)
        answers.append(may_contact(["ann"], MAIL, at=NOW)["ann"].clause)
    assert answers == [None, "contact.never", None]


def test_an_import_ends_only_the_answers_about_those_whom_it_names() -> None:
    agreed()
    for person in ("ann", "bob"):
        a_person(person, at=NOW - 10 * DAY)
    may_contact(["ann", "bob"], MAIL, at=NOW)
    batch = Batch.objects.create(id="b", table="touches", state=Batch.State.COPYING, at=NOW, changed_at=NOW)
    a_bounce("ann", batch="b")
    copying.change_state(batch.pk, Batch.State.IN_FORCE, NOW, named={("ann", "email.bounced")})
    keeping.notice()
    assert kept() == {"bob"}
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].clause == "contact.never"


def test_whoever_is_erased_leaves_no_answer_and_nothing_that_one_rests_on() -> None:
    agreed()
    a_campaign_list(NOW)
    may_contact(["free", "deal"], MAIL, at=NOW)
    plan = {each.title: each.count for each in erasing.plan("free").found}
    assert plan["Answers of the shield kept ready"] == 1
    erasing.erase(named="free", by="ada", at=NOW)
    assert set(KeptStanding.objects.values_list("person_id", flat=True)) == {"deal"}
    assert set(RestsOn.objects.values_list("person_id", flat=True)) == {"deal"}


def test_another_version_of_the_agreement_is_asked_anew() -> None:
    agreed()
    a_campaign_list(NOW)
    may_contact(["often"], MAIL, at=NOW)
    in_force(contact={**CONTACT, "frequency": []}, version=4, in_force_from=(NOW - HOUR).isoformat())
    assert may_contact(["often"], MAIL, at=NOW)["often"].may


# Facts that come in while an answer is worked out


@contextmanager
def meanwhile(happens: Callable[[], None]) -> Iterator[None]:
    """Something happens between the facts being read and the answer being written down."""
    write = keeping._write

    def late(*args: Any) -> None:
        happens()
        write(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "_write", late)
        yield


@pytest.mark.parametrize("notices", [True, False], ids=["and somebody notices", "and nobody notices yet"])
def test_an_answer_from_before_a_fact_is_not_given_after_it(notices: bool) -> None:
    agreed()
    a_person("ann", at=NOW - DAY)
    a_person("bob", at=NOW - DAY)

    def says_no() -> None:
        a_person("ann", at=NOW, said="withdrawn")
        if notices:
            keeping.notice()

    with meanwhile(says_no):
        may_contact(["ann", "bob"], MAIL, at=NOW)
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].clause == "contact.never"
    assert "bob" in kept()


def test_an_answer_that_took_too_long_is_not_kept() -> None:
    agreed()
    a_person("ann", at=NOW - DAY)

    def an_hour() -> None:
        for n in range(3):
            a_person(f"other{n}", at=NOW)
            keeping.notice()
            tending.tidy(at=NOW)

    with meanwhile(an_hour):
        may_contact(["ann"], MAIL, at=NOW)
    assert not kept()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody else writes while somebody does")
def test_a_fact_that_is_committed_late_ends_what_was_kept_meanwhile() -> None:
    agreed()
    a_person("ann", at=NOW - DAY)
    is_said, may_commit = threading.Event(), threading.Event()

    def says_no() -> None:
        with transaction.atomic():
            a_person("ann", at=NOW, said="withdrawn")
            is_said.set()
            may_commit.wait(20)
        connection.close()

    other = threading.Thread(target=says_no)
    other.start()
    assert is_said.wait(20)
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may
    assert kept() == {"ann"}
    may_commit.set()
    other.join()
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].clause == "contact.never"


def test_whoever_asks_within_a_transaction_is_answered_from_facts_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    agreed()
    a_person("ann", at=NOW - DAY)
    assert may_contact(["ann"], MAIL, at=NOW)["ann"].may
    assert not KeptArticle.objects.exists()
    assert Concerned.objects.filter(noticed=None).exists()


# Tending


def test_answers_are_worked_out_ahead_for_everybody_and_anew_when_they_have_ended() -> None:
    agreed()
    people = a_campaign_list(NOW)
    may_contact(["free"], MAIL, at=NOW)
    tending.tend(now=lambda: NOW, seconds=60)
    assert kept() == set(people)
    mailed("free", at=NOW)
    keeping.notice()
    assert kept() == set(people) - {"free"}
    tending.tend(now=lambda: NOW, seconds=60)
    assert kept() == set(people)
    tending.tend(now=lambda: NOW + 5 * DAY, seconds=60)
    assert kept(at=NOW + 5 * DAY) == set(people)
    assert may_contact(people, MAIL, at=NOW + 5 * DAY) == from_facts(people, at=NOW + 5 * DAY)


def test_what_nobody_asks_for_any_longer_is_let_go() -> None:
    agreed()
    people = a_campaign_list(NOW)
    may_contact(people, MAIL, at=NOW)
    in_force(contact={**CONTACT, "frequency": []}, version=4, in_force_from=(NOW + HOUR).isoformat())
    may_contact(["free"], MAIL, at=NOW + 2 * HOUR)
    for _ in range(2):
        tending.tidy(at=NOW + 3 * HOUR)
    assert set(KeptStanding.objects.values_list("person_id", flat=True)) == {"free"}
    assert set(RestsOn.objects.values_list("person_id", flat=True)) == {"free"}
    tending.tidy(at=NOW + 40 * DAY)
    for _ in range(3):
        keeping.notice()
        tending.tidy(at=NOW + 40 * DAY)
    for model in (KeptArticle, KeptStanding, RestsOn, Concerned):
        assert not model._default_manager.exists()


def test_a_new_version_is_worked_out_ahead_for_the_questions_that_were_asked() -> None:
    agreed()
    people = a_campaign_list(NOW)
    may_contact(["free"], MAIL, at=NOW)
    in_force(contact={**CONTACT, "frequency": []}, version=4, in_force_from=(NOW + HOUR).isoformat())
    tending.tend(now=lambda: NOW + 2 * HOUR, seconds=60)
    assert kept(at=NOW + 2 * HOUR) == set(people)


# Invented histories

PEOPLE = ("ann", "bob", "cas", "dee")
ACCOUNTS = ("acme", "bolt", "crux")
WHEN = st.sampled_from([0, 0, 0, 1, 30, 60, -2])
"""Days before now at which something happened; some of it is to come."""


def shown(**cells: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(cells)


someone, account = st.sampled_from(PEOPLE), st.sampled_from(ACCOUNTS)
number = st.integers(0, 3)
late = st.sampled_from([0, 0, 0, 1, -1])
FACTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "touches": shown(
        person_id=someone, side=st.sampled_from(["marketing", "sales"]),
        kind=st.sampled_from(["email.sent", "email.sent", "email.bounced", "page.home", "email.unsubscribed"]),
    ),
    "consent": shown(
        person_id=someone, purpose=st.sampled_from(["marketing.email", "all"]),
        status=st.sampled_from(["granted", "granted", "withdrawn"]),
    ),
    "handoffs": shown(
        person_id=someone, handoff_id=someone, event=st.sampled_from(["offered", "accepted", "rejected", "recycled"])
    ),
    "deals": shown(
        deal_id=st.sampled_from(["d", "e"]), account_id=st.one_of(st.none(), account),
        person_id=st.one_of(st.none(), someone), event=st.sampled_from(["stage", "stage", "lost", "activity"]),
        stage=st.sampled_from(["proposal", "discovery"]),
    ),
    "profiles": st.one_of(
        shown(subject=st.just("person"), subject_id=someone, account_id=st.one_of(st.none(), account),
              country=st.sampled_from(["DE", "FR", None])),
        shown(subject=st.just("account"), subject_id=account, country=st.sampled_from(["DE", "FR"]),
              account_id=st.one_of(st.none(), account)),
    ),
    "identities": shown(alias_id=someone, person_id=someone, evidence=st.sampled_from(["evidenced", "inferred"])),
    "accounts": shown(alias_id=account, person_id=account),
}  # fmt: skip
SPLIT = {
    "never": "unsubscribed OR bounced OR country = 'FR'",
    "shield": [
        {
            "when": "account_deal_stage = 'proposal' AND days_since_deal_activity <= 45",
            "side": "marketing",
            "including_family": True,
        },
        {"when": "open_handoff", "side": "marketing", "except": ["event-invitation"]},
    ],
    "frequency": [{"side": "marketing", "at_most": 2, "per": "7d"}, {"side": "any", "at_most": 3, "per": "2d"}],
}
QUESTIONS = (
    MAIL, MAIL, Question(message="event-invitation"), Question("sales.call", "sales"), Question("survey"),
)  # fmt: skip
Act = Callable[["World"], None]


class World:
    """Where invented things happen one after the other."""

    def __init__(self) -> None:
        self.now, self.count = NOW, 0

    def fact(self, table: str, cells: dict[str, Any], ago: int, heard: int, again: int | None) -> None:
        """Something is recorded; sometimes it corrects what was."""
        self.count += 1
        occurred = self.now - ago * DAY
        row = {**cells, "id": f"{table}-{self.count if again is None else again}", "occurred_at": occurred}
        if heard:
            row["known_at"] = self.now - heard * DAY
        source = OF_ACCOUNTS if table == "accounts" else "crm"
        append("identities" if table == "accounts" else table, [row], at=self.now, source=source)

    def let(self, person: str, days: int) -> None:
        """An owner lets messages through."""
        Override.objects.create(
            person_id=person, purpose=MAIL.purpose, side=MAIL.side, until=self.now + days * DAY, reason="x", clause="x",
            version=3, by="ada", at=self.now,
        )  # fmt: skip

    def take_back(self) -> None:
        """The last override counts no more."""
        if (last := Override.objects.filter(taken_back=None).last()) is not None:
            TakenBack.objects.create(override=last, by="ada", at=self.now)

    def undo(self, state: str, is_named: bool) -> None:
        """An import with a bounce of everybody counts, or counts no more; sometimes it says whom it names."""
        batch, is_new = Batch.objects.get_or_create(
            id="b", defaults={"table": "touches", "state": state, "at": self.now, "changed_at": self.now}
        )
        if is_new:
            for person in PEOPLE:
                a_bounce(person, batch="b")
        named = {(person, "email.bounced") for person in PEOPLE} if is_named else None
        copying.change_state(batch.pk, Batch.State(state), self.now, named=named)

    def tend(self) -> None:
        """The worker works ahead and tidies."""
        tending.tend(now=lambda: self.now, seconds=60)

    def wait(self, hours: float) -> None:
        """Nothing happens for a while."""
        self.now += hours * HOUR


FACT: st.SearchStrategy[Act] = st.sampled_from(sorted(FACTS)).flatmap(
    lambda table: st.builds(
        lambda cells, ago, heard, again: lambda world: world.fact(table, cells, ago, heard, again),
        FACTS[table], WHEN, late, st.one_of(st.none(), st.none(), number),
    )
)  # fmt: skip
ACT: st.SearchStrategy[Act] = st.one_of(
    FACT, FACT, FACT, FACT,
    st.builds(lambda hours: lambda world: world.wait(hours), st.sampled_from([0.5, 24, 25, 24 * 7, 24 * 40])),
    st.builds(lambda person, days: lambda world: world.let(person, days), someone, st.integers(1, 9)),
    st.just(lambda world: world.take_back()),
    st.builds(lambda state, is_named: lambda world: world.undo(state, is_named),
              st.sampled_from(["in_force", "retracted"]), st.booleans()),
    st.just(lambda world: world.tend()),
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(ACT, st.sampled_from(QUESTIONS)), min_size=2, max_size=10))
def test_after_every_step_of_an_invented_history_the_answer_is_what_the_facts_say(
    acts: list[tuple[Act, Question]],
) -> None:
    """Each time another question may be asked, so that one is answered from what was worked out for another."""
    with transaction.atomic():
        agreed(**SPLIT)
        for person in PEOPLE:
            a_person(person, at=NOW - 90 * DAY)
        world = World()
        for act, question in acts:
            act(world)
            assert may_contact(PEOPLE, question, at=world.now) == from_facts(PEOPLE, question, at=world.now)
        transaction.set_rollback(True)


def test_most_answers_of_an_ordinary_day_come_from_what_is_kept() -> None:
    """So that the histories above compare what is kept, and not twice what was worked out."""
    agreed(**SPLIT)
    for person in PEOPLE:
        a_person(person, at=NOW - 90 * DAY)
    may_contact(PEOPLE, MAIL, at=NOW)
    a_deal("ann", at=NOW)
    keeping.notice()
    assert kept() == set(PEOPLE) - {"ann"}
