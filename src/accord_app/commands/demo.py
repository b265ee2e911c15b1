"""`accord demo`: the simulated company as a workspace: pages, a worker and a trickle of live traffic."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from accord_app.commands import serve
from accord_app.commands.bars import bars
from accord_app.commands.starting import load_django

EXAMPLES = """\
examples:
  accord demo                       6,000 leads in var/demo; the first start takes a minute, the next some seconds
  accord demo --port 8080           another port
  accord demo --leads 2000          a smaller company, when none is there yet
  accord demo --data /tmp/look      another folder

Everything in it is simulated, and says so. It stands apart from any real workspace: it has its own data folder, and
its sign-ins without a password exist in it alone.

exit code: 0 stopped as told, 2 no free port, or a folder that holds a real workspace
"""
DATA = Path("var/demo")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord demo`."""
    parser.description = "Show the simulated company in the browser."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help=f"where it lives ({DATA})")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000), else the next free one")
    parser.add_argument("--leads", type=int, default=6_000, metavar="N", help="how many leads (6,000)")


def run(args: argparse.Namespace) -> int:
    """Prepare the company if it is not there, then serve it until told to stop."""
    _settle_in(args.data)
    with serve.listening("127.0.0.1", args.port) as door:
        port = door.getsockname()[1]
    address = os.environ["ACCORD_ADDRESS"] = f"http://127.0.0.1:{port}"
    load_django()
    _prepare(args.leads)
    _say_where(address)
    _start_worker()
    _become_server(port)
    return 0


def _settle_in(data: Path) -> None:
    os.environ["ACCORD_DATA"] = str(data)
    os.environ["ACCORD_DEMO"] = "1"
    os.environ.pop("ACCORD_DATABASE_URL", None)


def _prepare(leads: int) -> None:
    """Tables as this version needs them, and the company in them."""
    from django.utils import timezone

    from accord_app.demo import workspace

    at = timezone.now()
    if workspace.was_begun():
        serve.bring_up_to_date()
        if workspace.is_ready():
            return
        workspace.forget()
    sys.stderr.write("Building the simulated company; the next start finds it there.\n")
    building = workspace.begin(at=at, leads=leads)
    try:
        serve.bring_up_to_date()
        with bars() as shown:
            workspace.prepare(building, at=at, shown=shown)
    finally:
        building.stop()


def _say_where(address: str) -> None:
    from accord_app.demo.people import CAST, SIGN_INS

    sys.stdout.write(f"\nLook around at {address}/demo/ and choose who you are:\n")
    for each in CAST:
        if each.handle in SIGN_INS:
            sys.stdout.write(f"  {each.name:<16}{each.role.title}\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def _start_worker() -> None:
    """A worker beside the pages. It ends when this process does, however it ends."""
    words = [sys.executable, "-m", "accord.cli", "worker", "--parent", str(os.getpid())]
    subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: S603


def _become_server(port: int) -> None:
    """The server forks, and the engine that built the company does not survive that: a fresh program takes over."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "accord.cli", "serve", "--ready", "--port", str(port)])  # noqa: S606
