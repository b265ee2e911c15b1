"""What a mail provider tells: bounces and complaints hold an address back, the same event twice is one fact."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.shield.worlds import a_person, agreed

from accord_app.ledger.models import ConsentWord, Touch
from accord_app.outbox import letters
from accord_app.outbox.models import Letter
from accord_app.shield.asking import Question, may_contact

pytestmark = pytest.mark.django_db
SECRET = "postmark:a-long-password"  # noqa: S105
PATH = "/mail/events/postmark/"


@pytest.fixture(autouse=True)
def provider(settings: LazySettings) -> None:
    settings.MAIL_PROVIDER, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": SECRET}
    cast.a_company()
    agreed()
    a_person("free", at=timezone.now() - 60 * DAY)


def tell(secret: str = SECRET, **event: Any) -> int:
    said = {"MessageID": "m-1", "Recipient": "free@site.example", "Email": "free@site.example", **event}
    header = "Basic " + base64.b64encode(secret.encode()).decode()
    client = Client(raise_request_exception=False)
    answer = client.post(PATH, json.dumps(said), content_type="application/json", headers={"Authorization": header})
    return answer.status_code


def bounce(kind: str = "HardBounce", number: int = 7) -> dict[str, Any]:
    when = (timezone.now() - timedelta(minutes=1)).isoformat()
    code = {"HardBounce": 1, "SpamComplaint": 512, "Transient": 2}[kind]
    return {"RecordType": "Bounce", "ID": number, "Type": kind, "TypeCode": code, "BouncedAt": when,
            "Description": "", "Details": ""}  # fmt: skip


def held() -> str | None:
    return may_contact(["free"], Question(), at=timezone.now())["free"].clause


def test_a_bounce_holds_the_address_back_and_twice_is_once() -> None:
    assert held() is None
    event = bounce()
    assert (tell(**event), tell(**event)) == (200, 200)
    assert held() == "contact.never"
    assert ConsentWord.facts().filter(status="bounced").count() == 1


def test_a_complaint_holds_the_person_back() -> None:
    when = timezone.now().isoformat()
    complaint: dict[str, Any] = {
        "RecordType": "SpamComplaint",
        "ID": 8,
        "Type": "SpamComplaint",
        "TypeCode": 512,
        "BouncedAt": when,
    }
    assert tell(**complaint) == 200
    assert ConsentWord.facts().filter(status="complained").count() == 1
    assert held() == "contact.never"


def test_a_full_mailbox_is_no_bounce() -> None:
    assert tell(**bounce("Transient")) == 200
    assert held() is None


def test_a_click_is_a_touch_of_whom_the_mail_was_for() -> None:
    letter = letters.put(writer="track", person_id="free", key="k", context={"membership": 0}, at=timezone.now())
    Letter.objects.filter(pk=letter.pk).update(provider_id="m-1", state=Letter.State.SENT)
    click: dict[str, Any] = {
        "RecordType": "Click",
        "ReceivedAt": timezone.now().isoformat(),
        "Recipient": "other@site.example",
        "OriginalLink": "https://kestrel.example/",
    }
    assert tell(**click) == 200
    touch = Touch.facts().get(kind="email.clicked")
    assert (touch.person_id, touch.side) == ("free", "marketing")


def test_only_the_provider_that_is_set_is_heard_and_with_its_secret(settings: LazySettings) -> None:
    assert tell("postmark:wrong", **bounce()) == 400
    assert Client().post("/mail/events/mailgun/").status_code == 404
    settings.ANYMAIL = {}
    assert tell(**bounce()) == 404
    assert not ConsentWord.facts().exclude(status="granted").exists()
