"""`accord attribute`: from a lake or a bare file to shares in words, JSON, CSV and a page; mistakes in one sentence."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests import attribution as twin

from accord.cli import main
from accord.facts.ledger import Ledger
from accord.facts.tables import TABLES
from accord.insight.attribution.tally import MODELS

Capture = pytest.CaptureFixture[str]
SHARED = Path(os.environ.get("ACCORD_SHARED_DATA", Path(__file__).parents[2].parent / "shared/data"))
OLIST, LEADFORGE = SHARED / "olist_funnel", SHARED / "leadforge_b2b/bundle_intermediate/tables"
GOOD = """\
person_id,occurred_at,channel,converted,value
a,2026-01-01,email,0,
a,2026-01-03,call,1,100
b,2026-01-01 10:00,email,0,0
c,2026-01-01,event,no,
c,2026-01-05,email,yes,50.5
"""


def written(folder: Path, text: str, name: str = "touches.csv") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def document(capsys: Capture, *words: str, status: int = 0) -> Any:
    assert main(["attribute", *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def conversions(found: Any, model: str) -> dict[str, float]:
    return {channel: round(credit["conversions"], 6) for channel, credit in found["models"][model].items()}


# From a file


def test_touches_of_a_csv_file_are_shared_out(tmp_path: Path, capsys: Capture) -> None:
    found = document(capsys, "--touches", written(tmp_path, GOOD))
    assert set(found["models"]) == set(MODELS)
    assert conversions(found, "linear") == {"call": 0.5, "email": 1.0, "event": 0.5}
    assert found["models"]["linear"]["email"]["value"] == pytest.approx(75.25)
    assert (found["people"], found["n"], found["value"], found["refused"]) == (3, 2, 150.5, 0)
    assert found["models"]["linear"]["email"]["low"] is None and found["records_needed"] == 18


def test_parquet_gives_what_csv_gives(tmp_path: Path, capsys: Capture) -> None:
    rows = list(csv.DictReader(GOOD.splitlines()))
    yes = [row["converted"] in ("1", "yes") for row in rows]
    at = [datetime.fromisoformat(row["occurred_at"]) for row in rows]
    value = [float(row["value"] or 0) for row in rows]
    table = pa.table({"person_id": [row["person_id"] for row in rows], "channel": [row["channel"] for row in rows],
                      "occurred_at": at, "converted": yes, "value": value})  # fmt: skip
    pq.write_table(table, tmp_path / "touches.parquet")
    found = document(capsys, "--touches", str(tmp_path / "touches.parquet"))
    assert found["models"] == document(capsys, "--touches", written(tmp_path, GOOD))["models"]


@pytest.mark.parametrize(
    "kinds",
    [
        {"person_id": pa.int64(), "converted": pa.int8(), "occurred_at": pa.timestamp("ns", "UTC")},
        {"value": pa.decimal128(38, 2), "occurred_at": pa.date32(), "channel": pa.dictionary(pa.int8(), pa.string())},
        {"converted": pa.string(), "occurred_at": pa.string(), "value": pa.string()},
    ],
    ids=["numbers", "days", "texts"],
)
def test_parquet_columns_of_other_types_are_read(kinds: dict[str, Any], tmp_path: Path, capsys: Capture) -> None:
    texts = {"person_id": ["1", "1", "2"], "occurred_at": ["2026-01-01", "2026-01-02", "2026-01-03"],
             "channel": ["ad", "call", "ad"], "converted": ["0", "1", "1"], "value": ["0", "7", "3"]}  # fmt: skip
    day = {"occurred_at": [datetime.fromisoformat(each) for each in texts["occurred_at"]]}
    typed = {
        "person_id": [1, 1, 2], "converted": [0, 1, 1], "value": [0, 7, 3], "channel": texts["channel"], **day
    }  # fmt: skip
    columns = {
        name: pa.array(texts[name] if kinds.get(name) == pa.string() or name not in kinds else typed[name])
        for name in texts
    }
    table = pa.table({name: column.cast(kinds.get(name, column.type)) for name, column in columns.items()})
    pq.write_table(table, tmp_path / "typed.parquet")
    found = document(capsys, "--touches", str(tmp_path / "typed.parquet"))
    assert conversions(found, "linear") == {"ad": 1.5, "call": 0.5}
    assert found["value"] == 10


BAD_LINES = [
    ("d,2026-13-01,email,1,30", "occurred_at", "it is no date and time that can be"),
    ("d,2026-01-01,,0,30", "channel", "a touch without a channel"),
    (",2026-01-01,email,0,30", "person_id", "nobody is named"),
    ("d,2026-01-01,email,maybe,30", "converted", "it says neither yes nor no"),
    ("d,2026-01-01,email,1,-5", "value", "it is less than 0"),
    ("d,2026-01-01,email,1,NaN", "value", "it is no number"),
    ("d,2026-01-01,email,1,inf", "value", "it is no number"),
    ("d,2026-01-01,email,1,2,3", "", "too many columns"),
]


@pytest.mark.parametrize(("line", "field", "reason"), BAD_LINES, ids=lambda part: part[:24] or "line")
def test_a_row_that_cannot_be_read_takes_no_other_with_it(
    line: str, field: str, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    good = document(capsys, "--touches", written(tmp_path, GOOD))
    found = document(capsys, "--touches", written(tmp_path, GOOD + line + "\n"), status=1)
    assert found["models"] == good["models"] and found["refused"] == 1
    refusal = found["refusals"][0]
    assert (refusal["line"], refusal["field"]) == (7, field)
    assert refusal["reason"].startswith(reason) and refusal["remedy"].endswith(".")


def test_refused_rows_of_parquet_are_told_with_their_row(tmp_path: Path, capsys: Capture) -> None:
    at = datetime(2026, 1, 1)  # noqa: DTZ001 naive times are UTC
    table = pa.table(
        {
            "person_id": ["a", None, "b", "c", "d"],
            "occurred_at": [at, at, None, at, at],
            "channel": ["ad"] * 5,
            "converted": [True] * 5,
            "value": [1.0, 1.0, 1.0, float("nan"), -1.0],
        }
    )
    pq.write_table(table, tmp_path / "bad.parquet")
    found = document(capsys, "--touches", str(tmp_path / "bad.parquet"), status=1)
    assert [(each["line"], each["field"]) for each in found["refusals"]] == [
        (2, "person_id"), (3, "occurred_at"), (4, "value"), (5, "value"),
    ]  # fmt: skip
    assert (found["n"], found["refused"]) == (1, 4)


def test_when_every_row_is_refused_the_first_is_told(tmp_path: Path, capsys: Capture) -> None:
    file = written(tmp_path, "person_id,occurred_at,channel,converted\na,soon,ad,1\n")
    assert main(["attribute", "--touches", file]) == 2
    shown = capsys.readouterr()
    assert "1 of 1 rows of touches.csv were refused, the first: line 2: occurred_at = 'soon'" in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_counted_paths_of_a_file_are_shared_out(tmp_path: Path, capsys: Capture) -> None:
    good = "path,conversions,value,nulls\nemail > call,30,3000,10\nemail,10,500,50\n"
    text = good + ">call,1,0,0\n email>>call ,1,,\nad,0,5,1\n"
    found = document(capsys, "--touches", written(tmp_path, text), status=1)
    assert conversions(found, "first") == {"call": 0, "email": 40}
    assert conversions(found, "shapley") == {"call": 15, "email": 25}
    assert "time_decay" not in found["models"] and found["value"] == pytest.approx(3500)
    assert [(each["line"], each["field"]) for each in found["refusals"]] == [(4, "path"), (5, "path"), (6, "value")]
    assert found["models"]["first"]["email"]["low"] == pytest.approx(40)
    # from email to call 40/100, to a conversion 10/100; from call to a conversion 30/40
    lost = {"call": 1 - 0.1 / 0.4, "email": 1.0}
    total = sum(lost.values())
    assert conversions(found, "markov_1") == {channel: round(40 * lost[channel] / total, 6) for channel in lost}


def test_days_choose_conversions_and_another_column_takes_the_place_of_the_channel(
    tmp_path: Path, capsys: Capture
) -> None:
    text = "person_id,occurred_at,channel,converted,campaign\na,2026-01-01,ad,1,spring\na,2026-02-01,ad,1,fall\n"
    file = written(tmp_path, text)
    assert conversions(document(capsys, "--touches", file, "--by", "campaign"), "last") == {"fall": 1, "spring": 1}
    assert document(capsys, "--touches", file, "--from", "2026-01-15")["n"] == 1
    assert document(capsys, "--touches", file, "--to", "2026-01-15")["n"] == 1
    assert document(capsys, "--touches", file, "--to", "2026-01-15")["refused"] == 0


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("", [], "touches.csv is empty."),
        ("person_id,occurred_at,channel,converted\n", [], "touches.csv has a header but no rows."),
        ("person_id,occurred_at,chanel,converted\na,2026-01-01,ad,1\n", [], "Is 'chanel' meant?"),
        ("who,when\na,b\n", [], "has no column 'person_id' and no column 'occurred_at'"),
        ("path,wins\na,1\n", [], "has no column 'conversions'"),
        ("person_id,occurred_at,channel,converted\na,2026-01-01,ad,0\n", [], "Nobody converted: 1 people, 1 touches"),
        (GOOD, ["--window", "-1"], "A look-back window of -1 days cannot be."),
        (GOOD, ["--window", "month"], "'month' is not a number of days."),
        (GOOD, ["--half-life", "0"], "A half-life of 0 days cannot be."),
        (GOOD, ["--models", "linear,best"], "There is no model 'best'."),
        (GOOD, ["--models", ","], "--models names no model."),
        (GOOD, ["--by", "asset"], "has no column 'asset'"),
        (GOOD, ["--from", "spring"], "'spring' is not a day."),
        (GOOD, ["--from", "2026-02-01", "--to", "2026-01-01"], "--from 2026-02-01 is after --to 2026-01-01."),
        (GOOD, ["--as-known", "2026-01-01"], "--as-known asks a lake, and a file does not know."),
        ("path,conversions\na,1\n", ["--window", "3"], "--window needs to know when the touches were"),
        (GOOD, ["--lake", "var/lake"], "not allowed with argument"),
    ],
)
def test_mistakes_are_told_in_one_line(text: str, more: list[str], told: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["attribute", "--touches", written(tmp_path, text), *more]) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("words", [["--touches", "none.csv"], ["--lake", "none"], ["--touches", "."], []])
def test_a_source_that_is_none_is_told_in_one_line(words: list[str], capsys: Capture) -> None:
    assert main(["attribute", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# In words, as a table, as a page


def test_in_words_the_shares_the_disagreement_and_what_they_are_not(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, GOOD)
    monkeypatch.setenv("COLUMNS", "140")
    assert main(["attribute", "--touches", file]) == 0
    shown = capsys.readouterr().out
    assert "2 conversions, worth 150, shared out among 3 channels." in shown
    assert "The models disagree on email: 25.0 % by last" in shown or "The models disagree on" in shown
    assert "Markov 3" in shown and "they prove no cause" in shown
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["attribute", "--touches", file]) == 0
    shown = capsys.readouterr().out
    assert "Markov 3" not in shown and max(map(len, shown.splitlines())) <= 110


def test_csv_has_a_row_per_model_and_channel(tmp_path: Path, capsys: Capture) -> None:
    assert main(["attribute", "--touches", written(tmp_path, GOOD), "--csv", "--models", "first,Markov-1"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.removeprefix("\ufeff").splitlines()))
    assert [(row["model"], row["channel"]) for row in rows] == [
        (model, channel) for model in ("first", "markov_1") for channel in ("call", "email", "event")
    ]


def test_a_page_needs_nothing_but_itself(tmp_path: Path, capsys: Capture) -> None:
    hostile = GOOD.replace("event", "<script>alert(1)</script>")
    page = tmp_path / "deep/page.html"
    assert main(["attribute", "--touches", written(tmp_path, hostile), "--html", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "shares are no causes" in text
    assert text.count(">email</text>") == 4  # a panel, drawn in both themes and two widths
    assert text.count(">Markov 2</text>") >= 4
    assert "<script" not in text and "&lt;script&gt;" in text and "http://" not in text.replace("http://www.w3.org", "")


def test_the_same_page_comes_on_paper(tmp_path: Path) -> None:
    paper = tmp_path / "deep/paper.pdf"
    assert main(["attribute", "--touches", written(tmp_path, GOOD), "--pdf", str(paper)]) == 0
    assert paper.read_bytes()[:5] == b"%PDF-"
    assert main(["attribute", "--touches", written(tmp_path, GOOD), "--pdf", str(paper), "--csv"]) == 2


def test_names_that_are_sql_stay_names(tmp_path: Path, capsys: Capture) -> None:
    hostile = "x'); DROP TABLE accord_touches; --"
    found = document(capsys, "--touches", written(tmp_path, GOOD.replace("event", hostile), "o'clock.csv"))
    assert conversions(found, "first") == {"call": 0, "email": 1, hostile: 1}


# From a lake


def a_lake(folder: Path, touches: Sequence[dict[str, Any]], deals: Sequence[dict[str, Any]]) -> Path:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    ledger = Ledger.create(folder / "lake")
    for name, rows in (("touches", touches), ("deals", deals)):
        table = TABLES[name]
        batch = ledger.begin(name, at=at)
        common = {"source": "t", "revision": 1, "recorded_at": at, "known_inferred": False, "precision": "second",
                  "evidence": "evidenced", "batch": batch.id}  # fmt: skip
        facts = [
            {**common, "source_id": f"{name}-{n}", "known_at": row["occurred_at"], **row} for n, row in enumerate(rows)
        ]
        ledger.commit(
            batch, rows=len(facts), refused=0, counts=ledger.append(batch, pa.Table.from_pylist(facts, table.schema))
        )
    return folder / "lake"


def test_a_lake_tells_what_each_team_contributed(tmp_path: Path, capsys: Capture) -> None:
    """M106."""
    day = datetime(2026, 1, 5, tzinfo=UTC)
    touches = [
        {"person_id": "a", "kind": "page.home", "side": "marketing", "channel": "ad", "occurred_at": day},
        {
            "person_id": "a",
            "kind": "call.connected",
            "side": "sales",
            "channel": "call",
            "occurred_at": day + timedelta(days=1),
        },
    ]
    deals = [
        {
            "deal_id": "d",
            "person_id": "a",
            "event": "won",
            "amount": 9.0,
            "currency": "EUR",
            "occurred_at": day + timedelta(days=2),
        }
    ]
    lake = str(a_lake(tmp_path, touches, deals))
    found = document(capsys, "--lake", lake, "--by", "side")
    assert conversions(found, "linear") == {"marketing": 0.5, "sales": 0.5}
    assert (found["value"], found["currency"], found["by"]) == (9.0, "EUR", "side")
    assert document(capsys, "--lake", lake, "--known-by", "2026-01-10")["as_known"] == "2026-01-11T00:00:00+00:00"
    assert main(["attribute", "--lake", lake, "--as-known", "2026-01-10"]) == 2
    assert "recorded" in capsys.readouterr().err
    assert main(["attribute", "--lake", lake, "--by", "country"]) == 2
    assert "Possible are: channel, campaign, asset, side" in capsys.readouterr().err
    state = str(tmp_path / "state")
    assert document(capsys, "--lake", lake, "--by", "side", "--state", state)["models"] == found["models"]
    assert main(["attribute", "--lake", lake, "--state", state, "--known-by", "2026-01-10"]) == 2
    assert "--known-by asks about then" in capsys.readouterr().err
    assert main(["attribute", "--lake", lake, "--state", __file__]) == 2
    assert "is no folder" in capsys.readouterr().err


# Real data


def test_olist_gives_each_origin_what_its_note_says(tmp_path: Path, capsys: Capture) -> None:
    """Each lead has one touch, its first contact: every model must give each origin its own wins."""
    if not OLIST.is_dir():
        pytest.skip(f"no shared data at {OLIST}: set ACCORD_SHARED_DATA")
    with (OLIST / "olist_closed_deals_dataset.csv").open(encoding="utf-8-sig") as file:
        won = {row["mql_id"] for row in csv.DictReader(file)}
    with (OLIST / "olist_marketing_qualified_leads_dataset.csv").open(encoding="utf-8-sig") as file:
        leads = list(csv.DictReader(file))
    lines = [
        f"{r['mql_id']},{r['first_contact_date']},{r['origin'] or 'none'},{int(r['mql_id'] in won)}" for r in leads
    ]
    text = "\n".join(["person_id,occurred_at,channel,converted", *lines]) + "\n"
    found = document(capsys, "--touches", written(tmp_path, text))
    wins = {"organic_search": 271, "paid_search": 195, "social": 75, "unknown": 179, "direct_traffic": 56, "email": 15,
            "referral": 24, "other": 4, "display": 6, "other_publicities": 3, "none": 14}  # fmt: skip
    assert all(conversions(found, model) == wins for model in MODELS)
    low, high = (found["models"]["linear"]["social"][end] for end in ("share_low", "share_high"))
    assert low < 75 / 842 < high and 0.02 < high - low < 0.06


def test_leadforge_touches_give_what_loops_give(tmp_path: Path, capsys: Capture) -> None:
    if not LEADFORGE.is_dir():
        pytest.skip(f"no shared data at {LEADFORGE}: set ACCORD_SHARED_DATA")
    names = pq.read_schema(LEADFORGE / "touches.parquet").names
    key = next(name for name in ("touch_channel", "channel", "touch_type") if name in names)
    at = next(name for name in ("touch_timestamp", "touch_date", "occurred_at", "timestamp") if name in names)
    touches = pq.read_table(LEADFORGE / "touches.parquet").to_pylist()
    won = {
        row["lead_id"]
        for row in pq.read_table(LEADFORGE / "leads.parquet").to_pylist()
        if row["converted_within_90_days"]
    }
    rows: list[dict[str, Any]] = [
        {"person_id": row["lead_id"], "occurred_at": datetime.fromisoformat(str(row[at])[:19]), "channel": row[key],
         "converted": False, "value": 0.0}
        for row in touches
    ]  # fmt: skip
    end = max(row["occurred_at"] for row in rows)
    touched = sorted({row["person_id"] for row in rows} & won)
    rows += [
        {"person_id": who, "occurred_at": end, "channel": None, "converted": True, "value": 1.0} for who in touched
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "touches.parquet")
    found = document(capsys, "--touches", str(tmp_path / "touches.parquet"))
    told = twin.with_touches(twin.paths(rows))
    assert found["n"] == len(touched)
    for model in ("linear", "position", "time_decay"):
        expected, _ = twin.shared(model, told)
        assert conversions(found, model) == pytest.approx(expected, abs=1e-6)
    for order in (1, 2, 3):
        assert conversions(found, f"markov_{order}") == pytest.approx(twin.markov(told, order), abs=1e-6)
    assert conversions(found, "shapley") == pytest.approx(twin.shapley(told), abs=1e-6)
