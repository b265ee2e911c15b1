"""Exports of HubSpot, Salesforce and leadforge: their own headers, and real tables of their shapes when present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.imports import AT, KEY, Imported, a_file, a_lake, counts, imported, lines, proposed, totals

from accord.facts.identity import account_id, deal_id, person_id
from accord.sources.importing import import_file, workplace
from accord.sources.mapping import FileMapping
from accord.sources.propose import known_shape
from accord.sources.shapes import plain

SHARED = Path(os.environ.get("ACCORD_SHARED_DATA", Path(__file__).parents[2].parent / "shared/data"))
FIXTURES = SHARED / "crm_vendor_fixtures"
LEADFORGE = SHARED / "leadforge_b2b/bundle_intermediate/tables"
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the vendors' fixtures are not beside the checkout")
needs_leadforge = pytest.mark.skipif(not LEADFORGE.is_dir(), reason="the leadforge tables are not beside the checkout")


def imported_as(folder: Path, path: Path, table: str, preset: str = "") -> Imported:
    return imported(folder, path, proposed(path, table, preset=preset))


def test_columns_are_compared_without_case_blanks_and_prefix() -> None:
    same = {plain(column) for column in ("First Name", "firstname", "property_firstname", "FIRST_NAME")}
    assert same == {"firstname"}


# The vendors' own headers


def test_hubspot_contacts(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "Record ID,First Name,Last Name,Email,Job Title,Company Name,Lifecycle Stage,Original Source,"
            "Create Date,Last Modified Date,Unsubscribed from all email",
            "101,Ann,Bee,Ann@Example.com,Buyer,Acme,lead,Organic Search,2027-01-05 10:00,2027-01-20 09:00,",
            "102,Bob,Cee,bob@example.com,,Acme,customer,Paid Search,2027-01-06 10:00,2027-01-21 09:00,true",
        ),
    )
    assert known_shape(path.read_text().splitlines()[0].split(",")).name == "contacts"  # type: ignore[union-attr]
    done = imported_as(tmp_path, path, "profiles")
    assert totals(done.outcomes) == {"profiles": 4, "identities": 2, "consent": 1}
    assert done.facts("profiles", "name", "title", "lifecycle", "origin", "occurred_at", "known_inferred") == [
        (None, None, None, "Organic Search", "2027-01-05 10:00:00", False),
        (None, None, None, "Paid Search", "2027-01-06 10:00:00", False),
        ("Ann Bee", "Buyer", "lead", None, "2027-01-20 09:00:00", False),
        ("Bob Cee", None, "customer", None, "2027-01-21 09:00:00", False),
    ]
    bob = person_id(KEY, "hubspot", "102")
    assert done.facts("consent", "person_id", "purpose", "status") == [(bob, "marketing.email", "withdrawn")]


def test_hubspot_deals_become_what_happened_when(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Last Modified Date,Deal owner",
            "7,Acme,Closed won,default,1200,2027-02-10,2027-01-05 10:00,2027-02-11 08:00,ann@us.example",
            "8,Bolt,Proposal,default,800,,2027-01-06 10:00,2027-01-30 08:00,Bob",
            "9,Cog,Closed lost,default,,2027-01-31,2027-01-07 10:00,2027-01-31 18:00,Bob",
        ),
    )
    done = imported_as(tmp_path, path, "deals")
    assert done.facts("deals", "event", "stage", "amount", "owner", "occurred_at") == [
        ("opened", None, None, "ann", "2027-01-05 10:00:00"),
        ("opened", None, None, "Bob", "2027-01-06 10:00:00"),
        ("opened", None, None, "Bob", "2027-01-07 10:00:00"),
        ("stage", "Proposal", 800.0, "Bob", "2027-01-30 08:00:00"),
        ("lost", "Closed lost", None, "Bob", "2027-01-31 00:00:00"),
        ("won", "Closed won", 1200.0, "ann", "2027-02-10 00:00:00"),
    ]


def test_hubspot_history_of_stages_and_amounts(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "deal_id,timestamp,name,value,source",
            "7,2027-01-05 10:00:00,dealstage,appointmentscheduled,CRM_UI",
            "7,2027-01-15 10:00:00,amount,900,CRM_UI",
            "7,2027-02-05 10:00:00,dealstage,closedwon,CRM_UI",
            "7,2027-02-05 10:00:00,dealname,Acme,CRM_UI",
        ),
    )
    done = imported_as(tmp_path, path, "deals")
    assert done.facts("deals", "event", "stage", "amount") == [
        ("stage", "appointmentscheduled", None),
        ("amount", None, 900.0),
        ("won", "closedwon", None),
    ]


def test_salesforce_leads_with_conversion_and_consent(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "Id,FirstName,LastName,Company,Email,Status,LeadSource,IsConverted,ConvertedContactId,ConvertedDate,"
            "HasOptedOutOfEmail,DoNotCall,IsDeleted,CreatedDate,LastModifiedDate",
            "00Q1,Ann,Bee,Acme,ann@x.com,Qualified,Web,true,0031,2027-01-20,false,true,false,"
            "2027-01-05T10:00:00.000+0000,2027-01-20T10:00:00.000+0000",
            "00Q2,Bob,Cee,Bolt,bob@x.com,Open,Event,false,,,true,false,true,"
            "2027-01-06T10:00:00.000+0000,2027-01-21T10:00:00.000+0000",
        ),
    )
    done = imported_as(tmp_path, path, "profiles")
    assert totals(done.outcomes) == {"profiles": 4, "identities": 3, "consent": 2}
    alias = (person_id(KEY, "salesforce", "00Q1"), person_id(KEY, "salesforce", "0031"))
    assert alias in done.facts("identities", "alias_id", "person_id")
    assert [deleted for (deleted,) in done.facts("profiles", "deleted")] == [None, None, False, True]


@pytest.mark.parametrize(
    ("vendor", "head", "rows"),
    [
        (
            "salesforce",
            "Id,Name,ParentId,BillingCountry,OwnerId,IsDeleted,CreatedDate,LastModifiedDate",
            ["001A,Works,001B,AT,ben,false,2027-01-05,2027-01-06", "001B,Group,,AT,cleo,false,2027-01-05,2027-01-06"],
        ),
        (
            "hubspot",
            "Record ID,Company name,Company Domain Name,Parent Company ID,Company owner,Create Date,Last Modified Date",
            ["1,Works,works.example,2,ben,2027-01-05,2027-01-06", "2,Group,group.example,,cleo,2027-01-05,2027-01-06"],
        ),
    ],
)  # fmt: skip
def test_accounts_name_the_one_above_them(tmp_path: Path, vendor: str, head: str, rows: list[str]) -> None:
    done = imported_as(tmp_path, a_file(tmp_path, lines(head, *rows)), "profiles", vendor)
    works, group = (account_id(KEY, vendor, row.split(",")[0]) for row in rows)
    told = done.facts("profiles", "subject", "subject_id", "account_id", "name")
    assert {row for row in told if row[3]} == {("account", works, group, "Works"), ("account", group, None, "Group")}


def test_salesforce_tasks_count_only_when_done(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "Id,WhoId,Subject,ActivityDate,Status,TaskSubtype,IsClosed,IsDeleted,OwnerId,CreatedDate,LastModifiedDate",
            "00T1,0031,Call,2027-01-05,Completed,Call,true,false,0051,2027-01-04T10:00:00Z,2027-01-05T10:00:00Z",
            "00T2,0031,Call,2027-01-09,Open,Call,false,false,0051,2027-01-04T10:00:00Z,2027-01-04T10:00:00Z",
            "00T3,0031,Mail,2027-01-09,Completed,Email,true,true,0051,2027-01-04T10:00:00Z,2027-01-04T10:00:00Z",
        ),
    )
    done = imported_as(tmp_path, path, "touches")
    assert counts(done.outcome) == (3, 1, 0, 0, 0, 2)
    assert done.facts("touches", "kind", "side", "precision", "evidence") == [
        ("call.logged", "sales", "day", "claimed")
    ]


def test_salesforce_opportunity_history(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        lines(
            "OpportunityId,StageName,Amount,CreatedDate",
            "0061,Prospecting,100,2027-01-05T10:00:00Z",
            "0061,Closed Won,120,2027-02-05T10:00:00Z",
        ),
    )
    done = imported_as(tmp_path, path, "deals")
    assert done.facts("deals", "deal_id", "event", "amount") == [
        (deal_id(KEY, "salesforce", "0061"), "stage", 100.0),
        (deal_id(KEY, "salesforce", "0061"), "won", 120.0),
    ]


# Tables in the vendors' shapes, as a connector copies them: rows, recorded in the first table, refused, left out

TABLES = [
    ("dbt_hubspot/contact_data.csv", "profiles", 22, {"profiles": 44}, 0),
    ("dbt_hubspot/company_data.csv", "profiles", 24, {"profiles": 48}, 0),
    ("dbt_hubspot/deal_data.csv", "deals", 44, {"deals": 44}, 0),
    ("dbt_hubspot/deal_stage_data.csv", "deals", 14, {"deals": 14}, 0),
    ("dbt_hubspot/merged_deal_data.csv", "deals", 14, {"deals": 14}, 0),
    ("dbt_hubspot/contact_property_history_data.csv", "profiles", 100, {"profiles": 100}, 0),
    ("dbt_hubspot/company_property_history_data.csv", "profiles", 100, {"profiles": 100}, 0),
    ("dbt_hubspot/deal_property_history_data.csv", "deals", 100, {"deals": 0}, 0),  # scrambled: no stage among them
    ("dbt_hubspot/contact_merge_audit_data.csv", "identities", 4, {"identities": 4}, 0),
    ("dbt_hubspot/contact_form_submission_data.csv", "touches", 5, {"touches": 5}, 0),
    ("dbt_hubspot/email_event_data.csv", "touches", 100, {"touches": 97, "consent": 0}, 0),
    ("dbt_hubspot/owner_data.csv", "availability", 100, {"availability": 100}, 0),
    ("dbt_hubspot/engagement_call_data.csv", "touches", 1, {"touches": 1}, 0),
    ("dbt_hubspot/engagement_meeting_data.csv", "touches", 100, {"touches": 0}, 100),  # nobody met, by these tables
    ("dbt_salesforce/sf_account_data.csv", "profiles", 10, {"profiles": 10}, 0),
    ("dbt_salesforce/sf_account_history_data.csv", "profiles", 10, {"profiles": 10}, 0),
    ("dbt_salesforce/sf_contact_data.csv", "profiles", 4, {"profiles": 8, "identities": 1, "consent": 0}, 0),
    ("dbt_salesforce/sf_contact_history_data.csv", "profiles", 4, {"profiles": 4, "identities": 1}, 0),
    ("dbt_salesforce/sf_lead_data.csv", "profiles", 1, {"profiles": 2, "identities": 2, "consent": 0}, 0),
    ("dbt_salesforce/sf_opportunity_data.csv", "deals", 10, {"deals": 30}, 0),
    ("dbt_salesforce/sf_opportunity_history_data.csv", "deals", 10, {"deals": 25}, 0),
    ("dbt_salesforce/sf_task_data.csv", "touches", 10, {"touches": 10}, 0),
    ("dbt_salesforce/sf_event_data.csv", "touches", 10, {"touches": 10}, 0),
    ("dbt_salesforce/sf_user_data.csv", "availability", 10, {"availability": 11}, 0),
]


@needs_fixtures
@pytest.mark.parametrize(("file", "table", "rows", "recorded", "refused"), TABLES, ids=[row[0] for row in TABLES])
def test_tables_of_a_connector(
    tmp_path: Path, file: str, table: str, rows: int, recorded: dict[str, int], refused: int
) -> None:
    mapping = with_siblings(FIXTURES / file, table)
    ledger = a_lake(tmp_path)
    with workplace(ledger, at=AT) as place:
        outcomes = import_file(FIXTURES / file, mapping, place, refused_file=lambda _: None)
    assert outcomes[0].rows == rows
    assert totals(outcomes) == recorded
    assert sum(outcome.refused for outcome in outcomes) == refused


def with_siblings(path: Path, table: str) -> FileMapping:
    """As the command proposes: with the tables of pairs that lie beside."""
    import argparse

    from accord.commands.import_ import _proposal
    from accord.sources.importing import scratch

    arguments = argparse.Namespace(table=table, time_zone="", preset=None, source="")
    with scratch() as (folder, engine):
        return _proposal(arguments, path, folder, engine).mapping


LEADFORGE_TABLES = [
    ("accounts", "profiles", 1_500, {"profiles": 1_500}),
    ("contacts", "profiles", 4_200, {"profiles": 4_200}),
    ("leads", "profiles", 5_000, {"profiles": 5_000, "identities": 5_000}),
    ("opportunities", "deals", 4_583, {"deals": 4_583 + 1_216 + 1_080}),
    ("sessions", "touches", 18_931, {"touches": 18_931}),
    ("sales_activities", "touches", 59_486, {"touches": 59_486}),
    ("touches", "touches", 73_154, {"touches": 73_154}),
]


@needs_leadforge
@pytest.mark.parametrize(("file", "table", "rows", "recorded"), LEADFORGE_TABLES)
def test_leadforge(tmp_path: Path, file: str, table: str, rows: int, recorded: dict[str, int]) -> None:
    done = imported_as(tmp_path, LEADFORGE / f"{file}.parquet", table, "leadforge")
    assert done.outcome.rows == rows
    assert totals(done.outcomes) == recorded
    assert {exact for (exact,) in done.facts(table, "precision")} == {"day"}
