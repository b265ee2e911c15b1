"""Facts in the database: recorded once, never changed, carried to the lake once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accord_app.ledger import lake
from accord_app.ledger.actions import Appended, append
from accord_app.ledger.carrying import carry
from accord_app.ledger.engine import engine_of
from accord_app.ledger.models import Profile, Touch

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_touch(raw: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": raw, "person_id": "p", "kind": "page.pricing", "side": "marketing", "occurred_at": NOON} | more


def test_the_same_event_twice_is_one_fact() -> None:
    assert append("touches", [a_touch()], at=NOON, source="site") == Appended(stored=1)
    later = NOON + timedelta(hours=1)
    assert append("touches", [a_touch(), a_touch("2")], at=later, source="site") == Appended(stored=1, known=1)


def test_known_at_is_part_of_what_was_said() -> None:
    append("touches", [a_touch(known_at=NOON)], at=NOON, source="site")
    again = append("touches", [a_touch(known_at=NOON)], at=NOON + timedelta(hours=1), source="site")
    assert again == Appended(known=1)


def test_other_content_is_the_next_revision_and_both_stay() -> None:
    append("touches", [a_touch()], at=NOON, source="site")
    later = NOON + timedelta(hours=1)
    assert append("touches", [a_touch(kind="page.home")], at=later, source="site") == Appended(revised=1)
    rows = Touch.facts().order_by("revision").values_list("revision", "kind", "known_at")
    assert list(rows) == [(1, "page.pricing", NOON), (2, "page.home", later)]


@pytest.mark.parametrize("wrong", [{"side": "nobody"}, {"kind": None}, {"colour": "red"}])
def test_a_row_that_the_table_does_not_allow_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="touches"):
        append("touches", [a_touch(**wrong)], at=NOON, source="site")


def _changes() -> list[str]:
    replace = "INSERT OR REPLACE INTO fact_touches SELECT * FROM fact_touches"
    truncate = "TRUNCATE fact_touches"
    return [
        "UPDATE fact_touches SET kind = 'page.home'",
        "DELETE FROM fact_touches",
        replace if connection.vendor == "sqlite" else truncate,
    ]


@pytest.mark.parametrize("which", range(3))
def test_the_database_refuses_to_change_or_remove_a_fact(which: int) -> None:
    append("touches", [a_touch()], at=NOON, source="site")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_changes()[which])
    assert Touch.facts().count() == 1


def test_profiles_can_be_rewritten_by_erasure() -> None:
    append("profiles", [{"id": "1", "subject": "person", "subject_id": "p", "name": "Birgit", "occurred_at": NOON}],
           at=NOON, source="crm")  # fmt: skip
    assert Profile.facts().update(name=None) == 1


def test_a_fact_is_carried_to_the_lake_once() -> None:
    append("touches", [a_touch(), a_touch("2")], at=NOON, source="site")
    assert carry(at=NOON) == 2
    assert carry(at=NOON) == 0
    append("touches", [a_touch("2", kind="page.home"), a_touch("3")], at=NOON + timedelta(hours=1), source="site")
    assert carry(at=NOON + timedelta(hours=1)) == 2
    held = lake.ledger().connect(tables=["touches"]).rows("SELECT kind, revision FROM touches ORDER BY ALL").to_pylist()
    assert held == [
        {"kind": "page.home", "revision": 2},
        {"kind": "page.pricing", "revision": 1},
        {"kind": "page.pricing", "revision": 1},
    ]


def test_a_crash_after_numbering_or_before_the_end_repeats_the_step() -> None:
    from accord_app.ledger.carrying import number_new

    append("touches", [a_touch()], at=NOON, source="site")
    number_new(Touch)
    ledger = lake.ledger()
    ledger.begin("touches", at=NOON, file="live 1 to 1")  # never committed: nobody sees it
    assert carry(at=NOON) == 1
    assert ledger.connect(tables=["touches"]).one("SELECT count(*) FROM touches") == (1,)


def test_the_engine_of_a_person_holds_what_the_lake_holds() -> None:
    append("touches", [a_touch(), a_touch("2", person_id="q")], at=NOON, source="site")
    append("touches", [a_touch(kind="page.home")], at=NOON + timedelta(hours=1), source="site")
    carry(at=NOON)
    columns = "person_id, kind, occurred_at, known_at, superseded_at, revision, source_id"
    sql = f"SELECT {columns} FROM touches_revisions WHERE person_id = 'p' ORDER BY revision"
    theirs = lake.ledger().connect(tables=["touches"]).rows(sql).to_pylist()
    assert len(theirs) == 2
    assert engine_of(["p"]).rows(sql).to_pylist() == theirs


def test_the_engine_knows_deals_that_name_only_a_colleague() -> None:
    people = [("p", "a"), ("colleague", "a"), ("stranger", "b")]
    append("profiles", [
        {"id": who, "subject": "person", "subject_id": who, "account_id": firm, "occurred_at": NOON}
        for who, firm in people
    ], at=NOON, source="crm")  # fmt: skip
    append("deals", [
        {"id": who, "deal_id": f"of {who}", "person_id": who, "event": "opened", "occurred_at": NOON}
        for who, _ in people
    ], at=NOON, source="crm")  # fmt: skip
    held = engine_of(["p"]).rows("SELECT deal_id FROM deals ORDER BY 1")["deal_id"].to_pylist()
    assert held == ["of colleague", "of p"]
