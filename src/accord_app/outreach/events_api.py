"""Where the mail provider tells what became of mails: the address that its settings ask for as a webhook. It takes the
secret of `ACCORD_MAIL_EVENTS_SECRET`; without one nothing is heard."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accord_app.outreach import hearing

_NAME = re.compile(r"[a-z_]{2,30}")


@csrf_exempt
@login_not_required
def events(request: HttpRequest, provider: str) -> HttpResponse:
    """Events of the provider that is set; 404 for any other."""
    if (
        not settings.ANYMAIL.get("WEBHOOK_SECRET")
        or provider != settings.MAIL_PROVIDER
        or not _NAME.fullmatch(provider)
    ):
        raise Http404("No mail provider tells anything here.")
    answer: HttpResponse = _view(provider)(request)
    return answer


@lru_cache(maxsize=4)
def _view(provider: str) -> Any:
    """django-anymail's own view of a provider, which checks secret and signature, with what it hears told to us."""
    from anymail.signals import tracking

    module = importlib.import_module(f"anymail.webhooks.{provider}")
    views = [each for name, each in vars(module).items() if name.endswith("TrackingWebhookView")]
    own = [each for each in views if each.__module__ == module.__name__]
    tracking.connect(_heard, dispatch_uid="accord.outreach")
    return own[0].as_view()


def _heard(sender: object, event: object, esp_name: str, **more: object) -> None:
    now = timezone.now()
    hearing.hear(hearing.of_event(event, at=now), provider=esp_name.lower(), at=now)
