"""`accord draft`: a first agreement from a template and the answers to its questions."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from accord.agreement.drafting.answers import AnswersError, starting
from accord.agreement.drafting.kinds import Rows
from accord.agreement.drafting.questions import Question
from accord.agreement.drafting.sheet import Sheet, written
from accord.agreement.drafting.templates import TEMPLATES, Template, template
from accord.agreement.drafting.writing import Drafted, draft
from accord.agreement.mistake import MistakeKind
from accord.agreement.yaml_text import NotYamlError, decoded, parsed
from accord.facts.errors import AccordError

EXAMPLES = """\
examples:
  accord draft                                                      the templates
  accord draft --template one-team --questions                      what it asks, and why
  accord draft --template one-team --blank > answers.yaml           a file of answers to fill in
  accord draft --template one-team --answers answers.yaml --to agreement.yaml
  accord draft --template one-team --answers answers.yaml --set line=60 --set 'countries=DE, AT, CH'

Answers are YAML or JSON. What they leave out takes its default. A list of rows is written as YAML:
  --set 'teams=[{name: sales, people: "tomas, sara", deputy: sam}]'

exit code: 0 fine, 1 answers that cannot be taken, 2 files or usage that cannot be worked with
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord draft`."""
    parser.description = "Draft a first agreement from a template. Whoever edits it later finds explanations in it."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--template", metavar="NAME", help="the template; without it, all of them are listed")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--questions", action="store_true", help="list what the template asks")
    form.add_argument("--blank", action="store_true", help="print a file of answers to fill in, with every default")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="the answers, as YAML or JSON")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one answer; may be repeated")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the agreement to a new file (standard output)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """List templates or questions, or write one agreement; 1 when an answer cannot be taken."""
    today = date.today()  # noqa: DTZ011 - the day where the command is typed
    if args.template is None:
        if args.answers or args.set or args.questions or args.blank or args.to:
            raise AccordError("No template is named.", remedy=f"Add --template with one of {', '.join(TEMPLATES)}.")
        return _list_templates(as_json=args.json)
    chosen = template(args.template)
    if args.questions:
        return _list_questions(chosen, as_json=args.json)
    if args.blank:
        sys.stdout.write(blank(chosen, on=today))
        return 0
    if args.answers is None and not args.set:
        raise AccordError(
            "There are no answers.",
            remedy=f"See what is asked with `accord draft --template {chosen.name} --questions`, and fill in a file "
            f"that `accord draft --template {chosen.name} --blank` prints.",
        )
    try:
        drafted = draft(chosen.name, given(args.answers, args.set), on=today)
    except AnswersError as error:
        return _refuse(error, as_json=args.json)
    return _write(chosen, drafted, args.to, as_json=args.json)


def given(file: Path | None, settings: list[str]) -> dict[str, Any]:
    """The answers of a file and those set on the command line, which win. Raises AccordError."""
    answers = _in_file(file) if file is not None else {}
    for setting in settings:
        key, is_set, value = setting.partition("=")
        if not is_set or not key.strip():
            raise AccordError(f"--set {setting!r} sets nothing.", remedy="Write it as --set line=60.")
        answers[key.strip()] = _value(key.strip(), value)
    return answers


def _in_file(file: Path) -> dict[str, Any]:
    try:
        node, doubled = parsed(decoded(file.read_bytes()))
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror or error}."
        raise AccordError(message, remedy="Name a file of answers.") from None
    except NotYamlError as error:
        raise AccordError(f"{file}: {error.mistake}", remedy="Write the answers as YAML or JSON.") from None
    if node.pairs is None:
        raise AccordError(f"{file} holds {node.says()}.", remedy="Write one answer a line, as `line: 60`.")
    if doubled:
        raise AccordError(f"{file}: {doubled[0]}", remedy="Keep one of the two.")
    answers: dict[str, Any] = node.plain()
    return answers


def _value(key: str, text: str) -> Any:
    """What is set on the command line: a list or mapping where it is written as one, else a text."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return parsed(text)[0].plain()
    except NotYamlError as error:
        raise AccordError(
            f"--set {key}: {error.mistake}", remedy="Write a list as [{name: sales, people: mia}]."
        ) from None


def blank(chosen: Template, *, on: date) -> str:
    """A file of answers with every default filled in; what has to be answered is left open."""
    sheet = Sheet()
    usual = starting(chosen, on=on)
    for section in chosen.sections:
        for number, question in enumerate(section.questions):
            needed = " (needed)" if question.is_required else " (may be left open)" if question.optional else ""
            said = [] if number else [*_wrapped(f"{section.title.upper()}. {section.sentence}"), ""]
            said += _wrapped(f"{question.ask}{needed} {question.why}")
            said += _wrapped(f"Answer with {question.kind.allowed}.")
            said += (
                [f"For example {question.kind.example}"]
                if isinstance(question.kind, Rows) and question.kind.example
                else []
            )
            value = usual[question.key]
            sheet.put(question.key, "" if value is None else value, "\n".join(said), apart=True)
    head = (f"Answers for the template {chosen.name}: {chosen.sentence}", "What is left out takes its default.")
    return written(sheet, head)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 116)


def _list_templates(*, as_json: bool) -> int:
    if as_json:
        return _json([each.as_json() for each in TEMPLATES.values()])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("template", no_wrap=True)
    table.add_column("what it is for", overflow="fold")
    for each in TEMPLATES.values():
        table.add_row(each.name, f"{each.sentence} {each.fits}")
    Console(highlight=False).print(table)
    return 0


def _list_questions(chosen: Template, *, as_json: bool) -> int:
    if as_json:
        sections = [
            {"title": each.title, "sentence": each.sentence, "questions": [q.as_json() for q in each.questions]}
            for each in chosen.sections
        ]
        return _json({**chosen.as_json(), "sections": sections})
    console = Console(highlight=False)
    for section in chosen.sections:
        console.print(Text(f"\n{section.title}", style="bold"))
        console.print(Text(section.sentence, style="dim"))
        for question in section.questions:
            console.print(Text(f"  {question.key}", style="bold"), Text(question.ask))
            console.print(Padding(Text(f"{question.why} {_default(question)}", style="dim"), (0, 0, 0, 4)))
    return 0


def _default(question: Question) -> str:
    if question.follows:
        return f"Default: {question.follows}."
    if question.default is None:
        return "May be left open." if question.optional else "Needed."
    return f"Default: {question.kind.shown(question.default)}."


def _refuse(error: AnswersError, *, as_json: bool) -> int:
    if as_json:
        _json({"ok": False, "wrong": [each.as_json() for each in error.wrong]})
    for each in error.wrong:
        sys.stderr.write(f"accord draft: {each}\n")
    return 1


def _write(chosen: Template, drafted: Drafted, to: Path | None, *, as_json: bool) -> int:
    if to is not None:
        _to_file(to, drafted.text)
    if as_json:
        notes = [each.as_json() for each in drafted.notes]
        return _json({
            "ok": True, "template": chosen.name, "version": drafted.agreement.version, "file": str(to) if to else None,
            "answers": dict(drafted.answers), "notes": notes, "text": drafted.text,
        })  # fmt: skip
    if to is None:
        sys.stdout.write(drafted.text)
        return 0
    later = [each for each in drafted.notes if each.kind is MistakeKind.NOT_YET_ENFORCED]
    note = f" Not yet enforced: {', '.join(each.path for each in later)}." if later else ""
    sys.stdout.write(f"{to} is written: version {drafted.agreement.version} of {drafted.agreement.company}.{note}\n")
    sys.stdout.write(f"Read it as both teams will with `accord prose {to}`.\n")
    return 0


def _to_file(to: Path, text: str) -> None:
    try:
        with to.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise AccordError(f"{to} is there already.", remedy="Name a new file; nothing is written over.") from None
    except OSError as error:
        message = f"{to} cannot be written: {error.strerror or error}."
        raise AccordError(message, remedy="Name a file in a folder that exists.") from None


def _json(value: Mapping[str, object] | list[dict[str, object]]) -> int:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    return 0
