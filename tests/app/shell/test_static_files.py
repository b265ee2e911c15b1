"""Static files as `accord serve` collects them: under names that change with their content, compressed, complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client
from tests.app.cast import a_rep

SHELL = Path(__file__).parents[3] / "src/accord_app/shell/static"


@pytest.fixture
def collected(settings: LazySettings, tmp_path: Path) -> Path:
    """The folder into which everything was collected."""
    settings.STATIC_ROOT = tmp_path / "collected"
    kept = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": kept}
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "collected"


def stored(name: str) -> str:
    """The collected name of a file."""
    return staticfiles_storage.url(name).removeprefix("/static/")


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_house")
def test_every_file_that_a_page_asks_for_was_collected(collected: Path, client: Client) -> None:
    client.force_login(a_rep())
    page = client.get("/components/").content.decode()
    asked = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(asked) >= 8
    assert [name for name in asked if not (collected / name).is_file()] == []
    assert all(re.search(r"\.[0-9a-f]{12}\.", name) for name in asked)


def test_style_sheets_ask_for_the_fonts_by_their_collected_names(collected: Path) -> None:
    tokens = (collected / stored("shell/tokens.css")).read_text(encoding="utf-8")
    fonts = re.findall(r'url\("([^"]+)"\)', tokens)
    assert len(fonts) == 5
    assert [font for font in fonts if not (collected / "shell" / font).is_file()] == []


def test_the_frame_is_light(collected: Path) -> None:
    every_page = ("tokens.css", "base.css", "steps.css", "shell.css", "accord.js")
    sent = [collected / f"{stored(f'shell/{name}')}.gz" for name in every_page]
    assert sum(file.stat().st_size for file in sent) < 25_000


def test_only_the_tokens_hold_raw_colours() -> None:
    raw = re.compile(r"#[0-9a-fA-F]{3,8}\b")
    ours = [file for file in SHELL.rglob("*.css") if file.name not in ("tokens.css", "base.css")]
    assert [
        file.name for file in ours if raw.search(re.sub(r"#[\w-]+[{,]", "", file.read_text(encoding="utf-8")))
    ] == []


def test_a_browser_that_shows_no_page_of_ours_finds_the_icon_and_a_crawler_is_sent_away(client: Client) -> None:
    icon = client.get("/favicon.ico")
    assert (icon.status_code, icon["Content-Type"]) == (200, "image/x-icon")
    assert b"".join(icon)[:4] == b"\0\0\1\0"  # so begins an icon of Windows, the form that is asked for by name
    assert b"Disallow: /\n" in b"".join(client.get("/robots.txt"))
