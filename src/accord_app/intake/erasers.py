"""What goes when a person is erased: events that wait keep their facts alone, files that name the
person are deleted."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from accord.facts import identity
from accord.facts.engine import EngineError, text
from accord.facts.errors import AccordError
from accord.sources.csv_files import open_file
from accord.sources.importing import scratch
from accord_app.intake import events, imports, uploading
from accord_app.intake.models import Arrival, Upload
from accord_app.ledger import lake
from accord_app.records.erasers import AT_ONCE, of_texts, perhaps_naming
from accord_app.records.erasing import SHORTEST_LOOKED_FOR, Eraser, Subject

CHUNK = 1024 * 1024
OVERLAP = 1_000
_PACKED = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


# Events


def _arrivals_of(subject: Subject) -> Iterator[Arrival]:
    """What waits is about somebody by a source's own id as well, which only its keyed hash tells."""
    key = lake.ledger().key
    perhaps = set(perhaps_naming(Arrival, ("payload",), subject)) if subject.words else set()
    meant = []
    for pk, source, payload in Arrival.objects.values_list("pk", "source", "payload").iterator(chunk_size=500):
        if events.KEYED in payload:
            continue
        if _is_about(payload, source, subject, key) or (pk in perhaps and _names(payload, subject)):
            meant.append(pk)
    for first in range(0, len(meant), AT_ONCE):
        yield from Arrival.objects.filter(pk__in=meant[first : first + AT_ONCE])


def _is_about(payload: Any, source: str, subject: Subject, key: bytes) -> bool:
    with suppress(Exception):  # one that was set aside may be of any shape; it is looked at as text as well
        return identity.person_id(key, source, events.called(payload)) in subject.person_ids
    return False


def _names(value: Any, subject: Subject) -> bool:
    if isinstance(value, dict):
        return any(_names(each, subject) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, subject) for each in value)
    return isinstance(value, str) and subject.is_named_in(value)


def _erase_arrivals(subject: Subject, at: datetime) -> int:
    count = 0
    for arrival in list(_arrivals_of(subject)):
        count += 1
        try:
            arrival.payload = events.keyed(arrival.payload, source=arrival.source)
            arrival.save(update_fields=["payload"])
        except (KeyError, TypeError, ValueError):
            arrival.delete()
    return count


EVENTS = Eraser("Events that wait", lambda subject: sum(1 for _ in _arrivals_of(subject)), _erase_arrivals)


# Files


def _uploads_of(subject: Subject) -> Iterator[Upload]:
    for upload in Upload.objects.filter(file_gone_at=None):
        names = [upload.stored_as, *(part["refused_file"] for part in upload.parts if part["refused_file"])]
        if any(holds(uploading.path_of(name), subject) for name in names):
            yield upload


def _erase_uploads(subject: Subject, at: datetime) -> int:
    count = 0
    for upload in list(_uploads_of(subject)):
        count += 1
        imports.remove_files(upload)
        Upload.objects.filter(pk=upload.pk).update(file_gone_at=at)
    return count


FILES = Eraser("Files that were imported", lambda subject: sum(1 for _ in _uploads_of(subject)), _erase_uploads)
NOTES = of_texts("Notes of imports", Upload, "name", "mapping", "parts", "dry_run", "problem", "remedy")


def holds(path: Path, subject: Subject) -> bool:
    """Whether a file names the person, however it is packed. One that nobody can read counts as if it did."""
    if not path.is_file() or not subject.words:
        return False
    with path.open("rb") as file:
        start = file.read(4)
    try:
        return _cells_hold(path, subject) if start in _PACKED else _text_holds(path, subject)
    except (AccordError, EngineError, OSError, EOFError):
        return True


def _text_holds(path: Path, subject: Subject) -> bool:
    with uploading.unpacked(path) as file:
        head = file.read(4)
    if head in _PACKED:
        return _cells_hold(path, subject)
    return any(_decoded_holds(path, encoding, subject) for encoding in _encodings(head))


def _encodings(head: bytes) -> tuple[str, ...]:
    """How a text may be written, by its first bytes; the wrong ones find nothing."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return ("utf-16",)
    if b"\x00" in head:
        return ("utf-16-be" if head[:1] == b"\x00" else "utf-16-le",)
    return ("utf-8", "cp1252")


def _decoded_holds(path: Path, encoding: str, subject: Subject) -> bool:
    long = [word for word in subject.words if len(word) >= SHORTEST_LOOKED_FOR]
    short = [word for word in subject.words if len(word) < SHORTEST_LOOKED_FOR]
    decoder, kept = codecs.getincrementaldecoder(encoding)(errors="replace"), ""
    with uploading.unpacked(path) as file:
        while part := file.read(CHUNK):
            said = kept + decoder.decode(part).casefold()
            if any(word in said for word in long) or any(_is_a_cell(word, said) for word in short):
                return True
            kept = said[-OVERLAP:]
    return False


def _is_a_cell(word: str, said: str) -> bool:
    """A short word counts only where it is all that a cell holds."""
    return any(f"{before}{word}{after}" in said for before in ',;\t|"\n' for after in ',;\t|"\r\n')


def _cells_hold(path: Path, subject: Subject) -> bool:
    with scratch() as (folder, engine):
        opened = open_file(path, folder)
        cells = [f"lower(coalesce(c{place}, ''))" for place in range(len(opened.columns))]
        together = f"concat_ws(chr(31), '', {', '.join(cells)}, '')"
        tests = " OR ".join(_test(together, word) for word in sorted(subject.words))
        (found,) = engine.one(f"SELECT count(*) > 0 FROM ({opened.sql}) WHERE {tests}")
        return bool(found)


def _test(together: str, word: str) -> str:
    sought = text(word.lower())
    if len(word) < SHORTEST_LOOKED_FOR:
        sought = f"chr(31) || {sought} || chr(31)"
    return f"contains({together}, {sought})"
