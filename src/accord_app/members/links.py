"""Links that let somebody in. Their tokens are worked out when a mail leaves, so that no table ever holds one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accord_app.members.models import Invitation, User

_SALT = "accord.members.invitation"


def token_of(invitation: Invitation) -> str:
    """The token of an invitation: the same each time, and not to be guessed without the secret key."""
    text = f"{invitation.pk}:{invitation.user_id}:{invitation.sent_at.isoformat()}"
    return f"{invitation.pk}-{salted_hmac(_SALT, text, algorithm='sha256').hexdigest()}"


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def invitation_link(invitation: Invitation) -> str:
    """The address under which an invited colleague sets a password."""
    return f"{settings.ADDRESS}{reverse('members:invitation', args=[token_of(invitation)])}"


def reset_link(user: User) -> str:
    """The address under which somebody sets a new password. It dies with the next sign-in or password."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return f"{settings.ADDRESS}{path.replace('UID-KEY', key)}"


def filled(kind: str, to: User, context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a mail with the link that its kind needs under `link`. Whoever sends mail asks at sending."""
    whole = dict(context)
    if kind == "password_reset":
        whole["link"] = reset_link(to)
    if kind == "invitation":
        found = to.invitations.filter(pk=context["invitation"], used_at=None).first()
        whole["link"] = invitation_link(found) if found else f"{settings.ADDRESS}{reverse('account_login')}"
    return whole
