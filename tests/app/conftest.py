"""What every test of the product stands on: a data folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings
from tests.app.flushing import let_flush_pass

let_flush_pass()


@pytest.fixture(autouse=True)
def data_folder(settings: LazySettings, tmp_path: Path) -> Path:
    """Lake, uploads and static files of one test."""
    settings.DATA, settings.LAKE, settings.UPLOADS = tmp_path, tmp_path / "lake", tmp_path / "uploads"
    return tmp_path
