"""What marketing reaches before anybody is a lead: engagement, clicks, opt-ins, and pages that lead to a form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from accord.agreement.metrics import METRICS
from accord.insight.duration import wilson
from accord.insight.economics.books import Spending, moments_between
from accord.insight.economics.costs import Asked, per
from accord.insight.economics.figure import Figure
from accord.insight.result import ENOUGH

FORM_WITHIN = 7  # days from the first page seen to a form
_PAGE, _FORM = "kind LIKE 'page.%'", "kind LIKE 'form.%'"


def reach(asked: Asked, spent: Spending) -> Iterator[Figure]:
    """All figures of reach."""
    yield _per_reaction(
        asked, spent, "cost_per_engagement", "Cost per engagement", "engagement", "reacted, shared or replied"
    )
    yield _per_reaction(
        asked,
        spent,
        "cost_per_social_engagement",
        "Cost per social engagement",
        "engagement",
        "reacted, shared or replied on social channels",
    )
    yield _per_reaction(asked, spent, "cost_per_click", "Cost per click", "click", "clicked")
    yield _opt_ins(asked)
    yield _landing(asked)


def _per_reaction(asked: Asked, spent: Spending, name: str, title: str, of: str, did: str) -> Figure:
    counts = spent.clicks if of == "click" else spent.engagements
    amounts = spent.on_clicks if of == "click" else spent.on_engagements
    if "social" in name:
        social = np.array(["social" in channel.lower() for channel in spent.channels], dtype=np.bool_)
        counts, amounts = counts[social], amounts[social]
    definition = f"Of the spend for which it is recorded how often people {did}: the spend divided by that count."
    found = per(asked, name, title, spent, float(counts.sum()), of, spent.sql, definition, amount=float(amounts.sum()))
    if found.value is None and spent.records:
        return asked.figure(
            name, title, None, unit=found.unit, n=0, definition=definition, sql=spent.sql,
            says=f"No spend says how often people {did}.",
        )  # fmt: skip
    return found


def _opt_ins(asked: Asked) -> Figure:
    count, sql = asked.counted("opt_ins", asked.stretch)
    (any_,) = asked.engine.one("SELECT count(*) FROM consent")
    metric = METRICS["opt_ins"]
    return asked.figure(
        "opt_ins", "E-mail opt-ins", count if any_ else None, unit="consents", n=round(count), sql=sql,
        definition=f"{metric.sentence} {metric.numerator}", says="" if any_ else "No consent is recorded.",
    )  # fmt: skip


def _landing(asked: Asked) -> Figure:
    """People whose first page seen lies in the stretch, and who sent a form soon after."""
    over = moments_between(asked.stretch, asked.at, FORM_WITHIN)
    sql = f"""WITH seen AS (
  SELECT person_id, min(occurred_at) AS seen_at FROM touches WHERE {_PAGE} GROUP BY person_id
), visits AS (SELECT person_id, seen_at FROM seen WHERE {over}
), sent AS (
  SELECT DISTINCT v.person_id FROM touches f JOIN visits v ON v.person_id = f.person_id
    AND f.occurred_at >= v.seen_at AND f.occurred_at < v.seen_at + INTERVAL '{FORM_WITHIN}' DAY WHERE f.{_FORM}
)
SELECT (SELECT count(*) FROM visits) AS people, (SELECT count(*) FROM sent) AS forms"""
    people, forms = (int(str(each or 0)) for each in asked.engine.one(sql))
    says = "" if people >= ENOUGH else f"{people:,} people saw a first page; {ENOUGH - people} more would tell."
    return asked.figure(
        "landing_page_conversion", "Landing-page conversion", forms / people if people >= ENOUGH else None,
        unit="share of people", n=people, sql=sql, says=says if people else "No page seen is recorded here.",
        definition=f"Of the people whose first page seen lies in the stretch and whose {FORM_WITHIN} days are over, "
        "the share that sent a form within these days.",
        interval=wilson(forms, people) if people >= ENOUGH else None, kind="Wilson interval of a share",
    )  # fmt: skip
