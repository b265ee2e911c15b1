"""Run every benchmark of this folder, one after the other.

    python -m benchmarks                  all, at the sizes that docs/scaling.md quotes
    python -m benchmarks --short          small sizes, to see that they run
    python -m benchmarks clock replay     only these

Exit code 1 when a figure is above its limit or a benchmark does not run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def main(argv: list[str] | None = None) -> int:
    """Run the scripts as programs of their own, so that none measures what another left in memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", choices=[*names(), []], metavar="NAME", help=", ".join(names()))
    parser.add_argument("--short", action="store_true", help="small sizes, to see that they run")
    args = parser.parse_args(argv)
    failed = [name for name in args.names or names() if not passes(name, short=args.short)]
    print(f"\nAbove a limit, or not running: {', '.join(failed)}." if failed else "\nAll within their limits.")
    return int(bool(failed))


def names() -> list[str]:
    """Every script here that is a benchmark."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py") if "def main(" in path.read_text(encoding="utf-8"))


def passes(name: str, *, short: bool) -> bool:
    """Run one script and say how long it took."""
    print(f"\n{name}\n{'-' * len(name)}", flush=True)
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, FOLDER / f"{name}.py", *["--short"][: int(short)]], cwd=FOLDER.parent)
    print(f"{time.perf_counter() - begun:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
