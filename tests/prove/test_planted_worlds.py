"""Every world of the simulated company, lived for real: its planted cause shows in the facts of its lake.

The company is small (2,500 leads over 5 months) and has the same seed in all worlds, so what differs between a world
and the ordinary company is what was planted. Only facts are read here; the truth beside the lake is not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from accord.agreement.answers import checked
from accord.agreement.promise import versions_in_force
from accord.example.company import build
from accord.example.world import WORLDS, Span, moment, world
from accord.facts import health
from accord.facts.engine import Engine
from accord.facts.health import Kind
from accord.facts.ledger import Ledger

pytestmark = pytest.mark.prove

LEADS, MONTHS = 2_500, 5
SPAN = Span.of(months=MONTHS)


class Lived(NamedTuple):
    """The lake of one world, and what reads it."""

    ledger: Ledger
    engine: Engine

    def number(self, sql: str, *values: object) -> float:
        return float(str(self.engine.one(sql, values)[0]))


@cache
def lived(name: str = "none") -> Lived:
    ledger = Ledger.open(build(Path(mkdtemp()) / "lake", leads=LEADS, months=MONTHS, name=name).lake)
    return Lived(ledger, ledger.connect())


def at(share: float) -> datetime:
    """A moment of the span, naive UTC like the ledger's views."""
    return moment(SPAN.at(share)).replace(tzinfo=None)


def lasts(name: str) -> tuple[datetime, datetime]:
    """From when until when the cause of a world is at work."""
    planted = world(name)
    return at(planted.since), at(planted.until)


def hours_to_answer(of: Lived, *, mondays: bool) -> float:
    """The median wall time from offers made in the morning to their first answer."""
    return of.number(
        f"""SELECT median(epoch(answered - offered)) / 3600 FROM (
            SELECT min(occurred_at) FILTER (event = 'offered') AS offered,
                min(occurred_at) FILTER (event IN ('accepted', 'rejected', 'recycled')) AS answered
            FROM handoffs GROUP BY handoff_id)
        WHERE hour(offered) BETWEEN 7 AND 12 AND isodow(offered) IN ({"1" if mondays else "2, 3, 4"})"""
    )


def slow_mondays() -> None:
    of, ordinary = lived("slow-mondays"), lived()
    assert hours_to_answer(ordinary, mondays=True) < 2.5 * hours_to_answer(ordinary, mondays=False)
    assert hours_to_answer(of, mondays=True) > 4 * hours_to_answer(of, mondays=False)


SYNDICATED = """(SELECT subject_id AS person_id, min(occurred_at) AS arrived,
    any_value(origin) IS NOT DISTINCT FROM 'content syndication' AS syndicated
    FROM profiles WHERE subject = 'person' GROUP BY subject_id)"""


def misfit_source() -> None:
    since, _ = lasts("misfit-source")
    of = lived("misfit-source")
    share = f"SELECT avg(syndicated::INT) FROM {SYNDICATED} WHERE (arrived >= $1) = $2"
    assert of.number(share, since, True) > 2.5 * of.number(share, since, False)

    def accepted(of: Lived, *, syndicated: bool) -> float:
        return of.number(
            f"""SELECT avg(accepted::INT) FROM (
                SELECT bool_or(event = 'accepted') AS accepted, bool_or(syndicated) AS syndicated
                FROM handoffs JOIN {SYNDICATED} USING (person_id) GROUP BY handoff_id
                HAVING min(occurred_at) >= $1 AND bool_or(event IN ('accepted', 'rejected', 'recycled')))
            WHERE syndicated = $2""",
            since,
            syndicated,
        )

    assert accepted(of, syndicated=True) < accepted(of, syndicated=False) - 0.2


def won_of_mid(of: Lived, *, opened_after: datetime) -> float:
    """The share of closed deals with mid-sized accounts that were won."""
    return of.number(
        """SELECT avg(won::INT) FROM (
            SELECT bool_or(d.event = 'won') AS won FROM deals d
            JOIN profiles p ON p.subject = 'account' AND p.subject_id = d.account_id
            GROUP BY d.deal_id HAVING bool_or(d.event IN ('won', 'lost'))
                AND min(d.occurred_at) FILTER (d.event = 'opened') >= $1 AND any_value(p.segment) = 'mid')""",
        opened_after,
    )


def falling_segment() -> None:
    since, _ = lasts("falling-segment")
    assert won_of_mid(lived("falling-segment"), opened_after=since) < 0.7 * won_of_mid(lived(), opened_after=since)


def beyond_capacity(of: Lived, *, team: str) -> float:
    since, until = lasts("over-capacity")
    return of.number(
        """SELECT count(*) FROM handoffs WHERE event = 'offered' AND NOT in_capacity AND team = $3
            AND occurred_at >= $1 AND occurred_at < $2""",
        since,
        until,
        team,
    )


def over_capacity() -> None:
    of, ordinary = lived("over-capacity"), lived()
    assert beyond_capacity(of, team="dach-sdr") >= beyond_capacity(ordinary, team="dach-sdr") + 10
    assert beyond_capacity(of, team="emea-sdr") <= beyond_capacity(ordinary, team="emea-sdr") + 2


def unowned_share(of: Lived, *, planted: bool) -> float:
    since, _ = lasts("unowned")
    return of.number(
        """SELECT avg((owner IS NULL)::INT) FROM handoffs
            WHERE event = 'offered' AND team = 'enterprise' AND (occurred_at >= $1) = $2""",
        since,
        planted,
    )


def unowned() -> None:
    assert unowned_share(lived("unowned"), planted=False) < 0.3
    assert unowned_share(lived("unowned"), planted=True) > 0.9
    assert unowned_share(lived(), planted=True) < 0.3


def campaign_mails_in_negotiation(of: Lived) -> float:
    """Mails of campaigns to people of an account while its deal was in negotiation."""
    return of.number(
        """WITH stages AS (
            SELECT deal_id, person_id, stage, event, occurred_at AS since,
                lead(occurred_at) OVER (PARTITION BY deal_id ORDER BY occurred_at, known_at) AS until
            FROM deals WHERE event IN ('opened', 'stage', 'won', 'lost'))
        SELECT count(*) FROM touches t JOIN stages s USING (person_id)
        WHERE t.kind = 'email.sent' AND t.side = 'marketing' AND s.stage = 'negotiation' AND s.event = 'stage'
            AND t.occurred_at >= s.since AND (s.until IS NULL OR t.occurred_at < s.until)"""
    )


def campaigns_in_negotiation() -> None:
    of, ordinary = (campaign_mails_in_negotiation(lived(name)) for name in ("campaigns-in-negotiation", "none"))
    assert of >= ordinary + 10


def contradicted_share(of: Lived) -> float:
    agreement = versions_in_force(of.engine, at=moment(SPAN.end))[-1]
    said = [each for each in checked(of.engine, agreement)["contradicted"].to_pylist() if each is not None]
    return float(sum(said) / len(said))


def contradicted_reasons() -> None:
    assert contradicted_share(lived("contradicted-reasons")) > contradicted_share(lived()) + 0.25


def lost_on_price(of: Lived, *, late: bool) -> float:
    return of.number(
        """SELECT avg((reason = 'price')::INT) FROM deals
            WHERE event = 'lost' AND CASE WHEN $1 THEN occurred_at >= $3 ELSE occurred_at < $2 END""",
        late,
        at(0.4),
        at(0.7),
    )


def price_objections() -> None:
    of, ordinary = lived("price-objections"), lived()
    assert lost_on_price(of, late=True) > lost_on_price(of, late=False) + 0.15
    assert lost_on_price(of, late=True) > lost_on_price(ordinary, late=True) + 0.15


def damage(of: Lived) -> dict[str, int]:
    """How many of the CRM's facts the health report finds late, doubled, in the future or guessed; and its touches by
    nobody."""
    told = (Kind.LATE, Kind.DOUBLED, Kind.FUTURE, Kind.INFERRED)
    found = dict.fromkeys(map(str, told), 0)
    for finding in health.check(of.ledger).findings:
        if finding.kind in told and finding.table in ("touches", "deals"):
            found[str(finding.kind)] += finding.count
    nobody = of.number("""SELECT count(*) FROM touches WHERE source = 'crm' AND side = 'sales' AND "by" IS NULL""")
    return {**found, "by nobody": int(nobody)}


def untrusted_data() -> None:
    ordinary = damage(lived())
    for way, count in damage(lived("untrusted-data")).items():
        assert count >= ordinary[way] + 20, f"{way}: {count} against {ordinary[way]}"


def none() -> None:
    """The ordinary company has none of it."""
    assert contradicted_share(lived()) < 0.15
    assert campaign_mails_in_negotiation(lived()) == 0
    assert all(damage(lived())[way] == 0 for way in ("future", "inferred", "by nobody"))


SHOWN: dict[str, Callable[[], None]] = {
    "none": none,
    "slow-mondays": slow_mondays,
    "misfit-source": misfit_source,
    "falling-segment": falling_segment,
    "over-capacity": over_capacity,
    "unowned": unowned,
    "campaigns-in-negotiation": campaigns_in_negotiation,
    "contradicted-reasons": contradicted_reasons,
    "price-objections": price_objections,
    "untrusted-data": untrusted_data,
}


@pytest.mark.parametrize("name", WORLDS)
def test_what_was_planted_among_2500_leads_shows_in_the_facts(name: str) -> None:
    SHOWN[name]()
