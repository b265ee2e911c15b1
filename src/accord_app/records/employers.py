"""For which account people work by their addresses, as facts come in; and what members say about it.

The rule is `accord.facts.employers`. An import draws its conclusions in the lake, over all that it brings; here they
are drawn for the few people and accounts of which something has just been recorded, and drawn anew where an account to
which an address led was taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord.facts.employers import site_of
from accord.facts.errors import AccordError
from accord.facts.lead_view import BY_ADDRESS, NOBODY
from accord_app.ledger.actions import Row, unseen_batches
from accord_app.ledger.links import links_of
from accord_app.ledger.models import Profile
from accord_app.records import terms
from accord_app.records.models import Account, Person, SearchTerm

LOOK = "look"
"""The work of looking at people again: the room of handoffs does it."""


class CannotBelongError(AccordError):
    """An account to which a person cannot belong."""


@dataclass(frozen=True, slots=True)
class Employer:
    """For which account somebody works and how that is known. `domain` is empty where a member said it."""

    how: str  # stated, address, member
    account: Account | None
    domain: str
    since: datetime


# What follows from addresses


def conclusions(*, people: Collection[str] = (), accounts: Collection[str] = ()) -> list[Row]:
    """The facts that follow from what is recorded of these people and accounts and that are not recorded yet."""
    gone = set(accounts) - set(Account.objects.filter(pk__in=accounts).values_list("pk", flat=True))
    found = {each.pk: each for each in _homeless(people)}
    found |= {each.pk: each for each in Person.objects.filter(account_id__in=gone, same_as="", erased_at=None)}
    found |= {each.pk: each for each in _of_sites(set(accounts) - gone)}
    if not found:
        return []
    held = _held(found)
    found = {pk: each for pk, each in found.items() if each.account_id is None or _is_led(each, held.get(pk))}
    sites = {pk: site for pk, each in found.items() if (site := site_of(each.email))}
    holders = _holders(set(sites.values()))
    rows = (_concluded(each, sites.get(pk), holders, held.get(pk)) for pk, each in found.items())
    return [row for row in rows if row is not None]


def _is_led(person: Person, held: Mapping[str, Any] | None) -> bool:
    """Whether it is the address by which the person has an account."""
    return held is not None and held["account_id"] == person.account_id


def _homeless(people: Collection[str]) -> Iterable[Person]:
    """Of these people those with an address for whom no account is known, or one that is there no more."""
    rows = Person.objects.filter(pk__in=people, same_as="", erased_at=None).exclude(email="")
    with_account = rows.exclude(account=None)
    there = set(Account.objects.filter(pk__in=with_account.values("account_id")).values_list("pk", flat=True))
    return [each for each in rows if each.account_id is None or each.account_id not in there]


def _of_sites(accounts: Collection[str]) -> Iterable[Person]:
    """People whose addresses have a domain of these accounts and for whom no account is known."""
    rows = SearchTerm.objects.filter(kind=SearchTerm.Kind.ACCOUNT, ref__in=accounts)
    sites = rows.filter(term__gte=b"@", term__lt=b"A").values_list("term", flat=True)
    there = SearchTerm.objects.filter(kind=SearchTerm.Kind.PERSON, term__in=[bytes(each) for each in sites])
    return Person.objects.filter(pk__in=there.values("ref"), same_as="", erased_at=None, account=None)


def _held(people: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What was concluded or said last about each of these people."""
    rows = Profile.facts().filter(subject="person", subject_id__in=people, source=BY_ADDRESS)
    names = ("subject_id", "account_id", "domain", "evidence", "known_at")
    told = rows.exclude(batch__in=unseen_batches()).order_by("known_at", "revision", "source_id").values(*names)
    return {row["subject_id"]: row for row in told}


def _holders(sites: Collection[str]) -> dict[str, str]:
    """To which account each domain leads: the one that was known first."""
    asked = {terms.of_site(site): site for site in sites}
    rows = SearchTerm.objects.filter(kind=SearchTerm.Kind.ACCOUNT, term__in=list(asked)).values_list("term", "ref")
    pairs = [(asked[bytes(term)], ref) for term, ref in rows]
    known = dict(Account.objects.filter(pk__in={ref for _, ref in pairs}).values_list("pk", "first_known_at"))
    return dict(sorted(pairs, key=lambda pair: (known[pair[1]], pair[1]), reverse=True))  # the first known is put last


def _concluded(
    person: Person, site: str | None, holders: Mapping[str, str], held: Mapping[str, Any] | None
) -> Row | None:
    if held is not None and held["evidence"] == "claimed":
        return None
    account = holders.get(site or "", NOBODY)
    if account == (held["account_id"] if held else NOBODY):
        return None
    return {
        "id": f"{person.pk}@{site or ''}", "subject": "person", "subject_id": person.pk, "account_id": account,
        "domain": site, "occurred_at": person.known_at, "evidence": "inferred",
    }  # fmt: skip


# What members say


def employer(person: Person) -> Employer | None:
    """For which account a person works and how that is known; None where nothing tells."""
    ids = list(links_of([person.pk]).members(person.pk, 2**62 - 1))
    rows = Profile.facts().filter(subject="person", subject_id__in=ids).exclude(batch__in=unseen_batches())
    told = rows.exclude(account_id=None).order_by("-known_at", "-revision", "-source", "-source_id")
    account = Account.objects.filter(pk=person.account_id).first()
    stated = told.exclude(source=BY_ADDRESS).values("known_at").first()
    if stated is not None:
        return Employer("stated", account, "", stated["known_at"])
    last = told.values("known_at", "domain", "evidence").first()
    if last is None:
        return None
    how = "member" if last["evidence"] == "claimed" else "address"
    return Employer(how, account, last["domain"] or "", last["known_at"])


def leads_to(person: Person) -> Account | None:
    """The account to which the person's address leads, whatever was said."""
    site = site_of(person.email)
    holder = _holders({site}).get(site) if site else None
    return Account.objects.filter(pk=holder).first() if holder else None


def said(person: Person, account_id: str, *, at: datetime) -> Row | None:
    """The fact of a member's word: the person belongs to an account, to none (`NOBODY`), or, with an empty id, to the
    one to which the address leads; None where that holds already. Raises CannotBelongError where a source states an
    account, for an erased person, and for an account that is not there."""
    known = employer(person)
    if person.erased_at is not None or (known is not None and known.how == "stated"):
        raise CannotBelongError(
            "A source states for whom this person works.", remedy="Correct it there; what a source states wins."
        )
    if account_id not in ("", NOBODY) and not Account.objects.filter(pk=account_id, same_as="").exists():
        raise CannotBelongError("There is no such account.", remedy="Choose one of those that were found.")
    led = leads_to(person) if not account_id else None
    account, evidence = account_id or (led.pk if led else NOBODY), "claimed" if account_id else "inferred"
    held = _held([person.pk]).get(person.pk)
    if (held["account_id"], held["evidence"]) == (account, evidence) if held else not account_id and led is None:
        return None
    return {
        "id": person.pk, "subject": "person", "subject_id": person.pk, "account_id": account, "evidence": evidence,
        "domain": site_of(person.email) if led else None, "occurred_at": at,
    }  # fmt: skip
