"""Files as people bring them through the pages, and the worker that does what is due."""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.app.html import faults

from accord_app.intake.models import Upload
from accord_app.members.models import User
from accord_app.work import handlers
from accord_app.work.doing import do_due

CONTACTS = """Contact ID,Email,Full Name,Company,Created
1,birgit@kestrel.example,Birgit Sommer,Kestrel Foods,2026-03-01 09:00:00
2,noor@delta.example,Noor Haddad,Delta Port,2026-03-02 10:00:00
3,,Piotr Nowak,Brenn Papier,yesterday
4,anders@skog.example,Anders Nyberg,Skog Timber,2026-03-04 12:00:00
5,chiara@lagoon.example,Chiara Conti,Lagoon Glass,
"""
TOUCHES = "Event ID,Email,Event Type,Timestamp\n" + "".join(
    f"t{n},lead{n % 7}@site.example,page.pricing,2026-04-{1 + n % 28:02d} 08:00:00\n" for n in range(40)
)
ALL = ("import", "try import", "undo import")


def a_client(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def the_page(client: Client, path: str, status: int = 200) -> str:
    """A page as it is answered; it must be sound HTML."""
    answer = client.get(path)
    assert answer.status_code == status, answer.status_code
    text = answer.content.decode()
    assert faults(text) == []
    return text


def bring(client: Client, content: bytes | str, name: str = "contacts.csv", **more: str) -> Any:
    """Send a file with the form as it was loaded."""
    once = re.search(r'name="once" value="(\w+)"', the_page(client, "/imports/new/"))
    assert once
    data = content.encode() if isinstance(content, str) else content
    return client.post("/imports/new/", {"once": once[1], "file": SimpleUploadedFile(name, data), **more})


def brought(client: Client, content: bytes | str, name: str = "contacts.csv") -> Upload:
    """A file that is there to be looked at."""
    answer = bring(client, content, name)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return Upload.objects.latest("pk")


def do_work(kinds: Collection[str] = ALL, *, later: timedelta = timedelta()) -> int:
    """What the worker does, by its own functions, until nothing of these kinds is due."""
    done = 0
    while some := sum(do_due(handlers.kinds()[kind], at=timezone.now() + later) for kind in kinds):
        done += some
    return done


def imported(client: Client, content: bytes | str, name: str = "contacts.csv") -> Upload:
    """A file that went all the way."""
    upload = brought(client, content, name)
    assert client.post(f"/imports/{upload.pk}/mapping/", {"act": "import"}).status_code == 302
    do_work()
    upload.refresh_from_db()
    return upload


def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def refused_rows(client: Client, upload: Upload) -> str:
    answer: Any = client.get(f"/imports/{upload.pk}/refused/0/")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def kept_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []
