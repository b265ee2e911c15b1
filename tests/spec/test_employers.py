"""For which account somebody works by the address: tables of what is recorded, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.facts.employers import conclude, site, site_of, site_of_web
from accord.facts.engine import Engine
from accord.facts.lead_view import BY_ADDRESS, NOBODY
from accord.facts.lead_view_whole import view_sql
from accord.facts.ledger import Ledger

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("host", "registered"),
    [
        ("acme.com", "acme.com"),
        ("Mail.Acme.com.", "acme.com"),
        ("mail.acme.co.uk", "acme.co.uk"),
        ("acme.github.io", "acme.github.io"),
        ("müller.de", "müller.de"),
        ("gmail.com", None),
        ("gmx.de", None),
        ("mail.gmx.net", None),
        ("yahoo.co.uk", None),
        ("hey.com", None),
        ("mailinator.com", None),
        ("co.uk", None),
        ("localhost", None),
        ("a..b", None),
        ("", None),
    ],
)
def test_the_domain_of_a_company_is_what_it_registers(host: str, registered: str | None) -> None:
    assert site(host) == registered


def test_addresses_and_web_addresses_lead_to_the_same_domain() -> None:
    assert site_of("eva@Mail.acme.com ") == site_of_web("https://www.acme.com:443/de/?x=1") == "acme.com"
    assert site_of_web("info@shop.acme.com") == site_of_web("acme.com") == "acme.com"
    assert [site_of(each) for each in ("acme.com", "@acme.com", "eva@", "eva@gmail.com")] == [None] * 4


# What follows, as a table


def person(who: str, since: int, **said: Any) -> dict[str, Any]:
    return _profile("person", who, since, said)


def account(who: str, since: int, **said: Any) -> dict[str, Any]:
    return _profile("account", who, since, said)


def _profile(subject: str, who: str, since: int, said: dict[str, Any]) -> dict[str, Any]:
    source = said.pop("source", "crm")
    return {
        "subject": subject, "subject_id": who, "source": source, "occurred_at": day(since), "known_at": day(since),
        "source_id": said.pop("id", f"{subject}:{who}:{since}"), "known_inferred": False, "precision": "second",
        "evidence": said.pop("evidence", "evidenced"), **said,
    }  # fmt: skip


def lake(folder: Path, rows: Sequence[dict[str, Any]]) -> Ledger:
    made = Ledger.create(folder)
    write(made, rows)
    return made


def write(ledger: Ledger, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Record the rows; gives their batch."""
    before = set(ledger.states())
    names = list(dict.fromkeys(name for row in rows for name in row))
    ledger.write("profiles", pa.Table.from_pylist([dict.fromkeys(names) | row for row in rows]), at=day(400))
    return set(ledger.states()) - before


def led(ledger: Ledger) -> list[tuple[str, str, str, int]]:
    """Who was concluded to work where, by which domain, known from which day on."""
    rows = ledger.connect(tables=["profiles"]).rows(
        "SELECT subject_id, account_id, domain, known_at FROM profiles"
        f" WHERE source = '{BY_ADDRESS}' AND evidence = 'inferred' ORDER BY known_at, subject_id"
    )
    return [(*list(row.values())[:3], (row["known_at"].replace(tzinfo=UTC) - DAY).days) for row in rows.to_pylist()]


ACME = account("acme", 5, name="Acme", domain="acme.com")


@pytest.mark.parametrize(
    ("rows", "concluded"),
    [
        ([ACME, person("eva", 2, email="eva@mail.acme.com")], [("eva", "acme", "acme.com", 5)]),
        ([ACME, person("eva", 9, email="eva@acme.com")], [("eva", "acme", "acme.com", 9)]),
        ([ACME, person("eva", 2, email="eva@gmail.com")], []),
        ([ACME, person("eva", 2, email="eva@other.com")], []),
        ([ACME, person("eva", 2, email="eva@acme.com", account_id="other")], []),
        ([ACME, person("eva", 2, email="eva@acme.com"), person("eva", 300, account_id="other")], []),
        ([account("free", 1, domain="gmail.com"), person("eva", 2, email="eva@gmail.com")], []),
        # two domains were said of one account: both lead there
        (
            [ACME, account("acme", 7, domain="acme.de"), person("eva", 1, email="eva@acme.de"),
             person("jan", 1, email="jan@acme.com")],
            [("jan", "acme", "acme.com", 5), ("eva", "acme", "acme.de", 7)],
        ),
        # two accounts have one domain: the one that was known first counts
        ([ACME, account("twin", 3, domain="www.acme.com"), person("eva", 4, email="eva@acme.com")],
         [("eva", "twin", "acme.com", 4)]),
        # the second address of somebody who changed
        ([ACME, account("beta", 1, domain="beta.io"), person("eva", 6, email="eva@acme.com"),
          person("eva", 20, email="eva@beta.io")],
         [("eva", "acme", "acme.com", 6), ("eva", "beta", "beta.io", 20)]),
        # a member said otherwise
        ([ACME, person("eva", 6, email="eva@acme.com"),
          person("eva", 30, account_id=NOBODY, source=BY_ADDRESS, evidence="claimed")], []),
    ],
)  # fmt: skip
def test_an_address_leads_to_the_account_with_its_domain(
    tmp_path: Path, rows: Sequence[dict[str, Any]], concluded: list[tuple[str, str, str, int]]
) -> None:
    ledger = lake(tmp_path / "lake", rows)
    drawn = conclude(ledger, at=day(401))
    assert led(ledger) == concluded
    assert (drawn is None) == (not concluded)
    assert conclude(ledger, at=day(402)) is None  # a conclusion is drawn once


def test_what_is_stated_wins_whenever_it_comes_and_a_word_is_taken_back_by_the_next(tmp_path: Path) -> None:
    ledger = lake(tmp_path / "lake", [ACME, person("eva", 6, email="eva@acme.com")])
    conclude(ledger, at=day(401))
    assert seen(ledger, "eva", (5, 6, 300)) == [None, "acme", "acme"]
    word = {"source": BY_ADDRESS, "evidence": "claimed"}
    write(ledger, [person("eva", 10, account_id=NOBODY, id="w", **word)])
    write(ledger, [person("eva", 20, account_id="other", id="w", **word)])
    assert seen(ledger, "eva", (9, 10, 19, 20)) == ["acme", None, None, "other"]
    write(ledger, [person("eva", 15, account_id="stated")])
    assert seen(ledger, "eva", (9, 10, 15, 20, 300)) == ["acme", None, "stated", "stated", "stated"]


def test_an_undone_account_leads_nowhere_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    ledger = lake(tmp_path / "lake", [person("eva", 6, email="eva@acme.com")])
    firms = write(ledger, [ACME])
    conclude(ledger, at=day(401))
    ledger.undo_all(firms, at=day(402))
    write(ledger, [account("acme2", 8, domain="acme.com")])
    assert conclude(ledger, at=day(403)) is not None
    assert seen(ledger, "eva", (6, 7, 8)) == ["acme", "acme", "acme2"]


def seen(ledger: Ledger, who: str, days: Sequence[int]) -> list[str | None]:
    """For whom somebody works as the lead view tells it on some days."""
    engine = ledger.connect()
    register_moments(engine, [(who, day(each)) for each in days])
    rows = engine.rows(f"SELECT account_id FROM ({view_sql(['has_email'])}) ORDER BY moment").column(0).to_pylist()
    engine.close()
    return list(rows)


def register_moments(engine: Engine, moments: Sequence[tuple[str, datetime]]) -> None:
    engine.register(
        "moments",
        pa.table({
            "person_id": [who for who, _ in moments],
            "moment": pa.array([at.replace(tzinfo=None) for _, at in moments], pa.timestamp("us")),
        }),
    )  # fmt: skip


# The slow twin

HOSTS = ("acme.com", "mail.acme.com", "acme.de", "beta.io", "gmail.com", "x", "")
STORY = st.lists(
    st.one_of(
        st.tuples(st.just("person"), st.sampled_from("pq"), st.integers(0, 9), st.sampled_from(HOSTS), st.just("")),
        st.tuples(st.just("account"), st.sampled_from("ab"), st.integers(0, 9), st.sampled_from(HOSTS), st.just("")),
        st.tuples(st.just("stated"), st.sampled_from("pq"), st.integers(0, 9), st.just(""), st.sampled_from("abc")),
        st.tuples(st.just("word"), st.sampled_from("pq"), st.integers(0, 9), st.just(""), st.sampled_from("ab-")),
    ),
    max_size=9,
    unique_by=lambda each: each[:3],
)


def twin(story: Sequence[tuple[str, str, int, str, str]], who: str, at: int) -> str | None:
    """For whom somebody works at a moment, by looking at everything each time."""
    stated = [(when, place, firm) for place, (kind, p, when, _, firm) in enumerate(story)
              if kind == "stated" and p == who and when <= at]  # fmt: skip
    if stated:
        return max(stated)[2]
    said = [(when, 1, "", firm) for kind, p, when, _, firm in story if kind == "word" and p == who and when <= at]
    led_to = [(when, 0, each, firm) for when, each, firm in _led(story, who) if when <= at]
    last = max([*said, *led_to], default=None)
    return None if last is None or last[3] == NOBODY else last[3]


def _led(story: Sequence[tuple[str, str, int, str, str]], who: str) -> Iterator[tuple[int, str, str]]:
    """When each address led somewhere, as the conclusions stand that are drawn over the whole story."""
    if any(kind in ("stated", "word") and p == who for kind, p, *_ in story):
        return
    sites: dict[str, int] = {}
    for kind, p, when, host, _ in story:
        if kind == "person" and p == who and (found := site(host)):
            sites[found] = min(when, sites.get(found, when))
    for each, when in sites.items():
        firms = [f for kind, f, _, host, _ in story if kind == "account" and site(host) == each]
        if firms:
            firm = min(set(firms), key=lambda f: (min(w for k, a, w, *_ in story if k == "account" and a == f), f))
            since = min(w for k, a, w, h, _ in story if k == "account" and a == firm and site(h) == each)
            yield max(when, since), each, firm


def rows_of(story: Sequence[tuple[str, str, int, str, str]]) -> Iterator[dict[str, Any]]:
    for kind, who, when, host, firm in story:
        if kind == "person":
            yield person(who, when, email=f"x@{host}" if host else None)
        elif kind == "account":
            yield account(who, when, domain=host or None)
        elif kind == "stated":
            yield person(who, when, account_id=firm, id=f"s:{who}:{when}")
        else:
            word = {"source": BY_ADDRESS, "evidence": "claimed"}
            yield person(who, when, account_id=firm, id=f"w:{who}:{when}", **word)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORY)
def test_the_lead_view_knows_what_the_slow_twin_knows(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, str, int, str, str]]
) -> None:
    if not story:
        return
    story = sorted(story, key=lambda each: each[2])
    ledger = lake(tmp_path_factory.mktemp("twin") / "lake", list(rows_of(story)))
    conclude(ledger, at=day(401))
    for who in "pq":
        assert seen(ledger, who, range(10)) == [twin(story, who, at) for at in range(10)]
