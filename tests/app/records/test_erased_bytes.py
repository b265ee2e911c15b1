"""After `accord erase` the person is in no byte of any file under the data folder, nor of a dump of the database."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

WORDS = ("Sommer-Quast", "birgit.quast", "4915151", "Kupfergasse", "Orientierungslauf", "Werksleiterin", "Altname")
LIFE = """
import django; django.setup()
from datetime import UTC, datetime, timedelta
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.records.actions import record
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
def told(n, person, **more):
    at = NOON + timedelta(hours=n)
    row = {"id": str(n), "subject": "person", "subject_id": person, "occurred_at": at} | more
    record("profiles", [row], at=at, source="crm")
birgit = lake.person_id("crm", "1042")
for n in range(200):
    told(n, f"p{n}", name=f"Person {n} of many", email=f"p{n}@example.org", city="Berlin" * (n % 7))
told(300, birgit, name="Birgit Altname", email="birgit.quast@kestrel.example", phone="+4915151")
carry(at=NOON + timedelta(days=30))
more = '{"x": "Orientierungslauf"}'
told(301, birgit, name="Birgit Sommer-Quast", title="Werksleiterin", city="Kupfergasse", more=more)
record("touches", [{"id": "t", "person_id": birgit, "kind": "page.home", "occurred_at": NOON}], at=NOON, source="web")
for n in range(400, 500):
    told(n, f"q{n}", name=f"Somebody {n}", email=f"q{n}@example.org")
carry(at=NOON + timedelta(days=31))
"""
TOTALS = """
import django; django.setup()
import json
from accord_app.ledger import lake
from accord_app.ledger.models import FACTS
engine = lake.ledger().connect()
rows = {t: [m.facts().count(), engine.one(f"SELECT count(*) FROM {t}")[0]] for t, m in FACTS.items()}
print(json.dumps(rows))
"""


class Place:
    """A workspace of its own: a data folder, and a database that is there for this test alone."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.env = {**os.environ, "ACCORD_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "accord_app.settings"}
        if database:
            self.env["ACCORD_DATABASE_URL"] = database
        else:
            self.env.pop("ACCORD_DATABASE_URL", None)

    def run(self, *words: str) -> str:
        done = subprocess.run([sys.executable, *words], env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def everything(self) -> dict[str, bytes]:
        held = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        if self.database:
            dump = subprocess.run(["pg_dump", self.database], capture_output=True, check=True)
            held["pg_dump"] = dump.stdout
        return held

    def words_held(self) -> set[str]:
        return {word for content in self.everything().values() for word in WORDS if word.encode() in content}


@pytest.fixture
def place(tmp_path: Path, db: None) -> Iterator[Place]:
    if connection.vendor == "sqlite":
        yield Place(tmp_path / "data", "")
        return
    settings, name = connection.settings_dict, f"accord_erased_{secrets.token_hex(4)}"
    host, port, user = settings["HOST"] or "127.0.0.1", settings["PORT"] or 5432, settings["USER"]
    server = ["-h", host, "-p", str(port), "-U", user]
    env = {**os.environ, "PGPASSWORD": settings["PASSWORD"] or ""}
    subprocess.run(["createdb", *server, name], check=True, env=env)
    password = f":{settings['PASSWORD']}" if settings["PASSWORD"] else ""
    yield Place(tmp_path / "data", f"postgres://{user}{password}@{host}:{port}/{name}")
    subprocess.run(["dropdb", "--force", *server, name], check=True, env=env)


def test_an_erased_person_is_found_nowhere_and_no_total_changes(place: Place) -> None:
    place.folder.mkdir()
    place.run("-m", "accord_app.commands.manage", "migrate", "-v0", "--skip-checks")
    place.run("-c", LIFE)
    assert place.words_held() == set(WORDS)
    before = place.run("-c", TOTALS)

    shown = place.run("-m", "accord.cli", "erase", "crm:1042")
    assert "Birgit Sommer-Quast: this would go:" in shown
    assert place.words_held() == set(WORDS)

    document = json.loads(place.run("-m", "accord.cli", "erase", "birgit.quast@kestrel.example", "--yes", "--json"))
    assert document["emptied"]["Profiles in the database"] == document["emptied"]["Profiles in the lake"] == 2
    assert place.words_held() == set()
    assert place.run("-c", TOTALS) == before
    assert any(b"page.home" in content for content in place.everything().values())
