"""Who means whom: the links in hand, their spells, and the SQL that looks go by say the same at every moment."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from tests.ledgers import day, ledger, us
from tests.library.test_lead_view import identities

from accord.facts.same import FOREVER, Links, Spell, members_sql, spells

IDS = ("ann", "bob", "cay")
MOMENTS = [half / 2 for half in range(0, 260, 5)]


def word(alias: str, person: str, at: float, **more: Any) -> dict[str, Any]:
    return {"alias_id": alias, "person_id": person, "known_at": day(at), "evidence": "claimed", **more}


def linked(*words: dict[str, Any]) -> Links:
    return Links.read(ledger(identities=words))


def test_an_id_stands_for_another_from_when_that_was_known() -> None:
    links = linked(word("bob", "ann", 3))
    assert [links.root("bob", us(at)) for at in (2.9, 3, 9)] == ["bob", "ann", "ann"]
    assert links.members("ann", us(9)) == ("ann", "bob")


def test_an_id_that_stands_for_itself_is_parted_again() -> None:
    links = linked(word("bob", "ann", 3, source_id="1"), word("bob", "bob", 5, source_id="1", revision=2))
    assert [links.root("bob", us(at)) for at in (4, 5, 6)] == ["ann", "bob", "bob"]
    assert links.members("ann", us(5)) == ("ann",)


def test_the_last_word_holds_whoever_said_it() -> None:
    links = linked(word("bob", "ann", 3, source="crm"), word("bob", "cay", 5, source="web"))
    assert [links.root("bob", us(at)) for at in (4, 6)] == ["ann", "cay"]


def test_what_was_only_inferred_steers_nothing() -> None:
    assert not linked(word("bob", "ann", 3, evidence="inferred"))


def test_ids_in_a_ring_mean_the_smallest() -> None:
    links = linked(word("bob", "ann", 3), word("ann", "bob", 4))
    assert {links.root(each, us(5)) for each in ("ann", "bob")} == {"ann"}
    assert links.members("ann", us(5)) == ("ann", "bob")


def test_everybody_counts_whoever_was_ever_linked() -> None:
    links = Links.of([Spell("bob", "ann", 1, 2), Spell("cay", "bob", 5, FOREVER)])
    assert links.everybody(["ann"]) == {"ann", "bob", "cay"}


@settings(max_examples=25, deadline=None)
@given(identities())
def test_sql_and_links_say_the_same(words: list[dict[str, Any]]) -> None:
    engine = ledger(identities=words)
    links = Links.read(engine)
    asked = ", ".join(f"('{each}', make_timestamp({us(at)}))" for each in IDS for at in MOMENTS)
    rows = engine.rows(
        f"WITH RECURSIVE moments(person_id, moment) AS (VALUES {asked}), {members_sql('moments')}"
        " SELECT person_id, epoch_us(k) AS at, list(id ORDER BY id) AS ids FROM members GROUP BY ALL"
    )
    found = {(row["person_id"], row["at"]): tuple(row["ids"]) for row in rows.to_pylist()}
    assert found == {(each, us(at)): links.members(each, us(at)) for each in IDS for at in MOMENTS}


@settings(max_examples=25, deadline=None)
@given(identities())
def test_the_slow_twin_of_spells_gives_the_same_links(words: list[dict[str, Any]]) -> None:
    engine = ledger(identities=words)
    order = "ORDER BY known_at, revision, source, source_id"
    columns = "alias_id, person_id, evidence, epoch_us(known_at) AS since, epoch_us(superseded_at) AS superseded"
    rows = engine.rows(f"SELECT {columns} FROM identities_revisions {order}").to_pylist()
    slow = Links.of(spells(rows))
    fast = Links.read(engine)
    for each in IDS:
        for at in MOMENTS:
            assert slow.members(each, us(at)) == fast.members(each, us(at))
