"""What people do before anybody talks to them: pages, forms, webinars, and the campaign mails that marketing sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.example.columns import Truths, Whole, facts, named
from accord.example.people import People, Registry
from accord.example.world import CHANNELS, DAY, HOUR, MINUTE, ORIGINS, SECOND, Span

PER_LEAD = 10.0  # touches per lead with campaign mails, on average
_VISITORS = 0.03  # share of people who were met under a visitor's id first

KINDS = (
    "page.home",
    "page.product",
    "page.pricing",
    "page.case-study",
    "ad.clicked",
    "form.newsletter",
    "form.download",
    "form.contact",
    "form.price-request",
    "form.demo-request",
    "webinar.registered",
    "webinar.attended",
    "event.visited",
    "chat.started",
    "email.clicked",
)
_WHAT = np.array(  # one row for each class of interest: cold, warm, hot
    [
        [34, 30, 3.0, 13, 10, 4, 2.5, 0.6, 0.05, 0.05, 0.9, 0.4, 0.5, 0.2, 0],
        [26, 28, 11.0, 15, 6, 4, 6.5, 1.6, 0.70, 0.55, 2.2, 1.7, 1.2, 0.6, 0],
        [19, 24, 19.0, 15, 4, 3, 7.0, 2.4, 2.20, 1.80, 3.0, 2.8, 1.7, 1.0, 0],
    ]
)
_CLASSES = (0.35, 1.1)  # where warm and hot begin, in standard deviations of interest
_LENGTH = (4.6, 9.0, 15.0)  # touches per class, on average, at PER_LEAD
_ASSETS = ("", "buyers-guide", "roi-calculator", "robot-safety-paper", "case-foundry", "case-bakery", "line-planner")


def touches(
    who: People, *, seed: int, span: Span, ids: Registry, per_lead: float = PER_LEAD
) -> tuple[pa.Table, pa.Table]:
    """The shard's touches other than mails, and its identities: visitors who turned out to be known people.

    About 70 % of `per_lead` touches come from here, the rest from `mails`.
    """
    chance = np.random.default_rng([seed, 4, int(who.number[0])])
    grade = np.digitize(who.interest, _CLASSES)
    counts = 1 + chance.poisson(np.array(_LENGTH)[grade] * per_lead / PER_LEAD)
    at = np.repeat(np.arange(len(who)), counts)
    ordinal = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    when = _times(who, chance, at, ordinal)
    kept = when < span.end
    at, ordinal, when = at[kept], ordinal[kept], when[kept]
    kind = _kinds(who, chance, at, ordinal, grade)
    visitor = (chance.random(len(who)) < _VISITORS)[at] & (ordinal < 2)
    table = facts(
        "touches",
        {
            "person_id": _who(who, at, visitor, ids),
            "kind": named(kind, KINDS),
            "side": pa.repeat("marketing", len(at)),
            "channel": named(_channels(who, chance, at, ordinal), [each.name for each in CHANNELS]),
            "campaign": named(np.where(kind == 4, (when // (91 * DAY)) % 8, -1), _CAMPAIGNS),
            "asset": named(np.where(kind == 6, 1 + chance.integers(0, 6, len(at)), -1), _ASSETS),
        },
        source="web",
        source_id=ids.facts.column((who.number[at] << 16) + 256 + ordinal),
        occurred=when,
        known=_known(chance, when, kind, span),
    )
    return table, _identities(who, at, ordinal, when, visitor, ids)


_CAMPAIGNS = [f"always-on-{quarter + 1}" for quarter in range(8)]


def _times(who: People, chance: np.random.Generator, at: Whole, ordinal: Whole) -> Whole:
    """Visits: minutes within one, days between two, at about the same hour of the day."""
    within = chance.random(len(at)) < 0.55
    minutes = chance.exponential(3 * MINUTE, len(at))
    days = np.ceil(chance.exponential(6.0, len(at))) * DAY + chance.normal(0, 2 * HOUR, len(at))
    gap = np.where(ordinal == 0, 0, np.where(within, minutes, np.abs(days))).astype(np.int64) + SECOND
    total = np.cumsum(gap)
    return who.arrival[at] + total - total[np.searchsorted(at, at)]


def _kinds(who: People, chance: np.random.Generator, at: Whole, ordinal: Whole, grade: Whole) -> npt.NDArray[Any]:
    edges = np.cumsum(_WHAT, axis=1) / _WHAT.sum(axis=1, keepdims=True)
    draw = chance.random(len(at))
    kind = np.empty(len(at), np.int8)
    for each in range(len(edges)):
        rows = grade[at] == each
        kind[rows] = np.searchsorted(edges[each][:-1], draw[rows], side="right")
    first = np.array([KINDS.index(each.first_touch) for each in ORIGINS], np.int8)
    return np.where(ordinal == 0, first[who.origin[at]], kind)


def _channels(who: People, chance: np.random.Generator, at: Whole, ordinal: Whole) -> npt.NDArray[Any]:
    """The channel of the first touch, and mostly of the later ones; an unknown origin names none."""
    own = np.where(who.origin < len(CHANNELS), who.origin, -1)[at]
    other = np.where(chance.random(len(at)) < 0.5, 2, 0)  # direct or organic search
    return np.where((ordinal == 0) | (chance.random(len(at)) < 0.7), own, other)


def _known(chance: np.random.Generator, when: Whole, kind: npt.NDArray[Any], span: Span) -> Whole:
    """Badges scanned at an event are typed in days later; now and then the tracker delivers hours late."""
    event = (kind == KINDS.index("event.visited")) & (chance.random(len(when)) < 0.8)
    slow = chance.random(len(when)) < 0.02
    hours = np.where(slow, chance.exponential(5 * HOUR, len(when)), 0)
    late = np.where(event, chance.uniform(0.5, 6, len(when)) * DAY, hours)
    return np.minimum(when + late.astype(np.int64), span.end - SECOND)


def _who(who: People, at: Whole, visitor: Truths, ids: Registry) -> pa.Array:
    people = ids.people.column(who.number).take(pa.array(at))
    if not visitor.any():
        return people
    visitors = ids.visitors.column(who.number).take(pa.array(at))
    return pa.compute.if_else(pa.array(visitor), visitors, people)


def _identities(who: People, at: Whole, ordinal: Whole, when: Whole, visitor: Truths, ids: Registry) -> pa.Table:
    rows = np.flatnonzero(visitor & (ordinal == 1))
    number = who.number[at[rows]]
    own = {"alias_id": ids.visitors.column(number), "person_id": ids.people.column(number)}
    code = ids.facts.column((number << 16) + 8)
    return facts(
        "identities", own, source="web", source_id=code, occurred=when[rows], known=when[rows], evidence="inferred"
    )


@dataclass(frozen=True, slots=True)
class Mails:
    """Planned campaign mails: when, to whom (row of the shard, number), opened and clicked when (0 never)."""

    at: Whole
    row: Whole
    number: Whole
    issue: Whole
    opened: Whole
    clicked: Whole

    def chosen(self, rows: Any) -> Mails:
        """Some of them."""
        return Mails(*(getattr(self, name)[rows] for name in Mails.__slots__))

    def __len__(self) -> int:
        return len(self.at)


def mails(who: People, *, seed: int, span: Span, per_lead: float = PER_LEAD) -> Mails:
    """Every second Tuesday a mail goes to everybody who agreed to it and came within the last weeks."""
    chance = np.random.default_rng([seed, 5, int(who.number[0])])
    first = span.start + ((8 - (span.start // DAY + 3) % 7) % 7) * DAY + 8 * HOUR
    issues = np.arange(first, span.end, 14 * DAY, dtype=np.int64)
    weeks = max(1, round(6 * per_lead / PER_LEAD))
    order = who.arrival
    rows, which = [], []
    for issue, at in enumerate(issues):
        low, high = np.searchsorted(order, (at - weeks * 7 * DAY, at - HOUR))
        found = np.arange(low, high)
        found = found[who.consented[found] & (who.withdrawn[found] > at) & ~who.unreachable[found]]
        rows.append(found)
        which.append(np.full(len(found), issue))
    row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    issue_of = np.concatenate(which) if which else np.zeros(0, np.int64)
    return _sent(who, chance, row, issue_of, issues, span)


def _sent(who: People, chance: np.random.Generator, row: Whole, issue: Whole, issues: Whole, span: Span) -> Mails:
    count = len(row)
    sent = issues[issue] + chance.integers(0, 90 * MINUTE, count)
    keen = 1 / (1 + np.exp(-(who.interest[row] - 0.7)))
    wait = np.exp(chance.normal(np.log(3 * HOUR), 1.3, count)).astype(np.int64)
    opened = np.where(chance.random(count) < keen, sent + wait, 0)
    follows = (chance.random(count) < 0.35 * keen) & (opened > 0)
    clicked = np.where(follows, opened + chance.integers(5 * SECOND, 5 * MINUTE, count), 0)
    return Mails(
        at=sent,
        row=row,
        number=who.number[row],
        issue=issue,
        opened=np.where(opened < span.end, opened, 0),
        clicked=np.where(clicked < span.end, clicked, 0),
    )


def mail_touches(sent: Mails, ids: Registry) -> pa.Table:
    """The touches of mails that really went out: sent, opened, clicked."""
    opened, clicked = np.flatnonzero(sent.opened), np.flatnonzero(sent.clicked)
    row = np.concatenate([np.arange(len(sent)), opened, clicked])
    kind = np.repeat(np.arange(3), (len(sent), len(opened), len(clicked)))
    when = np.concatenate([sent.at, sent.opened[opened], sent.clicked[clicked]])
    issue = sent.issue[row]
    own = {
        "person_id": ids.people.column(sent.number[row]),
        "kind": named(kind, ("email.sent", "email.opened", "email.clicked")),
        "side": pa.repeat("marketing", len(row)),
        "channel": pa.repeat("email", len(row)),
        "campaign": named(issue, [f"newsletter-{each + 1}" for each in range(int(issue.max(initial=0)) + 1)]),
        "asset": named(issue % (len(_ASSETS) - 1) + 1, _ASSETS),
    }
    code = ids.facts.column((sent.number[row] << 16) + 8192 + issue * 4 + kind)
    return facts("touches", own, source="mailer", source_id=code, occurred=when, known=when)
