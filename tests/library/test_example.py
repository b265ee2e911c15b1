"""The simulated company: the same seed gives the same facts, within the rates that real companies show."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.agreement.checking import check
from accord.agreement.mistake import MistakeKind
from accord.commands import example
from accord.example.books import rates, reviews, spend
from accord.example.columns import Ids, named
from accord.example.company import Made, build, stream_facts, write_facts
from accord.example.papers import in_force_from, papers, signatures
from accord.example.people import COUNTRIES, Registry, people, shards
from accord.example.staff import Shifts, scale_of
from accord.example.truth import Truth, truth_path
from accord.example.world import CHANNELS, DAY, HOUR, MINUTE, SALES_CHANNEL, ExampleError, Span, micros, moment, world
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.facts.tables import TABLES

SPAN = Span.of()
IDS = Registry.of(7)


@cache
def lived() -> Made:
    """300 leads over one month."""
    return build(Path(mkdtemp()) / "lake", leads=300, months=1)


@cache
def facts_of_lived() -> Engine:
    return Ledger.open(lived().lake).connect()


def rows(sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in facts_of_lived().rows(sql).to_pylist()]


@cache
def streamed(leads: int = 4_000, seed: int = 7) -> dict[str, pa.Table]:
    found: dict[str, list[pa.Table]] = {}
    for table, batch in stream_facts(leads, seed=seed):
        found.setdefault(table, []).append(batch)
    return {table: pa.concat_tables(parts) for table, parts in found.items()}


# Ids, columns, spans


@given(number=st.integers(0, 2**43), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_an_id_gives_back_its_number(number: int, seed: int) -> None:
    ids = Ids("p", seed)
    assert ids.number(ids.one(number)) == number
    assert ids.column(np.array([number])).to_pylist() == [ids.one(number)]
    assert len(ids.one(number)) == 12


def test_ids_of_different_numbers_differ() -> None:
    assert len(set(Ids("f", 7).column(np.arange(50_000)).to_pylist())) == 50_000


def test_a_negative_code_is_an_empty_cell() -> None:
    assert named(np.array([1, -1, 0]), ("a", "b")).to_pylist() == ["b", None, "a"]


@pytest.mark.parametrize(
    ("last_day", "months", "first_day"),
    [
        (date(2026, 10, 31), 24, date(2024, 11, 1)),
        (date(2026, 10, 31), 3, date(2026, 8, 1)),
        (date(2024, 2, 29), 12, date(2023, 3, 1)),
        (date(2026, 10, 15), 1, date(2026, 9, 16)),
    ],
)
def test_a_span_ends_with_its_last_day(last_day: date, months: int, first_day: date) -> None:
    span = Span.of(last_day=last_day, months=months)
    assert moment(span.start).date() == first_day
    assert moment(span.end - 1).date() == last_day
    assert span.months()[0][0] == span.start
    assert span.months()[-1][1] == span.end


@pytest.mark.parametrize("wrong", [{"months": 0}, {"months": 121}, {"last_day": date(1999, 1, 1)}])
def test_a_span_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ExampleError):
        Span.of(**wrong)  # type: ignore[arg-type]


# Shifts


def worked_minute_by_minute(windows: Sequence[tuple[int, int]], at: int, minutes: int) -> int | None:
    """The readable twin of `Shifts.after`: count open minutes one by one."""
    done, now = 0, at
    while now < windows[-1][1]:
        done += any(start <= now < end for start, end in windows)
        now += 1
        if done == minutes:
            return now
    return None


@given(
    gaps=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=5),
    at=st.integers(0, 250),
    work=st.integers(1, 120),
)
@settings(max_examples=100)
def test_working_time_passes_only_at_the_desk(gaps: list[tuple[int, int]], at: int, work: int) -> None:
    windows, now = [], 0
    for gap, length in gaps:
        windows.append((now + gap, now + gap + length))
        now += gap + length
    assert Shifts(windows).after(at, work) == worked_minute_by_minute(windows, at, work)


def test_nobody_works_after_the_last_window() -> None:
    assert Shifts([]).after(0, 5) is None
    assert Shifts([(10, 20)]).after(20, 1) is None


# What people do on their own


def test_the_same_seed_gives_the_same_facts() -> None:
    first = streamed(500)
    streamed.cache_clear()
    assert streamed(500) == first


def test_another_seed_gives_other_facts() -> None:
    assert streamed(500)["touches"] != streamed(500, 8)["touches"]


def test_a_shard_does_not_depend_on_the_shards_before_it() -> None:
    assert shards(60_000) == ((0, 25_000), (25_000, 25_000), (50_000, 10_000))
    alone = people(25_000, 50, seed=7, span=SPAN, world=world())
    assert alone.number.tolist() == list(range(25_000, 25_050))
    again = people(25_000, 50, seed=7, span=SPAN, world=world())
    assert alone.arrival.tolist() == again.arrival.tolist()


@pytest.mark.parametrize("table", ["profiles", "touches", "consent", "identities"])
def test_facts_have_the_declared_columns_and_fill_the_required_ones(table: str) -> None:
    found = streamed()[table]
    assert found.schema == TABLES[table].schema
    for column in TABLES[table].columns:
        if column.required:
            assert found[column.name].null_count == 0, column.name
        if column.allowed:
            assert set(found[column.name].drop_null().unique().to_pylist()) <= set(column.allowed)


@pytest.mark.parametrize("table", ["profiles", "touches", "consent", "identities"])
def test_facts_lie_in_the_span_and_are_not_known_before_they_happen(table: str) -> None:
    found = streamed()[table]
    occurred, known = (found[name].cast(pa.int64()).to_numpy() for name in ("occurred_at", "known_at"))
    assert occurred.min() >= SPAN.start
    assert known.max() < SPAN.end
    assert (known >= occurred).all()


def test_a_fact_is_identified_by_its_source_id() -> None:
    for table in ("touches", "consent", "identities"):
        found = streamed()[table]
        assert len(pc.unique(found["source_id"])) == len(found)
    profiles = streamed()["profiles"]
    corrected = pc.sum(pc.equal(profiles["revision"], 2)).as_py()
    assert len(pc.unique(profiles["source_id"])) == len(profiles) - corrected
    assert 0.03 < corrected / 4_000 < 0.07  # employees corrected later, by account


def test_about_ten_touches_for_each_lead() -> None:
    assert 9 < len(streamed()["touches"]) / 4_000 < 12


def test_leads_come_around_the_clock_and_fewer_at_weekends() -> None:
    at = people(0, 20_000, seed=7, span=SPAN, world=world()).arrival
    hours = np.bincount((at // HOUR) % 24, minlength=24) / len(at)
    days = np.bincount((at // DAY + 3) % 7, minlength=7) / len(at)
    assert hours.min() > 0.01
    assert days[5:].sum() < 0.2
    assert days[:5].min() > 0.13


def test_names_are_no_formulas_and_addresses_lead_nowhere() -> None:
    profiles = streamed()["profiles"]
    for column in ("name", "company", "title", "email", "domain", "phone", "landing_page", "campaign"):
        values = profiles[column].drop_null().unique().to_pylist()
        assert values
        assert not [value for value in values if value[0] in "=+-@\t\r"], column
    for email in profiles["email"].drop_null().to_pylist():
        assert email.endswith(".example")


def test_no_personal_data_outside_profiles() -> None:
    for table in ("touches", "consent", "identities"):
        texts = [column for column in streamed()[table].columns if column.type == pa.string()]
        assert not any(pc.any(pc.match_substring(column, "@")).as_py() for column in texts)


def test_some_countries_are_filled_in_late_and_some_titles_change() -> None:
    persons = streamed()["profiles"].filter(pc.equal(streamed()["profiles"]["subject"], "person"))
    told = persons.group_by("subject_id").aggregate([("country", "count"), ("title", "count_distinct")])
    assert 0.25 < pc.mean(pc.equal(persons.slice(0, 4_000)["country"].is_null(), True)).as_py() < 0.45
    assert pc.max(told["title_count_distinct"]).as_py() == 2


# Books and papers


def test_spend_is_known_with_the_invoice_and_comes_in_two_currencies() -> None:
    found = spend(seed=7, span=SPAN, leads=12_000, ids=IDS)
    assert set(found["currency"].to_pylist()) == {"EUR", "GBP"}
    assert pc.max(found["known_at"]).as_py() < moment(SPAN.end)
    assert set(found["channel"].to_pylist()) <= {*(each.name for each in CHANNELS), "none"}


def test_a_pound_has_a_rate_for_every_week() -> None:
    found = rates(seed=7, span=SPAN, ids=IDS)
    assert len(found) == -(-SPAN.days // 7)
    assert 1.05 < pc.min(found["rate"]).as_py() < pc.max(found["rate"]).as_py() < 1.30


def test_most_meetings_are_held_and_every_plan_is_agreed_once() -> None:
    found = reviews(seed=7, span=SPAN, ids=IDS).to_pylist()
    meetings = [row["event"] for row in found if row["kind"] == "meeting"]
    plans = [row["period"] for row in found if row["kind"] == "plan" and row["event"] == "agreed"]
    assert 0.8 < meetings.count("held") / meetings.count("due") <= 1
    assert len(plans) == len(set(plans))


def test_there_are_twelve_channels() -> None:
    assert len({*(each.name for each in CHANNELS), SALES_CHANNEL}) == 12


@pytest.mark.parametrize("leads", [300, 12_000, 60_000])
def test_both_agreements_are_without_mistakes(leads: int) -> None:
    for agreement in papers(span=SPAN, leads=leads, scale=scale_of(leads, SPAN)):
        wrong = [m for m in check(agreement) if m.kind in (MistakeKind.MISTAKE, MistakeKind.CONTRADICTION)]
        assert not wrong


def test_the_second_agreement_follows_the_first_within_the_span() -> None:
    first, second = papers(span=SPAN, leads=12_000, scale=1)
    assert in_force_from(first) <= SPAN.start < in_force_from(second) < SPAN.end
    assert second.in_force_from.isoformat() == "2025-09-01T00:00:00+02:00"
    assert "2026-Q4" in second.plan
    assert [row["event"] for row in signatures([first], IDS).to_pylist()] == [
        "proposed",
        "signed",
        "signed",
        "in_force",
    ]


def test_more_leads_find_more_colleagues() -> None:
    _, second = papers(span=SPAN, leads=36_000, scale=scale_of(36_000, SPAN))
    assert second.teams["enterprise"].people == ("ada", "ada-2", "ada-3", "ines", "ines-2", "ines-3")


# A company that has lived


def test_the_lake_says_that_it_is_simulated() -> None:
    assert Ledger.open(lived().lake).about["simulated"] is True
    assert json.loads(truth_path(lived().lake).read_text())["simulated"] is True


def test_two_builds_are_the_same(tmp_path: Path) -> None:
    build(tmp_path / "again", leads=300, months=1)
    again = Ledger.open(tmp_path / "again").connect()
    for table in TABLES:
        content = ", ".join(f'"{column.name}"' for column in TABLES[table].columns if column.name != "batch")
        sql = f"SELECT count(*) AS rows, coalesce(sum(hash({content})::HUGEINT)::VARCHAR, '') AS content FROM {table}"
        assert again.rows(sql) == facts_of_lived().rows(sql), table


def test_a_history_breaks_off_in_the_middle_of_a_day(tmp_path: Path) -> None:
    until = datetime(2026, 10, 30, 11, 30, tzinfo=UTC)
    build(tmp_path / "cut", leads=300, months=1, until=until)
    cut = Ledger.open(tmp_path / "cut").connect()
    for table in TABLES:
        before = f"SELECT count(*) FROM {table}_revisions WHERE known_at < TIMESTAMP '2026-10-30 11:30:00'"
        assert cut.one(f"SELECT count(*) FROM {table}_revisions") == facts_of_lived().one(before), table


def test_what_colleagues_forget_goes_back_to_nurture(tmp_path: Path) -> None:
    build(tmp_path / "quarter", leads=300, months=3)
    found = (
        Ledger.open(tmp_path / "quarter")
        .connect()
        .rows("""
        SELECT handoff_id, min(occurred_at) AS offered FROM handoffs GROUP BY 1
        HAVING NOT bool_or(event IN ('qualified', 'rejected', 'recycled')) AND bool_or(owner IS NOT NULL)
    """)
    )
    assert found.num_rows > 0
    assert min(found["offered"].to_pylist()) > datetime(2026, 9, 15)  # noqa: DTZ001


def test_every_handoff_begins_with_an_offer_that_was_decided() -> None:
    offers = rows("SELECT handoff_id, occurred_at FROM handoffs WHERE event = 'offered'")
    decided = rows("SELECT handoff_id, occurred_at FROM decisions WHERE outcome = 'offered'")
    assert len(offers) > 20
    assert sorted(offers) == sorted(decided)


def test_sales_facts_are_known_at_two_in_the_morning_after_a_working_day() -> None:
    late = rows(
        "SELECT count(*) FROM touches WHERE side = 'sales'"
        " AND known_at <> date_trunc('day', occurred_at) + INTERVAL 26 HOURS"
        " + CASE isodow(occurred_at) WHEN 6 THEN INTERVAL 2 DAYS WHEN 7 THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAYS END"
    )
    assert late == [(0,)]
    assert rows("SELECT count(*) > 30 FROM touches WHERE side = 'sales'") == [(True,)]


def test_a_rejection_of_the_unreachable_is_known_to_follow_five_attempts() -> None:
    contradicted = set(Truth.read(lived().lake).contradicted_handoffs)
    found = rows("""
        SELECT h.handoff_id, count(t.source_id)
        FROM handoffs h LEFT JOIN touches t
            ON t.person_id = h.person_id AND t.side = 'sales' AND t.known_at <= h.occurred_at
        WHERE h.event = 'rejected' AND h.reason = 'unreachable' GROUP BY 1
    """)
    assert all(int(str(attempts)) >= 5 for handoff, attempts in found if handoff not in contradicted)


def test_nobody_with_an_open_deal_gets_a_campaign_mail() -> None:
    found = rows("""
        WITH deal AS (
            SELECT person_id, min(occurred_at) AS opened,
                max(occurred_at) FILTER (event IN ('won', 'lost')) AS closed
            FROM deals GROUP BY deal_id, person_id
        )
        SELECT count(*) FROM touches t JOIN deal d USING (person_id)
        WHERE t.kind = 'email.sent' AND t.occurred_at > d.opened + INTERVAL 1 DAY
            AND t.occurred_at < coalesce(d.closed, t.occurred_at + INTERVAL 1 DAY)
    """)
    assert found == [(0,)]


def test_everything_that_happened_was_recorded_when_it_could_be_known() -> None:
    for table in TABLES:
        assert rows(f"SELECT count(*) FROM {table} WHERE recorded_at < known_at") == [(0,)], table


def test_rows_and_outcomes_are_told() -> None:
    made = lived()
    assert made.rows["handoffs"] == int(str(rows("SELECT count(*) FROM handoffs")[0][0]))
    assert made.outcomes["offered"] == int(str(rows("SELECT count(*) FROM handoffs WHERE event = 'offered'")[0][0]))


def test_the_truth_is_read_as_it_was_written() -> None:
    truth = Truth.read(lived().lake)
    assert truth.leads == 300
    assert truth.world["name"] == "none"
    assert truth.planted_from is None
    assert {each["handle"] for each in truth.colleagues} >= {"tomas", "sara", "amy"}


# What cannot be made


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(AccordError, match="already holds"):
        build(tmp_path, leads=10, months=1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"leads": 0}, "0 leads"),
        ({"leads": 2_000_000}, "too many"),
        ({"name": "slow-monday"}, "slow-mondays"),
        ({"size": -1.0}, "size"),
        ({"size": float("nan")}, "size"),
        ({"months": 0}, "months"),
        ({"seed": -1}, "seed"),
    ],
)
def test_an_impossible_company_is_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, object], says: str
) -> None:
    with pytest.raises(ExampleError, match=says):
        build(tmp_path / "lake", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "lake").exists()


def test_a_lake_without_a_truth_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match="truth"):
        Truth.read(tmp_path / "lake")


def test_countries_are_codes() -> None:
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)
    assert micros(date(1970, 1, 2)) == DAY == 24 * 60 * MINUTE


def test_facts_that_nobody_decided_about_are_written_as_they_are_streamed(tmp_path: Path) -> None:
    written = write_facts(tmp_path / "lake", 500)
    assert written == {table: len(found) for table, found in streamed(500).items()}
    ledger = Ledger.open(tmp_path / "lake")
    assert ledger.about["simulated"] is True
    assert ledger.connect().one("SELECT count(*) FROM touches") == (written["touches"],)


# The door


def door(*words: object) -> int:
    parser = argparse.ArgumentParser()
    example.add(parser)
    return example.run(parser.parse_args([str(word) for word in words]))


def test_the_door_tells_what_it_made_as_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door("--lake", tmp_path / "lake", "--leads", 30, "--months", 1, "--end", "2026-02-28", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert told["to"] == "2026-03-01T00:00:00+00:00"
    assert told["rows"]["touches"] > 100
    assert Path(told["truth"]).is_file()


@pytest.mark.parametrize("words", [("--leads", "many"), ("--end", "31.10.2026"), ("--size", "big"), ()])
def test_the_door_refuses_what_it_cannot_read(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    lake = ("--lake", "lake") if words else ()
    with pytest.raises(SystemExit) as stop:
        door(*lake, *words)
    assert stop.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.prove
def test_the_whole_company_of_12000_leads_keeps_the_rates_of_real_ones(tmp_path: Path) -> None:
    build(tmp_path / "lake")
    engine = Ledger.open(tmp_path / "lake").connect()
    by_origin = dict(
        tuple(row.values())
        for row in engine.rows("""
            WITH lead AS (
                SELECT subject_id, any_value(origin) AS origin FROM profiles WHERE subject = 'person' GROUP BY 1
            )
            SELECT coalesce(origin, ''), avg((subject_id IN (SELECT person_id FROM deals WHERE event = 'won'))::INT)
            FROM lead GROUP BY 1
        """).to_pylist()
    )
    by_origin.pop("")
    (mql,) = engine.one("SELECT count(DISTINCT person_id) / 12000 FROM handoffs")
    (days,) = engine.one("""
        SELECT median(date_diff('hour', o.at, w.at) / 24.0) FROM
            (SELECT person_id, min(occurred_at) AS "at" FROM handoffs GROUP BY 1) o
            JOIN (SELECT person_id, min(occurred_at) AS "at" FROM deals WHERE event = 'won' GROUP BY 1) w
            USING (person_id)
    """)
    assert 0.24 <= float(str(mql)) <= 0.31
    assert 11 <= float(str(days)) <= 18
    assert min(by_origin.values()) >= 0.03
    assert max(by_origin.values()) <= 0.13
    assert max(by_origin, key=lambda origin: by_origin[origin]) == "unknown"
