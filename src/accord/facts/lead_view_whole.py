"""The lead view for any number of moments: most people along time lines, those known under several ids by joining."""

from __future__ import annotations

from collections.abc import Collection

from accord.facts.lead_view import Decay, lines_sql
from accord.facts.lead_view_few import few_sql
from accord.facts.same import POINTERS

ALONE, TOGETHER = "moments_alone", "moments_together"
_LINKED = f"""{POINTERS},
linked AS (
    SELECT alias_id AS id FROM pointers WHERE alias_id <> person_id
    UNION SELECT person_id FROM pointers WHERE alias_id <> person_id
),
linked_people AS (
    SELECT id FROM linked
    UNION SELECT subject_id FROM profiles_revisions WHERE subject = 'person' AND account_id IN (FROM linked)
)"""
"""Who is, or works for, somebody known under several ids at any time."""


def view_sql(names: Collection[str], decays: Collection[Decay] = (), *, carry: Collection[str] = ()) -> str:
    """SQL that answers `person_id, moment, account_id`, the named base columns and a column per decay, row per moment.

    Reads `moments(person_id, moment)` and the revisions of touches, profiles, deals, consent and identities; `carry`
    names further columns of `moments` to hand through. Raises KeyError for a column that does not come from facts.

    Time lines know every id by itself. People who are known under several ids are few, and who means whom changes with
    the moment, so their rows are joined from what was known under all of their ids then.
    """
    alone = lines_sql(names, decays, carry=carry, moments=ALONE)
    together = few_sql(names, decays, carry=carry, moments=TOGETHER)
    return f"""WITH {_LINKED},
{ALONE} AS (SELECT * FROM moments WHERE person_id NOT IN (FROM linked_people)),
{TOGETHER} AS (SELECT * FROM moments WHERE person_id IN (FROM linked_people))
SELECT * FROM ({alone}) UNION ALL SELECT * FROM ({together})"""
