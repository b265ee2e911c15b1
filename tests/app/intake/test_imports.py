"""A file on its way: looked at, tried, imported, mended, taken back, and what happens when the worker dies."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.app.cast import a_marketer, a_rep, a_revops
from tests.app.handoffs.leads import in_force
from tests.app.intake.bringing import (
    CONTACTS,
    TOUCHES,
    a_client,
    bring,
    brought,
    do_work,
    imported,
    kept_files,
    packed,
    refused_rows,
    the_page,
)

from accord_app.intake import importing
from accord_app.intake.forms import UploadForm
from accord_app.intake.models import Upload
from accord_app.ledger import copying, lake
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import FACTS, Batch, Concerned, Touch
from accord_app.records.models import Person
from accord_app.work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return a_client(a_revops())


def seen(table: str) -> int:
    """Facts that count, in the database; as many must be in the lake."""
    here = FACTS[table].facts().exclude(batch__in=unseen_batches())
    assert {row["batch"] for row in here.values("batch")} <= set(lake.ledger().states())
    (there,) = lake.ledger().connect(tables=[table]).one(f"SELECT count(*) FROM {table}_revisions")
    assert here.count() == there
    return here.count()


def counts(upload: Upload) -> dict[str, int]:
    return {name: getattr(upload, name) for name in ("stored", "known", "revised", "refused", "left_out")}


def test_the_whole_way_of_a_file_with_bad_rows_mended_and_taken_back(ada: Client) -> None:
    upload = brought(ada, CONTACTS)
    page = the_page(ada, f"/imports/{upload.pk}/")
    assert "Birgit Sommer" in page and "“When it happened” is empty" in page and upload.table == "profiles"
    ada.post(f"/imports/{upload.pk}/mapping/", {"act": "try"})
    assert 'hx-trigger="every 2s"' in the_page(ada, f"/imports/{upload.pk}/")
    do_work()
    assert "What an import would do" in the_page(ada, f"/imports/{upload.pk}/")
    assert seen("profiles") == 0

    ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"})
    assert "A worker begins in a moment" in the_page(ada, f"/imports/{upload.pk}/")
    do_work()
    upload.refresh_from_db()
    assert upload.state == Upload.State.DONE
    first = upload.parts[0]
    assert (first["rows"], first["stored"], first["refused"]) == (5, 3, 2)
    assert first["rows"] == first["stored"] + first["known"] + first["revised"] + first["refused"]
    assert "refused" in the_page(ada, f"/imports/{upload.pk}/")
    assert set(Person.objects.values_list("name", flat=True)) == {"Birgit Sommer", "Noor Haddad", "Anders Nyberg"}
    back = refused_rows(ada, upload)
    assert "yesterday" in back and "Chiara Conti" in back and "occurred_at is empty" in back

    mended = imported(ada, CONTACTS.replace("yesterday", "2026-03-03").replace("Glass,\n", "Glass,2026-03-05\n"))
    assert (mended.parts[0]["stored"], mended.parts[0]["known"], mended.refused) == (2, 3, 0)
    assert Person.objects.count() == 5

    ada.post(f"/imports/{mended.pk}/undo/")
    assert "taken back" in the_page(ada, f"/imports/{mended.pk}/")
    do_work()
    mended.refresh_from_db()
    assert mended.state == Upload.State.UNDONE
    assert seen("profiles") == 3
    assert not Person.objects.filter(name="Chiara Conti").exclude(name="").exists()
    ada.post(f"/imports/{mended.pk}/mapping/", {"act": "import"})
    do_work()
    assert seen("profiles") == 5
    listed = the_page(ada, "/imports/")
    assert listed.count("contacts.csv") == 2


@pytest.mark.parametrize("name, content", [("t.csv", TOUCHES.encode()), ("t.csv.gz", packed(TOUCHES))])
def test_touches_come_in_and_their_people_are_looked_at(ada: Client, name: str, content: bytes) -> None:
    in_force()
    upload = imported(ada, content, name)
    assert (upload.table, upload.state, upload.stored, upload.rows_of) == ("touches", "done", 40, 40)
    assert seen("touches") == 40
    (job,) = Job.objects.filter(kind="look")
    assert len(job.payload["people"]) == 7


def test_an_import_says_whom_its_facts_name_and_a_large_one_that_it_is_anybody(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(ada, TOUCHES)
    pages = Touch.facts().filter(kind__startswith="page.").values_list("person_id", "kind")
    assert len(pages) and set(pages) <= set(Concerned.objects.values_list("subject", "kind"))
    assert not Concerned.objects.filter(subject="").exists()
    monkeypatch.setattr(copying, "NAMED_AT_MOST", 2)
    imported(ada, CONTACTS)
    assert Concerned.objects.filter(subject="", kind="profiles").exists()


def test_without_an_agreement_nobody_is_looked_at(ada: Client) -> None:
    imported(ada, TOUCHES)
    assert not Job.objects.filter(kind="look").exists()


def test_a_file_sent_twice_is_imported_once(ada: Client) -> None:
    upload = brought(ada, TOUCHES)
    for _ in range(2):
        assert ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"}).status_code == 302
    assert Job.objects.filter(kind="import").count() == 1
    do_work()
    assert ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"}).status_code == 302
    assert do_work() == 0
    assert seen("touches") == 40
    for _ in range(2):
        assert ada.post(f"/imports/{upload.pk}/undo/").status_code == 302
    do_work()
    assert ada.post(f"/imports/{upload.pk}/undo/").status_code == 302
    assert do_work() == 0


def test_the_same_form_sent_twice_is_one_upload(ada: Client, settings: LazySettings) -> None:
    page = the_page(ada, "/imports/new/")
    once = page.partition('name="once" value="')[2].partition('"')[0]
    from django.core.files.uploadedfile import SimpleUploadedFile

    for _ in range(2):
        file = SimpleUploadedFile("touches.csv", TOUCHES.encode())
        assert ada.post("/imports/new/", {"once": once, "file": file}).status_code == 302
    assert Upload.objects.count() == 1
    assert len(kept_files(settings.UPLOADS)) == 1


@pytest.mark.parametrize("broken", ["copy", "begin", "follow", "enqueue", "part"])
def test_a_crash_at_any_step_stores_every_row_once(ada: Client, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """The worker dies after the lake has the facts, in the midst of copying, after it, and before looking."""
    in_force()
    monkeypatch.setattr(copying, "AT_ONCE", 10)
    upload = brought(ada, TOUCHES)
    ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"})
    with monkeypatch.context() as patch:
        _break(patch, broken)
        do_work(["import"])
    upload.refresh_from_db()
    assert upload.state == Upload.State.RUNNING
    assert Job.objects.get(kind="import").last_error.startswith("RuntimeError")
    Job.objects.filter(kind="import").update(due_at=upload.at)
    do_work()
    upload.refresh_from_db()
    assert (upload.state, upload.stored, upload.known) == ("done", 40, 0)
    assert seen("touches") == 40
    assert FACTS["touches"].facts().count() == 40


def _break(patch: pytest.MonkeyPatch, where: str) -> None:
    def die(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("the power went off")

    if where == "copy":
        real = copying._copy_part
        calls = iter([real, real])
        patch.setattr(copying, "_copy_part", lambda *args: next(calls, die)(*args))
    elif where == "begin":
        patch.setattr(copying, "begin", die)
    elif where == "part":  # in the lake, and nobody wrote that down
        patch.setattr(importing, "_part", die)
    else:
        patch.setattr(importing, where, die)


def test_a_crash_while_it_is_taken_back_is_made_good(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = imported(ada, CONTACTS)
    ada.post(f"/imports/{upload.pk}/undo/")
    with monkeypatch.context() as patch:
        patch.setattr(copying, "retract", lambda *_, **__: 1 / 0)
        do_work(["undo import"])
    Job.objects.filter(kind="undo import").update(due_at=upload.at)
    do_work()
    upload.refresh_from_db()
    assert upload.state == Upload.State.UNDONE
    assert seen("profiles") == 0
    assert set(Batch.objects.values_list("state", flat=True)) == {"retracted"}


MISTAKES = [
    ("accord_mapping: 1\ntable: profile\ncolumns: {email: Email}\n", "Line 2"),
    ("accord_mapping: 1\ntable: profiles\ncolumns:\n  emial: {from: Email}\n", "Line 4"),
    ("accord_mapping: 1\ntable: profiles\ncolumns:\n  email: {from: E-Post}\n", "Line 4"),
    ("table: profiles\ncolumns: [\n", "Line"),
    ("a: &a [x]\nb: *a\n", "Line 2"),
    ("- just\n- a list\n", "no mapping"),
    ("", "no mapping"),
    ("[" * 3000, "no YAML"),
    ("x" * 200_000, "too long"),
    ("table: touches\ncolumns: {kind: 1}\nwith: [{file: ../lake/key, on: {a: b}, take: [c]}]\n", "another file"),
    ("table: touches\ntime_zone: Mars/Olympus\ncolumns: {kind: Email}\n", "Line 2"),
    ("table: 7\ncolumns: 7\n", "Line"),
    ("table: touches\nonly: 3\ncolumns: {kind: {values: 4, from: Email}}\n", "must name columns"),
]


@pytest.mark.parametrize("text, said", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_the_mapping_is_told_by_line_and_what_was_typed_stays(ada: Client, text: str, said: str) -> None:
    upload = brought(ada, CONTACTS)
    answer = ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import", "mapping": text})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert text.strip()[:20].replace("'", "&#x27;").replace('"', "&quot;").replace("&a", "&amp;a") in page
    upload.refresh_from_db()
    assert upload.state == Upload.State.UPLOADED and "Contact ID" in upload.mapping
    assert not Job.objects.filter(kind="import").exists()


def test_another_table_can_be_chosen(ada: Client) -> None:
    upload = brought(ada, TOUCHES)
    to = {"table": "content", "source": "crm", "time_zone": "Europe/Berlin"}
    assert ada.post(f"/imports/{upload.pk}/propose/", to).status_code == 302
    upload.refresh_from_db()
    assert (upload.table, "source: crm" in upload.mapping) == ("content", True)
    for wrong in ({"table": "keys"}, {"time_zone": "Mars"}, {"source": "x" * 90}):
        assert ada.post(f"/imports/{upload.pk}/propose/", to | wrong).status_code == 422


HOSTILE = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b" \n\n ", "is empty"),
    "header.csv": (b"a,b\n", "no rows"),
    "noise.csv": (bytes(range(256)) * 40, ""),
    "zeros.csv": (b"\x00" * 5000, ""),
    "noise.xlsx": (b"PK\x03\x04" + b"junk" * 50, "damaged"),
    "noise.parquet": (b"PAR1" + b"junk" * 50, "damaged"),
    "noise.csv.gz": (b"\x1f\x8b" + b"junk" * 50, "damaged gzip"),
    "cut.csv.gz": (packed(TOUCHES * 20)[:-20], "damaged gzip"),
    "page.html": (b"<html></html>", "kind that cannot be read"),
    "run.exe": (b"MZ", "kind that cannot be read"),
    "wide.csv": ((",".join(f"c{n}" for n in range(3000)) + "\n" + "1," * 2999 + "1\n").encode(), "3,000 columns"),
    "long.csv": (("x" * 300_000 + ",b\n1,2\n").encode(), ""),
    "twice.csv": (b"a,a\n1,2\n", "occurs 2 times"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words_or_read(ada: Client, settings: LazySettings, name: str) -> None:
    content, said = HOSTILE[name]
    answer = bring(ada, content, name)
    assert answer.status_code in ((422,) if said else (302, 422))
    if answer.status_code == 422:
        assert said in answer.content.decode()
        assert not Upload.objects.exists()
        assert kept_files(settings.UPLOADS) == []
    else:
        the_page(ada, f"/imports/{Upload.objects.get().pk}/")


def test_a_bomb_is_refused_before_it_is_unpacked(ada: Client, settings: LazySettings) -> None:
    settings.UNPACKED_LIMIT = 1024 * 1024
    answer = bring(ada, packed("a,b\n" + "0,0\n" * 2_000_000), "bomb.csv.gz")
    assert answer.status_code == 422 and "unpacks to more than 1 MB" in answer.content.decode()
    assert kept_files(settings.UPLOADS) == []


@pytest.mark.parametrize("limit", [3_000_000, 500_000])
def test_a_file_over_the_limit_is_told_so(ada: Client, settings: LazySettings, limit: int) -> None:
    settings.UPLOAD_LIMIT = limit
    answer = bring(ada, "a,b\n" + "1,2\n" * 1_000_000, "large.csv")
    assert answer.status_code == 422 and "is larger than" in answer.content.decode()
    assert kept_files(settings.UPLOADS) == []


def test_names_of_files_are_shown_without_what_they_hide(ada: Client, settings: LazySettings) -> None:
    for given, shown in {
        "../../etc/pass\x07wd.csv": "passwd.csv",
        "C:\\temp\\leads.csv": "leads.csv",
        "\u202egnp.csv": "gnp.csv",
        "x" * 400 + ".csv.gz": "x" * 113 + ".csv.gz",
    }.items():
        from accord_app.intake.uploading import clean_name

        assert clean_name(given) == shown
    upload = brought(ada, TOUCHES, "<script>alert(1)<x>.csv")
    assert "<script>alert" not in the_page(ada, f"/imports/{upload.pk}/")
    assert all(name[:24].isalnum() for name in kept_files(settings.UPLOADS))


def test_formulas_come_back_as_text(ada: Client) -> None:
    rows = "Event ID,Email,Event Type,Timestamp\n1,=cmd|' /C calc'!A0,page.x,2026-01-01\n2,a@b.example,page.x,@SUM(1)\n"
    upload = imported(ada, rows + TOUCHES.partition("\n")[2])
    back = refused_rows(ada, upload)
    assert upload.refused >= 1
    assert "'@SUM(1)" in back and ",@SUM" not in back


def test_numbers_of_nothing_are_404_and_rights_are_asked(ada: Client) -> None:
    upload = imported(ada, CONTACTS)
    for path in (f"/imports/{upload.pk + 1}/", f"/imports/{10**30}/", f"/imports/{upload.pk}/refused/7/"):
        assert ada.get(path).status_code == 404
    for verb in ("propose", "mapping", "undo", "discard"):
        assert ada.post(f"/imports/{upload.pk + 1}/{verb}/").status_code == 404
        assert ada.get(f"/imports/{upload.pk}/{verb}/").status_code == 405
    for somebody in (a_rep(), a_marketer()):
        other = a_client(somebody)
        for path in ("/imports/", f"/imports/{upload.pk}/", f"/imports/{upload.pk}/refused/0/", "/events/"):
            assert other.get(path).status_code == 403
        assert other.post(f"/imports/{upload.pk}/undo/").status_code == 403
    assert Client().get(f"/imports/{upload.pk}/").status_code == 302


def test_a_file_in_force_cannot_be_deleted_and_others_leave_nothing(ada: Client, settings: LazySettings) -> None:
    upload = imported(ada, TOUCHES)
    assert ada.post(f"/imports/{upload.pk}/discard/").status_code == 409
    other = brought(ada, CONTACTS)
    assert ada.post(f"/imports/{other.pk}/discard/").status_code == 302
    assert kept_files(settings.UPLOADS) == [upload.stored_as]
    ada.post(f"/imports/{upload.pk}/undo/")
    do_work()
    ada.post(f"/imports/{upload.pk}/discard/")
    assert kept_files(settings.UPLOADS) == []
    assert "no longer kept" in the_page(ada, f"/imports/{upload.pk}/")
    assert ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"}).status_code == 422


def test_a_file_that_is_gone_when_its_turn_comes_is_told(ada: Client, settings: LazySettings) -> None:
    upload = brought(ada, TOUCHES)
    ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"})
    (settings.UPLOADS / upload.stored_as).unlink()
    do_work()
    upload.refresh_from_db()
    assert upload.state == Upload.State.FAILED
    assert "was not imported" in the_page(ada, f"/imports/{upload.pk}/")


def test_progress_tells_how_far_it_is_and_ends_with_the_page(ada: Client) -> None:
    upload = brought(ada, TOUCHES)
    ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import"})
    Upload.objects.filter(pk=upload.pk).update(state="running", step="copying", rows=12, rows_of=40)
    answer = ada.get(f"/imports/{upload.pk}/progress/", headers={"HX-Request": "true"})
    assert "12 of 40 rows" in answer.content.decode() and 'value="30"' in answer.content.decode()
    assert "HX-Refresh" not in answer
    Upload.objects.filter(pk=upload.pk).update(state="done")
    assert ada.get(f"/imports/{upload.pk}/progress/")["HX-Refresh"] == "true"


def test_the_list_goes_on_by_key(ada: Client) -> None:
    first = brought(ada, TOUCHES)
    Upload.objects.bulk_create(
        Upload(name=f"file {n}", stored_as=f"s{n}", size=1, table="touches", state="uploaded", by="ada",
               at=first.at, changed_at=first.at) for n in range(120)
    )  # fmt: skip
    found, path = [], "/imports/"
    while path:
        page = the_page(ada, path)
        found += [part.partition("<")[0] for part in page.split('/">file ')[1:]]
        after = page.partition('rel="next" href="')[2].partition('"')[0]
        path = f"/imports/{after}" if after else ""
    assert sorted(map(int, found)) == list(range(120))


def test_a_mark_that_no_form_has_is_not_given_back() -> None:
    for sent, is_given_back in (("a\0b", False), ('"><b', False), ("", False), ("0f" * 16, True)):
        assert (f'value="{sent}"' in str(UploadForm({"once": sent})["once"])) is is_given_back
