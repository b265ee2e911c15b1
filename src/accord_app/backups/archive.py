"""The file of a backup: a ZIP whose last member lists all others with their size and hash, and says what they are.

What is packed already (Parquet, dumps) is stored as it is. Nothing of a file is believed before it was compared with
the list: names that lead elsewhere, members that nobody listed, bytes that differ are refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from accord.facts.errors import AccordError

FORMAT = 1
LIST = "accord-backup.json"
DATABASE, SECRET, LAKE, UPLOADS = "database", "secret_key", "lake/", "uploads/"
CHUNK = 1024 * 1024
LARGEST_LIST = 256 * 1024 * 1024
_NAME = re.compile(r"database|secret_key|lake(/[A-Za-z0-9_][A-Za-z0-9_.=-]*){1,3}|uploads/[^./\\\0][^/\\\0]*")

Moved = Callable[[int], None]
"""Called with the bytes that were moved since the last call."""


class BackupError(AccordError):
    """A backup that cannot be made or cannot be used."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup: its name in there, its bytes, their SHA-256."""

    name: str
    size: int
    sha256: str


class Writer:
    """Adds files to a backup that is being written, and the list of them at the end."""

    def __init__(self, out: IO[bytes], moved: Moved) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._moved = moved
        self._members: list[Member] = []

    def add(self, name: str, source: IO[bytes], *, pack: bool = False) -> None:
        """Add all that `source` still holds."""
        how = name if pack else zipfile.ZipInfo(name)
        digest, size = hashlib.sha256(), 0
        with self._zip.open(how, "w", force_zip64=True) as member:
            while part := source.read(CHUNK):
                digest.update(part)
                size += len(part)
                member.write(part)
                self._moved(len(part))
        self._members.append(Member(name, size, digest.hexdigest()))

    def end(self, about: Mapping[str, Any]) -> None:
        """Write the list and what is said about the whole. Nothing can be added afterwards."""
        files = [{"name": each.name, "size": each.size, "sha256": each.sha256} for each in self._members]
        told = {"accord_backup": FORMAT, **about, "files": files}
        self._zip.writestr(LIST, json.dumps(told, indent=1, ensure_ascii=False))
        self._zip.close()


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was opened: what it says about itself, and its members by name."""

    path: Path
    about: Mapping[str, Any]
    members: Mapping[str, Member]
    _zip: zipfile.ZipFile

    @property
    def size(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(each.size for each in self.members.values())

    def check(self, moved: Moved) -> None:
        """Read every member and compare. Raises BackupError for the first that differs."""
        for name in self.members:
            for part in self._parts(name):
                moved(len(part))

    def extract(self, name: str, target: Path, moved: Moved) -> None:
        """Write a member to a new file that its owner alone can read. Raises BackupError when its bytes differ."""
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.open("xb") as out:
            target.chmod(0o600)
            for part in self._parts(name):
                out.write(part)
                moved(len(part))

    def text(self, name: str) -> str:
        """A short member as text."""
        return b"".join(self._parts(name)).decode("utf-8").strip()

    def below(self, prefix: str) -> list[str]:
        """The members whose names begin so."""
        return [name for name in self.members if name.startswith(prefix)]

    def _parts(self, name: str) -> Iterator[bytes]:
        listed, digest, size = self.members[name], hashlib.sha256(), 0
        try:
            with self._zip.open(name) as member:
                while size <= listed.size and (part := member.read(CHUNK)):
                    digest.update(part)
                    size += len(part)
                    yield part
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise _damaged(self.path, f"{name} cannot be read") from error
        if (size, digest.hexdigest()) != (listed.size, listed.sha256):
            raise _damaged(self.path, f"{name} is not what was backed up")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A backup whose list was read and compared with the members. Raises BackupError for a file that is none, that is
    damaged, or that was made by a later form of this program."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise _foreign(path)
        try:
            held = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise _damaged(path, "its end is missing") from error
        with held:
            about = _about(path, held)
            yield Archive(path, about, _members(path, held, about), held)


def _about(path: Path, held: zipfile.ZipFile) -> Mapping[str, Any]:
    if LIST not in held.namelist():
        raise _foreign(path)
    try:
        if held.getinfo(LIST).file_size > LARGEST_LIST:
            raise _foreign(path)
        about = json.loads(held.read(LIST))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise _damaged(path, "its list cannot be read") from error
    if not isinstance(about, dict) or "accord_backup" not in about:
        raise _foreign(path)
    if about["accord_backup"] != FORMAT:
        raise BackupError(
            f"{path} has backup format {about['accord_backup']!r}; this version reads format {FORMAT}.",
            remedy=f"Use the version of accord that made it: {about.get('version')}.",
        )
    return about


def _members(path: Path, held: zipfile.ZipFile, about: Mapping[str, Any]) -> dict[str, Member]:
    try:
        listed = [Member(str(each["name"]), int(each["size"]), str(each["sha256"])) for each in about["files"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "its list cannot be read") from error
    there = [each.filename for each in held.infolist() if each.filename != LIST]
    if sorted(there) != sorted(each.name for each in listed) or len(set(there)) != len(there):
        raise _damaged(path, "it does not hold the files that it lists")
    if strange := [each.name for each in listed if not _NAME.fullmatch(each.name)]:
        raise _damaged(path, f"it holds {strange[0]!r}, which belongs into no workspace")
    if missing := {DATABASE, SECRET} - set(there):
        raise _damaged(path, f"it lacks {min(missing)}")
    return {each.name: each for each in listed}


def _foreign(path: Path) -> BackupError:
    return BackupError(f"{path} is no backup of accord.", remedy="Name a file that `accord backup` wrote.")


def _damaged(path: Path, why: str) -> BackupError:
    return BackupError(
        f"{path} is damaged: {why}.", remedy="Take an earlier backup, or copy this one again from where it is kept."
    )
