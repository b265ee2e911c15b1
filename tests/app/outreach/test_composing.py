"""Free parts of mails: each track says its own, sees how they read, and is not written while one is lacking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.intake.bringing import a_client, the_page
from tests.app.outreach.nurture import a_track, a_version, mail_leaves, steps_pass
from tests.app.shield.worlds import a_person

from accord.agreement.letter import LetterError
from accord_app.outreach import actions
from accord_app.outreach.composing import PartsError
from accord_app.outreach.models import Track, TrackVersion
from accord_app.records.models import Person

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
PATH = "/nurture/tracks/keep-warm/write/"
BODY = "Hello {first_name|there},\n\n[[news: Nothing new.]]\n\n[[offer:]]"


def a_template(body: str = BODY, name: str = "open-1") -> None:
    actions.write_template(name=name, subject="News", body=body, by=cast.a_marketer(), at=NOW)


def written(steps: str, said: dict[str, dict[str, str]] | None = None, name: str = "keep-warm") -> TrackVersion:
    return actions.write_track(
        name=name, title="Keep warm", steps=steps, entry="", said=said, by=cast.a_marketer(), at=NOW
    )


def goes_in(track: Track, person: str, **more: Any) -> None:
    a_person(person, at=NOW - 60 * DAY, **more)
    actions.put_in(track=track, person=Person.objects.get(pk=person), by=cast.a_marketer(), at=NOW)


def test_each_mail_of_a_track_says_its_own_and_people_finish_what_they_began() -> None:
    track = a_track(at=NOW, steps="mail warm-1")
    a_template()
    said = {"open-1": {"offer": "A visit."}, "open-1 2": {"offer": "A call to {company|you}.", "news": "Much new."}}
    written("mail open-1\nwait 1d\nmail open-1", said)
    goes_in(track, "noor")
    written("mail open-1", {"open-1": {"offer": "Something else."}})
    for at in (NOW, NOW + DAY):
        steps_pass(at)
        mail_leaves(at)
        steps_pass(at)
        mail_leaves(at)
    first, second = (str(each.body) for each in mail.outbox)
    assert "Nothing new." in first and "A visit." in first
    assert "Much new." in second and "A call to " in second and "{company" not in second


def test_the_same_again_is_no_version_and_what_is_usual_is_not_kept() -> None:
    a_track(at=NOW, steps="mail warm-1")
    a_template()
    one = written("mail open-1", {"open-1": {"offer": " A visit.\r\n", "news": "Nothing new.", "gone": "x"}})
    assert one.said == {"open-1": {"offer": "A visit."}}
    assert written("mail open-1", {"open-1": {"offer": "A visit.", "news": ""}}) == one
    assert written("mail open-1", {"open-1": {"offer": "A call."}}).number == one.number + 1


def test_what_is_lacking_or_may_not_be_said_is_named_mail_by_mail() -> None:
    a_track(at=NOW, steps="mail warm-1", brand={"must_not_say": ["guaranteed"]})
    a_template()
    with pytest.raises(PartsError) as caught:
        written("mail open-1\nmail open-1\nmail warm-1", {"open-1": {"offer": "It is guaranteed."}})
    told = {(each.key, part): problem for (each, part), problem in caught.value.wrong.items()}
    assert set(told) == {("open-1", "offer"), ("open-1 2", "offer")}
    assert "guaranteed" in told["open-1", "offer"]
    assert told["open-1 2", "offer"] == "open-1 2 lacks the part “offer”."
    assert Track.objects.get().versions.count() == 1


def test_a_template_gets_no_part_for_which_a_running_track_has_nothing_to_say() -> None:
    track = a_track(at=NOW, steps="mail warm-1")
    with pytest.raises(LetterError, match="The track Keep warm sends this mail and says nothing for “offer”"):
        a_template("Hello [[news: x]] [[offer:]]", name="warm-1")
    a_template("Hello [[news: x]] [[offer: A visit.]]", name="warm-1")
    actions.close(track=track, at=NOW)
    a_template("Hello [[news: x]] [[offer:]]", name="warm-1")


def test_the_page_shows_each_mail_as_somebody_reads_it_and_keeps_nothing_for_that() -> None:
    track = a_track(at=NOW, steps="mail warm-1")
    a_template()
    goes_in(track, "noor")
    client = a_client(cast.a_marketer())
    page = the_page(client, PATH)
    assert "as Birgit Sommer reads them" in page and "Hello Birgit," in page and "Usually: Nothing new." in page
    said = {"title": "Keep warm", "steps": "mail warm-1\nmail open-1", "entry": "", "reader": "noor",
            "said.warm-1.1.news": "Two plants.", "said.open-1.1.offer": "", "do": "preview"}  # fmt: skip
    shown = client.post(PATH, said)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "Two plants." in text and "Lacks “offer”" in text and "Hello Birgit," not in text
    assert f"as {Person.objects.get(pk='noor')} reads them" in text
    assert Track.objects.get().versions.count() == 1


def test_the_page_names_what_is_lacking_and_keeps_what_was_typed() -> None:
    track = a_track(at=NOW, steps="mail warm-1")
    a_template()
    client = a_client(cast.a_marketer())
    said = {"title": "Keep warm", "steps": "wait 1d\nmail warm-1\nmail open-1", "entry": "",
            "said.warm-1.1.news": "Two plants.", "said.open-1.1.offer": " "}  # fmt: skip
    refused = client.post(PATH, said)
    text = refused.content.decode()
    assert refused.status_code == 422
    assert "open-1 lacks the part “offer”." in text and "Two plants." in text
    assert client.post(PATH, {**said, "steps": "mail warm-1\nwait soon"}).content.decode().count("Two plants.") > 1
    assert client.post(PATH, {**said, "said.open-1.1.offer": "A visit."}).status_code == 302
    assert a_version(track).said == {"warm-1": {"news": "Two plants."}, "open-1": {"offer": "A visit."}}
    assert "A visit." in the_page(client, PATH)


def test_a_template_shows_which_parts_tracks_must_fill() -> None:
    a_track(at=NOW, steps="mail warm-1")
    a_template()
    page = the_page(a_client(cast.a_rep()), "/nurture/templates/open-1/")
    assert "offer, filled by each track" in page and "news, filled" not in page


def test_only_who_runs_nurture_reads_and_writes_there() -> None:
    a_track(at=NOW, steps="mail warm-1")
    client = a_client(cast.a_rep())
    assert client.get(PATH).status_code == 403
    assert client.post(PATH, {"do": "preview", "steps": "mail warm-1"}).status_code == 403
