"""What is shipped: reasons for every dependency, locks of hashes alone, no address of any machine or registry."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements/run.txt", "requirements/dev.txt", "requirements/spark.txt")
# Written in parts, so that this file does not hold what it forbids.
FORBIDDEN = {
    "a registry": re.compile("pypi" + r"\.org|python" + "hosted|--(extra-)?index" + "-url[ =]"),
    "a path of one machine": re.compile(r"(?<![\w.~-])/(" + r"work/(main|shared)|home|Users|root|opt" + r")/\w"),
}
ALLOWED_TO_NAME_FLAGS = {"requirements/compile.sh"}


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for name in tracked():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures, fonts and sheets


def test_every_dependency_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    wanted = [*PROJECT["project"]["dependencies"], *chain(*PROJECT["project"]["optional-dependencies"].values())]
    for requirement in wanted:
        place = next(number for number, line in enumerate(lines) if line.strip() == f'"{requirement}",')
        assert re.match(r" +# [A-Z].+\.$", lines[place - 1]), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_alone(lock: str) -> None:
    pinned = re.compile(r"^[a-z0-9._-]+==[\w.!+-]+( ; .+)? \\$")
    hashed = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        assert pinned.match(line) or hashed.match(line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    extras = PROJECT["project"]["optional-dependencies"]
    own = PROJECT["project"]["dependencies"] + extras["build"]
    asked = {"run.txt": own, "dev.txt": own + extras["dev"], "spark.txt": extras["spark"]}
    names = {re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in asked[Path(lock).name]}
    assert {re.sub("[._]", "-", name) for name in names} <= locked


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_names(what: str) -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name not in ALLOWED_TO_NAME_FLAGS
        for match in [FORBIDDEN[what].search(text)]
        if match
    ]
    assert not found


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest and newest[1] == PROJECT["project"]["version"]


def test_the_licence_is_the_one_that_is_named() -> None:
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
