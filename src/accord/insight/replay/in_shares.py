"""Leads looked at in shares of the people, on the workers of Spark; decided is where the replay runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from threading import Lock

import pyarrow as pa

from accord.agreement.document import Agreement
from accord.agreement.rules import Rules
from accord.facts.engine import Engine
from accord.facts.shares import Found, Shares
from accord.insight.replay.held_facts import held
from accord.insight.replay.looking import Asked, Here, Part, in_parts, parts
from accord.insight.replay.replay import Progress


@dataclass(frozen=True, slots=True)
class InShares:
    """Looks at leads in shares; `near` holds the same facts, for the few of whom nobody foresaw that their turn would
    come."""

    shares: Shares
    near: Engine
    progress: Progress

    def holding(self, versions: Sequence[Rules]) -> AbstractContextManager[None]:  # noqa: ARG002
        """Each share holds what it reads."""
        return nullcontext()

    def parts(self, asked: Asked) -> Iterator[Part]:
        """All parts of a version from each share, put together."""
        together = list(in_parts(asked.rules, asked.cuts, self.shares.spark.facts))
        question = partial(looked, agreement=asked.rules.agreement, cuts=asked.cuts, together=together)
        also = {"coming": asked.coming, "recycles": asked.recycles, "good_looks": asked.good_looks}
        found: dict[int, dict[str, list[pa.Table]]] = defaultdict(lambda: defaultdict(list))
        for name, number, rows in self.shares.ask(question, also=also, progress=partial(self.progress, "Looking")):
            found[number][name].append(rows)
        for number, cuts in enumerate(together):
            of_it = {name: _in_order(tables) for name, tables in found.pop(number).items()}
            moments = sum(of_it["moments"]["us"].to_pylist())
            yield Part(cuts, moments, of_it["seen"], of_it["asked"], of_it["turns"])

    def late(self, rules: Rules, people: Iterable[tuple[str, int]]) -> pa.Table:
        """From the facts that are near."""
        return Here(self.near).late(rules, people)

    def stop(self) -> None:
        """Cancels what the workers are asked."""
        self.shares.stop()


def looked(
    engine: Engine,
    own: pa.Array,
    *,
    agreement: Agreement,
    cuts: Sequence[int],
    together: Sequence[Sequence[int]],
) -> Iterator[Found]:
    """What one share answers: for each part what was seen, who was asked, whose turns those were, and the moments."""
    rules = Rules.of(agreement)
    given = (engine.rows(f"SELECT * FROM {name}") for name in ("coming", "recycles", "good_looks"))
    with held(engine, [rules]):
        found = parts(engine, Asked(rules, cuts, *given), alone=Lock(), together=together, own=own)
        for number, part in enumerate(found):
            for name, rows in (("seen", part.seen), ("asked", part.asked), ("turns", part.turns)):
                yield Found(name, number, rows)
            yield Found("moments", number, pa.table({"us": [part.moments]}))


def _in_order(tables: Sequence[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(tables)
    keys = [(name, "ascending") for name in ("us", "person_id") if name in rows.column_names]
    return rows.sort_by(keys)
