"""`accord decide`: what an agreement decides about a lead at a moment, and why, clause by clause."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from accord.agreement.behind import Fact, facts_behind
from accord.agreement.decide import decide
from accord.agreement.explain import Explanation, explain
from accord.agreement.needs import Need, needs, unmet
from accord.agreement.reading import load
from accord.agreement.restore import restore
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.agreement.state import microseconds
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.identity import person_id
from accord.facts.lead_view import COLUMNS
from accord.facts.ledger import Ledger

EXAMPLES = """\
examples:
  accord decide --lake var/lake --agreement next.yaml                      about every lead, now
  accord decide --lake var/lake --agreement next.yaml --at 2026-10-01T09:00
  accord decide --lake var/lake --agreement next.yaml --person p.ada@example.com --explain
  accord decide --lake var/lake --agreement next.yaml --person hubspot:4711 --json

A person is named by the id that Accord prints, by an e-mail address, or as SOURCE:ID. Nothing is recorded.
With --explain, somebody who is not handed over is told rule by rule: which held, which did not, and the fact behind it.

exit code: 0; 2 unusable input, or a person that the lake does not know
"""
OUTCOMES = {
    "offered": "handed over",
    "held": "held until complete",
    "again": "handed over before",
    "open": "a handoff is open",
    "waiting": "in nurture, waits to come back",
    "excluded": "excluded",
    "outside": "outside",
    "below": "below the line",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Arguments of `accord decide`."""
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake to read")
    parser.add_argument("--agreement", type=Path, required=True, metavar="FILE", help="the agreement that decides")
    parser.add_argument("--person", metavar="ID", help="one person instead of all")
    parser.add_argument("--at", metavar="TIME", help="as known at this moment, in the agreement's zone; default: now")
    parser.add_argument("--explain", action="store_true", help="every clause, part by part (with --person)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES


def run(args: argparse.Namespace) -> int:
    """Decide and print; exit code 0."""
    if args.explain and not args.person:
        raise AccordError("--explain explains one lead.", remedy="Name it with --person.")
    ledger, rules = Ledger.open(args.lake), Rules.of(load(args.agreement))
    at = _moment(args.at, rules)
    engine = ledger.connect()
    asked = _asked(engine, ledger, args.person, at)
    rows = _decided(engine, rules, asked, at)
    explanation = explain(engine, rules, asked[0], at) if args.explain else None
    why_not = _why_not(engine, rules, explanation) if explanation and rows[0]["outcome"] != "offered" else None
    if args.json:
        document = _document(rules, at, rows, explanation, why_not)
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False) + "\n")
    elif args.person:
        _print_one(Console(), rows[0], explanation, why_not)
    else:
        _print_all(Console(), rules, at, rows)
    return 0


def _moment(text: str | None, rules: Rules) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise AccordError(
            f"--at {text!r} is not a time.", remedy="Write it as 2026-10-01 or 2026-10-01T09:00+02:00."
        ) from error
    zone = ZoneInfo(rules.agreement.time_zone)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _asked(engine: Engine, ledger: Ledger, person: str | None, at: datetime) -> list[str]:
    """The ids of the people to decide about."""
    known = "SELECT DISTINCT subject_id AS id FROM profiles WHERE subject = 'person' AND known_at <= $1"
    known += " UNION SELECT DISTINCT person_id FROM touches WHERE known_at <= $1"
    moment = at.replace(tzinfo=None)
    if person is None:
        return [str(one) for one in engine.rows(f"{known} ORDER BY 1", [moment])["id"].to_pylist()]
    ids = list(dict.fromkeys(_spellings(ledger, person)))
    found = engine.rows(f"SELECT id FROM ({known}) WHERE list_contains($2::VARCHAR[], id)", [moment, ids])[
        "id"
    ].to_pylist()
    if not found:
        raise AccordError(
            f"Nobody called {person!r} was known in this lake at {at:%Y-%m-%d %H:%M} UTC.",
            remedy="Name a person by the id that Accord prints, by e-mail address, or as SOURCE:ID.",
        )
    return [str(found[0])]


def _spellings(ledger: Ledger, person: str) -> list[str]:
    source, _, raw = person.partition(":")
    return [person, person_id(ledger.key, "", person), *([person_id(ledger.key, source, raw)] if raw else [])]


def _decided(engine: Engine, rules: Rules, asked: list[str], at: datetime) -> list[dict[str, Any]]:
    """One row per person: the decision as `decide()` gives it now. An unchanged answer is the answer all the same."""
    now = microseconds(at)
    moments = pa.table({
        "person_id": pa.array(asked, pa.string()),
        "moment": pa.array([at.replace(tzinfo=None)] * len(asked), pa.timestamp("us")),
        "trigger": pa.array(["fact"] * len(asked), pa.string()),
    })  # fmt: skip
    state = restore(engine, rules, now)
    decisions = decide(look(engine, rules, moments), rules, state, now).decisions
    return sorted(decisions.to_pylist(), key=lambda row: (-row["score"], row["person_id"]))


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Every rule that would have had to hold, in order, what was known, and the fact behind each value."""

    needs: tuple[Need, ...]
    values: Mapping[str, Any]
    facts: Mapping[str, Fact]

    def known(self, need: Need) -> dict[str, dict[str, Any]]:
        """What a rule rests on: each value with its fact, if a fact says it."""
        return {name: {"value": self.values.get(name), **_told(self.facts.get(name))} for name in need.columns}


def _why_not(engine: Engine, rules: Rules, explanation: Explanation) -> WhyNot:
    found = needs(rules, explanation)
    read = dict.fromkeys(name for need in found for name in need.columns if name in COLUMNS)
    return WhyNot(found, explanation.values, facts_behind(engine, read, explanation.person_id, explanation.at))


def _told(fact: Fact | None) -> dict[str, Any]:
    if fact is None:
        return {}
    return {"fact": fact.table, **{name: fact.row[name] for name in ("source", "source_id", "known_at", "evidence")}}


def _document(
    rules: Rules,
    at: datetime,
    rows: list[dict[str, Any]],
    explanation: Explanation | None,
    why_not: WhyNot | None,
) -> dict[str, Any]:
    document: dict[str, Any] = {"version": rules.version, "at": at.isoformat(), "decisions": rows}
    if explanation is not None:
        document["explanation"] = {
            "known": dict(explanation.values),
            "points": [
                {"path": p.path, "what": p.text, "points": p.points, "at_most": p.at_most} for p in explanation.points
            ],
            "clauses": [
                {"path": c.path, "text": c.text, "truth": c.truth, "met": c.met, "parts": list(c.lines)}
                for c in explanation.clauses
            ],
        }
    if why_not is not None:
        document["why_not"] = {
            "missing": [need.missing for need in unmet(why_not.needs) if need.missing],
            "rules": [
                {"path": need.path, "holds": need.holds, "stands_in_the_way": need in unmet(why_not.needs),
                 "missing": need.missing, "known": why_not.known(need)}
                for need in why_not.needs
            ],
        }  # fmt: skip
    return document


def _print_all(console: Console, rules: Rules, at: datetime, rows: list[dict[str, Any]]) -> None:
    console.print(f"{len(rows):,} leads under version {rules.version} at {at:%Y-%m-%d %H:%M} UTC")
    table = Table("What would happen", "Clause", "Leads", box=None, header_style="dim")
    table.columns[2].justify = "right"
    for (outcome, because), count in Counter((r["outcome"], r["because"]) for r in rows).most_common():
        table.add_row(OUTCOMES[outcome], because, f"{count:,}")
    console.print(table)
    offered = [row for row in rows if row["outcome"] == "offered"][:20]
    if offered:
        console.print("\nHanded over, highest score first")
        leads = Table("Person", "Score", "Band", "Persona", "Team", "Owner", box=None, header_style="dim")
        for row in offered:
            leads.add_row(*_cells(row))
        console.print(leads)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    owner = row["owner"] or "unowned"
    return (row["person_id"], f"{row['score']:.1f}", row["band"] or "", row["persona"] or "", row["team"] or "", owner)


def _print_one(
    console: Console, row: Mapping[str, Any], explanation: Explanation | None, why_not: WhyNot | None
) -> None:
    console.print(f"[bold]{escape(row['person_id'])}[/]: {OUTCOMES[row['outcome']]}, because of {row['because']}")
    console.print(
        f"score {row['score']:.1f} = fit {row['fit']:.1f} + intent {row['intent']:.1f}, band {row['band'] or '-'}"
    )
    if row["outcome"] == "offered":
        console.print(
            f"to {row['owner'] or 'nobody: unowned'} ({row['team'] or 'no team'}) by {row['rule'] or 'no rule'}"
        )
    if why_not is not None:
        _print_why_not(console, why_not)
    if explanation is None:
        return
    points = Table(
        "Points", "of", "Row", "Clause", title="Points by row", box=None, header_style="dim", title_justify="left"
    )
    for p in explanation.points:
        points.add_row(f"{p.points:.1f}", "" if p.at_most is None else f"{p.at_most:g}", escape(p.text), p.path)
    console.print(points)
    for clause in explanation.clauses:
        word = {True: "true", False: "false", None: "unknown"}[clause.truth]
        counts = "" if clause.met == clause.truth else f", counts as {str(clause.met).lower()}"
        console.print(f"[bold]{clause.path}[/] {word}{counts}")
        for line in clause.lines:
            console.print(f"  {escape(line)}")


def _print_why_not(console: Console, why_not: WhyNot) -> None:
    """A line per rule, and below it what was known and which fact says so."""
    console.print("[dim]Why not handed over, in order[/]")
    in_the_way = unmet(why_not.needs)
    for need in why_not.needs:
        word = "holds" if need.holds else "does not hold" if need in in_the_way else "not needed"
        missing = f", {need.missing}" if need.missing and need in in_the_way else ""
        console.print(f"  {'[bold]' if need in in_the_way else ''}{need.path} {word}{missing}", highlight=False)
        for name, known in why_not.known(need).items():
            value = "unknown" if known["value"] is None else known["value"]
            behind = (
                f" ({known['source']} {known['source_id']}, {known['known_at']:%Y-%m-%d})" if "fact" in known else ""
            )
            console.print(f"    {name} {escape(str(value))}{escape(behind)}", highlight=False)
