"""The format of the agreement for editors and for readers, both printed from `articles.AGREEMENT`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accord.agreement.articles import AGREEMENT
from accord.agreement.shape import Field, Record, Shape

INTRODUCTION = (
    "Printed from the declaration that also reads agreements. `[]` stands for each entry of a list, `<…>` for a name "
    "that the agreement chooses. A key that nothing acts on yet says what will; `accord check` lists those that a "
    "file uses."
)
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an agreement; published as `docs/agreement.schema.json`.

    Dates and times are strings in it, as they stand in the text.
    """
    return {
        "$schema": DRAFT,
        "title": "Agreement between marketing and sales",
        "description": "Checked by editors while writing; `accord check` finds what a schema cannot.",
        **AGREEMENT.schema(),
    }


def keys() -> Iterator[tuple[str, Field]]:
    """Every key that an agreement may have, with its declaration: `promises[].at_least`, `teams.<team>.people`."""
    return _below("", AGREEMENT)


def _below(path: str, shape: Shape) -> Iterator[tuple[str, Field]]:
    if isinstance(shape, Record):
        for each in shape.fields:
            here = f"{path}.{each.key}".lstrip(".")
            yield here, each
            yield from _below(here, each.shape)
        return
    for step, inner in shape.inner():
        record = getattr(shape, "record", None)
        if record is not None:
            yield from _below(path, record)
            return
        yield from _below(f"{path}{step}", inner)


def definitions() -> str:
    """The page `docs/definitions/agreement.md`: every key, what it allows, what it means, what acts on it."""
    rows = [_row(path, each) for path, each in keys()]
    head = [
        "# The keys of an agreement",
        "",
        INTRODUCTION,
        "",
        "| key | needed | allowed | meaning | acted on by |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _row(path: str, each: Field) -> str:
    by = ", ".join(f"`accord.{module}`" for module in each.by) or f"nothing yet. {each.later}"
    allowed = each.shape.allowed.replace("|", "\\|")
    return f"| `{path}` | {'yes' if each.required else ''} | {allowed} | {each.sentence} | {by} |"
