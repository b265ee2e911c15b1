"""The house of the walks, built once for the tests of a file; each of them finds it as it was built."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker
from tests.app.conftest import set_within
from tests.app.whole.world import Samples, a_full_house


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Samples, Path]]:
    """What is known of the house, and the folder of its lake and uploads. What a test changes is taken back with the
    test, what was built with the file: neither is ever committed."""
    folder = tmp_path_factory.mktemp("house")
    built = transaction.atomic()
    built._from_testcase = True  # type: ignore[attr-defined] # as of Django's own tests: what is durable may stand within
    with django_db_blocker.unblock():
        built.__enter__()
        with override_settings(**set_within(folder)):
            known = a_full_house()
    yield known, folder
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        built.__exit__(None, None, None)


@pytest.fixture
def known(house: tuple[Samples, Path], settings: LazySettings, data_folder: Path) -> Samples:
    """By which values addresses name what is in the house."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 3_600  # a walk takes minutes where a machine is slow
    samples, folder = house
    shutil.copytree(folder, data_folder, dirs_exist_ok=True)
    return samples
