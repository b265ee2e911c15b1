"""The forms of sign-in in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import forms as account
from allauth.mfa.base import forms as factors
from allauth.mfa.totp import forms as totp

from accord_app.members.forms import password_hint

if TYPE_CHECKING:
    from django.forms import BaseForm as Base
else:
    Base = object

LABELS = {
    "login": "E-mail address",
    "email": "E-mail address",
    "password": "Password",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "The same password again",
    "code": "Code",
}


class Worded(Base):
    """Labels in our words instead of placeholders; the rules of a new password as one sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, bound in self.fields.items():
            bound.label = LABELS.get(name, bound.label)
            bound.widget.attrs.pop("placeholder", None)
            bound.help_text = password_hint() if name == "password1" else ""


class Login(Worded, account.LoginForm):  # type: ignore[misc]
    """Sign-in."""


class ResetPassword(Worded, account.ResetPasswordForm):  # type: ignore[misc]
    """Asks for a link by mail."""


class NewPassword(Worded, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password by that link."""


class ChangePassword(Worded, account.ChangePasswordForm):  # type: ignore[misc]
    """A new password by the old one."""


class SetPassword(Worded, account.SetPasswordForm):  # type: ignore[misc]
    """A password for somebody without one."""


class Reauthenticate(Worded, account.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before something that matters."""


class SecondStep(Worded, factors.AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code."""


class SecondStepAgain(Worded, factors.ReauthenticateForm):  # type: ignore[misc]
    """The same once more, before something that matters."""


class ActivateTotp(Worded, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app."""
