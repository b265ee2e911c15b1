"""The recorded acts of people, as a replay plays them: what colleagues did with handoffs, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from accord.agreement import replies
from accord.agreement.handoff import (
    ASSIGNED,
    CLOSING,
    LOOKED_AGAIN,
    RECYCLED,
    REJECTED,
    REPLIED,
    REROUTED,
    Handoff,
    HumanAct,
    human_sql,
)
from accord.agreement.rules import Rules
from accord.agreement.state import FOREVER
from accord.facts.engine import Engine
from accord.facts.lead_view import DAY_US
from accord.facts.same import Links

ASSUMED = "(assumed)"
_AFTER = frozenset({REPLIED, LOOKED_AGAIN})
"""What a rejection leads to."""


@dataclass(slots=True)
class Recorded:
    """The recorded acts of people, handed to the handoffs that the replay offers: of each person in order of time, a
    rejection together with the reply and the second look that it led to, however late these came."""

    acts: Mapping[str, list[tuple[HumanAct, ...]]]
    offered_ids: frozenset[str]
    next_act: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unanswered: list[str] = field(default_factory=list)
    passed_by: int = 0

    @classmethod
    def of(cls, engine: Engine) -> Recorded:
        """From the handoff events of a ledger."""
        event = f"CASE event WHEN '{REROUTED}' THEN '{ASSIGNED}' ELSE event END AS event"
        rows = engine.rows(
            f'SELECT handoff_id, person_id, epoch_us(occurred_at) AS us, {event}, "by", reason, owner FROM handoffs'
            f" WHERE {human_sql()} ORDER BY person_id, event IN ('{REPLIED}', '{LOOKED_AGAIN}'), us, event"
        )
        acts: dict[str, list[tuple[HumanAct, ...]]] = defaultdict(list)
        rejected: dict[str, int] = {}
        for handoff, person, *told in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            act = HumanAct(*told)
            if act.event in _AFTER and handoff in rejected:
                acts[person][rejected[handoff]] += (act,)
                continue
            if act.event == REJECTED:
                rejected[handoff] = len(acts[person])
            acts[person].append((act,))
        offered = engine.rows("SELECT DISTINCT handoff_id FROM handoffs WHERE event = 'offered'")
        return cls(acts, frozenset(offered["handoff_id"].to_pylist()))

    def recycles(self, rules: Rules) -> pa.Table:
        """Who was recycled when, and from when on a clause of this version may bring the lead back."""
        rows = [
            (person, act.at, act.at + rules.soonest[act.reason] if act.reason in rules.soonest else FOREVER)
            for person, acts in self.acts.items() for act, *_ in acts if act.event == RECYCLED
        ]  # fmt: skip
        people, *times = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table({"person_id": pa.array(people, pa.string()), "recycled": pa.array(times[0], pa.int64()),
                         "soonest": pa.array(times[1], pa.int64())})  # fmt: skip

    def good_looks(self, links: Links) -> pa.Table:
        """Whose rejection a second look found wrong, and when."""
        rows = [
            (links.root(person, act.at), act.at)
            for person, acts in self.acts.items() for some in acts for act in some
            if act.event == LOOKED_AGAIN and act.reason == replies.WAS_GOOD
        ]  # fmt: skip
        people, times = zip(*rows, strict=True) if rows else ((), ())
        return pa.table({"person_id": pa.array(people, pa.string()), "us": pa.array(times, pa.int64())})

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        """The person's recorded acts from now on up to the one that closes, and what followed before the next offer."""
        found = list(self._until_closed(handoff.person_id, at))
        if found or handoff.handoff_id in self.offered_ids:
            return found
        self.unanswered.append(handoff.handoff_id)
        handoff.answered_at = at  # nobody can know, so no clock of it runs out
        return [HumanAct(handoff.outcome_due or at + 30 * DAY_US, "rejected", ASSUMED)]

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        """Recorded acts stay what they were, whoever owns the handoff in the replay."""
        return None

    def _until_closed(self, person_id: str, at: int) -> Iterator[HumanAct]:
        acts, closed = self.acts.get(person_id, []), False
        place = self.next_act[person_id]
        while place < len(acts) and acts[place][0].at < at:
            self.passed_by += len(acts[place])
            place += 1
        while place < len(acts) and not closed:
            closed = acts[place][0].event in CLOSING
            yield from acts[place]
            place += 1
        self.next_act[person_id] = place
