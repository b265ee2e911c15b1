"""Campaigns into negotiations: people whose account was in negotiation got a mail by marketing."""

from __future__ import annotations

import pyarrow as pa

from accord.insight.diagnosis.case import Case
from accord.insight.diagnosis.chance import Share, above
from accord.insight.diagnosis.finding import MOST_RECORDS, Candidate, Examined, Rule
from accord.insight.duration import wilson
from accord.insight.stages import before_sql, moment_sql

THRESHOLD = 0.02  # of campaign mails; beyond what a stage that was recorded an hour late can explain
LEAST = 3
_MAILS = "campaign_mails"


def mails_sql(case: Case) -> str:
    """Mails of marketing in the period to people who were, as it was known then, in negotiation: one row each."""
    return f"""WITH stages AS (
  SELECT deal_id, person_id, stage, event, occurred_at, known_at AS since, LEAD(occurred_at) OVER (
    PARTITION BY deal_id ORDER BY occurred_at, known_at, source_id) AS until
  FROM deals WHERE event IN ('opened', 'stage', 'won', 'lost', 'reopened') AND {before_sql(case.at)}
)
SELECT t.source, t.source_id, t.person_id, t.occurred_at, MIN(s.deal_id) AS deal_id
FROM touches t JOIN stages s ON s.person_id = t.person_id
WHERE t.side = 'marketing' AND t.kind = 'email.sent' AND lower(s.stage) = 'negotiation' AND s.event = 'stage'
  AND t.occurred_at >= s.since AND (s.until IS NULL OR t.occurred_at < s.until)
  AND t.occurred_at >= {moment_sql(case.since)} AND t.occurred_at < {moment_sql(case.until)}
GROUP BY t.source, t.source_id, t.person_id, t.occurred_at ORDER BY t.occurred_at, t.source, t.source_id"""


def mails(case: Case) -> pa.Table:
    """The rows of `mails_sql`, asked for once: they are a cause and have a price."""
    found = case.held.get(_MAILS)
    if not isinstance(found, pa.Table):
        case.held[_MAILS] = found = case.engine.rows(mails_sql(case))
    return found


def in_negotiation_sql(case: Case) -> str:
    """How many deals came into negotiation in the period."""
    return f"""SELECT count(DISTINCT deal_id) AS n FROM deals WHERE event = 'stage' AND lower(stage) = 'negotiation'
  AND occurred_at >= {moment_sql(case.since)} AND occurred_at < {moment_sql(case.until)}"""


def examine(case: Case) -> Examined:
    """Deals in negotiation that a campaign ran into, of all that came there."""
    found = mails(case)
    (n,) = case.engine.one(in_negotiation_sql(case))
    deals = set(found.column("deal_id").to_pylist())
    hit = Share(min(len(deals), int(str(n))), int(str(n)))
    if not hit.of:
        return Examined(cannot="No deal came into negotiation in this time.")
    if len(deals) < LEAST:
        return Examined()
    low_high = wilson(hit.count, hit.of)
    return Examined((
        Candidate(
            p=above(hit, THRESHOLD),
            says=f"{len(found)} campaign mails went to people in negotiation, in {hit.count} of {hit.of} deals that "
            "came there.",
            amount=float(len(found)),
            unit="mails",
            interval=low_high,
            n=hit.of,
            record_kind="touches",
            records=tuple(f"{row['source']}:{row['source_id']}" for row in found.slice(0, MOST_RECORDS).to_pylist()),
        ),
    ))  # fmt: skip


RULE = Rule("campaigns", "Campaigns into negotiations", "marketing", examine)
