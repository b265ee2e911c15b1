"""Prints `docs/definitions/`: from the declarations themselves, and from the specs that prove them.

python -m tests.house.pages
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.metrics import METRICS, Metric
from accord.agreement.schema import definitions
from accord.facts.docs import print_facts

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/definitions"
SPECS = ROOT / "tests/spec"


def columns() -> str:
    """Every column that a condition may use, by the facts that it comes from."""
    parts = [
        "# The columns of the lead view\n",
        "What is known about each person at a moment. Conditions of an agreement may use these columns and no other.",
        "What is not known is empty, and a comparison with it is neither true nor false.\n",
    ]
    for origin, found in groupby(LEAD_COLUMNS.values(), lambda column: column.origin.value):
        parts += [f"## From {origin}\n", "| column | kind | unit | what it says |", "|---|---|---|---|"]
        parts += [f"| `{each.name}` | {each.kind.value} | {each.unit} | {each.sentence} |" for each in found]
        parts.append("")
    return "\n".join(parts)


def metrics() -> str:
    """Every metric with its definition and its example."""
    parts = ["# Metrics\n", "One definition each, for both teams. Each example is run as a test.\n"]
    for name, metric in METRICS.items():
        example = (SPECS / f"metrics/{name}.md").read_text(encoding="utf-8").strip()
        parts += [f"## {name}\n", metric.sentence + "\n", *definition(metric), "", "### Example\n", example, ""]
    return "\n".join(parts)


def definition(metric: Metric) -> list[str]:
    """The parts of one definition, as a list of lines."""
    said = {
        "form": ", in ".join(dict.fromkeys([metric.form.value, metric.unit.value])),
        "numerator": metric.numerator,
        "denominator": metric.denominator,
        "period": metric.cohort.value,
        "what is open": metric.open,
        "left out": "; ".join(metric.left_out),
        "records needed": str(metric.needed),
    }
    return [f"- **{word}:** {text}" for word, text in said.items() if text]


def spec(title: str, file: str) -> Callable[[], str]:
    """A printer of one file of specs: what each test proves, with its tables."""

    def page() -> str:
        text = (SPECS / file).read_text(encoding="utf-8")
        module = ast.parse(text)
        tests = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        shown = list(proofs(module, tests, text))
        parts = [f"# {title}\n", (ast.get_docstring(module) or "") + "\n"]
        parts += [f"Printed from `tests/spec/{file}`, which `make test` runs.\n"]
        for sentence, tables in shown:
            parts += [f"## {sentence}\n", *tables] if tables else []
        alone = [sentence for sentence, tables in shown if not tables]
        parts += ["## Proven without a table\n", *[f"- {sentence}" for sentence in alone], ""] if alone else []
        return "\n".join(parts)

    return page


def proofs(module: ast.Module, tests: Iterable[ast.FunctionDef], text: str) -> Iterator[tuple[str, list[str]]]:
    """For each test its sentence and its tables; a table that several tests share stands at the first of them."""
    named = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    told: set[str] = set()
    for test in tests:
        used = [n.id for n in ast.walk(test) if isinstance(n, ast.Name) and n.id in named and n.id not in told]
        told.update(used)
        shared = [block for name in used for block in blocks(named[name])]
        written = [*shared, *blocks(test)]
        yield sentence_of(test.name), [*parameters(test), *written, *(asserted(test, text) if written else [])]


def sentence_of(name: str) -> str:
    """`test_a_day_is_open` says: A day is open."""
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def blocks(node: ast.AST) -> list[str]:
    """Every written table below a node, as it stands in the spec."""
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    tables = ["\n".join(line.strip() for line in text.strip().splitlines()) for text in texts if " | " in text]
    return [f"```text\n{each}\n```\n" for each in tables]


def parameters(test: ast.FunctionDef) -> list[str]:
    """The rows of `parametrize` as a table, where they are written out as values."""
    found = []
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.parametrize":
            names, rows = mark.args[0], mark.args[1]
            if isinstance(names, ast.Tuple) and isinstance(rows, ast.List):
                found.append(table([ast.literal_eval(name) for name in names.elts], rows.elts))
    return found


def table(names: list[str], rows: Iterable[ast.expr]) -> str:
    """A table in Markdown of rows that are tuples."""
    lines = [f"| {' | '.join(name.replace('_', ' ') for name in names)} |", "|---" * len(names) + "|"]
    for row in rows:
        cells = row.elts if isinstance(row, ast.Tuple) else [row]
        lines.append(f"| {' | '.join(cell(each) for each in cells)} |")
    return "\n".join(lines) + "\n"


def cell(value: ast.expr) -> str:
    """A value as it is written in the spec, without quotes; a member of an enumeration by its word."""
    text = str(value.value) if isinstance(value, ast.Constant) else ast.unparse(value)
    text = re.sub(r"^[A-Z]\w*\.([A-Z_]+)$", lambda found: found[1].lower().replace("_", " "), text)
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def asserted(test: ast.FunctionDef, text: str) -> list[str]:
    """The expectations that a test writes in Python beside its tables."""
    found = [
        textwrap.dedent(" " * node.col_offset + (ast.get_source_segment(text, node) or ""))
        for node in test.body
        if isinstance(node, ast.Assert)
    ]
    found = [each for each in found if " | " not in each]
    return ["```python\n" + "\n".join(found) + "\n```\n"] if found else []


PAGES: Mapping[str, Callable[[], str]] = {
    "facts.md": print_facts,
    "as_known.md": spec("As known then, as known now", "test_as_known.py"),
    "imports.md": spec("What becomes of a row of a file", "test_import.py"),
    "agreement.md": definitions,
    "columns.md": columns,
    "conditions.md": spec("What a condition means", "test_condition.py"),
    "clock.md": spec("Business time", "test_clock.py"),
    "periods.md": spec("Periods", "test_periods.py"),
    "metrics.md": metrics,
    "promises.md": spec("Promises", "test_promise.py"),
    "funnel.md": spec("Stages and conversions", "test_funnel.py"),
    "attribution.md": spec("Attribution", "test_attribution.py"),
    "economics.md": spec("Economics", "test_economics.py"),
    "content.md": spec("Content", "test_content.py"),
    "forecast.md": spec("Forecast", "test_forecast.py"),
    "regret.md": spec("What became of leads that were given back", "test_regret.py"),
    "fairness.md": spec("How handoffs were dealt out", "test_fairness.py"),
    "drawn.md": spec("What became of leads drawn by lot", "test_drawn.py"),
    "defects.md": spec("Defects of handoffs", "test_defects.py"),
    "worlds.md": spec("Worlds of the simulated company", "test_worlds.py"),
}


def main() -> int:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, printed in PAGES.items():
        (FOLDER / name).write_text(printed(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
