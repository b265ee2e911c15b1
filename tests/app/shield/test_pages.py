"""A list is checked before it is sent to; an owner lets a message through; both can be opened later."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.intake.bringing import a_client, the_page
from tests.app.shield.worlds import a_campaign_list, a_person, agreed

from accord_app.records.models import Person
from accord_app.shield import listing
from accord_app.shield.models import Inquiry, Override

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    found = timezone.now()
    agreed()
    a_campaign_list(found)
    return found


def checked(client: Client, people: str = "", **more: Any) -> Any:
    once = re.search(r'name="once" value="(\w+)"', the_page(client, "/shield/"))
    assert once
    said = {"once": once[1], "people": people, "purpose": "marketing.email", "side": "marketing", **more}
    return client.post("/shield/", said)


def test_a_pasted_list_says_who_is_held_back_by_which_clause(now: datetime) -> None:
    jonas = a_client(cast.a_marketer())
    answer = checked(jonas, "\n".join(["free", "deal", "often", "shy", "gone", "", "free", "who is that"]))
    page = the_page(jonas, answer["Location"])
    heading = page.split("<h1")[1].split("</h1>")[0]
    assert "4 held back" in heading
    assert set(re.findall(r"1 [a-z ]+", heading)) == {
        "1 never to be written to", "1 without consent", "1 in negotiation", "1 over the frequency",
    }  # fmt: skip
    assert "1 of 5 may be written to" in page
    assert "1 row names somebody once more" in page
    assert "Row 8: it is no id of a person" in page
    assert "who is that" not in page
    assert 'href="/people/of/deal/"' in page
    assert "Tomás" in page or "tomas" in page
    assert "4 held back" in the_page(jonas, "/shield/")


def test_a_file_is_read_by_its_column_of_addresses_and_not_kept(now: datetime, data_folder: Any) -> None:
    jonas = a_client(cast.a_marketer())
    content = "Name;E-Mail\r\nFree;Free@site.example\r\nDeal;deal@site.example\r\nOops;\r\n"
    answer = checked(jonas, file=SimpleUploadedFile("list.csv", content.encode("utf-8-sig")))
    assert "2 may be written to" in the_page(jonas, answer["Location"]).replace("1 of ", "")
    assert not list((data_folder / "uploads").glob("**/*"))
    kept = Inquiry.objects.get()
    assert b"site.example" not in bytes(kept.answers)
    assert kept.refused == [[4, "people[2]", "it is no text", "Send a person's id, source:id or an e-mail address."]]


def test_the_files_hold_who_may_and_who_may_not_without_formulas(now: datetime) -> None:
    a_person("evil", at=now - DAY)
    Person.objects.filter(pk="evil").update(name="=HYPERLINK(1)")
    jonas = a_client(cast.a_marketer())
    place = checked(jonas, "free\ndeal\nevil")["Location"]
    files = {which: rows_of(jonas, f"{place}people.csv?which={which}") for which in ("free", "held", "")}
    assert [row["person_id"] for row in files["free"]] == ["free", "evil"]
    assert [(row["person_id"], row["reason"], row["clause"]) for row in files["held"]] == [
        ("deal", "in negotiation", "contact.shield.0")
    ]
    assert files["held"][0]["sentence"]
    assert len(files[""]) == 3
    assert files["free"][1]["name"] == "'=HYPERLINK(1)"


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    text = b"".join(client.get(path).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Paste a line"), (b"email\n", "has a heading and no rows"), (b"\n \n", "is empty")],
)
def test_a_list_without_rows_is_told(now: datetime, content: bytes, said: str) -> None:
    jonas = a_client(cast.a_marketer())
    file = SimpleUploadedFile("list.csv", content) if content else ""
    answer = checked(jonas, file=file)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_too_many_rows_are_told(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST", 2)
    answer = checked(a_client(cast.a_marketer()), "free\ndeal\noften")
    assert answer.status_code == 422
    assert "3 rows are too many" in answer.content.decode()


def test_reps_do_not_check_lists_and_marketers_let_nothing_through(now: datetime) -> None:
    assert a_client(cast.a_rep()).get("/shield/").status_code == 403
    assert a_client(cast.a_marketer()).get("/shield/let/deal/").status_code == 403


def test_the_owner_lets_mail_through_on_the_persons_page_and_takes_it_back(now: datetime) -> None:
    tomas = a_client(cast.a_rep())
    assert "Held back: in negotiation." in the_page(tomas, "/people/of/deal/")
    the_page(tomas, "/shield/let/deal/")
    until = (now + 7 * DAY).date().isoformat()
    answer = tomas.post("/shield/let/deal/", {"until": until, "reason": "She asked for it."})
    assert answer.status_code == 302
    page = the_page(tomas, "/people/of/deal/")
    assert "May go to Deal now." in page
    assert "She asked for it." in page
    again = tomas.post("/shield/let/deal/", {"until": until, "reason": "She asked for it."})
    assert again.status_code == 422
    assert Override.objects.count() == 1
    tomas.post(f"/shield/overrides/{Override.objects.get().pk}/take-back/")
    page = the_page(tomas, "/people/of/deal/")
    assert "Held back: in negotiation." in page
    assert "Taken back by Tomás Rivera." in page


def test_nobody_elses_record_is_let_through(now: datetime) -> None:
    zoe = a_client(cast.a_rep("zoe", "Zoë Baumann"))
    assert "Let mail through" not in the_page(zoe, "/people/of/deal/")
    answer = zoe.post("/shield/let/deal/", {"until": (now + DAY).date().isoformat(), "reason": "x"})
    assert answer.status_code == 422
    assert "Only the owner" in answer.content.decode()
