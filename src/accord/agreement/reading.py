"""YAML into an agreement, or into all the mistakes that stand in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from accord.agreement.articles import AGREEMENT
from accord.agreement.checking import check
from accord.agreement.document import Agreement
from accord.agreement.mistake import AgreementError, Mistake, MistakeKind, in_order
from accord.agreement.shape import UNKNOWN_KEY, Field, Reading, time_zones
from accord.agreement.yaml_text import Node, NotYamlError, decoded, parsed
from accord.facts.errors import AccordError

FALLBACK_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read of a text: the agreement with stand-ins where something was refused, and the findings.

    `agreement` is None only for a text that is no YAML mapping at all.
    """

    agreement: Agreement | None
    mistakes: tuple[Mistake, ...]
    misspelt: Mapping[str, str] = field(default_factory=dict)  # path as it was meant -> path as it is written

    def checked(self) -> tuple[Mistake, ...]:
        """These findings and those of `checking.check`, in the order of the text."""
        if self.agreement is None:
            return self.mistakes
        return in_order([*self.mistakes, *check(self.agreement, broken=self.broken, misspelt=self.misspelt)])

    @property
    def broken(self) -> frozenset[str]:
        """Paths at which a stand-in was put. An unknown key breaks nothing but itself."""
        return frozenset(each.path for each in self.mistakes if each.blocks and not each.found.startswith(UNKNOWN_KEY))


def read(source: Path | str | bytes) -> tuple[Agreement | None, tuple[Mistake, ...]]:
    """Read the agreement in a file (`Path`) or text, judged on its shape alone; never raises for what is written.

    The agreement is None when anything blocks. What hangs together between clauses is `checking.check`.
    Raises AccordError for a file that cannot be opened.
    """
    draft = read_as_far_as_possible(source)
    return (None if any(m.blocks for m in draft.mistakes) else draft.agreement), draft.mistakes


def load(source: Path | str | bytes) -> Agreement:
    """The agreement in a file or text, shape and conditions checked.

    Raises AgreementError that lists every mistake. Contradictions between clauses do not keep a draft from being
    replayed; `accord check` tells them. Raises AccordError for a file that cannot be opened.
    """
    draft = read_as_far_as_possible(source)
    refused = [each for each in draft.mistakes if each.blocks]
    wrong = [each for each in draft.checked() if each.kind is MistakeKind.MISTAKE]
    if draft.agreement is None or wrong or refused:
        raise AgreementError(_name(source), in_order([*wrong, *refused]))
    return draft.agreement


def read_as_far_as_possible(source: Path | str | bytes) -> Draft:
    """Read what can be read, so that one mistake does not hide the others."""
    try:
        text = decoded(_bytes(source))
        node, doubled = parsed(text)
        if node.pairs is None:
            raise NotYamlError(
                node.line, node.column, node.says(), "an agreement is a mapping that begins with `accord: 1`"
            )
    except NotYamlError as error:
        return Draft(None, (error.mistake,))
    reading = Reading(time_zone=_zone(node), mistakes=list(doubled))
    agreement = AGREEMENT.read(node, "", reading)
    unenforced = [_not_yet(at, path, each) for at, path, each in reading.unenforced]
    signed = replace(agreement, text=text, digest=hashlib.sha256(text.encode()).hexdigest())
    return Draft(signed, in_order([*reading.mistakes, *unenforced]), reading.misspelt)


def _bytes(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        return source.encode("utf-8", errors="surrogatepass")
    try:
        return source.read_bytes()
    except OSError as error:
        raise AccordError(
            f"{source} cannot be read: {error.strerror or error}.", remedy="Name the file of an agreement."
        ) from None


def _name(source: Path | str | bytes) -> str:
    return str(source) if isinstance(source, Path) else "the agreement"


def _zone(node: Node) -> str:
    named = node.get("time_zone")
    return named.text if named is not None and named.text in time_zones() else FALLBACK_ZONE


def _not_yet(node: Node, path: str, declared: Field) -> Mistake:
    message = f"{path} is not yet enforced. {declared.later}"
    return Mistake(node.line, node.column, path, node.says(), "", None, message, MistakeKind.NOT_YET_ENFORCED)
