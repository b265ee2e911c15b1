"""`accord metrics`: what is measured, of what, by which date, and how open rows are treated."""

from __future__ import annotations

import argparse
import json
import sys

from rapidfuzz import process
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from accord.agreement.metrics import METRICS, Metric
from accord.facts.errors import AccordError

EXAMPLES = """\
examples:
  accord metrics                      all metrics, one line each
  accord metrics answered_in_time     one definition in full
  accord metrics --json               the registry for a machine

exit code: 0, or 2 when there is no such metric
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord metrics`."""
    parser.description = "List the metrics that a promise, a plan or an incentive may name, or define one of them."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", metavar="NAME", help="define this metric in full")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the registry or one definition."""
    chosen = [_named(args.name)] if args.name else list(METRICS.values())
    if args.json:
        sys.stdout.write(json.dumps([as_json(metric) for metric in chosen], indent=2, ensure_ascii=False) + "\n")
    elif args.name:
        define(Console(), chosen[0])
    else:
        table(Console(), chosen)
    return 0


def as_json(metric: Metric) -> dict[str, object]:
    """One definition as plain values."""
    return {
        "name": metric.name,
        "sentence": metric.sentence,
        "form": metric.form,
        "unit": metric.unit,
        "side": metric.side,
        "numerator": metric.numerator,
        "denominator": metric.denominator,
        "cohort": metric.cohort,
        "open": metric.open,
        "left_out": list(metric.left_out),
        "claimed": metric.claims or None,
        "better": metric.better,
        "records_needed": metric.needed,
        "where": list(metric.columns),
        "articles": list(metric.articles),
        "tables": list(metric.tables),
        "needs": [need.what for need in metric.needs],
        "mechanisms": list(metric.mechanisms),
    }


def table(console: Console, metrics: list[Metric]) -> None:
    """Two lines each."""
    for metric in metrics:
        console.print(Text.assemble((metric.name, "bold"), (f"  {metric.side}, {metric.unit}", "dim")))
        console.print(Padding(Text(metric.sentence), (0, 0, 0, 2)))


def define(console: Console, metric: Metric) -> None:
    """One definition in full."""
    console.print(Text(metric.name, style="bold"))
    console.print(metric.sentence, markup=False)
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in as_json(metric).items():
        if name not in ("name", "sentence") and value:
            shown.add_row(name.replace("_", " "), Text(", ".join(value) if isinstance(value, list) else str(value)))
    console.print(shown)


def _named(name: str) -> Metric:
    if name in METRICS:
        return METRICS[name]
    nearest = process.extractOne(name, list(METRICS), score_cutoff=60)
    hint = f"Did you mean {nearest[0]}?" if nearest else "`accord metrics` lists them."
    raise AccordError(f"No metric is called {name!r}.", remedy=hint)
