"""`accord serve`: the pages, in one process, until told to stop."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accord.facts.errors import AccordError
from accord_app.commands.starting import load_django, missing_migrations

EXAMPLES = """\
examples:
  accord serve                              http://127.0.0.1:8000, on this machine alone
  accord serve --port 8080                  another port; when it is taken, the next that is free
  accord serve --port 8080 --fixed-port     that port or none, as a proxy in front needs
  accord serve --host 0.0.0.0               for others too: set ACCORD_HOSTS and ACCORD_ADDRESS, and put TLS in front
  accord serve --processes 2 --threads 8    for PostgreSQL on a machine with more cores

Tables are brought to this version first. Ctrl-C and SIGTERM stop cleanly: requests under way are answered.

exit code: 0 stopped as told, 2 no free port, or the database cannot be used
"""
PORTS = 20  # so many are tried, one after the other
MIGRATING = 0x0ACC02D  # the lock that keeps two starts on PostgreSQL from migrating at the same time


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord serve`."""
    parser.description = "Serve the pages."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000), else the next free one")
    parser.add_argument("--fixed-port", action="store_true", help="end when it is taken, as a proxy in front needs")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many processes (1)")
    parser.add_argument("--threads", type=int, default=8, metavar="N", help="how many threads in each (8)")
    parser.add_argument(
        "--ready", action="store_true", help=argparse.SUPPRESS
    )  # whoever calls has brought it up to date
    parser.add_argument("--access-log", action="store_true", help="write a line for each request")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; 0 then. Raises AccordError when no port is free or the database cannot be used."""
    if args.processes < 1 or args.threads < 1:
        raise AccordError("Nothing would answer.", remedy="Write numbers from 1 for --processes and --threads.")
    with listening(args.host, args.port, tries=1 if args.fixed_port else PORTS) as door:
        port = door.getsockname()[1]
        address = os.environ.setdefault("ACCORD_ADDRESS", f"http://{_reached_as(args.host)}:{port}")
        load_django()
        if not args.ready:
            bring_up_to_date()
        _serve(door, args, said=f"Accord answers on {address}. Ctrl-C stops it.")
    return 0


@contextmanager
def listening(host: str, port: int, *, tries: int = PORTS) -> Iterator[socket.socket]:
    """A socket that listens on the port, else on the next that is free. Raises AccordError when none is."""
    door = next((found for number in range(port, port + tries) if (found := _bound(host, number))), None)
    if door is None:
        which = f"Ports {port} to {port + tries - 1} are" if tries > 1 else f"Port {port} is"
        raise AccordError(f"{which} taken.", remedy="Choose another by --port.")
    taken = door.getsockname()[1]
    if port not in (0, taken):
        _tell(f"Port {port} is taken by another program, so this is port {taken}.")
    with door:
        yield door


def bring_up_to_date() -> None:
    """Tables and static files as this version needs them."""
    from django.core.management import call_command
    from django.db import connections

    if missing := missing_migrations():
        _tell(f"Bringing the database to this version ({len(missing)} {'step' if len(missing) == 1 else 'steps'}).")
        with _alone():
            call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    connections.close_all()  # a process that is forked must not share them


@contextmanager
def _alone() -> Iterator[None]:
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])


def _bound(host: str, port: int) -> socket.socket | None:
    if not 0 <= port <= 65_535:
        return None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen()
    except OSError as error:
        door.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise AccordError(
                f"{host} is not an address of this machine.", remedy="Try 127.0.0.1 or 0.0.0.0."
            ) from error
        return None
    return door


def _reached_as(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _serve(door: socket.socket, args: argparse.Namespace, *, said: str) -> None:
    from django.core.wsgi import get_wsgi_application
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings: dict[str, Any] = {
                "bind": f"fd://{door.detach()}",  # from here on gunicorn closes it
                "worker_class": "gthread",
                "workers": args.processes,
                "threads": args.threads,
                "accesslog": "-" if args.access_log else None,
                "loglevel": "warning",
                "proc_name": "accord serve",
                "control_socket_disable": True,
                "worker_exit": _leave,
                "when_ready": lambda server: _tell(said),  # noqa: ARG005 - gunicorn asks for this name
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return get_wsgi_application()

    Server(prog="accord serve").run()


def _leave(server: object, worker: Any) -> None:  # gunicorn calls it with these
    """Every answer is out. The engine's threads outlive the interpreter, and when it frees what they still use the
    process ends by a signal; so it ends without clearing up. One that never came up keeps its own exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if worker.booted and worker.pid == os.getpid():  # the parent calls this too, for one that is gone
        os._exit(0)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
