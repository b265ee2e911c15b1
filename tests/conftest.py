"""What every test stands on."""

from __future__ import annotations

import pytest
from django.db import connections
from hypothesis import settings as of_examples

of_examples.register_profile("untimed", deadline=None)  # how long an example takes is the machine's business
of_examples.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as everywhere else. Of one in memory, a live server's threads would share a single connection,
    and two requests at the same moment would break each other's transactions."""
    asked = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        asked["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "accord.db")
