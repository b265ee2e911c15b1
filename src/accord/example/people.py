"""Accounts and people of the simulated company: what they are, what is recorded about them, and when.

Everything is drawn in arrays, shard by shard; a shard's numbers depend on the seed and on where it begins, not on what
was drawn before. Names and addresses are made up from syllables and end in `.example`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.example.columns import Ids, Real, Truths, Whole, facts, named
from accord.example.world import DAY, HOUR, MINUTE, ORIGINS, Span, World

SHARD = 25_000

COUNTRIES = ("DE", "AT", "CH", "GB", "FR", "NL", "US", "PL", "IT", "ES")
_COUNTRY_SHARE = (0.40, 0.10, 0.10, 0.26, 0.03, 0.03, 0.03, 0.02, 0.02, 0.01)
LANGUAGES = ("de", "de", "de", "en", "fr", "nl", "en", "pl", "it", "es")
SERVED, HOME, BRITAIN = 4, 3, 3  # the first four countries are served, the first three are home, the fourth is GB
INDUSTRIES = (
    "machinery",
    "automotive",
    "food",
    "electronics",
    "chemicals",
    "logistics",
    "system integration",
    "retail",
)
_INDUSTRY_SHARE = (0.24, 0.14, 0.14, 0.14, 0.10, 0.08, 0.10, 0.06)
TITLES = (
    "Plant manager",
    "Factory director",
    "Head of production",
    "Automation engineer",
    "Managing director",
    "Purchasing manager",
    "IT manager",
    "Quality manager",
    "Consultant",
    "Student",
)
_TITLE_SHARE = (0.20, 0.08, 0.16, 0.14, 0.10, 0.09, 0.08, 0.07, 0.05, 0.03)
DECIDERS = 3  # the first three titles decide or propose
SEGMENTS = ("small", "mid", "large")

_FIRST = [a + b for a in ("Al", "Bri", "Cor", "Da", "El", "Fen", "Jo", "Ka", "Li", "Mar") for b in ("an", "ena", "is")]
_SURNAME = ("Tar", "Vel", "Kor", "Mun", "Bar", "Sol", "Hav", "Lin", "Dor", "Ras", "Wen", "Pel")
_ENDING = ("kin", "dal", "mer", "vik", "ton", "berg", "sen", "well", "holt", "ney")
_ABOUT = ("palletising", "welding", "food lines", "payback", "small batches", "night shifts", "safety", "retrofit")
_FORM = ("", " Group", " Holding", " Nord", " Alpina", " International", " Partners", " Europe")
_LAST = [a + b for a in _SURNAME for b in _ENDING]
_TRADE = ("Works", "Systems", "Industries", "Parts", "Motion", "Foods", "Chemicals", "Tooling", "Controls", "Freight")
_COMPANY = [f"{a} {b}" for a in _LAST for b in _TRADE]


@dataclass(frozen=True, slots=True)
class People:
    """One shard of people with their accounts' attributes, one array element per person, in order of arrival.

    `fit` and `interest` are the hidden truth: how well the account really fits (log-odds) and how much the person wants
    a solution (standard deviations). `seen_employees` is what the first record says, `employees` what is true.
    """

    number: Whole
    account: Whole
    arrival: Whole
    origin: npt.NDArray[np.int8]
    country: npt.NDArray[np.int8]
    industry: npt.NDArray[np.int8]
    title: npt.NDArray[np.int8]
    segment: npt.NDArray[np.int8]
    employees: Whole
    seen_employees: Whole
    competitor: Truths
    duplicate: Truths
    unreachable: Truths  # the recorded address or number is wrong
    consented: Truths
    withdrawn: Whole  # when consent was taken back; past the span's end for never
    interest: Real
    fit: Real

    def __len__(self) -> int:
        return len(self.number)


def shards(leads: int, size: int = SHARD) -> tuple[tuple[int, int], ...]:
    """Where each shard begins and how many people it holds."""
    return tuple((first, min(size, leads - first)) for first in range(0, leads, size))


def people(first: int, count: int, *, seed: int, span: Span, world: World) -> People:
    """Draws one shard of `count` people, numbered from `first`."""
    chance = np.random.default_rng([seed, 1, first])
    planted = np.random.default_rng([seed, 2, first])
    local = np.sort(chance.integers(0, max(1, round(count / 1.6)), count))
    chance.shuffle(local)
    country = _pick(chance, _COUNTRY_SHARE, count)[local]
    employees = np.clip(np.exp(chance.normal(np.log(160), 1.35, count)), 2, 40_000).astype(np.int64)[local]
    arrival = _surged(_arrivals(chance, count, span), country, planted, span, world)
    origin = _misfit_origin(_pick(chance, [each.share for each in ORIGINS], count), arrival, planted, span, world)
    title = _pick(chance, _TITLE_SHARE, count)
    error = np.where(chance.random(count) < 0.08, np.exp(chance.normal(0, 1.0, count)), 1.0)[local]
    withdrawal = chance.random(count) < 0.05
    withdrawn = np.where(withdrawal, arrival + (chance.exponential(60, count) * DAY).astype(np.int64), span.end + DAY)
    segment = np.digitize(employees, (50, 1000)).astype(np.int8)
    shift = np.array([each.interest for each in ORIGINS])[origin]
    order = np.argsort(arrival, kind="stable")
    drawn = People(
        number=first + np.arange(count),
        account=first + local,
        arrival=arrival,
        origin=origin,
        country=country,
        industry=_pick(chance, _INDUSTRY_SHARE, count)[local],
        title=title,
        segment=segment,
        employees=employees,
        seen_employees=np.maximum(1, (employees * error).astype(np.int64)),
        competitor=(chance.random(count) < 0.02)[local],
        duplicate=chance.random(count) < 0.02,
        unreachable=chance.random(count) < 0.04,
        consented=chance.random(count) < 0.72,
        withdrawn=withdrawn,
        interest=chance.normal(0, 1, count) + shift,
        fit=_fit(chance, employees, title, country) - _misfit(origin, arrival, span, world),
    )
    return _ordered(drawn, order)


def _ordered(drawn: People, order: Whole) -> People:
    parts = {name: getattr(drawn, name)[order] for name in People.__slots__ if name != "number"}
    return People(number=drawn.number, **parts)


def _pick(chance: np.random.Generator, share: Sequence[float], count: int) -> npt.NDArray[np.int8]:
    edges = np.cumsum(share) / np.sum(share)
    return np.searchsorted(edges[:-1], chance.random(count), side="right").astype(np.int8)


def _arrivals(chance: np.random.Generator, count: int, span: Span) -> Whole:
    """Around the clock, more in office hours, fewer at weekends, in August and around New Year, slowly growing."""
    weight = np.cumsum(_hourly(span))
    hour = np.searchsorted(weight, chance.random(count) * weight[-1], side="right")
    return np.asarray(span.start + hour * HOUR + chance.integers(0, HOUR, count))


def _hourly(span: Span) -> Real:
    hours = np.arange(span.days * 24)
    days = (span.start // DAY) + hours // 24
    of_day = hours % 24
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(int) % 12
    day = (dates - dates.astype("datetime64[M]")).astype(int)
    by_hour = 0.25 + np.exp(-(((of_day - 11.5) / 4.5) ** 2)) + 0.35 * np.exp(-(((of_day - 20) / 2.0) ** 2))
    by_weekday = np.array([1.1, 1.2, 1.15, 1.1, 0.95, 0.45, 0.4])[weekday]
    by_month = np.array([1.0, 1.05, 1.15, 1.0, 1.0, 1.0, 0.8, 0.65, 1.15, 1.15, 1.1, 0.85])[month]
    quiet = ((month == 11) & (day >= 22)) | ((month == 0) & (day < 4))
    growth = 1 + 0.25 * hours / len(hours)
    return np.asarray(by_hour * by_weekday * by_month * growth * np.where(quiet, 0.4, 1.0))


def _surged(
    arrival: Whole, country: npt.NDArray[np.int8], planted: np.random.Generator, span: Span, world: World
) -> Whole:
    """In a surge, leads of the home market come between two dates instead of when they would have come."""
    moved = (planted.random(len(arrival)) < world.surge) & (country < HOME)
    since, until = span.at(world.since), span.at(world.until)
    shifted = since + (arrival - span.start) % DAY + planted.integers(0, (until - since) // DAY, len(arrival)) * DAY
    return np.asarray(np.where(moved, shifted, arrival))


def _misfit_origin(
    origin: npt.NDArray[np.int8], arrival: Whole, planted: np.random.Generator, span: Span, world: World
) -> npt.NDArray[np.int8]:
    moved = (planted.random(len(arrival)) < world.misfit_share) & (arrival >= span.at(world.since))
    return np.where(moved, _origin_named(world.misfit_channel), origin).astype(np.int8)


def _origin_named(name: str) -> int:
    return next((at for at, each in enumerate(ORIGINS) if each.name == name and name), -1)


def _misfit(origin: npt.NDArray[np.int8], arrival: Whole, span: Span, world: World) -> Real:
    hit = (origin == _origin_named(world.misfit_channel)) & (arrival >= span.at(world.since))
    return np.asarray(np.where(hit, world.misfit_depth, 0.0))


def _fit(
    chance: np.random.Generator, employees: Whole, title: npt.NDArray[np.int8], country: npt.NDArray[np.int8]
) -> Real:
    """Log-odds that the account really fits: size, role and country tell most of it, the rest is for sales to find."""
    size = np.where((employees >= 50) & (employees <= 5000), 0.5, -0.9)
    role = np.where(title < DECIDERS, 0.5, np.where(title >= 8, -1.2, 0.0))
    place = np.where(country < SERVED, 0.2, -1.0)
    return np.asarray(size + role + place + chance.normal(0, 0.8, len(employees)))


# What is recorded about them


@dataclass(frozen=True, slots=True)
class Registry:
    """Makes the ids of one simulated company."""

    people: Ids
    visitors: Ids
    accounts: Ids
    deals: Ids
    facts: Ids

    @classmethod
    def of(cls, seed: int) -> Registry:
        return cls(*(Ids(letter, seed) for letter in "pvadf"))


def profiles(who: People, *, seed: int, span: Span, ids: Registry, owners: Sequence[str]) -> pa.Table:
    """What is recorded about the shard's accounts and people, with late cells, changes and corrections."""
    chance = np.random.default_rng([seed, 3, int(who.number[0])])
    parts = [_accounts(who, chance, ids, owners, span), *_persons(who, chance, ids, span)]
    return pa.concat_tables(parts)


def _accounts(who: People, chance: np.random.Generator, ids: Registry, owners: Sequence[str], span: Span) -> pa.Table:
    _, at = np.unique(who.account, return_index=True)  # the first of each account's people to arrive
    wrong = np.flatnonzero((who.seen_employees != who.employees)[at])
    corrected = who.arrival[at][wrong] + (chance.uniform(40, 160, len(wrong)) * DAY).astype(np.int64)
    kept = corrected < span.end
    wrong, corrected = wrong[kept], corrected[kept]
    owner = np.where(chance.random(len(at)) < 0.05, chance.integers(0, max(1, len(owners)), len(at)), -1)
    silent = chance.random(len(at)) < 0.2
    rows = np.concatenate([at, at[wrong]])
    again = np.concatenate([np.zeros(len(at), bool), np.ones(len(wrong), bool)])
    double = np.concatenate([np.arange(len(at)), wrong])
    known = np.concatenate([who.arrival[at], corrected])
    employees = np.where(again, who.employees[rows], who.seen_employees[rows])
    company = _company(who.account[rows])
    own = {
        "subject": pa.repeat("account", len(rows)),
        "subject_id": ids.accounts.column(who.account[rows]),
        "name": company,
        "company": company,
        "domain": _domain(who.account[rows], ids),
        "country": named(np.where(silent[double], -1, who.country[rows]), COUNTRIES),
        "industry": named(who.industry[rows], INDUSTRIES),
        "employees": pa.array(employees.astype(np.float64)),
        "revenue": pa.array(np.round(employees * 160_000.0, -4)),
        "segment": named(np.digitize(employees, (50, 1000)), SEGMENTS),
        "owner": named(owner[double] if owners else np.full(len(rows), -1), owners or [""]),
        "is_competitor": pa.array(who.competitor[rows]),
    }
    return facts(
        "profiles",
        own,
        source="crm",
        source_id=ids.facts.column((who.account[rows] << 16) + 1),
        occurred=who.arrival[rows],
        known=known,
        revision=np.where(again, 2, 1),
    )


def _persons(who: People, chance: np.random.Generator, ids: Registry, span: Span) -> list[pa.Table]:
    count = len(who)
    silent = chance.random(count) < 0.35
    filled = who.arrival + np.exp(chance.normal(np.log(30 * HOUR), 1.4, count)).astype(np.int64)
    late = np.flatnonzero(silent & (chance.random(count) < 0.9) & (filled < span.end))
    moved = who.arrival + (chance.exponential(220, count) * DAY).astype(np.int64) + 20 * DAY
    promoted = np.flatnonzero((chance.random(count) < 0.08) & (moved < span.end))
    titled = np.where(chance.random(count) < 0.05, -1, who.title)
    new_title = chance.integers(0, len(TITLES), len(promoted))
    first = _person_facts(who, np.arange(count), 2, who.arrival, ids, _first_record(who, chance, ids, silent, titled))
    country = {"country": named(who.country[late], COUNTRIES)}
    title = {"title": named(new_title, TITLES)}
    return [
        first,
        _person_facts(who, late, 3, filled[late], ids, country),
        _person_facts(who, promoted, 4, moved[promoted], ids, title),
    ]


def _first_record(
    who: People, chance: np.random.Generator, ids: Registry, silent: Truths, titled: npt.NDArray[Any]
) -> dict[str, pa.Array]:
    count = len(who)
    quarter = (who.arrival // (91 * DAY)) % 8
    phoned = chance.random(count) < 0.6
    first = named(chance.integers(0, len(_FIRST), count), _FIRST)
    last = named(chance.integers(0, len(_LAST), count), _LAST)
    email = pc.binary_join_element_wise(ids.people.column(who.number), _domain(who.account, ids), "@")
    number = pa.array(5_550_000 + who.number % 10_000).cast(pa.string())
    paid = np.isin(who.origin, (1, 4, 5, 6, 7, 8, 10))
    campaigns = [f"{origin.name or 'none'} {about}".replace(" ", "-") for origin in ORIGINS for about in _ABOUT]
    return {
        "name": pc.binary_join_element_wise(first, last, " "),
        "email": pc.if_else(pa.array(chance.random(count) < 0.99), email, None),
        "phone": pc.if_else(pa.array(phoned), pc.binary_join_element_wise("00 000 ", number, ""), None),
        "title": named(titled, TITLES),
        "company": pc.if_else(pa.array(chance.random(count) < 0.97), _company(who.account), None),
        "country": named(np.where(silent, -1, who.country), COUNTRIES),
        "language": named(who.country, LANGUAGES),
        "origin": named(np.where(who.origin == len(ORIGINS) - 1, -1, who.origin), [each.name for each in ORIGINS]),
        "campaign": named(np.where(paid, who.origin * 8 + quarter, -1), campaigns),
        "landing_page": named(who.origin % 5, ("/", "/product", "/pricing", "/cases", "/guide")),
        "lifecycle": pa.repeat("lead", count),
        "is_duplicate": pa.array(who.duplicate),
    }


def _person_facts(who: People, rows: Whole, which: int, at: Whole, ids: Registry, own: dict[str, pa.Array]) -> pa.Table:
    subject = {
        "subject": pa.repeat("person", len(rows)),
        "subject_id": ids.people.column(who.number[rows]),
        "account_id": ids.accounts.column(who.account[rows]),
    }
    code = ids.facts.column((who.number[rows] << 16) + which)
    return facts("profiles", {**subject, **own}, source="crm", source_id=code, occurred=at, known=at)


def _company(account: Whole) -> pa.Array:
    mixed = (account * 2_654_435_761) % len(_COMPANY)
    more = account // len(_COMPANY)
    counted = pc.binary_join_element_wise(" ", pa.array(more).cast(pa.string()), "")
    number = pc.if_else(pa.array(more < len(_FORM)), "", counted)
    return pc.binary_join_element_wise(named(mixed, _COMPANY), named(more % len(_FORM), _FORM), number, "")


def _domain(account: Whole, ids: Registry) -> pa.Array:
    return pc.binary_join_element_wise(ids.accounts.column(account), "example", ".")


def consent(who: People, *, span: Span, ids: Registry) -> pa.Table:
    """Consent to marketing mails: given on arrival, taken back by a few, and addresses that bounce."""
    given = np.flatnonzero(who.consented)
    gone = np.flatnonzero(who.consented & (who.withdrawn < span.end))
    bounced = np.flatnonzero(who.unreachable & (who.arrival + 3 * DAY < span.end))
    parts = (
        (given, who.arrival[given] + MINUTE, "granted", 5),
        (gone, who.withdrawn[gone], "withdrawn", 6),
        (bounced, who.arrival[bounced] + 3 * DAY, "bounced", 7),
    )
    return pa.concat_tables([_consent(who, *part, ids) for part in parts])


def _consent(who: People, rows: Whole, at: Whole, status: str, which: int, ids: Registry) -> pa.Table:
    own = {
        "person_id": ids.people.column(who.number[rows]),
        "purpose": pa.repeat("marketing.email", len(rows)),
        "status": pa.repeat(status, len(rows)),
        "wording": pa.repeat("newsletter-1", len(rows)) if status == "granted" else None,
    }
    code = ids.facts.column((who.number[rows] << 16) + which)
    return facts("consent", own, source="forms", source_id=code, occurred=at, known=at)
