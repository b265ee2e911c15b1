"""HubSpot: its own CSV exports and copies of its tables by connectors, with history, merges and deleted records."""

from __future__ import annotations

from accord.sources.shapes import Part, Shape, const, history, take

VENDOR = "hubspot"
_RECORD = ("recordid", "id", "contactid", "hsobjectid", "vid", "companyid", "dealid", "recordidcontact")
_CREATED = ("createdate", "createdat", "hscreatedate")
_MODIFIED = ("lastmodifieddate", "hslastmodifieddate", "updatedat", "fivetransynced")
_DELETED = ("fivetrandeleted", "isdeleted", "archived")
_OWNER = ("contactowner", "companyowner", "dealowner", "hubspotownerid", "ownerid")
_YES = ("true", "yes", "1")
_STAGES = {"closedwon": "won", "closed won": "won", "closedlost": "lost", "closed lost": "lost"}
_CLOSED = tuple(_STAGES)

_PERSON = {
    "subject": const("person"),
    "subject_id": take(*_RECORD),
    "account_id": take(
        "associatedcompanyid", "primaryassociatedcompanyid", "associatedcompanyids", "hsprimarycompanyid"
    ),
    "name": take("firstname", "lastname", joined=True),
    "email": take("email"),
    "phone": take("phonenumber", "phone", "mobilephonenumber", "mobilephone"),
    "title": take("jobtitle"),
    "company": take("companyname", "company"),
    "domain": take("emaildomain", "hsemaildomain", "websiteurl", "website"),
    "country": take("countryregion", "country", "ipcountry"),
    "city": take("city"),
    "language": take("preferredlanguage", "hslanguage"),
    "industry": take("industry"),
    "employees": take("numberofemployees", "numemployees", "numberofemployeescompany"),
    "revenue": take("annualrevenue"),
    "owner": take(*_OWNER),
    "lifecycle": take("lifecyclestage"),
    "deleted": take(*_DELETED),
}
_ORIGIN = {
    "origin": take("originalsource", "originaltrafficsource", "hsanalyticssource"),
    "campaign": take("firsttouchconvertingcampaign", "hsanalyticsfirsttouchconvertingcampaign"),
    "landing_page": take("firstpageseen", "hsanalyticsfirsturl"),
}
_ACCOUNT = {
    "subject": const("account"),
    "subject_id": take(*_RECORD),
    "account_id": take("parentcompanyid", "hsparentcompanyid"),
    "name": take("companyname", "name"),
    "domain": take("companydomainname", "domain", "websiteurl", "website"),
    "phone": take("phonenumber", "phone"),
    "country": take("countryregion", "country"),
    "city": take("city"),
    "industry": take("industry"),
    "employees": take("numberofemployees", "numberofemployeesrange", "numemployees"),
    "revenue": take("annualrevenue"),
    "segment": take("targetaccount", "type"),
    "owner": take(*_OWNER),
    "lifecycle": take("lifecyclestage"),
    "deleted": take(*_DELETED),
}
_CHANGED = {
    "name": ("name",),
    "email": ("email", "Email"),
    "phone": ("phone", "Phone Number"),
    "title": ("jobtitle", "Job Title"),
    "company": ("company", "Company Name"),
    "country": ("country", "Country/Region"),
    "city": ("city", "City"),
    "industry": ("industry", "Industry"),
    "employees": ("numemployees", "numberofemployees"),
    "revenue": ("annualrevenue", "Annual Revenue"),
    "origin": ("hs_analytics_source", "Original Source"),
    "owner": ("hubspot_owner_id", "Contact owner"),
    "lifecycle": ("lifecyclestage", "Lifecycle Stage"),
    "domain": ("domain", "website"),
}
_DEAL = {
    "deal_id": take("recordid", "dealid", "id", "hsobjectid"),
    "account_id": take("associatedcompanyid", "associatedcompanyids", "primaryassociatedcompanyid", "companyid"),
    "person_id": take("associatedcontactid", "associatedcontactids", "contactid"),
    "owner": take(*_OWNER),
    "pipeline": take("pipeline", "dealpipelineid"),
    "currency": take("currency", "dealcurrencycode"),
}
_STAGE = {"stage": take("dealstage", "dealpipelinestageid"), "amount": take("amount")}
_EMAIL_EVENTS = {
    "SENT": "email.sent",
    "DELIVERED": "email.delivered",
    "OPEN": "email.opened",
    "CLICK": "email.clicked",
    "BOUNCE": "email.bounced",
    "DROPPED": "email.dropped",
    "SPAMREPORT": "email.complained",
    "STATUSCHANGE": "email.unsubscribed",
    "PROCESSED": "email.processed",
    "DEFERRED": "email.deferred",
    "FORWARD": "email.forwarded",
    "PRINT": "email.printed",
}
_ACTIVITIES = {
    "CALL": "call.logged",
    "EMAIL": "email.sent",
    "MEETING": "meeting.held",
    "NOTE": "note.written",
    "TASK": "task.done",
    "COMMUNICATION": "message.sent",
    "INCOMING_EMAIL": "email.received",
    "FORWARDED_EMAIL": "email.forwarded",
}

SIBLINGS = (  # tables of pairs that a connector writes beside: part of their name, the id on both sides, what they add
    ("engagement_contact", "engagement_id", "contact_id"),
    ("deal_contact", "deal_id", "contact_id"),
    ("deal_company", "deal_id", "company_id"),
)


_OBJECT_TIMES = {"occurred_at": take(*_MODIFIED, *_CREATED), "known_at": take(*_MODIFIED)}
_PAST = {"occurred_at": take("timestamp", "timestampinstant"), "known_at": take("timestamp", "timestampinstant")}

SHAPES = (
    Shape(
        VENDOR,
        "contact property history",
        (("contactid", "vid"), ("timestamp", "timestampinstant"), ("name",), ("value",)),
        (
            Part(
                "profiles",
                {"subject": const("person"), "subject_id": take("contactid", "vid"), **_PAST}
                | history(_CHANGED, "name", "value"),
                ("contactid", "vid", "timestamp", "timestampinstant", "name"),
                "property history",
                more_pairs={"name": "value"},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "company property history",
        (("companyid",), ("timestamp", "timestampinstant"), ("name",), ("value",)),
        (
            Part(
                "profiles",
                {"subject": const("account"), "subject_id": take("companyid"), **_PAST}
                | history(_CHANGED, "name", "value"),
                ("companyid", "timestamp", "timestampinstant", "name"),
                "property history",
                more_pairs={"name": "value"},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "deal property history",
        (("dealid",), ("timestamp", "timestampinstant"), ("name",), ("value",)),
        (
            Part(
                "deals",
                {
                    "deal_id": take("dealid"),
                    **_PAST,
                    "event": take("value", values=_STAGES, otherwise="stage"),
                    "stage": take("value"),
                },
                ("dealid", "timestamp", "timestampinstant", "name"),
                "stage history",
                only={"name": ("dealstage", "Deal Stage")},
            ),
            Part(
                "deals",
                {"deal_id": take("dealid"), **_PAST, "event": const("amount"), "amount": take("value")},
                ("dealid", "timestamp", "timestampinstant", "name"),
                "amount history",
                only={"name": ("amount", "Amount")},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "deal stage history",
        (("dealid",), ("dateentered", "fivetranstart"), ("value", "dealstage", "stage")),
        (
            Part(
                "deals",
                {
                    "deal_id": take("dealid"),
                    "event": take("value", "dealstage", "stage", values=_STAGES, otherwise="stage"),
                    "stage": take("value", "dealstage", "stage"),
                    "occurred_at": take("dateentered", "fivetranstart"),
                    "known_at": take("dateentered", "fivetranstart"),
                },
                ("dealid", "dateentered", "fivetranstart", "value"),
                "stage history",
            ),
        ),
    ),
    Shape(
        VENDOR,
        "contact merges",
        (("canonicalvid", "contactid"), ("vidtomerge",)),
        (
            Part(
                "identities",
                {
                    "alias_id": take("vidtomerge"),
                    "person_id": take("canonicalvid", "contactid"),
                    "occurred_at": take("timestamp"),
                    "known_at": take("timestamp"),
                },
                ("canonicalvid", "vidtomerge"),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "deal merges",
        (("dealid",), ("mergeddealid",)),
        (
            Part(
                "deals",
                {
                    "deal_id": take("mergeddealid"),
                    "event": const("deleted"),
                    "reason": const("merged into another deal"),
                    "occurred_at": take("timestamp", "fivetransynced"),
                    "known_at": take("fivetransynced"),
                },
                ("dealid", "mergeddealid"),
                "merged",
            ),
        ),
    ),
    Shape(
        VENDOR,
        "form submissions",
        (("contactid", "email"), ("formid", "conversionid"), ("timestamp", "submittedat")),
        (
            Part(
                "touches",
                {
                    "person_id": take("contactid", "email"),
                    "kind": take("title", "formname", "formid", prefix="form."),
                    "side": const("marketing"),
                    "asset": take("pageurl", "title"),
                    "occurred_at": take("timestamp", "submittedat"),
                    "known_at": take("timestamp", "submittedat"),
                },
                ("conversionid", "contactid", "timestamp"),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "e-mail events",
        (("recipient",), ("type", "eventtype"), ("created", "timestamp", "eventtimestamp")),
        (
            Part(
                "touches",
                {
                    "person_id": take("recipient"),
                    "kind": take("type", "eventtype", values=_EMAIL_EVENTS, otherwise="email.event"),
                    "side": const("marketing"),
                    "channel": const("email"),
                    "campaign": take("emailcampaignid", "campaign"),
                    "occurred_at": take("created", "timestamp", "eventtimestamp"),
                    "known_at": take("created", "timestamp", "eventtimestamp"),
                },
                ("id",),
                skip_where={"filteredevent": _YES},
            ),
            Part(
                "consent",
                {
                    "person_id": take("recipient"),
                    "purpose": const("marketing.email"),
                    "status": take(
                        "type",
                        "eventtype",
                        values={"BOUNCE": "bounced", "SPAMREPORT": "complained", "STATUSCHANGE": "withdrawn"},
                    ),
                    "occurred_at": take("created", "timestamp", "eventtimestamp"),
                    "known_at": take("created", "timestamp", "eventtimestamp"),
                },
                ("id",),
                "said by e-mail",
                only={"type": ("BOUNCE", "SPAMREPORT", "STATUSCHANGE")},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "activities",
        (
            ("engagementid", "activityid", "recordid", "id"),
            ("type", "activitytype"),
            ("hstimestamp", "activitydate", "starttime"),
        ),
        (
            Part(
                "touches",
                {
                    "person_id": take("contactid", "associatedcontactid", "associatedcontactids", "associatedcontact"),
                    "kind": take("type", "activitytype", values=_ACTIVITIES, prefix=""),
                    "side": const("sales"),
                    "by": take("hubspotownerid", "activityassignedto", "ownerid"),
                    "outcome": take("meetingoutcome", "hscalldisposition", "calloutcome", "outcome"),
                    "occurred_at": take("hstimestamp", "activitydate", "starttime"),
                    "known_at": take("hscreatedate", "createdate", "createdat"),
                },
                ("engagementid", "activityid", "recordid", "id"),
                skip_where={"fivetrandeleted": _YES},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "meetings",
        (("engagementid",), ("starttime",), ("meetingoutcome",)),
        (
            Part(
                "touches",
                {
                    "person_id": take("contactid"),
                    "kind": const("meeting.held"),
                    "side": const("sales"),
                    "outcome": take("meetingoutcome"),
                    "occurred_at": take("starttime"),
                    "known_at": take("hscreatedate", "createdate"),
                },
                ("engagementid",),
                evidence="claimed",
            ),
        ),
        unless=("type",),
    ),
    Shape(
        VENDOR,
        "owners",
        (("ownerid",), ("email",), ("createdat",)),
        (
            Part(
                "availability",
                {
                    "person": take("email"),
                    "event": const("joined"),
                    "team": take("teamname", "primaryteam"),
                    "occurred_at": take("createdat"),
                    "known_at": take("createdat"),
                },
                ("ownerid",),
            ),
        ),
        unless=("dealname", "dealid", "lifecyclestage", "firstconversiondate"),
    ),
    Shape(
        VENDOR,
        "deals",
        (("dealname",), ("recordid", "dealid", "id"), _CREATED),
        (
            Part(
                "deals",
                {**_DEAL, "event": const("opened"), "occurred_at": take(*_CREATED), "known_at": take(*_CREATED)},
                ("recordid", "dealid", "id"),
                "opened",
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": const("stage"),
                    "occurred_at": take(*_MODIFIED),
                    "known_at": take(*_MODIFIED),
                },
                ("recordid", "dealid", "id", "lastmodifieddate", "hslastmodifieddate", "updatedat"),
                "stage now",
                skip_where={"dealstage": _CLOSED},
            ),
            Part(
                "deals",
                {
                    **_DEAL,
                    **_STAGE,
                    "event": take("dealstage", "dealpipelinestageid", values=_STAGES),
                    "reason": take("closedlostreason"),
                    "occurred_at": take("closedate"),
                    "known_at": take(*_MODIFIED),
                },
                ("recordid", "dealid", "id"),
                "closed",
                only={"dealstage": _CLOSED},
            ),
            Part(
                "deals",
                {**_DEAL, "event": const("deleted"), "occurred_at": take(*_MODIFIED), "known_at": take(*_MODIFIED)},
                ("recordid", "dealid", "id"),
                "deleted",
                only={"isdeleted": _YES},
            ),
        ),
    ),
    Shape(
        VENDOR,
        "contacts",
        (("email",), _RECORD, ("firstname", "lastname", "lifecyclestage", "jobtitle"), _CREATED),
        (
            Part("profiles", {**_PERSON, **_OBJECT_TIMES}, (*_RECORD, *_MODIFIED[:3]), "as exported"),
            Part(
                "profiles",
                {
                    "subject": const("person"),
                    "subject_id": take(*_RECORD),
                    **_ORIGIN,
                    "occurred_at": take(*_CREATED),
                    "known_at": take(*_CREATED),
                },
                _RECORD,
                "created",
            ),
            Part(
                "consent",
                {
                    "person_id": take(*_RECORD),
                    "purpose": const("marketing.email"),
                    "status": const("withdrawn"),
                    "occurred_at": take(*_MODIFIED),
                    "known_at": take(*_MODIFIED),
                },
                _RECORD,
                "unsubscribed",
                only={"unsubscribedfromallemail": _YES},
            ),
            Part(
                "consent",
                {
                    "person_id": take(*_RECORD),
                    "purpose": const("marketing.email"),
                    "status": const("withdrawn"),
                    "occurred_at": take(*_MODIFIED),
                    "known_at": take(*_MODIFIED),
                },
                _RECORD,
                "opted out",
                only={"hsemailoptout": _YES},
            ),
        ),
        unless=("stagename", "whoid"),
    ),
    Shape(
        VENDOR,
        "companies",
        (("companyname", "name"), ("recordid", "id", "companyid"), ("createdate",)),
        (
            Part(
                "profiles",
                {**_ACCOUNT, **_OBJECT_TIMES},
                ("recordid", "id", "companyid", *_MODIFIED[:3]),
                "as exported",
            ),
            Part(
                "profiles",
                {
                    "subject": const("account"),
                    "subject_id": take("recordid", "id", "companyid"),
                    "occurred_at": take(*_CREATED),
                    "known_at": take(*_CREATED),
                },
                ("recordid", "id", "companyid"),
                "created",
            ),
        ),
        unless=("email", "dealname", "ticketid", "stagename"),
    ),
)
