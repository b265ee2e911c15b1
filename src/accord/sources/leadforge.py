"""leadforge: the tables of its simulated worlds (Parquet). Dates without a time of day; never when a row was known."""

from __future__ import annotations

from accord.sources.shapes import Part, Shape, const, take

VENDOR = "leadforge"
_OUTCOMES = {"closed_won": "won", "closed_lost": "lost"}
_TOUCHES = {
    "linkedin_message": "social.message",
    "webinar": "webinar.attended",
    "content_download": "content.downloaded",
    "email": "email.sent",
    "call": "call.logged",
}
_ACTIVITIES = {"demo": "meeting.demo", "call": "call.logged", "meeting": "meeting.held", "email": "email.sent"}
_SIDES = {"inbound": "marketing", "outbound": "sales"}

SHAPES = (
    Shape(
        VENDOR,
        "accounts",
        (("accountid",), ("companyname",), ("employeeband",)),
        (
            Part(
                "profiles",
                {
                    "subject": const("account"),
                    "subject_id": take("accountid"),
                    "name": take("companyname"),
                    "industry": take("industry"),
                    "country": take("region"),
                    "segment": take("employeeband"),
                    "occurred_at": take("createdat"),
                },
                ("accountid",),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "contacts",
        (("contactid",), ("jobtitle",), ("buyerrole",)),
        (
            Part(
                "profiles",
                {
                    "subject": const("person"),
                    "subject_id": take("contactid"),
                    "account_id": take("accountid"),
                    "title": take("jobtitle"),
                    "occurred_at": take("createdat"),
                },
                ("contactid",),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "leads",
        (("leadid",), ("leadcreatedat",), ("leadsource",)),
        (
            Part(
                "profiles",
                {
                    "subject": const("person"),
                    "subject_id": take("leadid"),
                    "account_id": take("accountid"),
                    "origin": take("leadsource"),
                    "owner": take("ownerrepid"),
                    "occurred_at": take("leadcreatedat"),
                },
                ("leadid",),
                "created",
            ),
            Part(
                "identities",
                {"alias_id": take("leadid"), "person_id": take("contactid"), "occurred_at": take("leadcreatedat")},
                ("leadid",),
                "lead of a contact",
            ),
        ),
    ),
    Shape(
        VENDOR,
        "touches",
        (("touchid",), ("leadid",), ("touchtype",), ("touchtimestamp",)),
        (
            Part(
                "touches",
                {
                    "person_id": take("leadid"),
                    "kind": take("touchtype", values=_TOUCHES),
                    "side": take("touchdirection", values=_SIDES),
                    "channel": take("touchchannel"),
                    "campaign": take("campaignid"),
                    "occurred_at": take("touchtimestamp"),
                },
                ("touchid",),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "sessions",
        (("sessionid",), ("leadid",), ("sessiontype",), ("sessiontimestamp",)),
        (
            Part(
                "touches",
                {
                    "person_id": take("leadid"),
                    "kind": take("sessiontype", prefix="page."),
                    "side": const("marketing"),
                    "channel": const("website"),
                    "occurred_at": take("sessiontimestamp"),
                },
                ("sessionid",),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "sales activities",
        (("activityid",), ("leadid",), ("activitytype",), ("activitytimestamp",)),
        (
            Part(
                "touches",
                {
                    "person_id": take("leadid"),
                    "kind": take("activitytype", values=_ACTIVITIES),
                    "side": const("sales"),
                    "by": take("repid"),
                    "outcome": take("activityoutcome"),
                    "occurred_at": take("activitytimestamp"),
                },
                ("activityid",),
            ),
        ),
    ),
    Shape(
        VENDOR,
        "opportunities",
        (("opportunityid",), ("leadid",), ("estimatedacv",), ("createdat",)),
        (
            Part(
                "deals",
                {
                    "deal_id": take("opportunityid"),
                    "person_id": take("leadid"),
                    "event": const("opened"),
                    "amount": take("estimatedacv"),
                    "currency": const("USD"),
                    "occurred_at": take("createdat"),
                },
                ("opportunityid",),
                "opened",
            ),
            Part(
                "deals",
                {
                    "deal_id": take("opportunityid"),
                    "person_id": take("leadid"),
                    "event": take("closeoutcome", values=_OUTCOMES),
                    "stage": take("stage"),
                    "amount": take("estimatedacv"),
                    "currency": const("USD"),
                    "occurred_at": take("closedat"),
                },
                ("opportunityid",),
                "closed",
                only={"closeoutcome": tuple(_OUTCOMES)},
            ),
        ),
    ),
)
