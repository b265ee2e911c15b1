"""Erasing a person reaches events that wait and files that were brought; facts and totals stay."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings
from django.utils import timezone
from tests.app.cast import a_revops
from tests.app.handoffs.leads import in_force
from tests.app.intake.bringing import CONTACTS, TOUCHES, a_client, brought, do_work, imported, kept_files, the_page

from accord_app.intake import events
from accord_app.intake.actions import receive
from accord_app.intake.models import Arrival, Upload
from accord_app.ledger.models import FACTS
from accord_app.records import erasing

pytestmark = pytest.mark.django_db
BIRGIT = "birgit@kestrel.example"


def erase() -> dict[str, int]:
    return dict(erasing.erase(named=BIRGIT, by="ada", at=timezone.now()).emptied)


def a_parquet() -> bytes:
    out, rows = io.BytesIO(), [line.split(",") for line in CONTACTS.splitlines()]
    pq.write_table(pa.table({name: [row[n] for row in rows[1:]] for n, name in enumerate(rows[0])}), out)
    return out.getvalue()


@pytest.mark.parametrize("name, content", [
    ("c.csv", CONTACTS.encode()), ("c.csv.gz", gzip.compress(CONTACTS.encode())), ("c.csv", CONTACTS.encode("utf-16")),
    ("c.parquet", a_parquet()), ("c.csv", CONTACTS.upper().replace("CONTACT ID", "Contact ID").encode()),
])  # fmt: skip
def test_files_that_name_the_person_are_deleted_and_others_stay(
    settings: LazySettings, name: str, content: bytes
) -> None:
    ada = a_client(a_revops())
    imported(ada, CONTACTS)
    again, other = brought(ada, content, name), brought(ada, TOUCHES)
    assert {each.title: each.count for each in erasing.plan(BIRGIT).found}["Files that were imported"] == 2
    assert erase()["Files that were imported"] == 2
    assert kept_files(settings.UPLOADS) == [other.stored_as]
    assert "no longer kept" in the_page(ada, f"/imports/{again.pk}/")
    assert Upload.objects.get(pk=other.pk).file_gone_at is None
    assert FACTS["profiles"].facts().filter(subject="person").count() == 3
    assert erase()["Files that were imported"] == 0


def test_refused_rows_and_examples_go_as_well(settings: LazySettings) -> None:
    ada = a_client(a_revops())
    upload = imported(ada, CONTACTS + f"9,{BIRGIT},Birgit Sommer,Kestrel Foods,never\n", "Birgit Sommer.csv")
    assert upload.refused == 3
    erase()
    upload.refresh_from_db()
    assert kept_files(settings.UPLOADS) == []
    told = f"{upload.name} {upload.parts} {upload.mapping}"
    assert "Birgit" not in told and BIRGIT not in told
    the_page(ada, f"/imports/{upload.pk}/")


def an_event(number: int, email: str, **person: Any) -> dict[str, Any]:
    told = {"email": email, **person}
    return {"id": f"e{number}", "kind": "page.pricing", "at": "2026-06-01T09:00:00Z", "person": told}


def test_an_event_that_waits_keeps_its_fact_under_a_keyed_id() -> None:
    imported(a_client(a_revops()), CONTACTS)
    in_force()
    sent = [an_event(1, BIRGIT, name="Birgit Sommer", phone="+49 1515 1"), an_event(2, "noor@delta.example")]
    receive(source="web", sent=sent, at=timezone.now())
    (person_id,) = {row["person_id"] for _, row in events.facts(sent[0], source="web") if "person_id" in row}
    assert erase()["Events that wait"] == 1
    kept = Arrival.objects.get(event_id="e1").payload
    assert "irgit" not in str(kept) and "1515" not in str(kept)
    do_work(["take in"])
    assert not Arrival.objects.exists()
    assert FACTS["touches"].facts().filter(person_id=person_id).count() == 1
    assert not FACTS["profiles"].facts().filter(subject_id=person_id, email__isnull=False).exists()
    assert erase()["Events that wait"] == 0
