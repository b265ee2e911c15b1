"""`accord prose`: an agreement as the numbered articles that both teams sign."""

from __future__ import annotations

import argparse
import html
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from accord.agreement.prose import MARK, Article, articles, heading
from accord.agreement.reading import load
from accord.facts.errors import AccordError

EXAMPLES = """\
examples:
  accord prose agreement.yaml                   the articles, quantities marked
  accord prose agreement.yaml --json            [{"no", "title", "text", "marks", "paths", "promises"}, …]
  accord prose agreement.yaml --html paper.html a page to print and sign

exit code: 0 fine, 2 the file cannot be opened or has mistakes (see `accord check`)
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{{max-width:46rem;margin:3rem auto;padding:0 1.25rem;font:1.0625rem/1.6 Newsreader,Georgia,serif;color:#171a17}}
h1{{font-weight:500;font-size:2.1rem;line-height:1.2;margin:0 0 .4rem}}
.in-force{{font:.9rem/1.5 Inter,system-ui,sans-serif;color:#5b615b;margin:0 0 2rem}}
article{{display:grid;grid-template-columns:2.25rem 1fr;border-top:1px solid #dcdfd8;padding:1rem 0}}
article h2{{font-size:1.1rem;margin:0 0 .35rem}} article p{{margin:0}} .no{{color:#5b615b}}
mark{{background:none;color:inherit;border-bottom:1.5px solid currentColor}}
</style></head><body>
<h1>What marketing and sales promise each other</h1>
<p class="in-force">{heading}</p>
{articles}
</body></html>
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord prose`."""
    parser.description = "Print an agreement as readable, numbered articles."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE", help="the agreement, as YAML")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--html", type=Path, metavar="PAGE", help="write a page to this file instead")


def run(args: argparse.Namespace) -> int:
    """Print the articles of one file; raises AccordError when it has mistakes."""
    agreement = load(args.file)
    written = articles(agreement)
    if args.json:
        sys.stdout.write(json.dumps([each.as_json() for each in written], indent=2, ensure_ascii=False) + "\n")
    elif args.html:
        _write(args.html, page(heading(agreement), written))
    else:
        show(Console(highlight=False), heading(agreement), written)
    return 0


def page(title: str, written: tuple[Article, ...]) -> str:
    """The articles as one HTML page without scripts or outside resources."""
    body = "\n".join(_as_html(each) for each in written)
    return PAGE.format(title=html.escape(title), heading=html.escape(title), articles=body)


def _as_html(article: Article) -> str:
    text = MARK.sub(r"<mark>\1</mark>", html.escape(article.marked))
    no, title = article.no, html.escape(article.title)
    return f'<article><span class="no">{no}</span><div><h2>{title}</h2><p>{text}</p></div></article>'


def show(console: Console, title: str, written: tuple[Article, ...]) -> None:
    """Print the articles with their quantities in bold."""
    console.print(Text(title, style="bold"))
    for each in written:
        console.print()
        console.print(Text(f"{each.no:>2}  {each.title}", style="bold"))
        text = Text()
        for index, part in enumerate(MARK.split(each.marked)):
            text.append(part, style="bold underline" if index % 2 else "")
        console.print(Padding(text, (0, 0, 0, 4)))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AccordError(
            f"{file} cannot be written: {error.strerror or error}.", remedy="Name a file in a folder that exists."
        ) from None
