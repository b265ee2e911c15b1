"""How the code is written, where the linters cannot tell."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/accord"
CLOCKS = {"now", "utcnow", "today"}
# Who may put SQL together. `sources/query.py` quotes what a file names; the others know every name by declaration.
COMPOSES_SQL = {
    "agreement/answers.py",
    "agreement/behind.py",
    "agreement/bench.py",
    "agreement/contact.py",
    "agreement/counting.py",
    "agreement/dealing.py",
    "agreement/explain.py",
    "agreement/holding.py",
    "agreement/kinship.py",
    "agreement/obligations.py",
    "agreement/promise.py",
    "agreement/qualify.py",
    "agreement/restore.py",
    "agreement/running.py",
    "agreement/standing.py",
    "agreement/unknowns.py",
    "commands/attribute.py",
    "commands/decide.py",
    "example/company.py",
    "example/life.py",
    "facts/compaction.py",
    "facts/dealt_out.py",
    "facts/duplicates.py",
    "facts/employers.py",
    "facts/engine.py",
    "facts/erasure.py",
    "facts/health.py",
    "facts/lake_files.py",
    "facts/lead_view.py",
    "facts/lead_view_few.py",
    "facts/lead_view_whole.py",
    "facts/ledger.py",
    "facts/recording.py",
    "facts/same.py",
    "facts/shares.py",
    "facts/spark_lake.py",
    "insight/attribution/in_sql.py",
    "insight/attribution/reading.py",
    "insight/attribution/wins.py",
    "insight/collisions.py",
    "insight/content_effect/content.py",
    "insight/defects.py",
    "insight/diagnosis/campaigns.py",
    "insight/diagnosis/case.py",
    "insight/diagnosis/content_gap.py",
    "insight/diagnosis/untrusted.py",
    "insight/dimensions.py",
    "insight/drawn.py",
    "insight/economics/books.py",
    "insight/economics/costs.py",
    "insight/economics/economics.py",
    "insight/economics/reach.py",
    "insight/economics/scenarios.py",
    "insight/forecast/forecast.py",
    "insight/forecast/reading.py",
    "insight/forecast/record.py",
    "insight/forecast/spending.py",
    "insight/misalignment.py",
    "insight/regret.py",
    "insight/replay/held_facts.py",
    "insight/replay/in_shares.py",
    "insight/replay/looking.py",
    "insight/replay/recorded.py",
    "insight/replay/replay.py",
    "insight/replay/reproduction.py",
    "insight/replay/summary.py",
    "insight/stages.py",
    "report/building.py",
    "sources/csv_files.py",
    "sources/importing.py",
    "sources/query.py",
    "sources/touch_files.py",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def is_public(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_module_says_what_it_is_for() -> None:
    bare = [name for name, module in modules() if module.body and not ast.get_docstring(module)]
    assert not bare


def test_every_public_function_and_class_says_what_it_gives_unless_it_is_short() -> None:
    bare = [
        f"{name}:{node.lineno} {getattr(node, 'name', '')}"
        for name, module in modules()
        for node in module.body
        if is_public(node) and lines_of(node) > 20 and not ast.get_docstring(node)  # type: ignore[arg-type]
    ]
    assert not bare


def test_only_doors_read_the_wall_clock() -> None:
    read = [
        f"{name}:{node.lineno}"
        for name, module in modules()
        if not name.startswith("commands/")
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]
    assert not read


def test_sql_is_composed_where_it_is_known_to_be() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "S608", "--output-format", "json"]
    found = subprocess.run([*command, str(SOURCE)], capture_output=True, text=True)
    places = {Path(each["filename"]).relative_to(SOURCE).as_posix() for each in json.loads(found.stdout)}
    assert places <= COMPOSES_SQL, "who joins the list has tests with hostile names"
