"""A process of its own in a workspace: `found N` a company with N leads, let it `live` until it is ended, hand
one `more` lead over, show its `pages`, or `replay` its lake; or `open` one without leads, and write the key of its
website: python -m tests.faults.living_company WHAT"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from tests.app import cast  # noqa: E402
from tests.app.handoffs import leads  # noqa: E402

from accord.insight.replay.replay import replay  # noqa: E402
from accord.insight.replay.reproduction import reproduction  # noqa: E402
from accord_app.handoffs.actions import accept, reject  # noqa: E402
from accord_app.handoffs.models import Handoff  # noqa: E402
from accord_app.intake import tokens, turns, uploading  # noqa: E402
from accord_app.ledger import lake  # noqa: E402
from accord_app.ledger.carrying import carry  # noqa: E402
from accord_app.ledger.models import FACTS  # noqa: E402
from accord_app.ledger.reads import versions  # noqa: E402
from accord_app.members.models import User  # noqa: E402

FIRST = datetime(2026, 6, 1, 9, tzinfo=UTC)
EVERY = timedelta(minutes=3)
SHOWN = {
    "ada": ("/agreement/", "/people/", "/people/csv/", "/accounts/", "/accounts/csv/", "/imports/", "/messages/all/"),
    "tomas": ("/handoffs/handoffs.csv", "/people/of/person1/"),  # the queue itself tells the time at every look
    "ingrid": ("/members/", "/teams/"),
}
VARIES = re.compile(
    r'csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"|\d+ (second|minute)s? (ago|old)'
    r'|data-minutes="-?\d+"'  # of a clock, as of now
)


def found(leads_there: int) -> None:
    """People who sign in, an agreement in force, leads of which some were answered, and a file that was brought."""
    cast.a_rep(), cast.a_revops(), cast.an_administrator()
    leads.in_force(qualification={"where": "country = 'DE'"})
    for number in range(leads_there):
        _one(number)
    carry(at=_at(leads_there))
    (uploading.folder() / "a0b1.csv").write_text("id,email\n1,birgit@kestrel.example\n", encoding="utf-8")


def opened() -> None:
    """A company to which nobody has come yet, and the secret of the key with which its website tells of leads."""
    cast.a_rep(), cast.a_rep("zoe", "Zoe Lang"), cast.a_revops()
    leads.in_force(qualification={"where": "country = 'DE'", "score": {"card": "points", "at_least": 40}})
    sys.stdout.write(tokens.make(name="Website", source="website", by=cast.a_revops(), at=FIRST).secret)


def live(since: int) -> None:
    """One lead after the other; what is new is carried as the worker does it."""
    for number in count(since):
        _one(number)
        if number % 5 == 0:
            with turns.turn(wait=False) as is_ours:
                carry(at=_at(number)) if is_ours else None


def _one(number: int) -> None:
    at = _at(number)
    tomas = cast.a_rep()
    handoff = leads.a_lead(f"person{number}", at=at, name=f"Person {number}", did=())
    if number % 3 == 1:
        accept(handoff=handoff, by=tomas, at=at + timedelta(seconds=20))
    elif number % 3 == 2:
        reject(handoff=handoff, reason="no_fit", by=tomas, at=at + timedelta(seconds=20))
    leads.let_seconds_pass(at + timedelta(seconds=30))


def _at(number: int) -> datetime:
    return FIRST + number * EVERY


def pages() -> None:
    """What pages say, without what differs between any two requests."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    said = {}
    for handle, paths in SHOWN.items():
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.get(handle=handle))
        for path in paths:
            answer = client.get(path)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
            said[f"{handle} {path}"] = [answer.status_code, VARIES.sub("", content.decode())]
    sys.stdout.write(json.dumps(said))


def replayed() -> None:
    """Carry what waits; whether lake and database hold the same; what a replay of the lake finds again."""
    last = Handoff.objects.order_by("-offered_at").values_list("offered_at", flat=True)[0]
    carry(at=last)
    engine = lake.ledger().connect()
    here = {name: model.facts().count() for name, model in FACTS.items()}
    there = {name: engine.one(f"SELECT count(*) FROM {name}_revisions")[0] for name in FACTS}
    done = reproduction(engine, replay(engine, [each.agreement for each in versions()], until=last))
    told = {"recorded": done.recorded, "same": done.same, "exact": done.exact, "differing": done.differing.to_pylist()}
    sys.stdout.write(json.dumps({"here": here, "there": there, **told}))


if __name__ == "__main__":
    if sys.argv[1] in ("found", "live", "more"):
        {"found": found, "live": live, "more": _one}[sys.argv[1]](int(sys.argv[2]))
    else:
        {"open": opened, "pages": pages, "replay": replayed}[sys.argv[1]]()
