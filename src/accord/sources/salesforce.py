"""Salesforce: its own exports and copies by connectors, with history, conversions and deleted records."""

from __future__ import annotations

from accord.sources.shapes import Part, Shape, const, history, take

VENDOR = "salesforce"
_ID = ("id", "recordid", "leadid", "contactid", "accountid", "opportunityid")
_MODIFIED = ("lastmodifieddate", "systemmodstamp", "fivetransynced")
_CREATED = ("createddate",)
_STATE = {"occurred_at": take(*_MODIFIED, *_CREATED), "known_at": take(*_MODIFIED)}
_SINCE = {"occurred_at": take("fivetranstart"), "known_at": take("fivetranstart")}
_BIRTH = {"occurred_at": take(*_CREATED), "known_at": take(*_CREATED)}
_YES = ("true", "yes", "1")
_STAGES = {"closed won": "won", "closedwon": "won", "closed lost": "lost", "closedlost": "lost"}

_PERSON = {
    "subject": const("person"),
    "subject_id": take("id", "leadid", "contactid"),
    "account_id": take("accountid"),
    "name": take("firstname", "lastname", joined=True),
    "email": take("email"),
    "phone": take("phone", "mobilephone"),
    "title": take("title"),
    "company": take("company", "accountname", "companyaccount"),
    "domain": take("website"),
    "country": take("countrycode", "mailingcountrycode", "country", "mailingcountry"),
    "city": take("city", "mailingcity"),
    "industry": take("industry"),
    "employees": take("numberofemployees", "employees", "noofemployees"),
    "revenue": take("annualrevenue"),
    "owner": take("ownerid", "leadowner", "contactowner"),
    "lifecycle": take("status", "leadstatus"),
    "deleted": take("isdeleted", "fivetrandeleted"),
}
_ORIGIN = {"origin": take("leadsource"), "campaign": take("utmcampaignc", "campaign")}
_ACCOUNT = {
    "subject": const("account"),
    "subject_id": take("id", "accountid"),
    "account_id": take("parentid", "parentaccountid"),
    "name": take("name", "accountname"),
    "phone": take("phone"),
    "domain": take("website"),
    "country": take("billingcountrycode", "billingcountry"),
    "city": take("billingcity"),
    "industry": take("industry"),
    "employees": take("numberofemployees", "employees"),
    "revenue": take("annualrevenue"),
    "segment": take("type"),
    "owner": take("ownerid", "accountowner"),
    "deleted": take("isdeleted", "fivetrandeleted"),
}
_CHANGED = {
    "name": ("Name",),
    "email": ("Email",),
    "phone": ("Phone",),
    "title": ("Title",),
    "company": ("Company",),
    "country": ("Country", "MailingCountry", "BillingCountry"),
    "city": ("City", "MailingCity", "BillingCity"),
    "industry": ("Industry",),
    "employees": ("NumberOfEmployees",),
    "revenue": ("AnnualRevenue",),
    "origin": ("LeadSource", "Lead Source"),
    "owner": ("Owner", "OwnerId"),
    "lifecycle": ("Status", "Lead Status"),
}
_DEAL = {
    "deal_id": take("id", "opportunityid"),
    "account_id": take("accountid"),
    "person_id": take("contactid", "primarycontactid"),
    "owner": take("ownerid", "opportunityowner"),
    "pipeline": take("recordtypeid"),
    "currency": take("currencyisocode"),
}
_STAGE = {"stage": take("stagename", "stage"), "amount": take("amount")}
_TASKS = {
    "call": "call.logged",
    "email": "email.sent",
    "listemail": "email.sent",
    "task": "task.done",
    "linkedin": "message.sent",
    "cadence": "task.done",
    "meeting": "meeting.held",
    "demo": "meeting.demo",
}
_OPTED_OUT = {"purpose": const("marketing.email"), "status": const("withdrawn"), **_STATE}
_NOT_CALLED = {"purpose": const("sales.call"), "status": const("withdrawn"), **_STATE}


def _consents() -> tuple[Part, ...]:
    person = take("id", "leadid", "contactid")
    return (
        Part("consent", {"person_id": person, **_OPTED_OUT}, ("id",), "opted out", only={"hasoptedoutofemail": _YES}),
        Part("consent", {"person_id": person, **_NOT_CALLED}, ("id",), "do not call", only={"donotcall": _YES}),
    )


def _person_parts() -> tuple[Part, ...]:
    created = {"subject": const("person"), "subject_id": take("id", "leadid", "contactid"), **_ORIGIN, **_BIRTH}
    return (
        Part("profiles", {**_PERSON, **_STATE}, ("id", "leadid", "contactid", "lastmodifieddate"), "as exported"),
        Part("profiles", created, ("id", "leadid", "contactid"), "created"),
        *_consents(),
    )


def _field_history(subject: str, owner: str) -> Shape:
    return Shape(
        VENDOR,
        f"{owner} field history",
        ((f"{owner}id",), ("field", "fieldevent"), ("newvalue",), ("createddate", "editdate")),
        (
            Part(
                "profiles",
                {
                    "subject": const(subject),
                    "subject_id": take(f"{owner}id"),
                    "occurred_at": take("createddate", "editdate"),
                    "known_at": take("createddate", "editdate"),
                    **history(_CHANGED, "field", "newvalue"),
                },
                (f"{owner}id", "createddate", "editdate", "field"),
                "property history",
                needs=("field",),
                more_pairs={"field": "newvalue"},
            ),
        ),
    )


SHAPES = (
    _field_history("person", "lead"),
    _field_history("person", "contact"),
    _field_history("account", "account"),
    Shape(
        VENDOR,
        "opportunity field history",
        (("opportunityid",), ("field", "fieldevent"), ("newvalue",), ("createddate", "editdate")),
        (
            Part(
                "deals",
                {
                    "deal_id": take("opportunityid"),
                    "event": take("newvalue", values=_STAGES, otherwise="stage"),
                    "stage": take("newvalue"),
                    "occurred_at": take("createddate", "editdate"),
                    "known_at": take("createddate", "editdate"),
                },
                ("opportunityid", "createddate", "editdate", "field"),
                "stage history",
                needs=("field",),
                only={"field": ("StageName", "Stage")},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "opportunity history",
        (
            ("stagename", "tostage", "stage"),
            ("fivetranstart", "opportunityid"),
            ("fivetranstart", "createddate", "lastmodified"),
        ),
        (
            Part(
                "deals",
                {
                    **_DEAL,
                    "deal_id": take("opportunityid", "id"),
                    "stage": take("stagename", "tostage", "stage"),
                    "amount": take("amount"),
                    "event": take("stagename", "tostage", "stage", values=_STAGES, otherwise="stage"),
                    "occurred_at": take("fivetranstart", "createddate", "lastmodified"),
                    "known_at": take("fivetranstart", "createddate", "lastmodified"),
                },
                ("opportunityid", "id", "fivetranstart", "createddate", "stagename", "tostage"),
                "stage history",
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": const("won"),
                    "occurred_at": take("closedate"),
                    "known_at": take("fivetranstart"),
                },
                ("id",),
                "won",
                needs=("fivetranstart",),
                only={"iswon": _YES, "fivetranactive": _YES},
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    "event": const("deleted"),
                    "occurred_at": take("fivetranstart"),
                    "known_at": take("fivetranstart"),
                },
                ("id", "fivetranstart"),
                "deleted",
                only={"isdeleted": _YES},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "opportunities",
        (("id", "opportunityid"), ("stagename", "stage"), ("closedate",)),
        (
            Part("deals", {**_DEAL, "event": const("opened"), **_BIRTH}, ("id", "opportunityid"), "opened"),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": const("stage"),
                    "occurred_at": take(*_MODIFIED),
                    "known_at": take(*_MODIFIED),
                },
                ("id", "opportunityid", "lastmodifieddate", "systemmodstamp"),
                "stage now",
                skip_where={"isclosed": _YES},
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": const("won"),
                    "occurred_at": take("closedate"),
                    "known_at": take(*_MODIFIED),
                },
                ("id", "opportunityid"),
                "won",
                only={"iswon": _YES},
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": const("lost"),
                    "reason": take("lossreasonc", "closedlostreasonc", "lossreason"),
                    "occurred_at": take("closedate"),
                    "known_at": take(*_MODIFIED),
                },
                ("id", "opportunityid"),
                "lost",
                only={"isclosed": _YES},
                skip_where={"iswon": _YES},
            ),
            Part(
                "deals",
                {**_DEAL, "event": const("deleted"), "occurred_at": take(*_MODIFIED), "known_at": take(*_MODIFIED)},
                ("id", "opportunityid"),
                "deleted",
                only={"isdeleted": _YES},
            ),
        ),
        unless=("fivetranstart", "newvalue"),
    ),
    Shape(
        VENDOR,
        "events",
        (("whoid",), ("startdatetime", "activitydatetime"), ("id", "activityid")),
        (
            Part(
                "touches",
                {
                    "person_id": take("whoid"),
                    "kind": take("type", "eventsubtype", values=_TASKS, otherwise="meeting.held"),
                    "side": const("sales"),
                    "by": take("ownerid", "assigned"),
                    "occurred_at": take("startdatetime", "activitydatetime"),
                    "known_at": take("createddate"),
                },
                ("id", "activityid"),
                skip_where={"isdeleted": _YES},
                evidence="claimed",
            ),
        ),
    ),
    Shape(
        VENDOR,
        "tasks",
        (("whoid",), ("activitydate", "completeddatetime"), ("subject", "tasksubtype"), ("id", "activityid")),
        (
            Part(
                "touches",
                {
                    "person_id": take("whoid"),
                    "kind": take("tasksubtype", "type", values=_TASKS, otherwise="task.done"),
                    "side": const("sales"),
                    "by": take("ownerid", "assigned"),
                    "outcome": take("calldisposition", "callresult"),
                    "occurred_at": take("completeddatetime", "activitydate"),
                    "known_at": take("lastmodifieddate", "createddate"),
                },
                ("id", "activityid"),
                only={"isclosed": _YES},
                skip_where={"isdeleted": _YES},
                evidence="claimed",
            ),
        ),
        unless=("startdatetime",),
    ),
    Shape(
        VENDOR,
        "users",
        (("id",), ("username",), ("isactive", "email")),
        (
            Part(
                "availability",
                {
                    "person": take("email", "username"),
                    "event": const("joined"),
                    "occurred_at": take("createddate", "fivetransynced"),
                    "known_at": take("fivetransynced"),
                },
                ("id",),
                "joined",
            ),
            Part(
                "availability",
                {
                    "person": take("email", "username"),
                    "event": const("left"),
                    "occurred_at": take("lastmodifieddate", "fivetransynced"),
                    "known_at": take("fivetransynced"),
                },
                ("id",),
                "left",
                only={"isactive": ("false", "no", "0")},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "leads",
        (
            ("id", "leadid"),
            ("isconverted", "leadsource", "leadstatus"),
            ("company", "companyaccount"),
            ("lastname", "name"),
        ),
        (
            *_person_parts(),
            Part(
                "identities",
                {
                    "alias_id": take("id", "leadid"),
                    "person_id": take("convertedcontactid"),
                    "occurred_at": take("converteddate"),
                    "known_at": take("converteddate"),
                },
                ("id", "leadid"),
                "converted",
                only={"isconverted": _YES},
            ),
        ),
        unless=("stagename",),
    ),
    Shape(
        VENDOR,
        "contact history",
        (("id",), ("fivetranstart",), ("lastname", "email")),
        (Part("profiles", {**_PERSON, **_SINCE}, ("id", "fivetranstart"), "history"),),
        unless=("stagename",),
    ),
    Shape(
        VENDOR,
        "account history",
        (("id",), ("fivetranstart",), ("accountnumber", "billingcountry", "numberofemployees")),
        (Part("profiles", {**_ACCOUNT, **_SINCE}, ("id", "fivetranstart"), "history"),),
        unless=("lastname", "stagename"),
    ),
    Shape(
        VENDOR,
        "contacts",
        (("id", "contactid"), ("accountid",), ("lastname",), ("email", "mailingcountry", "leadsource")),
        _person_parts(),
        unless=("stagename", "whoid", "fivetranstart", "username"),
    ),
    Shape(
        VENDOR,
        "accounts",
        (
            ("id", "accountid"),
            ("name", "accountname"),
            ("billingcountry", "numberofemployees", "accountnumber", "billingcity", "industry"),
        ),
        (
            Part("profiles", {**_ACCOUNT, **_STATE}, ("id", "accountid", "lastmodifieddate"), "as exported"),
            Part(
                "profiles",
                {"subject": const("account"), "subject_id": take("id", "accountid"), **_BIRTH},
                ("id", "accountid"),
                "created",
            ),
        ),
        unless=("lastname", "stagename", "whoid", "fivetranstart"),
    ),
)
