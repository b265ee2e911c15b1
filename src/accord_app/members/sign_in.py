"""How allauth signs people in here: nobody signs up, and mail leaves by the outbox like every other."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accord_app.members import actions
from accord_app.members.models import User
from accord_app.members.sealing import cipher

_PURPOSE = "second-factor"


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Closed to sign-up; the password page leads back to the profile."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: people are invited."""
        return False

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Queues the mail. Its link is made when it leaves, so that none is kept."""
        actions.send_reset(user=user, at=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Where the change began."""
        return reverse("members:profile")


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of second factors encrypted, so that a copy of the database alone opens nothing."""

    def encrypt(self, text: str) -> str:
        """By the secret key of this workspace."""
        return cipher(_PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken when the secret key has changed."""
        return cipher(_PURPOSE).decrypt(encrypted_text.encode()).decode()
