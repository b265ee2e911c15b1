"""Run every benchmark of this folder, one after the other, each in a process of its own.

    python -m benchmarks                  all, at the sizes that docs/scaling.md quotes
    python -m benchmarks --short          small sizes, to see that they run
    python -m benchmarks clock replay     only these

Exit code 1 when a benchmark does not run, or a figure is above its limit; short sizes only prove that it runs.
"""

from __future__ import annotations

import argparse
import runpy
import subprocess
import sys
import time
import traceback
from pathlib import Path

FOLDER = Path(__file__).parent
BROKEN = 70


def main(argv: list[str] | None = None) -> int:
    """Run the scripts and say which of them did not do what they should."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--short", action="store_true", help="small sizes, to see that they run")
    parser.add_argument("--here", action="store_true", help="run one in this process")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(names()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    if args.here:
        return here(args.names[0], short=args.short)
    codes = {name: apart(name, short=args.short) for name in args.names or names()}
    broken = [name for name, code in codes.items() if code not in (0, 1)]
    slow = [name for name, code in codes.items() if code == 1]
    print(f"\nDo not run: {', '.join(broken) or 'none'}. Above a limit: {', '.join(slow) or 'none'}.")
    return int(bool(broken or (slow and not args.short)))


def names() -> list[str]:
    """Every script here."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def apart(name: str, *, short: bool) -> int:
    """Run one script so that it measures nothing that another left in memory; gives its exit code."""
    print(f"\n{name}\n{'-' * len(name)}", flush=True)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks", name, "--here", *(["--short"] if short else [])]
    code = subprocess.run(command, cwd=FOLDER.parent).returncode
    print(f"{time.perf_counter() - begun:.0f} s", flush=True)
    return code


def here(name: str, *, short: bool) -> int:
    """Run one script as if it had been called; an error is told from a figure above its limit."""
    script = FOLDER / f"{name}.py"
    sys.argv = [str(script), *(["--short"] if short else [])]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception:
        traceback.print_exc()
        return BROKEN
    return 0


if __name__ == "__main__":
    sys.exit(main())
