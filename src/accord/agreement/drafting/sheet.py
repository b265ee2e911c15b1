"""YAML with explanations: what is written is built as data, so that no answer can change the shape of the text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from accord.agreement.yaml_text import resolved

INDENT = 2
NEVER_FOLDED = 10**6
PLAIN = re.compile(r"\w([\w./-]*\w)?", re.ASCII)


class Sheet:
    """A mapping in block form whose keys carry explanations. `depth` is how deep it will stand."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.map = CommentedMap()

    def put(self, key: str, value: Any, why: str = "", *, apart: bool = False) -> None:
        """Add a key unless there is nothing to say; `why` stands above it, after a blank line where it is `apart`."""
        if value is None:
            return
        self.map[key] = value.map if isinstance(value, Sheet) else made(value)
        before = f"\n{why}".rstrip() if apart else why
        if why or apart:
            self.map.yaml_set_comment_before_after_key(key, before=before or "\n", indent=self.depth * INDENT)

    def below(self) -> Sheet:
        """A sheet for a value of this one."""
        return Sheet(self.depth + 1)


def made(value: Any) -> Any:
    """A value for the writer: texts quoted where a reader could take them for anything else, mappings and lists of
    single values in one line, lists of mappings one row a line."""
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and resolved(value) == value else DoubleQuotedScalarString(value)
    if isinstance(value, Mapping):
        row = CommentedMap((key, made(cell)) for key, cell in value.items() if cell is not None)
        row.fa.set_flow_style()
        return row
    if isinstance(value, list | tuple):
        several = CommentedSeq(made(each) for each in value)
        if not any(isinstance(each, Mapping) for each in value):
            several.fa.set_flow_style()
        return several
    return value


def written(sheet: Sheet, head: Iterable[str]) -> str:
    """The text of a sheet below its head, whose lines become comments."""
    sheet.map.yaml_set_start_comment("\n".join(head))
    yaml = YAML()
    yaml.width = NEVER_FOLDED
    yaml.allow_unicode = True
    yaml.indent(mapping=INDENT, sequence=2 * INDENT, offset=INDENT)
    out = io.StringIO()
    yaml.dump(sheet.map, out)
    return out.getvalue()
