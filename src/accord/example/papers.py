"""The two agreements of the simulated company, with the dates of its months and as many colleagues as it has leads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from accord.agreement.document import Agreement
from accord.agreement.reading import load
from accord.example.books import first_tuesday, quarters
from accord.example.columns import facts
from accord.example.people import Registry
from accord.example.staff import CHANGE, HEAD_OF_SALES, MARKETERS, handles
from accord.example.world import DAY, HOUR, Span, micros, moment

_LOCAL = ZoneInfo("Europe/Berlin")
_MQL_SHARE = 0.28


@cache
def papers(*, span: Span, leads: int, scale: int) -> tuple[Agreement, Agreement]:
    """Both versions; the first is in force before the span begins, the second from a month about 5/12 into it."""
    starts = (_local(span.start), _local(changed(span)))
    texts = [_text(number, at, span=span, leads=leads, scale=scale) for number, at in enumerate(starts, start=1)]
    first, second = (load(text) for text in texts)
    return first, second


def changed(span: Span) -> int:
    """Midnight (UTC) of the day on which the second version comes into force: a month's first where there is one."""
    months = span.months()
    return months[round(len(months) * CHANGE)][0] if len(months) > 1 else span.at(CHANGE)


def in_force_from(agreement: Agreement) -> int:
    """When a version came into force, in microseconds."""
    return micros(agreement.in_force_from)


def signatures(versions: Sequence[Agreement], ids: Registry) -> pa.Table:
    """Proposed, signed by both sides and in force, as facts; each event holds the text."""
    rows = [row for agreement in versions for row in _events(agreement)]
    number = np.arange(len(rows), dtype=np.int64)
    at = np.array([row["at"] for row in rows], np.int64)
    own = {name: [row[name] for row in rows] for name in ("version", "event", "side", "by", "hash", "text")}
    code = ids.facts.column((number << 16) + 60_005)
    return facts("agreements", own, source="accord", source_id=code, occurred=at, known=at)


def _events(agreement: Agreement) -> Sequence[dict[str, Any]]:
    starts = in_force_from(agreement)
    told = {"version": agreement.version, "hash": agreement.digest, "text": agreement.text}
    return [
        {**told, "at": starts - 20 * DAY + 9 * HOUR, "event": "proposed", "side": "both", "by": "lena"},
        {**told, "at": starts - 10 * DAY + 10 * HOUR, "event": "signed", "side": "marketing", "by": MARKETERS[0]},
        {**told, "at": starts - 8 * DAY + 11 * HOUR, "event": "signed", "side": "sales", "by": HEAD_OF_SALES},
        {**told, "at": starts, "event": "in_force", "side": "both", "by": None},
    ]


def _local(midnight: int) -> datetime:
    day = moment(midnight).date()
    return datetime(day.year, day.month, day.day, tzinfo=_LOCAL)


def _text(version: int, starts: datetime, *, span: Span, leads: int, scale: int) -> str:
    yaml = YAML()
    yaml.width = 200
    yaml.preserve_quotes = True
    paper = yaml.load(resources.files("accord.example").joinpath(f"agreements/v{version}.yaml").read_text("utf-8"))
    paper["in_force_from"] = _stamp(starts)
    _staffed(paper, scale)
    tuesday = first_tuesday(starts.date())
    paper["review"]["starts"] = _stamp(datetime(tuesday.year, tuesday.month, tuesday.day, 10, tzinfo=_LOCAL))
    _planned(paper, starts, span, leads)
    out = io.StringIO()
    yaml.dump(paper, out)
    return out.getvalue()


def _stamp(at: datetime) -> Any:
    """A time of YAML 1.2 with its offset, unquoted."""
    return YAML().load(f"at: {at.isoformat()}")["at"]


def _staffed(paper: CommentedMap, scale: int) -> None:
    for team in paper["teams"].values():
        team["people"][:] = [handle for base in list(team["people"]) for handle in handles(base, scale)]
    for rule in paper["routing"]["rules"]:
        for base, weight in list(rule.get("weights", {}).items()):
            for handle in handles(base, scale):
                rule["weights"][handle] = weight


def _planned(paper: CommentedMap, starts: datetime, span: Span, leads: int) -> None:
    """The plan of every quarter that is not over when the version comes into force."""
    numbers = next(iter(paper["plan"].values()))
    paper["plan"].clear()
    offered = round(leads / len(span.months()) * 3 * _MQL_SHARE)
    for year, quarter in quarters(span):
        over = datetime(year, 3 * quarter, 1, tzinfo=_LOCAL) + timedelta(days=31)
        if over >= starts:
            won = offered * numbers["win_rate"]
            shared = {"handoffs": offered, "new_revenue": round(won * numbers["deal_size"], -4)}
            paper["plan"][f"{year}-Q{quarter}"] = CommentedMap({**numbers, **shared})
