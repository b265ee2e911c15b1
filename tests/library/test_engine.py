"""The engine: a query that is planned once still sees what comes later."""

from __future__ import annotations

import pyarrow as pa

from accord.facts.engine import Engine


def test_a_query_planned_on_empty_tables_sees_rows_that_come_later() -> None:
    engine = Engine(threads=1)
    engine.run("CREATE TABLE deals (id VARCHAR, person VARCHAR, at_ BIGINT)")
    engine.run("CREATE TABLE people (person VARCHAR, account VARCHAR)")
    sql = """WITH p AS (SELECT *, lead(account) OVER (PARTITION BY person ORDER BY account) AS next FROM people)
        SELECT id FROM (SELECT id, at_ FROM deals WHERE id LIKE 'd%' UNION ALL
            SELECT d.id, d.at_ FROM deals d JOIN p ON p.person = d.person WHERE p.account = 'a')
        WHERE at_ > $1 ORDER BY id"""
    assert len(engine.planned(sql, 0)) == 0
    engine.insert("deals", pa.table({"id": ["d1", "x1"], "person": ["p", "p"], "at_": [5, 6]}))
    engine.insert("people", pa.table({"person": ["p"], "account": ["a"]}))
    assert engine.planned(sql, 0)["id"].to_pylist() == ["d1", "d1", "x1"]
    assert engine.planned(sql, 5)["id"].to_pylist() == ["x1"]
    assert engine.one("SELECT current_setting('disabled_optimizers')") == ("",)


def test_a_text_for_a_planned_query_stays_a_text() -> None:
    engine = Engine(threads=1)
    sql = "SELECT $1::VARCHAR AS said, $2::VARCHAR AS nothing, $3::BIGINT AS number"
    for said in ("plain", "o'clock", "'); DROP TABLE t; --", "$1", "\u2603", ""):
        assert engine.planned(sql, said, None, 7).to_pylist() == [{"said": said, "nothing": None, "number": 7}]


def test_inserted_rows_go_by_column_name() -> None:
    engine = Engine(threads=1)
    engine.run("CREATE TABLE t (a BIGINT, b VARCHAR)")
    engine.insert("t", pa.table({"b": ["x"], "a": [1]}))
    assert engine.one("SELECT a, b FROM t") == (1, "x")
