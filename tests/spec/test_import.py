"""What becomes of the rows of a file: each is stored, known, revised, left out, or refused with a reason."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.imports import KEY, a_file, a_mapping, counts, imported, lines, proposed

from accord.cli import main
from accord.facts.errors import AccordError
from accord.facts.identity import account_id, hashed, person_id
from accord.sources.mapping import mapping_yaml
from accord.sources.refused import as_text

HEADER = "id,person,when,kind"
GOOD = lines(
    HEADER,
    "1,ann@example.com,2027-01-05 10:00:00,page.pricing",
    "2,bob@example.com,2027-01-06 11:30:00,form.demo-request",
)


# What happens to a row


def test_each_row_becomes_a_fact_with_hashed_ids_and_utc_times(tmp_path: Path) -> None:
    done = imported(tmp_path, GOOD)
    assert counts(done.outcome) == (2, 2, 0, 0, 0, 0)
    assert done.facts("touches", "person_id", "occurred_at", "kind", "source", "known_inferred") == [
        (person_id(KEY, "crm", "ann@example.com"), "2027-01-05 10:00:00", "page.pricing", "crm", True),
        (person_id(KEY, "crm", "bob@example.com"), "2027-01-06 11:30:00", "form.demo-request", "crm", True),
    ]


def test_the_same_file_again_adds_nothing_and_a_correction_is_a_revision(tmp_path: Path) -> None:
    imported(tmp_path, GOOD)
    assert counts(imported(tmp_path, GOOD).outcome) == (2, 0, 2, 0, 0, 0)
    assert counts(imported(tmp_path, GOOD.replace("page.pricing", "page.home")).outcome) == (2, 0, 1, 1, 0, 0)


def test_an_undone_import_can_be_repeated(tmp_path: Path) -> None:
    done = imported(tmp_path, GOOD)
    done.ledger.undo(done.outcome.batch, at=datetime(2027, 2, 2, tzinfo=UTC))
    again = imported(tmp_path, GOOD, at=datetime(2027, 2, 3, tzinfo=UTC))
    assert counts(again.outcome) == (2, 2, 0, 0, 0, 0)


def test_a_row_without_an_id_is_known_by_its_whole_content(tmp_path: Path) -> None:
    mapping = a_mapping("table: touches\ncolumns: {person_id: person, occurred_at: when, kind: kind}")
    done = imported(tmp_path, GOOD + "2,bob@example.com,2027-01-06 11:30:00,form.demo-request\n", mapping)
    assert counts(done.outcome) == (3, 2, 1, 0, 0, 0)
    assert done.outcome.notes == ("no `id` in the mapping: a row is known by its whole content",)


# What is refused


DAMAGED = {
    "too few columns": "9,eve@example.com,2027-01-05 10:00:00",
    "too many columns": "9,eve@example.com,2027-01-05 10:00:00,page.home,more",
    "a quotation mark opens and never closes": '9,"eve@example.com,2027-01-05 10:00:00,page.home',
    "a quotation mark stands inside a quoted cell": '9,"eve"@example.com,2027-01-05 10:00:00,page.home',
    "occurred_at is no date and time that exists": "9,eve@example.com,2027-02-30 10:00:00,page.home",
    "occurred_at is empty": "9,eve@example.com,,page.home",
    "person_id is empty": "9,  ,2027-01-05 10:00:00,page.home",
    "id is empty": ",eve@example.com,2027-01-05 10:00:00,page.home",
}


@pytest.mark.parametrize("reason", DAMAGED)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_damaged_row_is_refused_alone(tmp_path: Path, reason: str, place: int) -> None:
    rows = GOOD.splitlines()
    rows.insert(place, DAMAGED[reason])
    done = imported(tmp_path, lines(*rows))
    assert counts(done.outcome) == (3, 2, 0, 0, 1, 0)
    (refused,) = done.refused()
    assert refused["line"] == str(place + 1)
    assert refused["reason"].startswith(reason)
    assert refused["remedy"]


def test_damage_of_every_kind_at_once_is_told_line_by_line(tmp_path: Path) -> None:
    rows = [line for damage in DAMAGED.values() for line in (damage, *GOOD.splitlines()[1:])]
    done = imported(tmp_path, lines(HEADER, *rows))
    assert counts(done.outcome) == (len(rows), 2, 2 * len(DAMAGED) - 2, 0, len(DAMAGED), 0)
    assert [int(row["line"]) for row in done.refused()] == [2 + 3 * place for place in range(len(DAMAGED))]
    assert [row["reason"].split(":")[0] for row in done.refused()] == list(DAMAGED)


def test_bytes_that_are_no_letters_are_refused_alone(tmp_path: Path) -> None:
    content = lines(HEADER, *(f"{n},p{n},2027-01-05 10:00:00,página" for n in range(9))).encode()
    done = imported(tmp_path, content.replace(b"5,p5", b"5,p\xff"))
    assert counts(done.outcome) == (9, 8, 0, 0, 1, 0)
    assert done.refused()[0]["line"] == "7"


def test_lines_are_those_of_the_file_where_cells_run_over_several(tmp_path: Path) -> None:
    content = lines(HEADER, '1,ann,2027-01-05,"page\n\nhome"', "", "2,bob,31.31.2027,page.home")
    done = imported(tmp_path, content)
    assert counts(done.outcome) == (2, 1, 0, 0, 1, 0)
    assert done.refused()[0]["line"] == "6"


def test_a_refused_row_comes_back_as_it_stood(tmp_path: Path) -> None:
    done = imported(tmp_path, lines(HEADER, "1,ann,yesterday,page.home"))
    (row,) = done.refused()
    assert (row["field"], row["value"]) == ("occurred_at", "yesterday")
    assert [row[column] for column in HEADER.split(",")] == ["1", "ann", "yesterday", "page.home"]


def test_a_cell_like_a_formula_is_text_and_comes_back_as_text(tmp_path: Path) -> None:
    content = lines(HEADER, "1,ann,2027-01-05,=2+5", "2,bob,never,@SUM(A1)", "-5,eve,never,-7.5")
    done = imported(tmp_path, content)
    assert done.facts("touches", "kind") == [("=2+5",)]
    assert [row["kind"] for row in done.refused()] == ["'@SUM(A1)", "-7.5"]
    assert [as_text(cell) for cell in ("-5", "+49 30 1234", "-5.000,00", "=1", "-x", "\tx", "x")] == [
        "-5", "+49 30 1234", "-5.000,00", "'=1", "'-x", "'\tx", "x",
    ]  # fmt: skip


# Consent


CONSENT = """
table: consent
source: crm
columns:
  person_id: {from: email}
  purpose: {from: purpose}
  status: {from: status}
  occurred_at: {from: when}
"""
CONTACTS = """
table: profiles
source: crm
subject: person
id: [id]
columns: {subject_id: id, email: mail, occurred_at: when}
"""


def test_consent_is_never_weakened_by_an_import(tmp_path: Path) -> None:
    said_no = lines("email,purpose,status,when", "ann@example.com,marketing.email,withdrawn,2027-01-10 10:00:00")
    imported(tmp_path, said_no, CONSENT)
    content = lines(
        "email,purpose,status,when",
        "ann@example.com,marketing.email,granted,2027-01-09 10:00:00",  # before: stays history
        "ann@example.com,marketing.email,granted,2027-01-20 10:00:00",  # after: would weaken
        "ANN@example.com,all,granted,2027-01-21 10:00:00",  # all would weaken it too
        "ann@example.com,sales.call,granted,2027-01-21 10:00:00",  # another purpose
        "bob@example.com,marketing.email,granted,2027-01-21 10:00:00",  # another person
        "eve@example.com,all,complained,2027-01-03 10:00:00",
        "eve@example.com,sales.call,granted,2027-01-04 10:00:00",  # refused by the row before
    )
    done = imported(tmp_path, content, CONSENT)
    assert counts(done.outcome) == (7, 4, 0, 0, 3, 0)
    assert [(row["line"], row["reason"][:20]) for row in done.refused()] == [
        ("3", "would weaken consent"), ("4", "would weaken consent"), ("8", "would weaken consent"),
    ]  # fmt: skip


def test_consent_said_by_address_holds_for_the_contact_with_that_address(tmp_path: Path) -> None:
    imported(tmp_path, lines("id,mail,when", "7,ann@example.com,2027-01-01"), CONTACTS)
    imported(tmp_path, lines("email,purpose,status,when", "ann@example.com,all,withdrawn,2027-01-10"), CONSENT)
    again = imported(tmp_path, lines("email,purpose,status,when", "7,marketing.email,granted,2027-01-12"), CONSENT)
    assert again.outcome.refused == 1


# Persons, addresses, history


def test_an_address_stands_for_the_contact_that_has_it(tmp_path: Path) -> None:
    done = imported(tmp_path, lines("id,mail,when", "7,Ann@Example.com,2027-01-01", "8,,2027-01-01"), CONTACTS)
    assert [(outcome.table, outcome.stored) for outcome in done.outcomes] == [("profiles", 2), ("identities", 1)]
    alias, person = hashed(KEY, "email", "ann@example.com"), person_id(KEY, "crm", "7")
    assert done.facts("identities", "alias_id", "person_id") == [(alias, person)]


def test_each_change_of_a_property_is_a_dated_profile_that_says_only_that(tmp_path: Path) -> None:
    content = lines(
        "ContactId,Field,OldValue,NewValue,CreatedDate",
        "003A,Title,,Buyer,2027-01-05T10:00:00Z",
        "003A,Title,Buyer,Head of Buying,2027-03-05T10:00:00Z",
        "003A,Favourite Colour,,green,2027-03-06T10:00:00Z",
    )
    done = imported(tmp_path, content, proposed(a_file(tmp_path, content), "profiles"))
    assert done.facts("profiles", "title", "industry", "occurred_at", "known_at", "known_inferred", "more")[:2] == [
        ("Buyer", None, "2027-01-05 10:00:00", "2027-01-05 10:00:00", False, '{"Title":"Buyer"}'),
        ("Head of Buying", None, "2027-03-05 10:00:00", "2027-03-05 10:00:00", False, '{"Title":"Head of Buying"}'),
    ]
    assert json.loads(done.facts("profiles", "more")[2][0]) == {"Favourite Colour": "green"}


def test_queries_are_dropped_and_ip_addresses_are_refused_as_a_source(tmp_path: Path) -> None:
    content = lines("person,when,page,ip", "ann,2027-01-05,https://x.com/a?mail=ann@x.com#top,10.0.0.7")
    mapping = "table: touches\ncolumns: {person_id: person, occurred_at: when, kind: {value: page.seen}, asset: page}"
    assert imported(tmp_path, content, mapping).facts("touches", "asset") == [("https://x.com/a",)]
    with pytest.raises(AccordError, match="'ip' holds IP addresses"):
        imported(tmp_path, content, mapping.replace("asset: page", "asset: ip"))
    found = mapping_yaml(proposed(a_file(tmp_path, content), "touches"))
    assert "from: ip" not in found


def test_one_file_feeds_two_tables_and_leaves_out_what_it_is_told_to(tmp_path: Path) -> None:
    mapping = """
table: deals
source: crm
part: opened
id: [deal]
columns: {deal_id: deal, event: {value: opened}, occurred_at: opened}
also:
  - table: deals
    part: closed
    id: [deal]
    columns:
      deal_id: deal
      event: {from: stage, values: {Closed Won: won, Closed Lost: lost}}
      amount: amount
      occurred_at: closed
    only: {stage: [Closed Won, Closed Lost]}
"""
    content = lines(
        "deal,opened,closed,stage,amount",
        'D1,2027-01-02,2027-02-02,Closed Won,"1.234,50"',
        "D2,2027-01-03,,Proposal,",
        "D3,2027-01-04,2027-02-04,Closed Lost,99",
    )
    done = imported(tmp_path, content, mapping)
    assert [counts(outcome) for outcome in done.outcomes] == [(3, 3, 0, 0, 0, 0), (3, 2, 0, 0, 0, 1)]
    assert done.facts("deals", "event", "amount")[3:] == [("won", 1234.5), ("lost", 99.0)]


# Kinds of files


def a_parquet(path: Path) -> None:
    at = datetime(2027, 1, 5, 10, tzinfo=UTC)
    pq.write_table(pa.table({"id": [1, 2], "person": ["ann", "bob"], "when": [at, at], "kind": ["a.b", "c.d"]}), path)


def test_gzip_parquet_and_utf_16_give_the_same_facts(tmp_path: Path) -> None:
    content = lines(HEADER, "1,ann,2027-01-05 10:00:00,a.b", "2,bob,2027-01-05 10:00:00,c.d")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode()))
    (tmp_path / "b.txt").write_bytes(content.replace(",", "\t").encode("utf-16"))
    a_parquet(tmp_path / "c.parquet")
    assert counts(imported(tmp_path, tmp_path / "a.csv.gz").outcome) == (2, 2, 0, 0, 0, 0)
    assert counts(imported(tmp_path, tmp_path / "b.txt").outcome) == (2, 0, 2, 0, 0, 0)
    assert counts(imported(tmp_path, tmp_path / "c.parquet").outcome) == (2, 0, 2, 0, 0, 0)


def test_names_of_columns_and_files_are_never_run_as_sql(tmp_path: Path) -> None:
    evil = "x\"'; DROP TABLE t; --"
    content = lines(f'id,"{evil.replace(chr(34), chr(34) * 2)}",when,kind', "1,ann,2027-01-05,a'b")
    mapping = a_mapping(
        f"""
table: touches
source: "o'ne"
id: [id]
columns:
  person_id: {{from: {json.dumps(evil)}}}
  occurred_at: {{from: when}}
  kind: {{from: kind, values: {{"a'b": "it's"}}}}
  campaign: {{value: "';--"}}
"""
    )
    done = imported(tmp_path, a_file(tmp_path, content, "it's.csv"), mapping)
    assert done.facts("touches", "kind", "campaign", "source") == [("it's", "';--", "o'ne")]


# The command


def accord(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"id,person,when,kind\n", "has a header but no rows"),
        (b"id,id,when,kind\n1,2,3,4\n", "occurs 2 times"),
        (b"colour,size\nred,4\n", "no column was found for person_id, kind, occurred_at"),
        (b"PAR1 nonsense", "damaged Parquet"),
        (b"\x1f\x8bnonsense", "damaged gzip"),
        (b"PK\x03\x04nonsense", "not a spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_used_is_answered_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = a_file(tmp_path, content)
    code = accord("import", path, "--as", "touches", "--lake", tmp_path / "lake")
    err = capsys.readouterr().err
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_missing_file_and_a_folder_are_answered_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accord("import", tmp_path / "none.csv", "--as", "touches", "--lake", tmp_path / "lake") == 2
    assert "does not exist" in capsys.readouterr().err
    assert accord("import", tmp_path, "--as", "touches", "--lake", tmp_path / "lake") == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_dry_run_counts_the_same_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = a_file(tmp_path, GOOD + "3,eve,never,page.home\n")
    lake = tmp_path / "new" / "lake"
    wanted = ("import", path, "--as", "touches", "--lake", lake, "--json")
    assert accord(*wanted, "--dry-run") == 1
    tried = json.loads(capsys.readouterr().out)["imports"][0]
    assert not lake.parent.exists()
    assert accord(*wanted) == 1
    done = json.loads(capsys.readouterr().out)["imports"][0]
    assert accord(*wanted, "--dry-run") == 1
    again = json.loads(capsys.readouterr().out)["imports"][0]
    same = ("rows", "stored", "known", "revised", "refused", "left_out", "refusals")
    assert [tried[key] for key in same] == [done[key] for key in same]
    assert (again["stored"], again["known"], again["refused"]) == (0, 2, 1)
    assert Path(done["refused_file"]).name == "file.csv.refused.csv"


def test_a_mapping_is_written_to_edit_and_then_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, chart = a_file(tmp_path, GOOD), tmp_path / "map.yaml"
    wanted = ("import", path, "--as", "touches", "--lake", tmp_path / "lake", "--map", chart)
    assert accord(*wanted) == 0
    assert "Wrote a mapping" in capsys.readouterr().out
    assert not (tmp_path / "lake").exists()
    assert accord(*wanted, "--json") == 0
    assert json.loads(capsys.readouterr().out)["imports"][0]["stored"] == 2
    assert accord("import", path, "--as", "touches", "--propose") == 0
    assert capsys.readouterr().out == chart.read_text()


def test_a_mistake_in_a_mapping_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart = tmp_path / "map.yaml"
    for wrong, nearest in (
        ("tabel: touches\ncolumns: {kind: kind}", "'table'"),
        ("table: touches\ncolumns: {persn_id: person}", "'person_id'"),
        ("table: touches\ncolumns: {person_id: {form: person}}", "'from'"),
        ("table: touches\ncolumns: {person_id: persons, occurred_at: when, kind: kind}", "'person'"),
        ("table: touches\ncolumns: {recorded_at: when}", "set by Accord"),
        ("table: touches\ntime_zone: Europe/Berln\ncolumns: {kind: kind}", "no time zone"),
    ):
        chart.write_text(wrong)
        code = accord("import", a_file(tmp_path, GOOD), "--as", "touches", "--lake", tmp_path / "l", "--map", chart)
        assert code == 2
        assert nearest in capsys.readouterr().err


def test_accounts_and_persons_of_a_profile_have_their_own_ids(tmp_path: Path) -> None:
    mapping = CONTACTS.replace("subject: person", "subject: account").replace("email: mail", "name: name")
    done = imported(tmp_path, lines("id,name,when", "7,Acme,2027-01-01"), mapping)
    assert done.facts("profiles", "subject", "subject_id") == [("account", account_id(KEY, "crm", "7"))]
