"""Companies drawn in a moment, with one cause planted or none: for the diagnosis, which has to see the one and must not
see the other.

A company has leads with a segment, an origin and a country; some are handed over, answered, accepted, qualified, get a
deal, win it. Nothing in it depends on anything else, unless it is planted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from accord.agreement.counting import ANSWERS_CHECKED
from accord.agreement.document import Agreement
from accord.facts.engine import Engine
from accord.facts.tables import TABLES
from accord.insight.diagnosis.case import Case

START, DAYS = datetime.fromisoformat("2025-01-06"), 700
MIDDLE, END = START + timedelta(days=DAYS / 2), START + timedelta(days=DAYS)
SEGMENTS, SEGMENT_SHARES = ("small", "mid", "large"), (0.5, 0.3, 0.2)
ORIGINS = ("organic search", "paid search", "event", "webinar", "referral")
COUNTRIES, COUNTRY_SHARES = ("DE", "GB", "AT"), (0.6, 0.25, 0.15)
PERSONAS = ("Plant manager", "Engineer")
STAGES = ("discovery", "proposal", "negotiation")
CAUSES = (
    "untrusted",
    "unowned",
    "capacity",
    "campaigns",
    "rejected_source",
    "contradicted",
    "slow_hours",
    "content_gap",
    "price",
    "leak",
)
SHIFTED = "shifted"
"""No rule's cause: segments differ, late answers are accepted less often, and both become more in the newer half."""
HOUR, DAY = 3_600_000_000, 86_400_000_000


@dataclass(frozen=True, slots=True)
class World:
    """One company: the cause that is planted, how strongly, and how many leads there are."""

    seed: int
    cause: str = ""
    drop: float = 0.6  # relative, of a leak in the segment `large`
    leads: int = 6_000

    def has(self, cause: str) -> bool:
        return self.cause == cause


def case_of(world: World, agreements: tuple[Agreement, ...] = ()) -> Case:
    """The company's newest half held against its older half."""
    engine, said = company(world)
    held: dict[str, object] = {"answers_checked": said}
    return Case(engine, MIDDLE, END, START, MIDDLE, END, agreements, held)


def company(world: World) -> tuple[Engine, pa.Table]:
    """Its facts in hand, and its rejections held against facts."""
    dice = np.random.default_rng(world.seed)
    n = world.leads
    leads: dict[str, Any] = {
        "id": np.array([f"p{place}" for place in range(n)]),
        "at": np.sort(dice.integers(0, DAYS * DAY, n)),
        "segment": dice.choice(SEGMENTS, n, p=SEGMENT_SHARES),
        "origin": dice.choice(ORIGINS, n),
        "country": dice.choice(COUNTRIES, n, p=COUNTRY_SHARES),
        "persona": dice.choice(PERSONAS, n),
    }
    if world.has(SHIFTED):
        newer = leads["at"] >= DAYS * DAY / 2
        leads["segment"][newer] = dice.choice(SEGMENTS, int(newer.sum()), p=(0.35, 0.3, 0.35))
    facts: dict[str, pa.Table] = {"profiles": _profiles(leads)}
    handed = np.flatnonzero(dice.random(n) < 0.5)
    handoffs, accepted, said = _handoffs(world, dice, leads, handed)
    facts["handoffs"] = handoffs
    facts["decisions"] = _facts(
        "decisions", leads["at"][handed], person_id=leads["id"][handed], persona=leads["persona"][handed]
    )
    facts["deals"], came = _deals(world, dice, leads, accepted)
    facts["content"] = _content(world, dice, leads, came)
    facts["touches"] = _touches(world, dice, leads, accepted, came)
    engine = Engine(threads=1)
    for name in TABLES:
        rows = facts[name] if name in facts else _none(name)
        engine.register(name, rows)
        engine.register(
            f"{name}_revisions", rows.append_column("superseded_at", pa.nulls(len(rows), pa.timestamp("us")))
        )
    return engine, said


@cache
def _none(table: str) -> pa.Table:
    return _facts(table, np.zeros(0, np.int64))


def _facts(table: str, at: np.ndarray, **columns: Any) -> pa.Table:
    """Rows of a table; what is not given is empty. `at` are microseconds since the company's first day."""
    moments = pa.array(np.datetime64(START, "us") + at.astype("timedelta64[us]"))
    given: Mapping[str, Any] = {
        "source": np.full(len(at), "crm"),
        "source_id": np.array([f"{table}{place}" for place in range(len(at))]),
        "occurred_at": moments,
        "known_at": moments,
        "recorded_at": moments,
        "revision": np.ones(len(at), np.int64),
        "known_inferred": np.zeros(len(at), bool),
        "precision": np.full(len(at), "second"),
        "evidence": np.full(len(at), "evidenced"),
        "batch": np.full(len(at), "b"),
        **columns,
    }
    arrays, fields = [], []
    for column in TABLES[table].columns:
        kind = pa.timestamp("us") if pa.types.is_timestamp(column.type) else column.type
        values = given.get(column.name)
        arrays.append(pa.nulls(len(at), kind) if values is None else pa.array(values, kind, from_pandas=True))
        fields.append(pa.field(column.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _profiles(leads: Mapping[str, Any]) -> pa.Table:
    names = ("segment", "origin", "country")
    return _facts(
        "profiles",
        leads["at"],
        subject=np.full(len(leads["id"]), "person"),
        subject_id=leads["id"],
        **{name: leads[name] for name in names},
    )


def _handoffs(
    world: World, dice: np.random.Generator, leads: Mapping[str, Any], handed: np.ndarray
) -> tuple[pa.Table, dict[str, np.ndarray], pa.Table]:
    n = len(handed)
    late_half = leads["at"][handed] >= DAYS * DAY / 2
    day = leads["at"][handed] // DAY * DAY
    offered = day + dice.integers(8 * HOUR, 17 * HOUR, n)
    team = np.where(leads["country"][handed] == "GB", "emea", "dach")
    in_capacity = dice.random(n) > 0.02
    if world.has("capacity"):
        in_capacity &= ~(late_half & (team == "dach") & (dice.random(n) < 0.25))
    owner = np.where(dice.random(n) < 0.5, "ada", "tomas").astype(object)
    if world.has("unowned"):
        owner[late_half & (team == "emea") & (dice.random(n) < 0.5)] = None
    wait = dice.exponential(1.6 * HOUR, n)
    if world.has("slow_hours"):
        wait = np.where(offered // DAY % 7 == 0, 10 * wait, wait)
    if world.has(SHIFTED):
        wait = np.where(late_half, 2 * wait, wait)
    answered = offered + wait.astype(np.int64)
    chance = np.full(n, 0.8)
    if world.has(SHIFTED):
        chance = np.where(leads["segment"][handed] == "large", 0.55, 0.85) - 0.3 * (answered > offered + 4 * HOUR)
    if world.has("leak"):
        chance[late_half & (leads["segment"][handed] == "large")] *= 1 - world.drop
    if world.has("rejected_source"):
        chance[leads["origin"][handed] == "event"] = 0.45
    accepts = dice.random(n) < chance
    reason = dice.choice(["too_small", "no_fit", "no_interest", "unreachable"], n).astype(object)
    if world.has("rejected_source"):
        reason[leads["origin"][handed] == "event"] = "no_fit"
    qualified = accepts & (dice.random(n) < 0.65)
    ids = np.array([f"h{place}" for place in handed])
    ends = answered + dice.integers(DAY, 5 * DAY, n)
    common = {"handoff_id": ids, "person_id": leads["id"][handed], "owner": owner, "team": team}
    parts = [
        ("offered", np.ones(n, bool), offered, {}),
        ("accepted", accepts, answered, {}),
        ("rejected", ~accepts, answered, {"reason": reason}),
        ("qualified", qualified, ends, {}),
        ("recycled", accepts & ~qualified, ends, {"reason": np.full(n, "timing", object)}),
    ]
    due = pa.array(np.datetime64(START, "us") + (offered + 4 * HOUR).astype("timedelta64[us]"))
    tables = []
    for event, who, at, more in parts:
        own = {"answer_due": due, "first_touch_due": due, "in_capacity": in_capacity} if event == "offered" else {}
        columns = {**common, **more, **own}
        chosen = {
            name: values.filter(pa.array(who)) if isinstance(values, pa.Array) else values[who]
            for name, values in columns.items()
        }
        tables.append(
            _facts(
                "handoffs",
                at[who],
                event=np.full(int(who.sum()), event),
                source_id=np.array([f"{event}{place}" for place in handed[who]]),
                **chosen,
            )
        )
    wrong = dice.random(n) < (0.5 if world.has("contradicted") else 0.06)
    checked = pa.table({"handoff_id": ids[~accepts], "contradicted": wrong[~accepts]}, ANSWERS_CHECKED)
    good = {"who": handed[qualified], "at": ends[qualified], "offered": offered[qualified]}
    return pa.concat_tables(tables), good, checked


def _deals(
    world: World, dice: np.random.Generator, leads: Mapping[str, Any], accepted: Mapping[str, np.ndarray]
) -> tuple[pa.Table, dict[str, np.ndarray]]:
    who, n = accepted["who"], len(accepted["who"])
    opened = accepted["at"]
    length = (dice.exponential(20 * DAY, n) + DAY).astype(np.int64)
    won = dice.random(n) < 0.45
    share = (opened + length) / (DAYS * DAY)
    price = dice.random(n) < (0.2 + (0.5 * share if world.has("price") else 0.0))
    reason = np.where(price, "price", dice.choice(["competitor", "timing"], n)).astype(object)
    amount = np.round(20_000 * np.exp(0.6 * dice.standard_normal(n)), -2)
    if world.has(SHIFTED):
        amount = np.where(leads["segment"][who] == "large", 2 * amount, amount)
    ids = np.array([f"d{place}" for place in who])
    end = DAYS * DAY
    tables: list[pa.Table] = []

    def told(event: str, at: np.ndarray, which: np.ndarray, **more: Any) -> None:
        keep = which & (at < end)
        own = {name: values[keep] for name, values in more.items()}
        tables.append(
            _facts(
                "deals",
                at[keep],
                deal_id=ids[keep],
                account_id=ids[keep],
                person_id=leads["id"][who][keep],
                event=np.full(int(keep.sum()), event),
                amount=amount[keep],
                owner=np.full(int(keep.sum()), "ada"),
                currency=np.full(int(keep.sum()), "EUR"),
                source_id=np.array([f"{event}{len(tables)}{place}" for place in who[keep]]),
                **own,
            )
        )

    every = np.ones(n, bool)
    told("opened", opened, every, stage=np.full(n, STAGES[0]))
    told("stage", opened + length * 3 // 10, every, stage=np.full(n, STAGES[1]))
    told("stage", opened + length * 6 // 10, every, stage=np.full(n, STAGES[2]))
    told("won", opened + length, won, stage=np.full(n, "won"))
    told("lost", opened + length, ~won, stage=np.full(n, "lost"), reason=reason)
    return pa.concat_tables(tables), {"who": who, "opened": opened, "length": length}


def _content(
    world: World, dice: np.random.Generator, leads: Mapping[str, Any], came: Mapping[str, np.ndarray]
) -> pa.Table:
    tables = []
    for place, stage in enumerate(STAGES):
        used = dice.random(len(came["who"])) < 0.5
        if world.has("content_gap") and stage == "proposal":
            used &= leads["persona"][came["who"]] != "Engineer"
        at = came["opened"] + came["length"] * (1 + 3 * place) // 10
        used &= at < DAYS * DAY
        tables.append(
            _facts(
                "content",
                at[used],
                asset=np.full(int(used.sum()), "case"),
                person_id=leads["id"][came["who"]][used],
                kind=np.full(int(used.sum()), "sent"),
                stage=np.full(int(used.sum()), stage),
            )
        )
    return pa.concat_tables(tables)


def _touches(
    world: World,
    dice: np.random.Generator,
    leads: Mapping[str, Any],
    accepted: Mapping[str, np.ndarray],
    came: Mapping[str, np.ndarray],
) -> pa.Table:
    who, at = accepted["who"], accepted["offered"] + 2 * HOUR
    n = len(who)
    by = np.full(n, "ada", object)
    inferred = np.zeros(n, bool)
    if world.has("untrusted"):
        by[dice.random(n) < 0.08] = None
        inferred = dice.random(n) < 0.08
    calls = _facts(
        "touches",
        at,
        person_id=leads["id"][who],
        kind=np.full(n, "call.connected"),
        side=np.full(n, "sales"),
        by=by,
        outcome=np.full(n, "connected"),
        known_inferred=inferred,
    )
    mails = came["opened"] + came["length"] * 8 // 10
    hit = (mails < DAYS * DAY) & (dice.random(len(mails)) < (0.15 if world.has("campaigns") else 0.0))
    count = int(hit.sum())
    sent = _facts(
        "touches",
        mails[hit],
        person_id=leads["id"][came["who"]][hit],
        kind=np.full(count, "email.sent"),
        side=np.full(count, "marketing"),
        source=np.full(count, "mail"),
    )
    return pa.concat_tables([calls, sent])


def at_end() -> datetime:
    """The moment as of which everything is judged, aware."""
    return END.replace(tzinfo=UTC)
