"""Opens a file as exports really are: CSV in many dialects, gzip, Parquet, XLSX; every row as text, with its line.

Two ways to read: quickly, by DuckDB, and carefully, record by record, when DuckDB finds damage. The careful way refuses
the damaged lines alone and keeps their neighbours. Nothing in a file is ever executed.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO

import charset_normalizer
import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from accord.facts.engine import name
from accord.facts.engine import text as sql_text
from accord.facts.errors import AccordError

SAMPLE = 256 * 1024
CHUNK = 4 * 1024 * 1024
LONGEST_RECORD = 1024 * 1024
LINES_PER_RECORD = 500
DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnreadableFileError(AccordError):
    """A file that cannot be opened as a table."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written. `skip` lines stood before the header, with which the text now begins."""

    encoding: str
    delimiter: str
    skip: int
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as a table of text.

    `sql` selects the cells as `c0`, `c1`, …, in the order of `columns`; `lined` also `line` (from 1).
    `damaged` is a CSV file of the lines that are no rows (line, reason, remedy, text), `damaged_rows` their number.
    `careful` says that lines and damage are exact; otherwise the file has to be opened again with `carefully`.
    """

    path: Path
    columns: tuple[str, ...]
    sql: str
    lined: str
    notes: tuple[str, ...] = ()
    damaged: Path | None = None
    damaged_rows: int = 0
    careful: bool = False
    text: Path | None = None
    dialect: Dialect | None = None

    def cell(self, column: str) -> str:
        """The SQL name of a column of the file; raises KeyError when the file does not have it."""
        try:
            return f"c{self.columns.index(column)}"
        except ValueError:
            raise KeyError(column) from None


# ------------------------------------------------------------------------------------------------ which kind of file


def quoted(path: Path) -> str:
    """A path as an SQL string."""
    return sql_text(str(path))


def _first_bytes(path: Path, size: int = SAMPLE) -> bytes:
    if path.is_dir():
        raise UnreadableFileError(f"{path.name} is a folder, not a file.", remedy="Name the files in it.")
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise UnreadableFileError(f"{path} does not exist.", remedy="Check the path.") from None
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.", remedy="Check its rights.") from None


def open_file(path: Path, folder: Path, *, encoding: str = "", delimiter: str = "") -> Opened:
    """Opens `path` for reading with DuckDB; `folder` takes temporary copies.

    Raises UnreadableFileError for a missing, empty or unreadable file, one without rows, and doubled column names.
    """
    start = _first_bytes(path)
    if not start.strip():
        raise UnreadableFileError(f"{path.name} is empty.", remedy="Export it again.")
    if start[:4] == b"PAR1":
        return _open_parquet(path)
    if start[:4] == b"PK\x03\x04" or start[:4] == b"\xd0\xcf\x11\xe0":
        return _open_sheet(path, folder)
    if start[:2] == b"\x1f\x8b":
        return open_file(_unpacked(path, folder), folder, encoding=encoding, delimiter=delimiter)
    return _open_text(path, folder, start, encoding, delimiter)


def _unpacked(path: Path, folder: Path) -> Path:
    target = folder / path.name.removesuffix(".gz")
    if target.suffix == "":
        target = target.with_suffix(".csv")
    try:
        with gzip.open(path, "rb") as packed, target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                plain.write(chunk)
    except (OSError, EOFError, zlib.error):
        raise UnreadableFileError(f"{path.name} is damaged gzip.", remedy="Export or copy it again.") from None
    return target


def _open_parquet(path: Path) -> Opened:
    try:
        about = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        raise UnreadableFileError(f"{path.name} is damaged Parquet.", remedy="Write it again.") from None
    columns = tuple(about.schema.to_arrow_schema().names)
    if not about.num_rows:
        raise _no_rows(path)
    cells = ", ".join(f"CAST({name(column)} AS VARCHAR) AS c{place}" for place, column in enumerate(columns))
    sql = f"SELECT {cells} FROM read_parquet({quoted(path)})"
    return Opened(path, _checked(path, columns), sql, _numbered(sql, 1), careful=True)


def _no_rows(path: Path) -> UnreadableFileError:
    return UnreadableFileError(f"{path.name} has a header but no rows.", remedy="Check the filter of the export.")


def _checked(path: Path, header: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(column.strip() or f"column {place}" for place, column in enumerate(header, 1))
    doubled = [column for column, times in Counter(names).items() if times > 1]
    if doubled:
        places = [str(place) for place, column in enumerate(names, 1) if column == doubled[0]]
        raise UnreadableFileError(
            f"{path.name}: the column {doubled[0]!r} occurs {len(places)} times (columns {', '.join(places)}).",
            remedy="Rename all but one of them in the header.",
        )
    return names


# --------------------------------------------------------------------------------------------------------- sheets


def _open_sheet(path: Path, folder: Path) -> Opened:
    try:
        rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    except Exception as error:  # calamine raises many kinds; each means the same to the reader
        raise UnreadableFileError(
            f"{path.name} is not a spreadsheet that can be read ({error}).", remedy="Save it as XLSX or CSV."
        ) from None
    filled = [(line, row) for line, row in enumerate(rows, 1) if any(cell not in ("", None) for cell in row)]
    if not filled:
        raise UnreadableFileError(f"{path.name} is empty.", remedy="The rows must stand on the first sheet.")
    header = _checked(path, tuple(_cell_text(cell) for cell in filled[0][1]))
    if len(filled) == 1:
        raise _no_rows(path)
    target = folder / f"{path.stem}.rows.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([line, *map(_cell_text, row)] for line, row in filled[1:])
    sql = _clean_sql(target, len(header))
    return Opened(path, header, sql, sql, ("read the first sheet",), careful=True)


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell).replace("\x00", "")


# ------------------------------------------------------------------------------------------------------------ text


def _open_text(path: Path, folder: Path, start: bytes, encoding: str, delimiter: str) -> Opened:
    found, notes = (_known(encoding), []) if encoding else _encoding(path, start)
    text, notes = path, list(notes)
    if found not in ("utf-8", "utf-8-sig") or _only_carriage_returns(start, found):
        text = _as_utf8(path, folder, found)
        start = _first_bytes(text)
    dialect = sniff(start, path.name, delimiter)
    dialect = Dialect(found, dialect.delimiter, dialect.skip, _checked(path, dialect.header))
    if dialect.skip:
        text = _without_first_lines(text, folder, dialect.skip)
    if not _has_rows(text, dialect):
        raise _no_rows(path)
    sql = _quick_sql(text, dialect)
    lined = _numbered(sql, dialect.skip + 2)
    return Opened(path, dialect.header, sql, lined, tuple(notes), text=text, dialect=dialect)


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise UnreadableFileError(
            f"the encoding {encoding!r} is unknown.", remedy="Use utf-8, utf-16, windows-1252 or latin-1."
        ) from None


def _encoding(path: Path, start: bytes) -> tuple[str, list[str]]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding, []
    zeros = start[:4000].count(0)
    if zeros > len(start[:4000]) // 4:
        return ("utf-16-be" if start[:1] == b"\x00" else "utf-16-le"), ["read as UTF-16"]
    damaged, foreign = _bytes_beyond_ascii(path)
    if damaged * 2 <= foreign:  # most lines with foreign letters are sound UTF-8: the others are damaged
        return "utf-8", []
    return _single_byte(path)


def _bytes_beyond_ascii(path: Path) -> tuple[int, int]:
    """Counts lines that are not UTF-8, and lines with any byte beyond ASCII. Fast where there is none."""
    damaged = foreign = 0
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
            return 0, 0
        except UnicodeDecodeError:
            file.seek(0)
        for line in file:
            if not line.isascii():
                foreign += 1
                damaged += not _is_utf8(line)
    return damaged, foreign


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _single_byte(path: Path) -> tuple[str, list[str]]:
    with path.open("rb") as file:
        foreign = b"".join(line for line in _at_most(file, 20_000) if not line.isascii())[:SAMPLE]
    name = "cp1252"
    if set(foreign) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:  # no letters in Windows-1252
        best = charset_normalizer.from_bytes(foreign).best()
        name = best.encoding if best else "latin-1"
    return name, [f"read as {name}, because it is not UTF-8; set `encoding` in the mapping if letters look wrong"]


def _at_most(lines: IO[bytes], count: int) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number >= count:
            return
        yield line


def _only_carriage_returns(start: bytes, encoding: str) -> bool:
    text = start.decode(encoding, errors="replace")
    return "\r" in text and "\n" not in text


def _as_utf8(path: Path, folder: Path, encoding: str) -> Path:
    target = folder / f"{path.stem}.utf-8.csv"
    try:
        with (
            path.open("r", encoding=encoding, errors="replace", newline=None) as source,
            target.open("w", encoding="utf-8", newline="\n") as plain,
        ):
            while chunk := source.read(CHUNK):
                plain.write(chunk)
    except UnicodeError:
        raise UnreadableFileError(
            f"{path.name} is not {encoding}.", remedy="Set `encoding` in the mapping or export as UTF-8."
        ) from None
    return target


def _without_first_lines(text: Path, folder: Path, count: int) -> Path:
    target = folder / f"{text.stem}.body.csv"
    with text.open("rb") as source, target.open("wb") as body:
        for _ in range(count):
            source.readline()
        shutil.copyfileobj(source, body, CHUNK)
    return target


def sniff(start: bytes, name: str, delimiter: str = "") -> Dialect:
    """Finds delimiter and header in the first bytes of a UTF-8 text. `sep=;` on the first line is obeyed.

    Raises UnreadableFileError for a text without a header.
    """
    lines = start.decode("utf-8-sig", errors="replace").splitlines()
    if len(start) == SAMPLE and len(lines) > 1:
        lines.pop()
    skip = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[skip].strip().strip('"').lower().startswith("sep="):
        delimiter = delimiter or _declared(lines[skip])
        skip += 1
    if skip >= len(lines):
        raise UnreadableFileError(f"{name} has no header.", remedy="The first line must name the columns.")
    delimiter = delimiter or max(DELIMITERS, key=lambda mark: _regularity(lines[skip : skip + 60], mark))
    header = next(csv.reader(lines[skip : skip + LINES_PER_RECORD], delimiter=delimiter), [])
    return Dialect("utf-8", delimiter, skip, tuple(header))


def _declared(line: str) -> str:
    mark = line.strip().strip('"')[4:5] or "\t"
    return "\t" if mark == "\\" else mark


def _regularity(lines: list[str], mark: str) -> tuple[float, int]:
    """How evenly a delimiter cuts the lines: the share of rows as wide as the header, then the width."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
    except csv.Error:
        return (0.0, 0)
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])


def _has_rows(text: Path, dialect: Dialect) -> bool:
    with text.open("r", encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        try:
            next(reader, None)
            return any(row for row in reader)
        except csv.Error:
            return True


def _quick_sql(text: Path, dialect: Dialect) -> str:
    types = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(dialect.header)))
    mark = dialect.delimiter.replace("'", "''")
    return (
        f"SELECT * FROM read_csv({quoted(text)}, nullstr=['', '\\N'], "
        f"columns={{{types}}}, auto_detect=false, header=true, delim='{mark}', quote='\"', "
        f"escape='\"', strict_mode=true, max_line_size={2 * LONGEST_RECORD})"
    )


def _numbered(sql: str, first: int) -> str:
    return f"SELECT row_number() OVER () + {first - 1} AS line, * FROM ({sql})"


def _clean_sql(text: Path, width: int) -> str:
    types = "'line': 'BIGINT', " + ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    return (
        f"SELECT * FROM read_csv({quoted(text)}, columns={{{types}}}, auto_detect=false, header=false, delim=',', "
        f"nullstr=['', '\\N'], quote='\"', escape='\"', new_line='\\n', max_line_size={8 * LONGEST_RECORD})"
    )


def lines_in(text: Path) -> int:
    """How many line ends a text has."""
    with text.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK), b""))


# ------------------------------------------------------------------------------------------------- the careful way


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is no row."""

    line: int
    reason: str
    remedy: str
    text: str


def carefully(opened: Opened, folder: Path) -> Opened:
    """Reads a text record by record: sound records into a clean file, damaged lines apart, neighbours untouched.

    Raises ValueError for a file that was not opened as text.
    """
    if opened.text is None or opened.dialect is None:
        raise ValueError(f"{opened.path.name} is not a text file")
    clean, damaged, bad = folder / "clean.csv", folder / "damaged.csv", 0
    with (
        opened.text.open("rb") as source,
        clean.open("w", encoding="utf-8", newline="") as good_file,
        damaged.open("w", encoding="utf-8", newline="") as bad_file,
    ):
        good_rows = csv.writer(good_file, lineterminator="\n")
        bad_rows = csv.writer(bad_file, lineterminator="\n")
        for record in records(source, opened.dialect):
            if isinstance(record, Damage):
                bad += 1
                bad_rows.writerow((record.line, record.reason, record.remedy, record.text))
            else:
                good_rows.writerow((record[0], *record[1]))
    header = opened.dialect.header
    sql = _clean_sql(clean, len(header))
    return Opened(opened.path, header, sql, sql, opened.notes, damaged, bad, True, opened.text, opened.dialect)


def records(source: IO[bytes], dialect: Dialect) -> Iterator[tuple[int, list[str]] | Damage]:
    """The rows of a UTF-8 text after its header, each with the line on which it begins, and the damaged lines."""
    lines = _Lines(source, dialect.skip)
    header_seen = False
    while (line := lines.take()) is not None:
        if not line.strip():
            continue
        number = lines.number
        record = _record(line, lines, dialect)
        if not header_seen:
            header_seen = True
        elif isinstance(record, tuple):
            yield Damage(number, *record, _shown(line))
        else:
            yield number, record


class _Lines:
    """Lines that can be looked ahead and put back."""

    def __init__(self, source: IO[bytes], number: int) -> None:
        self._source, self._back, self.number = source, list[bytes](), number

    def take(self) -> bytes | None:
        line = self._back.pop() if self._back else self._source.readline(2 * LONGEST_RECORD)
        self.number += bool(line)
        return line or None

    def put_back(self, lines: list[bytes]) -> None:
        self._back.extend(reversed(lines))
        self.number -= len(lines)


Cause = tuple[str, str]


def _record(line: bytes, lines: _Lines, dialect: Dialect) -> list[str] | Cause:
    """The cells of the record that begins with `line`, or why there are none (reason, remedy)."""
    further: list[bytes] = []
    whole = line
    outcome = _cells(whole, dialect)
    while outcome is None:  # a quote is still open
        more = lines.take() if len(further) < LINES_PER_RECORD and len(whole) < LONGEST_RECORD else None
        if more is None:
            lines.put_back(further)
            return "a quotation mark opens and never closes", "Close it, or double a mark that belongs to the text."
        further.append(more)
        whole += more
        outcome = _cells(whole, dialect) if more.count(b'"') % 2 else None
    if isinstance(outcome, tuple):
        lines.put_back(further)
    return outcome


def _cells(whole: bytes, dialect: Dialect) -> list[str] | Cause | None:
    if len(whole) > LONGEST_RECORD:
        return "the row is longer than 1 MiB", "Shorten the cell or leave the column out."
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "the bytes are no letters of UTF-8", "Export again as UTF-8, or set `encoding` in the mapping."
    if "\x00" in text:
        return "the row contains a zero byte", "Export it again."
    text = text.rstrip("\r\n")
    if '"' not in text:
        return _fitting(text.split(dialect.delimiter), dialect)
    return _quoted_cells(text, dialect)


def _quoted_cells(text: str, dialect: Dialect) -> list[str] | Cause | None:
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True, skipinitialspace=True)
        )
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
        return "a quotation mark stands inside a quoted cell", "Double a mark that belongs to the text."
    return _fitting(rows[0], dialect) if len(rows) == 1 else ("a line breaks inside the row", "Put the cell in quotes.")


def _fitting(cells: list[str], dialect: Dialect) -> list[str] | Cause:
    width = len(dialect.header)
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) == width:
        return cells
    few_or_many = "few" if len(cells) < width else "many"
    return (
        f"too {few_or_many} columns: {len(cells)} where the header has {width}",
        "Put a cell that contains the delimiter in quotes.",
    )


def _shown(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace").rstrip("\r\n").replace("\x00", "\\0")[:2000]


csv.field_size_limit(8 * LONGEST_RECORD)
