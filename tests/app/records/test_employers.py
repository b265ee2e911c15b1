"""For which account somebody works by the address: concluded as facts come in, shown with its reason, corrected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse
from tests.app.cast import a_marketer, a_revops

from accord.facts.lead_view import BY_ADDRESS, NOBODY
from accord.facts.lead_view_few import few_sql
from accord_app.ledger.engine import engine_of
from accord_app.ledger.models import Batch, Profile
from accord_app.records import employers, standing
from accord_app.records.actions import belong, follow, rebuild, record
from accord_app.records.employers import CannotBelongError
from accord_app.records.merging import merge, unmerge
from accord_app.records.models import Account, Person
from accord_app.work.models import Job

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(who: str, hours: int = 0, *, subject: str = "person", source: str = "crm", **cells: Any) -> None:
    at = NOON + hours * HOUR
    row = {"id": f"{who}@{at}", "subject": subject, "subject_id": who, "occurred_at": at, **cells}
    record("profiles", [row], at=at, source=source)


def acme(hours: int = 0, key: str = "acme", **cells: Any) -> None:
    told(key, hours, subject="account", **{"name": key.capitalize(), "domain": "acme.com"} | cells)


def works_for(who: str) -> str | None:
    return Person.objects.values_list("account_id", flat=True).get(pk=who)


def seen(who: str, hours: int) -> str | None:
    """For whom somebody works in the lead view, as known then."""
    engine = engine_of([who])
    moment = pa.array([(NOON + hours * HOUR).replace(tzinfo=None)], pa.timestamp("us"))
    engine.register("asked", pa.table({"person_id": [who], "moment": moment}))
    (row,) = engine.rows(few_sql(("company",), moments="asked")).to_pylist()
    return row["account_id"]  # type: ignore[no-any-return]


def test_whoever_comes_second_finds_the_other_and_the_lead_view_knows_since_when() -> None:
    told("eva", 0, email="eva@mail.acme.com")
    told("gus", 0, email="gus@gmail.com")
    assert (works_for("eva"), Job.objects.filter(kind=employers.LOOK).count()) == (None, 0)
    acme(2)
    told("jan", 3, email="jan@acme.com")
    assert [works_for(each) for each in ("eva", "jan", "gus")] == ["acme", "acme", None]
    assert [seen("eva", hours) for hours in (1, 2, 3)] == [None, "acme", "acme"]
    assert [job.payload for job in Job.objects.filter(kind=employers.LOOK)] == [{"people": ["eva"]}]
    (fact,) = Profile.facts().filter(source=BY_ADDRESS, subject_id="eva")
    assert (fact.evidence, fact.domain, fact.account_id) == ("inferred", "acme.com", "acme")


def test_a_stated_account_wins_even_if_it_was_known_before_and_is_told_late() -> None:
    acme()
    told("eva", 1, email="eva@acme.com")
    row = {"id": "late", "subject": "person", "subject_id": "eva", "account_id": "other"}
    record("profiles", [row | {"occurred_at": NOON, "known_at": NOON}], at=NOON + 9 * HOUR, source="crm")
    assert (works_for("eva"), seen("eva", 9)) == ("other", "other")
    told("eva", 10, email="eva@acme.de")
    acme(11, domain="acme.de")
    assert works_for("eva") == "other"


def test_every_domain_that_an_account_ever_had_leads_to_it_and_the_account_known_first_counts() -> None:
    acme(0, "old")
    acme(1, "new")
    acme(2, "old", domain="acme.io")
    for who, mail in (("eva", "eva@acme.com"), ("jan", "jan@acme.io")):
        told(who, 3, email=mail)
    assert [works_for(each) for each in ("eva", "jan")] == ["old", "old"]
    held = merge(kind="account", kept="new", other="old", by="ada", at=NOON + 4 * HOUR)
    told("kim", 5, email="kim@acme.io")
    assert works_for("kim") == "new"  # both domains lead to the account that stays
    unmerge(merge=held, by="ada", at=NOON + 6 * HOUR)
    assert [works_for(each) for each in ("eva", "jan", "kim")] == ["old", "old", "new"]


def test_what_was_taken_back_leads_nowhere_and_the_next_account_takes_its_place() -> None:
    told("eva", 0, email="eva@acme.com")
    Batch.objects.create(id="b", table="profiles", state=Batch.State.IN_FORCE, at=NOON, changed_at=NOON)
    fact = {"source": "crm", "source_id": "x", "revision": 1, "occurred_at": NOON, "known_at": NOON, "batch": "b"}
    Profile.facts().create(
        **fact, recorded_at=NOON, known_inferred=False, precision="second", evidence="evidenced",
        subject="account", subject_id="acme", name="Acme", domain="acme.com",
    )  # fmt: skip
    follow("profiles", batch_id="b", at=NOON + HOUR)
    assert works_for("eva") == "acme"
    Batch.objects.filter(pk="b").update(state=Batch.State.RETRACTED)
    follow("profiles", batch_id="b", at=NOON + 2 * HOUR)
    assert (works_for("eva"), [seen("eva", hours) for hours in (1, 2)]) == (None, ["acme", None])
    acme(3, "acme2")
    assert works_for("eva") == "acme2"


def test_a_member_corrects_it_and_takes_the_word_back() -> None:
    acme()
    acme(0, "beta", domain="beta.io")
    told("eva", 1, email="eva@acme.com")
    for hours, word, account in ((2, NOBODY, None), (3, "beta", "beta"), (5, "", "acme")):
        belong(person=Person.objects.get(pk="eva"), account_id=word, at=NOON + hours * HOUR)
        assert works_for("eva") == account
        told("eva", hours, email="eva@acme.com", title=f"Number {hours}")
        acme(hours, revenue=float(hours))  # nothing that comes in changes a member's word
        assert works_for("eva") == account
    facts = Profile.facts().count()
    belong(person=Person.objects.get(pk="eva"), account_id="", at=NOON + 6 * HOUR)  # said twice it is said once
    assert Profile.facts().count() == facts
    rebuild(person_ids=["eva"])
    assert [seen("eva", hours) for hours in (0, 1, 2, 3, 5)] == [None, "acme", None, "beta", "acme"]
    told("eva", 6, account_id="other")
    with pytest.raises(CannotBelongError, match="A source states"):
        belong(person=Person.objects.get(pk="eva"), account_id=NOBODY, at=NOON + 7 * HOUR)


def test_a_person_without_an_account_profile_is_not_led_away_from_what_is_stated() -> None:
    told("eva", 0, email="eva@acme.com", account_id="never-described")
    acme(1)
    assert works_for("eva") == "never-described"
    assert not Profile.facts().filter(source=BY_ADDRESS).exists()
    standing.fold_people(["eva"])
    assert works_for("eva") == "never-described"


def test_the_page_says_why_and_lets_it_be_corrected(client: Client) -> None:
    acme()
    acme(0, "beta", name="Beta Works", domain="beta.io")
    told("eva", 1, email="eva@acme.com", name="Eva Lang")
    client.force_login(a_revops())
    page, form = reverse("records:person", args=["eva"]), reverse("records:employer", args=["eva"])
    assert "by the domain of the address, acme.com" in client.get(page).content.decode()
    asked = client.get(form, {"find": "bet"}).content.decode()
    assert "What the address says: Acme" in asked and 'value="beta"' in asked
    assert client.post(form, {}).status_code == 422
    assert client.post(form, {"account": "nonsense"}).status_code == 422
    assert client.post(form, {"account": "beta"}).status_code == 302
    assert works_for("eva") == "beta" and "as a member said" in client.get(page).content.decode()
    client.post(form, {"account": "nobody"})
    assert "Belongs to no account" in client.get(page).content.decode()
    client.post(form, {"account": "address"})
    assert works_for("eva") == "acme"
    told("eva", 2, account_id="beta")
    assert "A source states the account" in client.get(form).content.decode()
    assert "by the domain of the address" not in client.get(page).content.decode()
    assert Account.objects.count() == 2


def test_only_those_who_may_merge_say_it(client: Client) -> None:
    acme()
    told("eva", 1, email="eva@acme.com")
    client.force_login(a_marketer())
    form = reverse("records:employer", args=["eva"])
    assert client.get(form).status_code in (403, 404)
    assert client.post(form, {"account": "nobody"}).status_code in (403, 404)
    assert form not in client.get(reverse("records:person", args=["eva"])).content.decode()
    assert works_for("eva") == "acme"
