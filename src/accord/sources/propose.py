"""Proposes a mapping from the column names and the values of a file: a vendor's known shape, else the nearest names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import fuzz, process

from accord.facts.tables import HANDOFF_EVENTS, TABLES
from accord.sources import hubspot, leadforge, salesforce
from accord.sources.mapping import IMPORTED, Beside, FileMapping, MappingError, Rule, required
from accord.sources.shapes import Shape, plain
from accord.sources.values import looks_like_ip, shapes_of

PRESETS: Mapping[str, tuple[Shape, ...]] = {
    hubspot.VENDOR: hubspot.SHAPES,
    salesforce.VENDOR: salesforce.SHAPES,
    leadforge.VENDOR: leadforge.SHAPES,
}
NEAR = 92  # out of 100: one letter of twelve may differ

WORDS: Mapping[str, tuple[str, ...]] = {
    "person_id": (
        "personid",
        "leadid",
        "contactid",
        "mqlid",
        "userid",
        "customerid",
        "email",
        "emailaddress",
        "recipient",
        "person",
        "lead",
        "contact",
    ),
    "account_id": ("accountid", "companyid", "organisationid", "organizationid", "account", "company"),
    "deal_id": ("dealid", "opportunityid", "opportunity", "deal", "quoteid"),
    "handoff_id": ("handoffid", "handoff", "assignmentid"),
    "occurred_at": (
        "occurredat",
        "timestamp",
        "datetime",
        "eventtime",
        "eventdate",
        "activitydate",
        "date",
        "time",
        "createdat",
        "createddate",
        "createdate",
        "created",
        "day",
        "datum",
        "zeitpunkt",
        "week",
        "month",
    ),
    "known_at": ("knownat", "receivedat", "updatedat", "modifiedat", "lastmodifieddate", "lastmodified"),
    "kind": ("kind", "eventtype", "touchtype", "activitytype", "type", "event", "action"),
    "side": ("side", "team"),
    "channel": ("channel", "utmmedium", "medium", "kanal", "source", "platform"),
    "campaign": ("campaign", "campaignname", "utmcampaign", "campaignid", "kampagne"),
    "asset": ("asset", "page", "pageurl", "url", "contentname", "content", "form", "document"),
    "by": ("by", "rep", "agent", "salesrep", "user", "actor"),
    "outcome": ("outcome", "result", "disposition", "ergebnis"),
    "event": ("event", "status", "eventtype", "action"),
    "owner": ("owner", "ownerid", "rep", "salesrep", "assignedto", "besitzer"),
    "reason": ("reason", "lossreason", "rejectreason", "grund"),
    "version": ("version", "agreementversion"),
    "band": ("band", "grade"),
    "score": ("score", "leadscore", "points"),
    "rule": ("rule",),
    "in_capacity": ("incapacity",),
    "complete": ("complete",),
    "stage": ("stage", "dealstage", "stagename", "phase"),
    "amount": ("amount", "value", "spend", "cost", "costs", "betrag", "dealvalue", "revenue", "kosten"),
    "currency": ("currency", "currencycode", "waehrung", "whrung"),
    "pipeline": ("pipeline",),
    "until": ("until", "enddate", "to"),
    "impressions": ("impressions", "impr"),
    "clicks": ("clicks", "klicks"),
    "engagements": ("engagements", "reactions"),
    "purpose": ("purpose", "topic", "list"),
    "status": ("status", "consent", "consentstatus", "optin", "subscription"),
    "wording": ("wording", "text", "consenttext"),
    "base": ("base", "basecurrency", "to"),
    "rate": ("rate", "exchangerate", "kurs", "fxrate"),
    "person": ("person", "handle", "colleague", "email", "user"),
    "team": ("team", "group"),
    "deputy": ("deputy",),
    "alias_id": ("aliasid", "alias", "oldid", "mergedid", "duplicateid"),
    "subject_id": ("subjectid", "contactid", "personid", "leadid", "mqlid", "recordid", "id", "email", "emailaddress"),
    "name": ("name", "fullname", "contactname"),
    "email": ("email", "emailaddress", "mail", "workemail"),
    "phone": ("phone", "telephone", "phonenumber", "mobile", "telefon"),
    "title": ("title", "jobtitle", "position"),
    "company": ("company", "companyname", "organisation", "organization", "firma", "account"),
    "domain": ("domain", "website", "companydomain"),
    "country": ("country", "countrycode", "land"),
    "city": ("city", "town", "stadt", "ort"),
    "language": ("language", "locale", "sprache"),
    "industry": ("industry", "sector", "branche"),
    "employees": ("employees", "numberofemployees", "headcount", "mitarbeiter"),
    "revenue": ("revenue", "annualrevenue", "umsatz"),
    "origin": ("origin", "leadsource", "source", "originalsource"),
    "landing_page": ("landingpage", "landingpageid", "firstpage"),
    "segment": ("segment", "tier"),
    "lifecycle": ("lifecycle", "lifecyclestage", "leadstatus", "status"),
    "is_competitor": ("iscompetitor", "competitor"),
    "is_duplicate": ("isduplicate", "duplicate"),
    "deleted": ("deleted", "isdeleted"),
}
IDS: Mapping[str, tuple[str, ...]] = {
    "touches": ("id", "eventid", "touchid", "activityid", "messageid", "sourceid"),
    "deals": ("id", "eventid", "rowid"),
    "handoffs": ("id", "eventid"),
    "content": ("id", "useid", "eventid"),
    "consent": ("id", "consentid", "eventid"),
    "spend": ("id",),
    "rates": (),
    "availability": ("id",),
    "identities": ("id",),
    "profiles": ("id", "recordid", "contactid", "leadid", "personid", "mqlid"),
}
CONSTANTS: Mapping[str, Mapping[str, str]] = {
    "profiles": {"subject": "person"},
}
STATUSES = {
    "true": "granted",
    "yes": "granted",
    "1": "granted",
    "subscribed": "granted",
    "opt-in": "granted",
    "optin": "granted",
    "false": "withdrawn",
    "no": "withdrawn",
    "0": "withdrawn",
    "unsubscribed": "withdrawn",
    "opt-out": "withdrawn",
    "optout": "withdrawn",
    "spam": "complained",
    "bounce": "bounced",
}
EVENTS = {"closed won": "won", "closed_won": "won", "closed lost": "lost", "closed_lost": "lost", "created": "opened"}

Sample = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping, what it rests on, and the required targets for which no column was found."""

    mapping: FileMapping
    because: str
    missing: tuple[str, ...] = ()


def known_shape(header: Sequence[str], table: str = "", preset: str = "") -> Shape | None:
    """The vendor's shape with the most marks that a file with this header meets and that feeds `table`."""
    if preset and preset not in PRESETS:
        raise MappingError(f"{preset!r} is no preset.", remedy=f"Presets are {', '.join(PRESETS)}.")
    shapes = [shape for vendor, known in PRESETS.items() if preset in ("", vendor) for shape in known]
    met = [shape for shape in shapes if shape.meets(header) and shape.mapping(header, table=table)]
    return max(met, key=lambda shape: (len(shape.marks), _copied(shape, header)), default=None)


def _copied(shape: Shape, header: Sequence[str]) -> int:
    """How many columns of the file the shape's mapping uses."""
    mapping = shape.mapping(header)
    return len({column for part in mapping.parts for column in part.used()}) if mapping else 0


def propose(
    header: Sequence[str], sample: Sample, table: str, *, preset: str = "", source: str = "", time_zone: str = "UTC"
) -> Proposal:
    """A mapping of a file into a table. `sample` holds some filled cells of each column.

    Raises MappingError when the named preset does not know such a file, or for an unknown table.
    """
    if table not in IMPORTED:
        raise MappingError(f"{table!r} cannot be imported.", remedy=f"Import as {', '.join(IMPORTED)}.")
    shape = known_shape(header, table, preset)
    if shape is not None:
        mapping = shape.mapping(header, table=table, source=source, time_zone=time_zone)
        if mapping is not None:
            return Proposal(mapping, f"{shape.vendor}: {shape.name}")
    if preset:
        raise MappingError(
            f"No export of {preset} as {table} has these columns.",
            remedy=f"Try another --as, or leave --preset out. The file has: {', '.join(header[:40])}.",
        )
    return _by_names(header, sample, table, source or "files", time_zone)


def _by_names(header: Sequence[str], sample: Sample, table: str, source: str, time_zone: str) -> Proposal:
    usable = [column for column in header if not any(map(looks_like_ip, sample.get(column, ())))]
    columns: dict[str, Rule] = {}
    needed = required(table)
    own = [column.name for column in TABLES[table].own]
    for target in sorted({*own, "occurred_at", "known_at"}, key=lambda target: (target not in needed, target)):
        found = _column(target, usable, sample, columns)
        if found:
            columns[target] = _rule(table, target, found, sample)
    for target, value in CONSTANTS.get(table, {}).items():
        columns.setdefault(target, Rule(value=value))
    ordered = {target: columns[target] for target in (*own, "occurred_at", "known_at") if target in columns}
    mapping = FileMapping(table, ordered, source=source, time_zone=time_zone, id=_id(table, usable, sample))
    left = tuple(column for column in header if column not in mapping.used())
    mapping = replace(mapping, ignore=left)
    missing = tuple(target for target in needed if target not in columns)
    return Proposal(mapping, "names and values of the columns", missing)


def _column(target: str, header: Sequence[str], sample: Sample, taken: Mapping[str, Rule]) -> str:
    """The column for a target: by exact name, by a nearly equal one, at last by its values alone."""
    used = {column for name, rule in taken.items() for column in rule.columns if name not in ("email", "subject_id")}
    words = WORDS.get(target, (plain(target),))
    plains = {plain(column): column for column in reversed(header)}
    fits = _fits(target)
    for word in words:
        column = plains.get(word, "")
        if column and column not in used and fits(sample.get(column, ())):
            return column
    for word in words[:3]:
        near = process.extractOne(word, [p for p in plains if len(p) > 4], scorer=fuzz.ratio, score_cutoff=NEAR)
        if near and plains[near[0]] not in used and fits(sample.get(plains[near[0]], ())):
            return plains[near[0]]
    return _by_values(target, [column for column in header if column not in used], sample)


def _by_values(target: str, header: Sequence[str], sample: Sample) -> str:
    if target == "occurred_at":
        return next((column for column in header if _are_times(sample.get(column, ()), strict=True)), "")
    if target in ("person_id", "email"):
        return next((column for column in header if _are_addresses(sample.get(column, ()))), "")
    return ""


def _fits(target: str) -> Callable[[Sequence[str]], bool]:
    if target in ("occurred_at", "known_at", "until"):
        return _are_times
    if target in ("amount", "rate", "employees", "revenue", "impressions", "clicks", "engagements", "score", "version"):
        return lambda cells: not cells or any(character.isdigit() for character in cells[0])
    if target == "email":
        return lambda cells: not cells or _are_addresses(cells)
    return lambda _: True


def _are_times(cells: Sequence[str], strict: bool = False) -> bool:
    if not cells:
        return not strict
    shapes = shapes_of(cells)
    if strict:
        shapes = {name: count for name, count in shapes.items() if name in ("iso", "offset", "numeric", "words")}
    return sum(shapes.values()) * 2 >= len(cells)


def _are_addresses(cells: Sequence[str]) -> bool:
    return bool(cells) and sum("@" in cell for cell in cells) * 2 >= len(cells)


def _rule(table: str, target: str, column: str, sample: Sample) -> Rule:
    words: dict[str, str] = {}
    cells = {cell.lower() for cell in sample.get(column, ())}
    if table == "consent" and target == "status":
        words = {cell: meant for cell, meant in STATUSES.items() if cell in cells}
    if table == "deals" and target == "event":
        words = {cell: meant for cell, meant in EVENTS.items() if cell in cells}
    if table == "handoffs" and target == "event":
        words = {cell: event for event in HANDOFF_EVENTS for cell in cells if cell == f"lead {event}"}
    return Rule(columns=(column,), values=words)


def _id(table: str, header: Sequence[str], sample: Sample) -> tuple[str, ...]:
    """The column whose cells are all different and that is named like an id of a row."""
    for word in IDS[table]:
        for column in header:
            cells = sample.get(column, ())
            if plain(column) == word and cells and len(set(cells)) == len(cells):
                return (column,)
    return ()


def siblings(file: Path, header: Sequence[str]) -> tuple[Beside, ...]:
    """Tables of pairs that lie beside a file and say to whom its rows belong."""
    found = []
    for part, on, adds in hubspot.SIBLINGS:
        beside = sorted(path for path in file.parent.glob(f"*{part}*.csv") if path != file)
        if on in header and adds not in header and beside:
            found.append(Beside(beside[0].name, ((on, on),), (adds,)))
    return tuple(found)
