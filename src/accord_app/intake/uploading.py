"""Files that people bring: kept in parts while they arrive, under a name of ours, and never larger than agreed."""

from __future__ import annotations

import gzip
import re
import secrets
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from accord.facts.errors import AccordError

TOO_LARGE = "accord.upload_too_large"
CHUNK = 4 * 1024 * 1024
KINDS = ".csv, .tsv, .txt, .gz, .parquet, .xlsx or .xls"
_KIND = re.compile(r"\.(csv|tsv|txt|parquet|xlsx|xls)(\.gz)?$|\.gz$", re.IGNORECASE)
_NAME_LENGTH = 120


class LimitedFileUploadHandler(TemporaryFileUploadHandler):
    """Writes what arrives to the disk, and stops with the file that passes the limit; the page then says so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begins a file."""
        super().new_file(*args, **kwargs)
        self._arrived = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keeps a part of it."""
        self._arrived += len(raw_data)
        if self._arrived > settings.UPLOAD_LIMIT:
            if self.request is not None:
                self.request.META[TOO_LARGE] = True
            self.file.close()
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)


def too_large() -> AccordError:
    """What a file over the limit is told."""
    return AccordError(
        f"The file is larger than {_shown(settings.UPLOAD_LIMIT)}.",
        remedy="Pack it with gzip, or split it and import the parts one after the other.",
    )


def folder() -> Path:
    """Where files are kept, readable by this account alone."""
    made = Path(settings.UPLOADS)
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def path_of(stored_as: str) -> Path:
    """The place of a kept file."""
    return folder() / stored_as


def clean_name(given: str) -> str:
    """A file's name as it may be shown: its last part, without signs that control, at most 120 signs."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip(" .")
    if len(seen) > _NAME_LENGTH:
        ending = "".join(Path(seen).suffixes[-2:])[-20:]
        seen = seen[: _NAME_LENGTH - len(ending)] + ending
    return seen or "file"


def keep(file: UploadedFile) -> str:
    """Keep a file that has arrived, under a name that nobody can guess; gives this name.

    Raises AccordError for a file that is empty, too large, too large when unpacked, or of a kind that cannot be read.
    """
    name = clean_name(file.name or "")
    kind = _KIND.search(name)
    if kind is None:
        raise AccordError(f"{name} is of a kind that cannot be read.", remedy=f"Choose a file that ends in {KINDS}.")
    if not file.size:
        raise AccordError(f"{name} is empty.", remedy="Export it again.")
    if file.size > settings.UPLOAD_LIMIT:
        raise too_large()
    stored_as = f"{secrets.token_hex(12)}{kind[0].lower()}"
    target = path_of(stored_as)
    try:
        _write(file, target)
        _refuse_bombs(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return stored_as


def _write(file: UploadedFile, target: Path) -> None:
    with target.open("xb") as out:
        target.chmod(0o600)
        for part in file.chunks(CHUNK):
            out.write(part)


def _refuse_bombs(path: Path) -> None:
    """A small file may unpack to more than any disk holds."""
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        size = _unpacked(path)
    elif start == b"PK\x03\x04":
        size = _zipped(path)
    elif start == b"PAR1":
        size = _columns(path)
    else:
        return
    if size > settings.UNPACKED_LIMIT:
        raise AccordError(
            f"The file unpacks to more than {_shown(settings.UNPACKED_LIMIT)}.",
            remedy="Split it and import the parts one after the other.",
        )


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file as they were before gzip packed it."""
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if start == b"\x1f\x8b" else file


def _unpacked(path: Path) -> int:
    size = 0
    try:
        with unpacked(path) as packed:
            while size <= settings.UNPACKED_LIMIT and (part := packed.read(CHUNK)):
                size += len(part)
    except (OSError, EOFError, zlib.error):
        raise AccordError("The file is damaged gzip.", remedy="Export or copy it again.") from None
    return size


def _zipped(path: Path) -> int:
    """What a spreadsheet says of itself is no more than a claim, but its reader believes no more than that either."""
    try:
        with zipfile.ZipFile(path) as packed:
            return sum(each.file_size for each in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise AccordError("The spreadsheet is damaged.", remedy="Save it again as XLSX or CSV.") from None


def _columns(path: Path) -> int:
    try:
        about = pq.read_metadata(path)
        return sum(about.row_group(place).total_byte_size for place in range(about.num_row_groups))
    except (OSError, pa.ArrowException):
        raise AccordError("The file is damaged Parquet.", remedy="Write it again.") from None


def _shown(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB" if size >= 1024 * 1024 else f"{size / 1024:,.0f} kB"
