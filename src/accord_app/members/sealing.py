"""Encrypts what is a secret of somebody here, so that a copy of the database alone opens nothing."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings


def cipher(purpose: str) -> Fernet:
    """By the secret key of this workspace, another one for each purpose. Decrypting raises InvalidToken when the
    secret key has changed."""
    key = hashlib.sha256(f"accord.members.{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
