"""What happens before every page: an empty workspace is set up first, and times are told in the reader's zone."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accord_app.members.models import User
from accord_app.shell.models import Company

Answer = Callable[[HttpRequest], HttpResponseBase]
OPEN_WHILE_EMPTY = ("/static/", "/health", "/v1/")


def first_run(answer: Answer) -> Answer:
    """Sends every page to the first one while there is no company. Somebody who is signed in has one."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated or request.path.startswith(OPEN_WHILE_EMPTY):
            return answer(request)
        welcome = reverse("members:welcome")
        if request.path != welcome and not Company.objects.exists():
            return redirect(welcome)
        return answer(request)

    return answered


def reader_zone(answer: Answer) -> Answer:
    """Tells times in the zone of the reader, else of the company."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(_zone(request.user)):
            return answer(request)

    return answered


def _zone(reader: object) -> ZoneInfo | None:
    if not isinstance(reader, User):
        return None
    name = reader.time_zone or Company.objects.values_list("time_zone", flat=True).first()
    return ZoneInfo(name) if name else None
