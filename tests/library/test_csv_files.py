"""Files in the dialects of real exports, against a readable twin that parses the text by hand."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.facts.engine import Engine
from accord.sources.csv_files import (
    Damage,
    Dialect,
    Opened,
    UnreadableFileError,
    carefully,
    open_file,
    records,
    sniff,
)
from accord.sources.values import (
    Span,
    comma_is_decimal,
    formatted_time,
    number_sql,
    plausible,
    precision_sql,
    time_reading,
    truth_sql,
)

ROWS = [["a1", "Zoë; Müller, “x”", "3"], ["a2", 'she said "hi"', ""], ["a3", "two\nlines", "5"]]


def written(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def cells(opened: Opened) -> list[list[str]]:
    engine = Engine()
    return [
        [cell or "" for cell in row.values()]
        for row in engine.rows(f"SELECT COLUMNS('^c\\d+$') FROM ({opened.sql})").to_pylist()
    ]


def opened(folder: Path, content: bytes, name: str = "file.csv") -> Opened:
    path = folder / name
    path.write_bytes(content)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return open_file(path, scratch)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_encodings_and_line_ends(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    text = written([["id", "name", "n"], *ROWS], delimiter, end)
    found = opened(tmp_path, text.encode(encoding))
    assert found.columns == ("id", "name", "n")
    assert [[cell.replace("\r\n", "\n") for cell in row] for row in cells(found)] == ROWS


def test_latin_1_and_carriage_returns_of_old_machines(tmp_path: Path) -> None:
    found = opened(tmp_path, "id,name\r1,Zoë\r2,Jürgen\r".encode("latin-1"))
    assert cells(found) == [["1", "Zoë"], ["2", "Jürgen"]]


def test_the_delimiter_that_excel_declares_is_obeyed(tmp_path: Path) -> None:
    assert cells(opened(tmp_path, b"sep=;\r\na;b,c\r\n1;2,5\r\n")) == [["1", "2,5"]]
    assert cells(opened(tmp_path, b'\xef\xbb\xbf"sep=|"\na|b\n1|2\n')) == [["1", "2"]]


def test_gzip_is_unpacked_and_damaged_gzip_is_said_to_be(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert len(cells(opened(tmp_path, packed, "x.csv.gz"))) == 1000
    with pytest.raises(UnreadableFileError, match="damaged gzip"):
        opened(tmp_path, packed[:-20], "y.csv.gz")


def test_a_sheet_is_read_without_running_anything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    a_workbook(path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = open_file(path, scratch)
    assert found.columns == ("id", "when", "amount", "note")
    assert cells(found) == [["1", "2027-01-05 10:30:00", "12.5", "=1+1"], ["2", "2027-01-06", "7", ""]]


def a_workbook(path: Path) -> None:
    """The smallest XLSX that has inline text, numbers, two kinds of date and a text like a formula."""
    import zipfile

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{relation}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'
        + a_sheet_row(1, text("id"), text("when"), text("amount"), text("note"))
        + a_sheet_row(2, number("1"), number("46392.4375", 1), number("12.5"), text("=1+1"))
        + a_sheet_row(3, number("2"), number("46393", 2), number("7"))
        + "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


def a_sheet_row(line: int, *content: str) -> str:
    placed = (cell.replace("<c ", f'<c r="{"ABCD"[place]}{line}" ', 1) for place, cell in enumerate(content))
    return f'<row r="{line}">{"".join(placed)}</row>'


def text(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b;c,d\n1,2;3,4\n", ","), ("a;b\n1,5;2,5\n", ";"), ("only\nx\n", ","), ("a|b,c|d\n1|2,3|4\n", "|")],
)
def test_the_delimiter_is_the_one_that_cuts_evenly(header: str, delimiter: str) -> None:
    assert sniff(header.encode(), "f").delimiter == delimiter


# The careful way


CELL = st.text(alphabet='ab",\n é=', max_size=6)
LINE = st.text(alphabet='ab",x', min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=8))
def test_sound_records_are_read_as_the_standard_library_reads_them(rows: list[tuple[str, str, str]]) -> None:
    filled = [["x" + row[0], *row[1:]] for row in rows]
    content = written([["a", "b", "c"], *filled])
    found = list(records(io.BytesIO(content.encode()), Dialect("utf-8", ",", 0, ("a", "b", "c"))))
    read = [[cell.strip(" ") for cell in record[1]] for record in found if not isinstance(record, Damage)]
    assert read == [[cell.strip(" ") for cell in row] for row in filled]
    assert len(found) == len(filled)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINE, max_size=6), st.integers(0, 6))
def test_a_sound_row_survives_whatever_stands_before_it(damage: list[str], place: int) -> None:
    """Unless the damage happens to be a sound quotation that swallows it, which no reader can tell."""
    good = "k1,k2,k3"
    text_lines = [*damage[:place], good, *damage[place:]]
    content = "\n".join(["a,b,c", *text_lines]) + "\n"
    found = list(records(io.BytesIO(content.encode()), Dialect("utf-8", ",", 0, ("a", "b", "c"))))
    swallowed = any(not isinstance(record, Damage) and good in "".join(record[1]) for record in found)
    kept = any(not isinstance(record, Damage) and record[1] == ["k1", "k2", "k3"] for record in found)
    assert kept or swallowed
    covered = sum(1 if isinstance(r, Damage) else 1 + sum(cell.count("\n") for cell in r[1]) for r in found)
    assert covered == sum(bool(line.strip()) for line in text_lines) or swallowed


def test_a_quotation_that_never_closes_costs_one_line_in_a_long_file(tmp_path: Path) -> None:
    lines = [f"{n},x,y" for n in range(20_000)]
    lines[7_000] = '7000,"open,y'
    found = opened(tmp_path, ("a,b,c\n" + "\n".join(lines) + "\n").encode())
    sorted_out = carefully(found, tmp_path)
    assert sorted_out.damaged_rows == 1
    assert len(cells(sorted_out)) == 19_999


# Values


def read_times(
    values: list[str], zone: str = "UTC", day_first: bool | None = None, span: Span | None = None
) -> list[tuple[str, str]]:
    reading = time_reading("when", values, zone=zone, day_first=day_first, span=lambda: span or Span())
    sql = f"SELECT CAST({plausible(reading.sql)} AS VARCHAR), {precision_sql()} FROM (SELECT ?::VARCHAR AS x)"
    engine = Engine()
    rows = [engine.one(sql.replace("{x}", "x"), [value]) for value in values]
    return [(str(time)[:19] if time else "", str(exact)) for time, exact in rows]


TIMES = [
    ("2027-01-05", "2027-01-05 00:00:00", "day"),
    ("2027-01-05 3:04", "2027-01-05 03:04:00", "second"),
    ("2027-01-05T03:04:05.678Z", "2027-01-05 03:04:05", "second"),
    ("2027-01-05T03:04+02:00", "2027-01-05 01:04:00", "second"),
    ("2027-01-05 03:04:05 UTC", "2027-01-05 03:04:05", "second"),
    ("2027/01/05", "2027-01-05 00:00:00", "day"),
    ("5 Jan 2027", "2027-01-05 00:00:00", "day"),
    ("January 5, 2027 4:05 PM", "2027-01-05 16:05:00", "second"),
    ("20270105", "2027-01-05 00:00:00", "day"),
    ("1799118245", "2027-01-05 03:04:05", "second"),
    ("1799118245000", "2027-01-05 03:04:05", "second"),
    ("46392", "2027-01-05 00:00:00", "day"),
    ("46392.5", "2027-01-05 12:00:00", "second"),
    ("41156", "2012-09-04 00:00:00", "day"),
    ("2027-02-30", "", "day"),
    ("soon", "", "day"),
]


@pytest.mark.parametrize(("written_as", "time", "exact"), TIMES, ids=lambda value: str(value))
def test_times_as_people_write_them(written_as: str, time: str, exact: str) -> None:
    assert read_times([written_as]) == [(time, exact)]


def test_many_ways_in_one_column() -> None:
    values = [value for value, time, _ in TIMES if time and not value.isdigit() and "46392" not in value]
    assert [time for time, _ in read_times(values)] == [time for value, time, _ in TIMES if value in values]


def test_a_column_of_dates_is_day_first_if_any_of_them_must_be() -> None:
    assert read_times(["05/06/2027", "31.12.2026"], span=Span(31, 12))[0][0] == "2027-06-05 00:00:00"
    assert read_times(["05/06/2027", "12/31/2026 4:05 PM"], span=Span(12, 31))[0][0] == "2027-05-06 00:00:00"
    assert read_times(["05/06/27"], day_first=False)[0][0] == "2027-05-06 00:00:00"
    assert read_times(["05/06/2027"], zone="America/New_York")[0][0] == "2027-05-06 04:00:00"
    assert read_times(["31.12.2026"], zone="Europe/Berlin")[0][0] == "2026-12-30 23:00:00"
    unsure = time_reading("when", ["05/06/2027"], zone="UTC", day_first=None, span=lambda: Span(5, 6))
    assert unsure.notes == ("when: no date tells day from month; the day was taken as first; set `day_first` to say",)


def test_a_local_time_is_read_in_its_zone_and_a_time_with_an_offset_is_not() -> None:
    found = read_times(["2027-07-01 12:00", "2027-07-01T12:00:00Z", "2027-01-01 12:00"], zone="Europe/Berlin")
    assert [time[11:16] for time, _ in found] == ["10:00", "12:00", "11:00"]


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01")),
    st.sampled_from(["%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
)
def test_a_format_reads_what_it_wrote(moment: datetime, form: str) -> None:
    engine = Engine()
    expected = moment.replace(microsecond=0, tzinfo=UTC)
    for reader in (formatted_time(form.replace("Z", ""), "UTC") if "Z" not in form else formatted_time("iso", "UTC"),):
        sql = f"SELECT epoch({reader})".replace("{x}", "x") + " FROM (SELECT ?::VARCHAR AS x)"
        assert engine.one(sql, [moment.strftime(form)]) == (expected.timestamp(),)


def read_numbers(values: list[str], comma: bool | None = None) -> list[float | None]:
    decided = comma_is_decimal("n", values)[0] if comma is None else comma
    engine = Engine()
    sql = f"SELECT {number_sql(decided)}".replace("{x}", "x") + " FROM (SELECT ?::VARCHAR AS x)"
    return [engine.one(sql, [value])[0] for value in values]  # type: ignore[misc]


def test_numbers_as_people_write_them() -> None:
    assert read_numbers(["1.234,56", "-5", "€ 1.200", "(7,5)", "12,345.6"]) == [1234.56, -5, 1200, -7.5, None]
    assert read_numbers(["1,234.56", "1,000", "R$ 12", "1'000", "1e3", "5%", "nan", "inf", "1.5.2"]) == [
        1234.56, 1000, 12, 1000, 1000, None, None, None, None,
    ]  # fmt: skip
    assert comma_is_decimal("n", ["1.234"])[1] == (
        "n: no number tells the decimal sign; the point was taken; set `decimal_comma` to say",
    )


@settings(max_examples=60, deadline=None)
@given(st.decimals(-10_000_000, 10_000_000, places=2), st.booleans())
def test_a_number_is_read_back_in_both_ways_of_writing(amount: float, comma: bool) -> None:
    shown = f"{amount:,.2f}"
    if comma:
        shown = shown.translate(str.maketrans(",.", ".,"))
    assert read_numbers([shown], comma) == [float(amount)]


def test_truth_in_several_languages() -> None:
    engine = Engine()
    sql = f"SELECT {truth_sql()}".replace("{x}", "x") + " FROM (SELECT ?::VARCHAR AS x)"
    assert [engine.one(sql, [word])[0] for word in ("Yes", "nein", "TRUE", "0", "perhaps")] == [
        True, False, True, False, None,
    ]  # fmt: skip
