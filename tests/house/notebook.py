"""Executes the notebook of the examples over a small simulated company and prints it as a page of the documentation.

python -m tests.house.notebook
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

from accord.example.company import build

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples/company.ipynb"
PAGE = ROOT / "docs/guide/notebook.md"
PICTURES = ROOT / "docs/img"
LEADS, MONTHS = 1_000, 6
DRAWN = "image/svg+xml"


def executed() -> Any:
    """The notebook with what its cells gave. Raises CellExecutionError where one fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with TemporaryDirectory(prefix="accord-notebook-") as folder:
        build(Path(folder) / "lake", leads=LEADS, months=MONTHS)
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
    return notebook


def printed(notebook: Any) -> tuple[str, dict[str, str]]:
    """The page, and its drawings by name."""
    pictures: dict[str, str] = {}
    parts = list(_cells(notebook, pictures))
    said = "Run by `make docs` from `examples/company.ipynb`; a test runs it again and compares every figure."
    return "\n\n".join([*parts, said]) + "\n", pictures


def _cells(notebook: Any, pictures: dict[str, str]) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        yield f"```python\n{cell.source}\n```"
        for output in cell.outputs:
            yield from _output(output, pictures)


def _output(output: Any, pictures: dict[str, str]) -> Iterator[str]:
    data = output.get("data", {})
    if DRAWN in data:
        name = f"notebook-{len(pictures) + 1}.svg"
        pictures[name] = data[DRAWN]
        yield f"![Chart](../img/{name})"
        return
    text = output.get("text") or data.get("text/plain", "")
    if text.strip():
        yield f"```text\n{text.rstrip()}\n```"


def main() -> int:
    """Execute and write; 0."""
    page, pictures = printed(executed())
    PAGE.write_text(page, encoding="utf-8")
    for name, drawing in pictures.items():
        (PICTURES / name).write_text(drawing, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
