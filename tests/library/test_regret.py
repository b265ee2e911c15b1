"""What became of leads that were given back, held against a readable loop over invented facts; and its command."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO, facts_in_hand

from accord.cli import main
from accord.facts.ledger import Ledger
from accord.insight.regret import regret

PEOPLE, ACCOUNTS = ("p", "q", "r"), ("a", "b", None)
DAYS = st.integers(0, 40)
EVENT = st.fixed_dictionaries({
    "person_id": st.sampled_from(PEOPLE),
    "number": st.integers(0, 2),
    "event": st.sampled_from(["offered", "accepted", "rejected", "recycled"]),
    "reason": st.sampled_from(["timing", "no_fit"]),
    "day": DAYS,
})  # fmt: skip
DEAL = st.fixed_dictionaries({
    "deal_id": st.sampled_from(["d", "e"]),
    "person_id": st.sampled_from([*PEOPLE, None]),
    "account_id": st.sampled_from(ACCOUNTS),
    "event": st.sampled_from(["opened", "won", "lost"]),
    "day": DAYS,
})  # fmt: skip
HOME = st.fixed_dictionaries({
    "subject_id": st.sampled_from(PEOPLE), "account_id": st.sampled_from(ACCOUNTS), "day": DAYS,
})  # fmt: skip
WITHIN = timedelta(days=10)
AT = DAY_ZERO + timedelta(days=30)


def at_day(row: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in row.items() if k not in ("day", "number")},
            "occurred_at": DAY_ZERO + timedelta(days=row["day"])}  # fmt: skip


def slowly(events: list[dict[str, Any]], deals: list[dict[str, Any]], homes: list[dict[str, Any]]) -> dict[Any, Any]:
    """One handoff after the other, one fact after the other."""
    found: dict[Any, list[int]] = {}
    for each in {e["handoff_id"]: e for e in events}:
        ends = [e for e in events if e["handoff_id"] == each and e["event"] in ("rejected", "recycled")]
        ends = [e for e in ends if e["occurred_at"] <= AT]
        if not ends:
            continue
        person, since = ends[0]["person_id"], ends[0]["occurred_at"]
        until = min(since + WITHIN, AT)
        key = (ends[0]["event"], ends[0]["reason"])
        n, waiting, accepted, deal, won = found.get(key, [0, 0, 0, 0, 0])
        if since + WITHIN > AT:
            found[key] = [n, waiting + 1, accepted, deal, won]
            continue
        known = sorted((h for h in homes if h["subject_id"] == person and h["occurred_at"] <= since), key=in_order)
        account = known[-1]["account_id"] if known else None
        later = [e for e in events if e["person_id"] == person and since < e["occurred_at"] <= until]
        theirs = [d for d in deals if since < d["occurred_at"] <= until]
        theirs = [d for d in theirs if d["person_id"] == person or (account and d["account_id"] == account)]
        found[key] = [
            n + 1, waiting,
            accepted + any(e["event"] == "accepted" and e["handoff_id"] != each for e in later),
            deal + any(d["event"] == "opened" for d in theirs),
            won + any(d["event"] == "won" for d in theirs),
        ]  # fmt: skip
    return found


def in_order(home: dict[str, Any]) -> Any:
    return home["occurred_at"], home["source_id"]


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENT, max_size=12), st.lists(DEAL, max_size=6), st.lists(HOME, max_size=5))
def test_it_counts_what_a_loop_counts(
    said: list[dict[str, Any]], dealt: list[dict[str, Any]], lived: list[dict[str, Any]]
) -> None:
    events, ended = [], set()
    for each in said:
        handoff = f"{each['person_id']}{each['number']}"
        if each["event"] in ("rejected", "recycled"):
            if handoff in ended:
                continue  # a handoff ends once
            ended.add(handoff)
        events.append({**at_day(each), "handoff_id": handoff})
    deals = [at_day(each) for each in dealt]
    homes = [{**at_day(each), "subject": "person", "source_id": str(n)} for n, each in enumerate(lived)]
    found = regret(
        facts_in_hand(handoffs=events, deals=deals, profiles=homes), at=AT.replace(tzinfo=UTC), within=WITHIN
    )
    counted = {(r.answer, r.reason): [r.n, r.open, *r.counts.values()] for r in found.reasons}
    assert counted == slowly(events, deals, homes)


def test_the_command_tells_it_to_people_and_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger.create(tmp_path / "lake")
    assert main(["regret", "--lake", str(tmp_path / "lake")]) == 0
    assert "No lead was rejected or recycled." in capsys.readouterr().out
    assert main(["regret", "--lake", str(tmp_path / "lake"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reasons"] == []
    assert main(["regret", "--lake", str(tmp_path / "lake"), "--csv"]) == 0
    assert "answer,reason,outcome" in capsys.readouterr().out
    assert main(["regret", "--lake", str(tmp_path / "lake"), "--within", "0"]) == 2
