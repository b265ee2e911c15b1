"""The lead view for a few moments: each moment is joined with what was known by then, and summed up.

`lead_view.lines_sql` carries millions of moments along time lines; its windows cost the same few dozen milliseconds for
one lead. This form reads the same column declarations, costs a few milliseconds for one lead, and grows with moments
times facts. A test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Collection

from accord.facts.lead_view import (
    COLUMNS,
    LED_TO,
    MAIL_SAYS_NO,
    MAIL_STATUS,
    SPELLS,
    STATED,
    WORDS_OF_CONSENT,
    Column,
    Decay,
    Origin,
    employer_sql,
    profile_fields,
    quoted,
    relevant,
)
from accord.facts.same import family_sql, members_sql

_KNOWN = "f.known_at <= m.k AND coalesce(f.superseded_at, TIMESTAMP 'infinity') > m.k"
_PLACE = "row_number() OVER (ORDER BY f.known_at, f.revision, f.source, f.source_id) AS place"
"""One sort for all columns: the last value is then the one of the highest place, which needs no sort of its own."""


def few_sql(
    names: Collection[str], decays: Collection[Decay] = (), *, carry: Collection[str] = (), moments: str = "moments"
) -> str:
    """The same rows as `lead_view.lines_sql`, for a few moments; of people who are known under several ids, what is
    known under any of them (see `same`), and so of their accounts. Reads and raises the same, and reads the revisions
    of identities; `moments` names the relation that holds them."""
    columns = [COLUMNS[name] for name in dict.fromkeys(names)]
    if asked := [c.name for c in columns if c.origin in (Origin.STANDING, Origin.CARD)]:
        raise KeyError(f"not from facts alone: {', '.join(asked)}")
    origins = {c.origin for c in columns}
    ctes = [f"m AS (SELECT row_number() OVER () AS n, *, moment AS k FROM {moments})"]
    ctes += [members_sql("m", key="n", at="k"), _person(columns)]
    joined = ["person_part"]
    touches = [c for c in columns if c.origin is Origin.TOUCH]
    if touches or decays:
        ctes.append(_touches(touches, decays))
        joined.append("touch_part")
    if Origin.CONSENT in origins:
        ctes.append(_consent())
        joined.append("consent_part")
    if Origin.DEAL in origins or (Origin.ACCOUNT in origins and profile_fields(columns, "a_")):
        ctes.append(_ACCOUNTS)
    if Origin.ACCOUNT in origins and profile_fields(columns, "a_"):
        ctes.append(_account(columns))
        joined.append("account_part")
    if Origin.DEAL in origins:
        ctes.append(_deals())
        joined.append("deal_part")
    chosen = ["person_id", "moment", "account_id", *(f'"{name}"' for name in carry)]
    chosen += [_shown(c) for c in columns]
    chosen += [f'coalesce("{d.name}", 0) AS "{d.name}"' for d in decays]
    joins = "".join(f" LEFT JOIN {part} USING (n)" for part in joined)
    return f"WITH RECURSIVE {', '.join(ctes)} SELECT {', '.join(chosen)} FROM m{joins}"


def _shown(column: Column) -> str:
    if column.origin is not Origin.TOUCH:
        return f'{column.sql} AS "{column.name}"'
    return f'coalesce("{column.name}", 0) AS "{column.name}"' if column.unit == "count" else f'"{column.name}"'


def _said(fields: Collection[str], prefix: str) -> list[str]:
    return [f"arg_max({f}, place) AS {prefix}{f}" for f in fields]


def _person(columns: Collection[Column]) -> str:
    said = [f"{employer_sql('arg_max({}, place)')} AS account_id", *_said(profile_fields(columns, "p_"), "p_")]
    told = f"f.*, {STATED} AS stated, {LED_TO} AS led_to"
    return (
        f"person_part AS (SELECT n, {', '.join(said)} FROM (SELECT n, {told}, {_PLACE} FROM members m"
        " JOIN profiles_revisions f ON f.subject_id = m.id AND f.subject = 'person' AND f.known_at <= m.k) GROUP BY n)"
    )


def _account(columns: Collection[Column]) -> str:
    said = _said(profile_fields(columns, "a_"), "a_")
    return (
        f"account_part AS (SELECT n, {', '.join(said)} FROM (SELECT n, f.*, {_PLACE}"
        " FROM family m JOIN profiles_revisions f"
        " ON f.subject_id = m.id AND f.subject = 'account' AND f.known_at <= m.k) GROUP BY n)"
    )


_ACCOUNTS = family_sql("(SELECT n, k, p.account_id AS id FROM m JOIN person_part p USING (n) WHERE id IS NOT NULL)")
"""The account that a person works for, under all of its ids."""


def _touches(columns: Collection[Column], decays: Collection[Decay]) -> str:
    """Only what stands at the moment is joined, so every touch counts once and nothing has to be taken back."""
    sums = [f'{_in_order(c.sql)} AS "{c.name}"' for c in columns]
    sums += [f'{_decayed(d)} AS "{d.name}"' for d in decays]
    recent = "".join(
        f", CASE WHEN least(f.occurred_at, f.known_at) + INTERVAL {days} DAYS > m.k THEN 1 END AS in_{days}"
        for days in (7, 30)
        if any(f"in_{days} " in c.sql for c in columns)
    )
    rows = f"""SELECT n, k, least(f.occurred_at, f.known_at) AS o, f.kind, f.side, f.channel, f.campaign, 1 AS sign
            {recent}, f.known_at, f.revision, f.source_id
        FROM members m JOIN touches_revisions f ON f.person_id = m.id AND {_KNOWN} WHERE {relevant(columns, decays)}"""
    return f"touch_part AS (SELECT n, {', '.join(sums)} FROM ({rows}) GROUP BY n, k)"


def _in_order(sql: str) -> str:
    """Without its window. Of touches at the same moment the one known first counts, however many threads look."""
    if sql.startswith(("arg_max", "arg_min")):
        return sql.replace(") OVER w", " ORDER BY known_at, revision, source_id)")
    return sql.replace(" OVER w", "")


def _decayed(decay: Decay) -> str:
    which = f"kind = {quoted(decay.touch)}"
    if decay.half_life_us is None:
        return f"sum(CASE WHEN {which} THEN 1 END)::DOUBLE"
    return f"sum(CASE WHEN {which} THEN pow(2, (epoch_us(o) - epoch_us(k)) / {decay.half_life_us}::DOUBLE) END)"


def _consent() -> str:
    words = ", ".join(
        f"arg_max(status, 2 * epoch_us(o) + (status <> 'granted')::INT) FILTER ({words}) AS {name}"
        for name, words in WORDS_OF_CONSENT.items()
    )
    when = "least(f.occurred_at, f.known_at) AS o"
    return f"""consent_part AS (SELECT n, {words} FROM (
            SELECT n, f.purpose, f.status, {when} FROM members m JOIN consent_revisions f
                ON f.person_id = m.id AND f.known_at <= m.k
            UNION ALL
            SELECT n, 'marketing.email', {MAIL_STATUS}, {when} FROM members m JOIN touches_revisions f
                ON f.person_id = m.id AND f.known_at <= m.k WHERE {MAIL_SAYS_NO}
        ) GROUP BY n)"""


def _deals() -> str:
    """Each deal of the account as its events known by the moment leave it."""
    return f"""loose AS (SELECT DISTINCT person_id FROM deals_revisions WHERE account_id IS NULL),
    {SPELLS.replace("GROUP BY", "AND subject_id IN (SELECT person_id FROM loose) GROUP BY", 1)},
    keys AS (
        SELECT n, k, id AS account_key FROM family
        UNION SELECT n, k, id FROM members
    ),
    concerned AS (
        SELECT n, k, account_key, deal_id FROM keys JOIN deals_revisions d ON d.account_id = account_key
        UNION SELECT n, k, account_key, deal_id FROM keys JOIN deals_revisions d ON d.person_id = account_key
        UNION SELECT n, k, account_key, deal_id FROM keys JOIN spells s ON s.account_id = account_key
            JOIN deals_revisions d ON d.person_id = s.person_id
    ),
    deal_facts AS (
        SELECT m.n, m.k, account_key, f.deal_id, f.account_id, f.person_id, known_at, revision, source_id,
            least(f.occurred_at, f.known_at) AS o,
            CASE WHEN event IN ('won', 'lost') THEN 2 WHEN event IN ('reopened', 'deleted') THEN 3 ELSE 1 END AS step,
            CASE WHEN event IN ('opened', 'reopened', 'stage') THEN 'open'
                WHEN event IN ('won', 'lost', 'deleted') THEN event END AS state,
            CASE WHEN event NOT IN ('won', 'lost', 'deleted') THEN nullif(stage, '') END AS stage
        FROM concerned m JOIN deals_revisions f USING (deal_id) WHERE {_KNOWN}
    ),
    deal_states AS (
        SELECT n, k, account_key, deal_id, arg_max(state, place) AS state, arg_max(stage, place) AS stage,
            max(o) FILTER (stage IS NOT NULL) AS moved, max(o) AS active, arg_max(account_id, place) AS account_id,
            arg_max(person_id, place) AS person_id
        FROM (SELECT *, row_number() OVER (ORDER BY o, step, known_at, revision, source_id) AS place FROM deal_facts)
        GROUP BY n, k, account_key, deal_id
    ),
    deal_part AS (
        SELECT n, {{
            'now_open': count(*) FILTER (state = 'open'), 'now_won': count(*) FILTER (state = 'won'),
            'stage': arg_max(stage, (moved, deal_id)) FILTER (state = 'open' AND stage IS NOT NULL),
            'active_us': max(epoch_us(active))}} AS d
        FROM deal_states d LEFT JOIN spells s
            ON s.person_id = d.person_id AND s.since <= d.k AND coalesce(s.until, TIMESTAMP 'infinity') > d.k
        WHERE coalesce(d.account_id, s.account_id, d.person_id) = account_key GROUP BY n
    )"""
