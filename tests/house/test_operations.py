"""What the pages for administrators tell to type exists: commands, options, settings, units, and how they fit."""

from __future__ import annotations

import configparser
import importlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.cli import Parser, commands

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guide"
OPERATIONS = (GUIDE / "operations.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "src/accord_app/settings.py").read_text(encoding="utf-8")
ENDS = {"|", "<", ">", "&&", "||", ";"}  # of what belongs to one command
UNITS = ("accord.service", "accord-worker.service", "accord-backup.service", "accord-backup.timer")


def fences(text: str, language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines(text: str) -> Iterator[str]:
    """Lines that are typed; those that end in a backslash go on."""
    for block in fences(text, "sh"):
        yield from (line for line in block.replace("\\\n", " ").splitlines() if line.strip())


def accords(line: str) -> Iterator[list[str]]:
    """The words after each `accord` that a line runs."""
    cut = shlex.shlex(line, posix=True, punctuation_chars="|<>&;")
    cut.whitespace_split, cut.commenters = True, "#"
    words = list(cut)
    for place, word in enumerate(words):
        if word.rpartition("/")[2] == "accord" and place + 1 < len(words) and "=" not in word:
            rest = words[place + 1 :]
            end = next((each for each, sign in enumerate(rest) if sign in ENDS), len(rest))
            if rest[0] in commands():
                yield rest[:end]


def parsed(words: list[str]) -> None:
    """Raises AccordError or SystemExit for what the command does not take."""
    command = commands()[words[0]]
    parser = Parser(prog=f"accord {command.name}")
    importlib.import_module(command.module).add(parser)
    parser.parse_args(words[1:])


TYPED = [
    pytest.param(words, id=f"{page.stem}: {' '.join(words)[:60]}")
    for page in sorted(GUIDE.glob("*.md"))
    for line in lines(page.read_text(encoding="utf-8"))
    for words in accords(line)
]


@pytest.mark.parametrize("words", TYPED)
def test_what_a_page_tells_to_type_is_what_the_command_takes(words: list[str]) -> None:
    parsed(words)


def test_the_operations_page_runs_what_an_administrator_needs() -> None:
    told = {words[0] for line in lines(OPERATIONS) for words in accords(line)}
    told |= {words[0] for name in UNITS[:3] for words in accords(unit(name)["Service"]["ExecStart"])}
    assert told >= {"serve", "worker", "user", "status", "backup", "restore"}


def test_every_command_stands_in_the_readme_and_on_a_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))
    assert [name for name in commands() if f"| `accord {name}` |" not in readme] == []
    assert [name for name in commands() if not re.search(rf"(^|`|/| )accord {name}\b", pages, re.MULTILINE)] == []


def test_every_setting_stands_in_the_guide_and_nothing_else_does() -> None:
    asked = set(re.findall(r'"(ACCORD_[A-Z_]+)"', SETTINGS))
    told = set(re.findall(r"^\| `(ACCORD_[A-Z_]+)`", (GUIDE / "settings.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert asked == told
    for page in GUIDE.glob("*.md"):
        named = set(re.findall(r"\b(ACCORD_[A-Z_]+)\b", page.read_text(encoding="utf-8")))
        assert named <= told, page.name


def environment() -> dict[str, str]:
    """The file that the services read."""
    block = next(block for block in fences(OPERATIONS, "sh") if block.startswith("# /etc/accord.env"))
    return dict(line.split("=", 1) for line in block.splitlines()[1:])


def unit(name: str) -> configparser.ConfigParser:
    """A unit of the page by its file's name."""
    block = next(each for each in fences(OPERATIONS, "ini") if each.splitlines()[0].endswith(f"/{name}"))
    read = configparser.ConfigParser(interpolation=None, delimiters="=", strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(block)
    return read


@pytest.mark.parametrize("name", UNITS[:3])
def test_a_service_starts_what_there_is_with_the_settings_that_are_shown(name: str) -> None:
    service = unit(name)["Service"]
    (words,) = accords(service["ExecStart"])
    parsed(words)
    assert service["EnvironmentFile"] == "/etc/accord.env"
    assert f"/var/lib/{service['StateDirectory']}" == environment()["ACCORD_DATA"] == service["WorkingDirectory"]
    assert service["User"] == "accord"


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_a_unit(name: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    for each in UNITS:
        read = unit(each)
        if "Service" in read:
            del read["Service"]["User"]  # who is not on this machine
            read["Service"]["ExecStart"] = "/bin/true"
        with (tmp_path / each).open("w") as file:
            read.write(file, space_around_delimiters=False)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / name)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_proxies_lead_to_the_port_of_the_service_and_let_through_what_may_be_uploaded() -> None:
    port = re.search(r"--port (\d+) --fixed-port", unit("accord.service")["Service"]["ExecStart"])
    most = re.search(r'"ACCORD_UPLOAD_LIMIT_MB", default=(\d+)', SETTINGS)
    assert port and most
    caddy = next(each for each in fences(OPERATIONS, "text") if "Caddyfile" in each)
    nginx = next(fences(OPERATIONS, "nginx"))
    assert f"reverse_proxy 127.0.0.1:{port[1]}\n" in caddy and f"max_size {most[1]}MB\n" in caddy
    assert f"proxy_pass http://127.0.0.1:{port[1]};" in nginx and f"client_max_body_size {most[1]}m;" in nginx
    for header in ("Host $host", "X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $scheme"):
        assert f"proxy_set_header {header};" in nginx
    host = environment()["ACCORD_ADDRESS"].removeprefix("https://")
    assert host in environment()["ACCORD_HOSTS"].split(",")
    assert caddy.splitlines()[1] == f"{host} {{" and f"server_name {host};" in nginx
    assert environment()["ACCORD_PROXIES"] == "1"


def test_braces_and_lines_of_the_nginx_example_are_whole() -> None:
    """Every line is a comment, opens or closes a block, or is a directive with its semicolon."""
    depth = 0
    for line in next(fences(OPERATIONS, "nginx")).splitlines():
        assert re.fullmatch(r"\s*(#.*|[a-z_]+( [^;{}]+)?( \{|;)|\}|)", line), line
        depth += line.count("{") - line.count("}")
    assert depth == 0
