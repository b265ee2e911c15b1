"""Settings of a workspace that has only the rooms up to the outbox: it starts three times as fast."""

from __future__ import annotations

from accord_app.settings import *  # noqa: F403
from accord_app.settings import INSTALLED_APPS as EVERY_APP
from accord_app.settings import MIDDLEWARE as EVERY_LAYER

UP_TO_OUTBOX = ("outbox", "work", "members", "ledger", "shell")


def _is_here(name: str) -> bool:
    return not name.startswith("accord_app.") or name.split(".")[1] in UP_TO_OUTBOX


INSTALLED_APPS = [app for app in EVERY_APP if _is_here(app)]
MIDDLEWARE = [layer for layer in EVERY_LAYER if _is_here(layer)]
ROOT_URLCONF = "tests.faults.few_urls"
