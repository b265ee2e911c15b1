"""Settings of a workspace that has only the rooms up to the outbox: it starts three times as fast."""

from __future__ import annotations

from accord_app.settings import *  # noqa: F403
from accord_app.settings import INSTALLED_APPS as EVERYTHING

UP_TO_OUTBOX = ("outbox", "work", "members", "ledger", "shell")
INSTALLED_APPS = [app for app in EVERYTHING if not app.startswith("accord_app.") or app.split(".")[1] in UP_TO_OUTBOX]
ROOT_URLCONF = "tests.faults.few_urls"
