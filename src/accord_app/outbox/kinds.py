"""The mails that Accord writes. Each links to the one page where something can be done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MailKind:
    """A mail by name. `uses` are the keys of its context that the templates show, each of which may be left out;
    those that end in `_at` are moments in ISO form. `asked_for`: somebody waits for it, so it keeps no quiet hours."""

    name: str
    title: str
    button: str
    why: str  # why one gets it, in the footer
    uses: tuple[str, ...] = ()
    asked_for: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        MailKind(
            name="invitation",
            title="Invitation",
            button="Set your password",
            why="because a colleague invited you.",
            uses=("by", "company"),
            asked_for=True,
        ),
        MailKind(
            name="password_reset",
            title="New password",
            button="Choose a new password",
            why="because somebody asked for a new password for your sign-in.",
            uses=("company",),
            asked_for=True,
        ),
        MailKind(
            name="handoff_offered",
            title="Handoff for you",
            button="Answer the handoff",
            why="because handoffs are routed to you.",
            uses=("clause", "answer_by_at"),
        ),
        MailKind(
            name="clock_reminder",
            title="Reminder",
            button="Open the handoff",
            why="because a clock of your handoff runs.",
            uses=("clause", "clock", "ends_at"),
        ),
        MailKind(
            name="clock_escalated",
            title="Clock ran out",
            button="Open the handoff",
            why="because the agreement names you for this case.",
            uses=("clause", "clock", "owner", "ended_at"),
        ),
        MailKind(
            name="handoff_rerouted",
            title="Handoff moved to you",
            button="Answer the handoff",
            why="because handoffs are routed to you.",
            uses=("clause", "before", "answer_by_at"),
        ),
        MailKind(
            name="reply_due",
            title="Reply due",
            button="Reply to the rejection",
            why="because marketing replies to rejections.",
            uses=("due_at", "standing"),
        ),
        MailKind(
            name="rejection_replied",
            title="Reply to a rejection",
            button="Read the reply",
            why="because you rejected the handoff.",
            uses=("by",),
        ),
        MailKind(
            name="second_look",
            title="Second look",
            button="Look at the rejection",
            why="because the agreement names you for second looks.",
            uses=("due_at", "standing"),
        ),
        MailKind(
            name="looked_again",
            title="Looked at again",
            button="Open the handoff",
            why="because you rejected the handoff or replied to the rejection.",
            uses=("by", "verdict", "follows"),
        ),
        MailKind(
            name="nurture_task",
            title="Task",
            button="Open the task",
            why="because a nurture track asks you for this.",
            uses=("task",),
        ),
        MailKind(
            name="absence_set",
            title="Absence",
            button="See the absence",
            why="because it is about you or you stand in.",
            uses=("who", "by", "deputy", "begins_at", "ends_at"),
        ),
        MailKind(
            name="calendar_fails",
            title="Calendar not read",
            button="Mend the calendar",
            why="because your absences are read from that calendar.",
            uses=("host", "problem", "remedy", "since_at"),
        ),
        MailKind(
            name="import_done",
            title="Import finished",
            button="See the result",
            why="because you started the import.",
            uses=("file", "rows", "left_out"),
        ),
        MailKind(
            name="digest",
            title="Daily digest",
            button="See all messages",
            why="because you asked for one mail a day.",
        ),
    )
}
