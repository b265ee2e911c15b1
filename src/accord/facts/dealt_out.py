"""Who goes where when people are dealt out in shares: every fact goes to each share in which somebody needs it.

A share holds people, and whoever means the same. A question about them reads their own facts; the profiles of the
accounts that they ever worked for, and of the family of these; and the deals of them, of these accounts and of whoever
works there, with the profiles of whom the deals name, since those say to which account a deal belongs. Accounts and
deals may so lie in many shares; touches, which are the most, lie in one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from accord.facts.same import OF_ACCOUNTS
from accord.facts.spark import Spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SHARED = ("touches", "profiles", "deals", "consent", "handoffs", "identities")
"""The tables of which a share holds its part; others are asked where everything is."""


@contextmanager
def dealt_out(spark: Spark, number: int, also: Mapping[str, pa.Table]) -> Iterator[DataFrame]:
    """The rows of all revisions, each once for every share that needs it: `share` from 0 to `number`, `own` whether it
    is about one of the share's people, `of` the name of its relation, and the row in a column of that name. `also` are
    further relations, dealt out by their `person_id`. What reaches where is worked out once and kept meanwhile."""
    spark.register("accord_kin", kin(spark))
    kept = []
    try:
        for name, sql in _reaching(number).items():
            kept.append(spark.session.sql(sql).cache())
            kept[-1].createOrReplaceTempView(name)
        rows = {f"{name}_revisions": _to_shares(name, number) for name in SHARED}
        for name, table in also.items():
            spark.register(f"accord_also_{name}", table)
            rows[name] = _own(f"accord_also_{name}", "person_id", number)
        yield _together([_packed(spark, name, sql) for name, sql in rows.items()])
    finally:
        for each in kept:
            each.unpersist()
        for name in ("accord_kin", *_reaching(number), *(f"accord_also_{name}" for name in also)):
            spark.unregister(name)


def _together(parts: Sequence[DataFrame]) -> DataFrame:
    """One below the other; the columns of the other parts are empty."""
    whole = parts[0]
    for each in parts[1:]:
        whole = whole.unionByName(each, allowMissingColumns=True)
    return whole


def _packed(spark: Spark, name: str, sql: str) -> DataFrame:
    from pyspark.sql import functions

    rows = spark.session.sql(sql)
    columns = [each for each in rows.columns if each not in ("share", "own")]
    return rows.select("share", "own", functions.lit(name).alias("of"), functions.struct(*columns).alias(name))


def _of(column: str) -> str:
    """Whom an id stands beside, after `_beside`."""
    return f"coalesce({column.replace('.', '_')}_kin.kin, {column}, '')"


def _beside(*columns: str) -> str:
    return "".join(
        f" LEFT JOIN accord_kin {c.replace('.', '_')}_kin ON {c.replace('.', '_')}_kin.id = {c}" for c in columns
    )


def _share(key: str, number: int) -> str:
    return f"CAST(pmod(crc32({key}), {number}) AS INT)"


def _own(relation: str, person: str, number: int) -> str:
    """Rows about people, each in the share of its person."""
    person = f"t.{person}"
    return f"SELECT {_share(_of(person), number)} AS share, true AS own, t.* FROM {relation} t{_beside(person)}"


def _reaching(number: int) -> Mapping[str, str]:
    """Who works where, which shares need which accounts and deals, and whom deals bring along from other shares."""
    person, account, owner, buyer = (_of(c) for c in ("p.subject_id", "p.account_id", "d.person_id", "d.account_id"))
    by_owner, by_buyer = _parties("person_id"), _parties("account_id")
    return {
        "accord_works": f"""SELECT DISTINCT {person} AS person, {account} AS account
            FROM profiles_revisions p{_beside("p.subject_id", "p.account_id")}
            WHERE p.subject = 'person' AND p.account_id IS NOT NULL""",
        "accord_account_shares": f"SELECT DISTINCT account, {_share('person', number)} AS share FROM accord_works",
        "accord_deal_shares": f"""SELECT DISTINCT deal_id, share FROM (
            SELECT d.deal_id, {_share(owner, number)} AS share FROM {by_owner}
            UNION ALL SELECT d.deal_id, {_share(buyer, number)} FROM {by_buyer}
            UNION ALL SELECT d.deal_id, a.share FROM {by_buyer} JOIN accord_account_shares a ON a.account = {buyer}
            UNION ALL SELECT d.deal_id, a.share FROM {by_owner} JOIN accord_works w ON w.person = {owner}
                JOIN accord_account_shares a ON a.account = w.account)""",
        "accord_guests": f"""SELECT DISTINCT {owner} AS person, s.share FROM {by_owner}
            JOIN accord_deal_shares s ON s.deal_id = d.deal_id WHERE s.share <> {_share(owner, number)}""",
    }


def _parties(column: str) -> str:
    distinct = f"SELECT DISTINCT deal_id, {column} FROM deals_revisions WHERE {column} IS NOT NULL"
    return f"({distinct}) d{_beside(f'd.{column}')}"


def _to_shares(table: str, number: int) -> str:
    """SQL for the revisions of a table, each row as often as shares need it."""
    rows = f"{table}_revisions t"
    if table == "profiles":
        return _profiles(rows, number)
    if table == "deals":
        home = _share(_of("t.person_id"), number)
        return f"""SELECT s.share, t.person_id IS NOT NULL AND s.share = {home} AS own, t.*
            FROM {rows} JOIN accord_deal_shares s ON s.deal_id = t.deal_id{_beside("t.person_id")}"""
    if table == "identities":
        alias = _of("t.alias_id")
        home = _share(alias, number)
        return f"""SELECT {home} AS share, t.source <> '{OF_ACCOUNTS}' AND t.evidence <> 'inferred' AS own, t.*
            FROM {rows}{_beside("t.alias_id")}
            UNION ALL SELECT s.share, false, t.* FROM {rows}{_beside("t.alias_id")}
            JOIN accord_account_shares s ON s.account = {alias} WHERE s.share <> {home}"""
    return _own(f"{table}_revisions", "person_id", number)


def _profiles(rows: str, number: int) -> str:
    subject = _of("t.subject_id")
    home, rows = _share(subject, number), f"{rows}{_beside('t.subject_id')}"
    return f"""SELECT {home} AS share, t.subject = 'person' AS own, t.* FROM {rows}
        UNION ALL SELECT s.share, false, t.* FROM {rows} JOIN accord_guests s ON s.person = {subject}
        WHERE t.subject = 'person'
        UNION ALL SELECT s.share, false, t.* FROM {rows} JOIN accord_account_shares s ON s.account = {subject}
        WHERE t.subject <> 'person' AND s.share <> {home}"""


def kin(spark: Spark) -> pa.Table:
    """Ids that ever meant the same, and accounts that ever belonged to the same family, under one of them: id, kin. Of
    all others each is alone."""
    edges = spark.rows(
        "SELECT alias_id AS one, person_id AS other FROM identities_revisions WHERE evidence <> 'inferred'"
        " UNION SELECT subject_id, account_id FROM profiles_revisions"
        " WHERE subject <> 'person' AND account_id IS NOT NULL"
    )
    found = groups(zip(edges["one"].to_pylist(), edges["other"].to_pylist(), strict=True))
    return pa.table({"id": pa.array(found, pa.string()), "kin": pa.array(found.values(), pa.string())})


def groups(edges: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Every id that is joined with another, and the smallest of all that it is joined with over any number of steps."""
    beside: dict[str, list[str]] = defaultdict(list)
    for one, other in edges:
        if one != other:
            beside[one].append(other)
            beside[other].append(one)
    found: dict[str, str] = {}
    for smallest in sorted(beside):
        new = [smallest] if smallest not in found else []
        while new:
            each = new.pop()
            if each not in found:
                found[each] = smallest
                new += beside[each]
    return found
