"""A workspace of the first release comes up under this version, with its rows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.workspaces import ON, ROOT

FULL = "accord_app.settings"


@pytest.mark.parametrize("on", ON)
def test_a_workspace_of_the_first_release_comes_up_with_its_rows(on: str, tmp_path: Path) -> None:
    with ON[on](tmp_path, migrated=False) as workspace:
        workspace.settings = FULL
        before = json.loads(workspace.run("-m", "tests.faults.first_schema"))
        assert len(before) > 30, "every room that keeps anything"
        refused = subprocess.run(
            [sys.executable, "-m", "accord.cli", "status"],
            env=workspace.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 2 and "not those of this version" in refused.stderr
        assert "Bringing the database to this version" in served_once(workspace.environment)
        now = json.loads(workspace.run("-m", "tests.faults.first_schema", "now"))
        for table, was in before.items():
            row = {name: value for name, value in was.items() if name in now[table]}
            assert len(row) >= len(was) - 2, "a column was given up; few are"
            (found,) = workspace.query(f'SELECT {", ".join(f"{name!s}" for name in quoted(row))} FROM "{table}"')
            assert [None if value is None else str(value) for value in found] == list(row.values()), table
        assert "Bringing the database" not in served_once(workspace.environment)


def quoted(row: dict[str, str | None]) -> list[str]:
    return [f'"{name}"' for name in row]


def served_once(environment: dict[str, str]) -> str:
    """What `accord serve` says until it answers; then it is stopped."""
    command = [sys.executable, "-m", "accord.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if line.startswith("Accord answers"):
                server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0, said
    return "".join(said)
