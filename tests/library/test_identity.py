"""Ids are the same in Python and in the database, and say nothing without the key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.facts import identity
from accord.facts.engine import Engine, text

KEY = bytes(range(16))
ENGINE = Engine(threads=1)
RAW = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ADDRESS = st.from_regex(r"[ \t]?[A-Za-zÄÖÜİΣß]{1,5}@[A-Za-z.]{1,5}[ \u00a0]?", fullmatch=True)


def both(in_python: str | None, expression: str, raw: str) -> tuple[str | None, object]:
    return in_python, ENGINE.one(f"SELECT {expression} FROM (SELECT ?::VARCHAR AS raw)", [raw])[0]


def or_none(function: object, *arguments: object) -> str | None:
    try:
        return function(*arguments)  # type: ignore[operator,no-any-return]
    except ValueError:
        return None


@given(raw=RAW, namespace=RAW)
@settings(max_examples=100, deadline=None)
def test_python_and_database_hash_alike(raw: str, namespace: str) -> None:
    sql = identity.hashed_sql(KEY, text(namespace), "raw")
    python, database = both(or_none(identity.hashed, KEY, namespace, raw), sql, raw)
    assert python == database


@given(raw=RAW | ADDRESS)
@settings(max_examples=100, deadline=None)
def test_python_and_database_name_people_alike(raw: str) -> None:
    sql = identity.person_id_sql(KEY, "'crm'", "raw")
    python, database = both(or_none(identity.person_id, KEY, "crm", raw), sql, raw)
    assert python == database


def test_other_ids_agree_too() -> None:
    pairs = [
        (identity.account_id(KEY, "crm", "7"), identity.account_id_sql(KEY, "'crm'", "raw")),
        (identity.deal_id(KEY, "crm", "7"), identity.deal_id_sql(KEY, "'crm'", "raw")),
        (identity.fact_id(KEY, "crm", "touches", "7"), identity.fact_id_sql(KEY, "'crm'", "touches", "raw")),
    ]
    ids = [both(python, sql, "7") for python, sql in pairs]
    assert all(python == database for python, database in ids)
    assert len({python for python, _ in ids}) == 3, "the same raw id means different things"


def test_an_address_is_one_person_in_every_source() -> None:
    assert identity.person_id(KEY, "crm", " Ada@Example.COM ") == identity.person_id(KEY, "forms", "ada@example.com")
    assert identity.person_id(KEY, "crm", "7") != identity.person_id(KEY, "forms", "7")


def test_an_id_is_twelve_characters_and_needs_the_key() -> None:
    one = identity.hashed(KEY, "email", "ada@example.com")
    assert len(one) == 12
    assert one == identity.hashed(KEY, "email", "ada@example.com\t")
    assert one != identity.hashed(identity.new_key(), "email", "ada@example.com")


def test_a_blank_id_is_nobody() -> None:
    with pytest.raises(ValueError, match="nobody"):
        identity.person_id(KEY, "crm", " \u00a0")
    assert both(None, identity.person_id_sql(KEY, "'crm'", "raw"), " \u00a0") == (None, None)
    assert ENGINE.one(f"SELECT {identity.hashed_sql(KEY, text('x'), 'NULL::VARCHAR')}") == (None,)
