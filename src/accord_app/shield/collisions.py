"""Where work met other work, as the page and the file show it: looked for by the worker, nothing is counted here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accord.insight.collisions import KINDS
from accord_app.measures import reads as measures
from accord_app.records.models import Account, Person
from accord_app.records.reads import owners
from accord_app.shell import asked
from accord_app.shell.components import View
from accord_app.shell.words import money, percent, whole

SHOWN = 50
COLUMNS = (
    "kind", "began_at", "account_id", "account", "deal_id", "message_id", "person_id", "person", "at", "by", "after",
    "campaign",
)  # fmt: skip
_SAYS = {
    "negotiation": "A mail of marketing to somebody whose account had a deal in negotiation.",
    "colleagues": "A message by one colleague within two days after one by another, the lead not passed on between.",
    "teams": "A message by one team within two days after one by the other.",
}
_MARKETING = "Marketing"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of collision: how many, and what they went with, in words."""

    title: str
    says: str
    count: str
    shares: str
    amount: str
    span: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message that met other work."""

    person_id: str
    person: str
    at: datetime
    by: str
    after: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Row:
    """One collision. `is_account` is False for a person without an account, and where the account is not known here."""

    kind: str
    began_at: datetime
    account_id: str
    account: str
    is_account: bool
    deal_id: str
    by: str
    count: int
    messages: tuple[Message, ...]

    @property
    def further(self) -> int:
        return self.count - len(self.messages)


@dataclass(frozen=True, slots=True)
class Page:
    """The page of both teams."""

    title: str
    definition: str
    kinds: tuple[Kind, ...]
    tabs: tuple[View, ...]
    kind: str
    rows: tuple[Row, ...]
    more: str
    age: measures.Age


def page(*, kind: str, after: str, at: datetime) -> Page | None:
    """What was found last; None before anybody looked. `after` says how many were shown before."""
    shot = measures.collisions(at=at)
    if shot is None:
        return None
    kind = kind if kind in KINDS else ""
    chosen = _chosen(shot.content, kind)
    begin = min(asked.number(after) or 0, len(chosen))
    shown = chosen[begin : begin + SHOWN]
    more = f"kind={kind}&after={begin + SHOWN}" if begin + SHOWN < len(chosen) else ""
    return Page(
        title=_title(shot.content["n"]),
        definition=shot.content["definition"],
        kinds=tuple(_kind(each, shot.content["currency"]) for each in shot.content["kinds"]),
        tabs=_tabs(shot.content, kind),
        kind=kind,
        rows=tuple(_rows(shown)),
        more=more,
        age=shot.age,
    )


def csv_rows(*, kind: str, at: datetime) -> Iterator[tuple[object, ...]]:
    """One row per message that met other work, with its collision."""
    shot = measures.collisions(at=at)
    chosen = _chosen(shot.content, kind if kind in KINDS else "") if shot else ()
    names = _Names(chosen)
    for each in chosen:
        for told in each["messages"]:
            yield (
                each["kind"], _at(each["began_at"]), each["account_id"], names.account(each["account_id"]),
                each["deal_id"], told["source_id"], told["person_id"], names.person(told["person_id"]),
                _at(told["at"]), told["by"], told["after"], told["campaign"],
            )  # fmt: skip


def _at(told: str) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=UTC)


def _chosen(content: Mapping[str, Any], kind: str) -> Sequence[Mapping[str, Any]]:
    return [each for each in content["collisions"] if not kind or each["kind"] == kind]


def _title(count: int) -> str:
    if not count:
        return "No work met other work in the last 12 months."
    return f"{whole(count)} {'collision' if count == 1 else 'collisions'} in the last 12 months."


def _kind(told: Mapping[str, Any], currency: str) -> Kind:
    name, interval = told["kind"], told["interval"]
    if told["needed"]:
        amount, span = "–", f"{told['needed']:,} more closed deals would tell"
    else:
        amount = money(told["amount"], currency)
        span = f"{money(interval['low'], currency)} to {money(interval['high'], currency)}"
    return Kind(KINDS[name], _SAYS[name], whole(told["collisions"]), _shares(told), amount, span)


def _shares(told: Mapping[str, Any]) -> str:
    if not told["deals"]:
        return "No closed deal had one in its time."
    mine = f"{whole(told['won'])} of {whole(told['deals'])} closed deals with one were won"
    if not told["others"]:
        return f"{mine}; there are no others."
    others = f"{whole(told['others_won'])} of {whole(told['others'])} without any"
    if told["needed"]:
        return f"{mine}, {others}."
    shares = (percent(told["won"] / told["deals"]), percent(told["others_won"] / told["others"]))
    return f"{mine} ({shares[0]}), {others} ({shares[1]})."


def _tabs(content: Mapping[str, Any], kind: str) -> tuple[View, ...]:
    counts = {each["kind"]: each["collisions"] for each in content["kinds"]}
    every = View("All", "?", whole(content["n"]), is_current=not kind)
    return (every, *(View(KINDS[k], f"?kind={k}", whole(counts[k]), is_current=k == kind) for k in KINDS))


class _Names:
    """What accounts, people and colleagues are called, looked up once for many collisions."""

    def __init__(self, some: Collection[Mapping[str, Any]]) -> None:
        messages = [told for each in some for told in each["messages"]]
        self.accounts = Account.objects.in_bulk({each["account_id"] for each in some})
        ids = {told["person_id"] for told in messages} | {each["account_id"] for each in some}
        self.people = Person.objects.in_bulk(ids - self.accounts.keys())
        self.colleagues = owners({who for told in messages for who in (told["by"], told["after"]) if who})

    def account(self, account_id: str) -> str:
        return str(self.accounts.get(account_id) or self.people.get(account_id) or "")

    def person(self, person_id: str) -> str:
        return str(self.people.get(person_id, ""))

    def who(self, handle: str) -> str:
        return _MARKETING if handle == "marketing" else self.colleagues.get(handle, handle)


def _rows(some: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    names = _Names(some)
    for each in some:
        yield Row(
            kind=KINDS[each["kind"]],
            began_at=_at(each["began_at"]),
            account_id=each["account_id"],
            account=names.account(each["account_id"]) or "Not known here",
            is_account=each["account_id"] in names.accounts,
            deal_id=each["deal_id"],
            by=", ".join(names.who(who) for who in each["by"]),
            count=each["count"],
            messages=tuple(_message(told, names) for told in each["messages"]),
        )


def _message(told: Mapping[str, Any], names: _Names) -> Message:
    at, after = _at(told["at"]), told["after"]
    name = names.person(told["person_id"])
    return Message(
        told["person_id"] if name else "", name or "Not known here", at, names.who(told["by"]),
        names.who(after) if after else "", told["campaign"],
    )  # fmt: skip
