"""What an attribution of a ledger leaves for the next one, in a folder: sums, wins, ids, and touches by person.

`kept.json` is written last and names the other files, so that a crash leaves what was kept before. Whatever does not
fit (another question, another version, a damaged file) counts as nothing kept.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from accord.insight.attribution.chain import Steps
from accord.insight.attribution.paths import Flags, Hashes, Reals, Whole
from accord.insight.attribution.tally import Tally

METHOD = 1
"""Which way of counting the sums come from; one more with every change to what they mean."""
_COUNTS = ("people", "converters", "touches", "nulls", "alone", "outside", "rows")
_NAMES = "kept.json"


class Wins(NamedTuple):
    """Who (hashed) won when (µs) with which value, in the order of all three."""

    person: Hashes
    moment: Whole
    value: Reals

    def of(self, chosen: Flags) -> Wins:
        """Some of them."""
        return Wins(self.person[chosen], self.moment[chosen], self.value[chosen])


class Ids(NamedTuple):
    """Ids that mean somebody else, hashed: `alias` (rising, each once) means `person`."""

    alias: Hashes
    person: Hashes

    def meant(self, ids: Hashes) -> Hashes:
        """Whom each of these ids means."""
        if not len(self.alias):
            return ids
        place = np.searchsorted(self.alias, ids)
        known = self.alias.take(place, mode="clip") == ids
        return np.where(known, self.person.take(place, mode="clip"), ids)

    def all_of(self, people: Hashes) -> Hashes:
        """Every id that means one of these people, rising."""
        own = people[self.meant(people) == people]
        return np.union1d(own, self.alias[np.isin(self.person, people)])


@dataclass(frozen=True, slots=True)
class Kept:
    """The sums over everybody with what they were made of.

    `question` is what was asked, `batches` are those of touches that were in force. `at` (µs) is until when facts were
    read; who has touches after that is in `waiting` (ids). `pieces` name the touches by person, of every id.
    """

    question: Mapping[str, Any]
    batches: frozenset[str]
    at: int
    channels: tuple[str, ...]
    tally: Tally
    wins: Wins
    ids: Ids
    waiting: Hashes
    pieces: tuple[str, ...]


def load(folder: Path, question: Mapping[str, Any]) -> Kept | None:
    """What was kept for the same question; None for anything else."""
    try:
        named = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        if named["question"] != question:
            return None
        with np.load(folder / named["sums"], allow_pickle=False) as sums:
            return Kept(
                question, frozenset(named["batches"]), named["at"], tuple(named["channels"]),
                _tally(named, sums), Wins(*(sums[f"win {part}"] for part in Wins._fields)),
                Ids(*(sums[f"id {part}"] for part in Ids._fields)), sums["waiting"], tuple(named["pieces"]),
            )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None


def _named(tally: Tally) -> tuple[dict[str, Any], dict[str, Reals]]:
    """The words of a tally, and its arrays by name."""
    arrays = {f"credits {model}": given for model, given in tally.credits.items()} | {"totals": tally.totals}
    for model, steps in tally.steps.items():
        arrays |= {f"{part} {model}": values for part, values in steps._asdict().items()}
    counts = {name: getattr(tally, name) for name in _COUNTS}
    return {"sharing": list(tally.credits), "stepping": list(tally.steps), "counts": counts}, arrays


def _tally(named: Mapping[str, Any], sums: Mapping[str, Any]) -> Tally:
    return Tally(
        credits={model: sums[f"credits {model}"] for model in named["sharing"]},
        totals=sums["totals"],
        steps={model: Steps(*(sums[f"{part} {model}"] for part in Steps._fields)) for model in named["stepping"]},
        **named["counts"],
    )


def save(folder: Path, kept: Kept) -> None:
    """Put it in the place of what was kept before, and remove the files that nobody names any more. Raises OSError."""
    tally, sums = kept.tally, f"sums-{secrets.token_hex(6)}.npz"
    names, arrays = _named(tally)
    arrays |= {f"win {part}": values for part, values in kept.wins._asdict().items()}
    arrays |= {f"id {part}": values for part, values in kept.ids._asdict().items()}
    with (folder / sums).open("wb") as file:
        np.savez(file, waiting=kept.waiting, **arrays)  # type: ignore[arg-type]
        _to_disk(file)
    named = {
        "question": kept.question,
        "batches": sorted(kept.batches),
        "at": kept.at,
        "channels": kept.channels,
        "sums": sums,
        **names,
        "pieces": kept.pieces,
    }
    beside = folder / f"{secrets.token_hex(6)}.new"
    with beside.open("w", encoding="utf-8") as file:
        json.dump(named, file)
        _to_disk(file)
    beside.replace(folder / _NAMES)
    _tidy(folder, {sums, *kept.pieces})


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _tidy(folder: Path, named: set[str]) -> None:
    """A file that another run has written and not named yet may go too; that run's `kept.json` then names a file that
    is missing, which counts as nothing kept."""
    for pattern in ("touches-*.npy", "sums-*.npz", "*.new"):
        for path in folder.glob(pattern):
            if path.name not in named and path.stem.rpartition("-")[0] not in named:
                with suppress(OSError):
                    path.unlink()
