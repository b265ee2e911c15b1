"""How long accepting a handoff takes while touches are imported, on SQLite or on the database of ACCORD_DATABASE_URL.

    python -m benchmarks.app_import [--rows 1000000] [--short]

The import is done by a worker as `accord worker` runs it, a second worker carries facts to the lake and lets answers
take effect, and this process accepts handoffs, one after the other, until the import is in force. Prints rows of
figure, limit, measured. Exit code 1 when one in a hundred acceptances takes longer than the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

P99_LIMIT = 300.0
LEADS = 60
BETWEEN = 0.05
SINCE = datetime(2026, 1, 5, tzinfo=UTC)
AGREED: dict[str, Any] = {
    "accord": 1, "version": 1, "in_force_from": SINCE.isoformat(), "company": "Benchmark", "currency": "EUR",
    "time_zone": "UTC", "signatories": {"marketing": ["miro"], "sales": ["clara"]},
    "calendar": {"hours": {"mon-sun": "00:00-24:00"}}, "teams": {"sales": {"people": ["tomas"]}},
    "cards": {"points": {"intent": [{"touch": "form.price-request", "points": 50, "half_life": "365d", "at_most": 50}],
                         "bands": {"A": 40, "B": 0}}},
    "qualification": {"score": {"card": "points", "at_least": 40}}, "routing": {"rules": [{"team": "sales"}]},
    "response": {"answer": {"within": "30d"}, "first_touch": {"within": "60d"}, "outcome": {"within": "90d"}},
    "answers": {"reject": [{"code": "no_fit", "label": "No fit"}]},
}  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Prepare a workspace, import, accept meanwhile, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--short", action="store_true", help="20,000 rows, to see that it runs")
    args = parser.parse_args(argv)
    rows = 20_000 if args.short else args.rows
    with tempfile.TemporaryDirectory(prefix="accord-benchmark-") as folder:
        os.environ["ACCORD_DATA"], os.environ["DJANGO_SETTINGS_MODULE"] = folder, "accord_app.settings"
        os.environ["ACCORD_LOG"] = "WARNING"
        import django

        django.setup()
        return _measure(rows, Path(folder))


def _measure(rows: int, folder: Path) -> int:
    upload = _prepared(rows, folder)
    idle: list[float] = []
    taken: list[float] = []
    _accepting(lambda: len(idle) < 200, idle)
    begun = time.perf_counter()
    workers = [_worker("import"), _worker("carry,settle answers")]
    try:
        _accepting(lambda: _is_running(upload), taken)
    finally:
        seconds = time.perf_counter() - begun
        for worker in workers:
            worker.terminate()
            worker.wait()
    upload.refresh_from_db()
    if upload.state != "done" or upload.stored != rows:
        raise RuntimeError(f"the import is {upload.state}: {upload.stored:,} stored. {upload.problem}")
    return _told(rows, seconds, idle, taken)


def _told(rows: int, seconds: float, idle: list[float], taken: list[float]) -> int:
    p99 = _of_hundred(taken, 99)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    for figure, limit, measured in (
        ("rows imported", "", f"{rows:,}"),
        ("until in force", "", f"{seconds:.1f} s, {rows / seconds:,.0f} rows a second"),
        ("memory of the worker", "", f"{peak:,.0f} MiB"),
        ("accepting, nothing else going on, median", "", f"{median(idle):.0f} ms"),
        ("accepting, nothing else going on, 99 of 100", "", f"{_of_hundred(idle, 99):.0f} ms"),
        ("accepting while importing, times", "", f"{len(taken):,}"),
        ("accepting while importing, median", "", f"{median(taken):.0f} ms"),
        ("accepting while importing, 99 of 100", f"{P99_LIMIT:.0f} ms", f"{p99:.0f} ms"),
        ("accepting while importing, longest", "", f"{max(taken):.0f} ms"),
    ):
        print(f"{figure:45} {limit:>8}  {measured}")
    return int(p99 > P99_LIMIT)


def _of_hundred(taken: list[float], count: int) -> float:
    return sorted(taken)[min(len(taken) - 1, round(len(taken) * count / 100))]


def _prepared(rows: int, folder: Path) -> Any:
    """Tables, an agreement, somebody who sells, leads that wait for an answer, and a file that is to be imported."""
    from benchmarks.import_touches import write_touches
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.core.management import call_command
    from django.utils import timezone

    from accord_app.intake import imports
    from accord_app.members.models import Team, User

    call_command("migrate", verbosity=0)
    team = Team.objects.create(name="sales", title="Sales", side="sales")
    rep = User.objects.create_user(
        "tomas@benchmark.example", None, handle="tomas", name="Tomás", role="rep", team=team, joined_at=SINCE
    )
    _hand_over()
    path = folder / "touches.csv"
    write_touches(path, rows)
    file = SimpleUploadedFile("touches.csv", path.read_bytes())
    path.unlink()
    upload = imports.bring(file=file, once="benchmark", time_zone="UTC", by=rep, at=timezone.now())
    return imports.start(upload=upload, at=timezone.now())


def _hand_over() -> None:
    from django.utils import timezone

    from accord_app.handoffs.deciding import decide_about, desk
    from accord_app.records.actions import record

    event = {"id": "v1", "version": 1, "event": "in_force", "text": json.dumps(AGREED), "occurred_at": SINCE}
    record("agreements", [event], at=SINCE, source="accord")
    people, at = [f"waiting{n}" for n in range(LEADS)], timezone.now() - timedelta(hours=1)
    touches = [{"id": p, "person_id": p, "kind": "form.price-request", "occurred_at": at} for p in people]
    with desk(at) as now:
        record("touches", touches, at=now, source="site")
        decide_about(people, at=now)


def _worker(kinds: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "accord.cli", "worker", "--only", kinds]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _is_running(upload: Any) -> bool:
    upload.refresh_from_db(fields=["state"])
    return upload.state in ("queued", "running")


def _accepting(goes_on: Callable[[], bool], taken: list[float]) -> None:
    """Accept one handoff after the other and take the answer back, so that there is always one to accept; adds the
    milliseconds that accepting took."""
    from django.utils import timezone

    from accord_app.handoffs.actions import accept, take_back
    from accord_app.handoffs.models import Handoff
    from accord_app.members.models import User

    rep, place = User.objects.get(handle="tomas"), 0
    handoffs = list(Handoff.objects.filter(closed_at=None).order_by("pk"))
    while goes_on():
        handoff = handoffs[place % len(handoffs)]
        place += 1
        begun = time.perf_counter()
        accept(handoff=handoff, by=rep, at=timezone.now())
        taken.append(1000 * (time.perf_counter() - begun))
        take_back(handoff=handoff, by=rep, at=timezone.now())
        time.sleep(BETWEEN)


if __name__ == "__main__":
    sys.exit(main())
