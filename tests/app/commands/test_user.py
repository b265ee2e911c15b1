"""`accord user` as an operator types it; the founding as real processes on a database in a file."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password
from tests.app import cast
from tests.app.commands.test_serve import environment

from accord import cli
from accord_app.members.models import User
from accord_app.shell.models import Company

OLAF = ["create", "olaf@kestrel.example", "--name", "Olaf Berg"]
FOUND = ["--name", "Ingrid Solberg", "--password-stdin", "--company", "Kestrel", "--time-zone", "Europe/Berlin"]
NEW = "deep-lake-at-dawn-4"


class Operator:
    """Types a command and reads what it says."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch

    def types(self, *words: str, password: str = cast.PASSWORD) -> tuple[int, str, str]:
        """Exit code and what was said, to both streams."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        self.capsys.readouterr()
        code = cli.main(["user", *words])
        return code, *self.capsys.readouterr()


@pytest.fixture
def operator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    """Somebody at the machine."""
    return Operator(capsys, monkeypatch)


@pytest.mark.django_db
def test_an_empty_workspace_gets_its_company_and_administrator(operator: Operator) -> None:
    nobody = "Nobody yet. The first page of the workspace makes the first administrator.\n"
    assert operator.types("list")[:2] == (0, nobody)
    code, _, said = operator.types(*OLAF, "--password-stdin")
    assert code == 2 and "This workspace is empty. Add --company NAME" in said
    code, said, _ = operator.types("create", "ingrid@kestrel.example", *FOUND)
    assert (code, said) == (0, "Ingrid Solberg (administrator) can sign in as ingrid@kestrel.example.\n")
    assert Company.objects.get().time_zone == "Europe/Berlin"
    code, said, _ = operator.types(*OLAF, "--password-stdin", "--role", "revops", "--json")
    assert code == 0 and json.loads(said)["created"]["role"] == "revops"
    listed = json.loads(operator.types("list", "--json")[1])["members"]
    assert [(row["handle"], row["standing"]) for row in listed] == [("ingrid", "joined"), ("olaf", "joined")]
    assert "olaf    Olaf Berg" in operator.types("list")[1]


@pytest.mark.django_db
def test_a_password_is_reset_by_link_or_set_and_a_lost_phone_is_no_end(operator: Operator) -> None:
    ingrid = cast.an_administrator()
    code, said, _ = operator.types("reset", "Ingrid@kestrel.example")
    assert code == 0 and "/account/password/reset/key/" in said
    code, said, _ = operator.types("reset", ingrid.email, "--password-stdin", password=NEW)
    assert (code, said) == (0, "The password of Ingrid Solberg is set.\n")
    assert check_password(NEW, User.objects.get(handle="ingrid").password)
    Authenticator.objects.create(user=ingrid, type=Authenticator.Type.TOTP, data={"secret": "x"})
    code, said, _ = operator.types("reset", ingrid.email, "--second-factor", "--json")
    assert code == 0 and json.loads(said)["removed"] == 1
    assert not Authenticator.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["create", "ingrid@kestrel.example", *FOUND[:3]], cast.PASSWORD, "is the address of Ingrid Solberg already"),
        (["create", "ingrid@kestrel.example", *FOUND], cast.PASSWORD, "This workspace has its company."),
        (["create", "nobody", *FOUND[:3]], cast.PASSWORD, "nobody is not an e-mail address."),
        ([*OLAF[:2], "--name", "", "--password-stdin"], cast.PASSWORD, "That is not a name."),
        ([*OLAF, "--role", "owner"], cast.PASSWORD, "There is no role owner."),
        ([*OLAF, "--password-stdin"], "short", "too short"),
        (OLAF, cast.PASSWORD, "nobody to ask for the password"),
        (["reset", "nobody@kestrel.example"], "", "No member has the address nobody@kestrel.example."),
        (["remove", "x"], "", "invalid choice"),
        ([], "", "required"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(operator: Operator, words: list[str], password: str, said: str) -> None:
    cast.an_administrator()
    code, out, err = operator.types(*words, password=password)
    assert code == 2 and said in err and len(err.splitlines()) == 1 and not out
    assert User.objects.count() == 1


def started(data: Path, *words: str) -> subprocess.Popen[str]:
    """`accord user` under way, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "accord.cli", "user", *words],
        env=environment(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def heard(process: subprocess.Popen[str]) -> tuple[int, Any, str]:
    """What a process came to."""
    out, err = process.communicate(f"{cast.PASSWORD}\n", timeout=120)
    return process.returncode, json.loads(out or "null"), err


def test_of_two_who_found_at_the_same_moment_one_wins(tmp_path: Path) -> None:
    code, _, said = heard(started(tmp_path, "list"))
    assert code == 2 and "The tables of the database are not those of this version." in said
    words = [sys.executable, "-m", "accord_app.commands.manage", "migrate", "--verbosity", "0"]
    subprocess.run(words, env=environment(tmp_path), check=True, timeout=120)
    both = [started(tmp_path, "create", f"founder{n}@kestrel.example", *FOUND, "--json") for n in range(2)]
    came = [heard(process) for process in both]
    assert sorted(code for code, *_ in came) == [0, 2]
    refused = next(err for code, _, err in came if code)
    assert "set up this workspace" in refused or "has its company" in refused
    assert len(heard(started(tmp_path, "list", "--json"))[1]["members"]) == 1
