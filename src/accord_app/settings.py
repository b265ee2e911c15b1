"""Every setting, in one file. What differs from place to place comes from the environment and is listed in
`docs/operations.md`; a test holds that page complete."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any

import environ

HERE = Path(__file__).parent
env = environ.Env()

# Where things live

DATA = Path(env("ACCORD_DATA", default="var/accord")).absolute()
LAKE = DATA / "lake"
UPLOADS = DATA / "uploads"
ADDRESS = env("ACCORD_ADDRESS", default="http://127.0.0.1:8000").rstrip("/")
DEMO = env.bool("ACCORD_DEMO", default=False)


def _secret() -> str:
    """From the environment, else drawn once and kept beside the data, readable by its owner alone."""
    if given := env("ACCORD_SECRET_KEY", default=""):
        return str(given)
    file = DATA / "secret_key"
    DATA.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as drawn:
            drawn.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return file.read_text(encoding="ascii").strip()


SECRET_KEY = _secret()
DEBUG = env.bool("ACCORD_DEBUG", default=False)
ALLOWED_HOSTS = env.list("ACCORD_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [ADDRESS]
_HTTPS = ADDRESS.startswith("https://")

# The database

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("ACCORD_DATABASE_URL", default=f"sqlite:///{DATA / 'accord.db'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; "
        "PRAGMA wal_autocheckpoint = 16000; "  # the worker keeps the log shorter than this, so that nobody waits for it
        "PRAGMA secure_delete = ON;",  # what is deleted or changed is overwritten, so that erasure holds
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rooms, top floor first

ROOMS = (
    "demo", "today", "scoreboard", "handoffs", "outreach", "shield", "agreements", "intake", "measures", "records",
    "outbox", "work", "members", "ledger", "shell",
)  # fmt: skip
INSTALLED_APPS = [
    *(f"accord_app.{room}.apps.{room.title()}Config" for room in ROOMS),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]
MIDDLEWARE = [
    "accord_app.api.middleware.problems",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accord_app.members.middleware.first_run",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accord_app.shell.once.reading",
    "accord_app.members.middleware.reader_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accord_app.shell.middleware.SignInAndBack",
    "accord_app.shell.middleware.HtmxAnswers",
    "accord_app.shell.middleware.Refusals",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "accord_app.urls"
WSGI_APPLICATION = "accord_app.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accord_app.shell.frame.frame",
            ]
        },
    }
]

# People

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name", "handle")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ACCORD_PROXIES", default=0)
ACCOUNT_ADAPTER = "accord_app.members.sign_in.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "accord_app.members.sign_in_forms.Login",
    "reset_password": "accord_app.members.sign_in_forms.ResetPassword",
    "reset_password_from_key": "accord_app.members.sign_in_forms.NewPassword",
    "change_password": "accord_app.members.sign_in_forms.ChangePassword",
    "set_password": "accord_app.members.sign_in_forms.SetPassword",
    "reauthenticate": "accord_app.members.sign_in_forms.Reauthenticate",
}
MFA_FORMS = {
    "authenticate": "accord_app.members.sign_in_forms.SecondStep",
    "reauthenticate": "accord_app.members.sign_in_forms.SecondStepAgain",
    "activate_totp": "accord_app.members.sign_in_forms.ActivateTotp",
}
MFA_ADAPTER = "accord_app.members.sign_in.SecondFactors"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Accord"

# Safety

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
CSRF_FAILURE_VIEW = "accord_app.shell.errors.stale_form"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Files that people bring

UPLOAD_LIMIT = env.int("ACCORD_UPLOAD_LIMIT_MB", default=500) * 1024 * 1024
UNPACKED_LIMIT = env.int("ACCORD_UNPACKED_LIMIT_MB", default=4000) * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "accord_app.intake.uploading.LimitedFileUploadHandler",
]

# Calendars of colleagues

CALENDAR_NETWORKS = [ipaddress.ip_network(net) for net in env.list("ACCORD_CALENDAR_NETWORKS", default=[])]

# Mail

EMAIL_URL = env("ACCORD_MAIL_URL", default="")
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
MAIL_FROM = DEFAULT_FROM_EMAIL = env("ACCORD_MAIL_FROM", default="Accord <accord@localhost>")
EMAIL_TIMEOUT = 20
MAIL_PROVIDER = env("ACCORD_MAIL_PROVIDER", default="")  # as django-anymail calls it: mailgun, postmark, ses
ANYMAIL = env.dict("ACCORD_MAIL_PROVIDER_SETTINGS", default={})
if secret := env("ACCORD_MAIL_EVENTS_SECRET", default=""):
    ANYMAIL["WEBHOOK_SECRET"] = secret
if MAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"

# Time, language, files

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": UPLOADS}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ROOT = Path(__file__).parent / "shell/root"  # what is asked for at the root without any page naming it
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("ACCORD_LOG", default="INFO")},
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
