"""When somebody wants to be written to: quiet hours, and the time of the daily digest, on their own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accord_app.members.models import User
from accord_app.shell.models import Company

MORNING = time(8)


@dataclass(frozen=True)
class MailHours:
    """One person's wishes. `quiet_from` after `quiet_until` means over midnight; both None: never quiet."""

    zone: ZoneInfo
    digest_at: time = MORNING
    quiet_from: time | None = None
    quiet_until: time | None = None

    def after_quiet(self, at: datetime) -> datetime:
        """`at`, or the end of the quiet hours in which it lies."""
        if self.quiet_until is None or not self._is_quiet(at.astimezone(self.zone).time()):
            return at
        return self._next(self.quiet_until, at)

    def next_digest(self, at: datetime) -> datetime:
        """The first time after `at` for the daily digest."""
        return self._next(self.digest_at, at)

    def _is_quiet(self, now: time) -> bool:
        begins, ends = self.quiet_from, self.quiet_until
        if begins is None or ends is None or begins == ends:
            return False
        return begins <= now < ends if begins < ends else now >= begins or now < ends

    def _next(self, wall: time, at: datetime) -> datetime:
        today = at.astimezone(self.zone).date()
        days = (datetime.combine(today + timedelta(days=day), wall, tzinfo=self.zone) for day in range(3))
        return next(moment for day in days if (moment := day.astimezone(UTC)) > at)


def mail_hours(user: User) -> MailHours:
    """What the user has set; the company's time zone where they have set none."""
    return MailHours(
        zone=zone_of(user),
        digest_at=user.digest_at or MORNING,
        quiet_from=user.quiet_from,
        quiet_until=user.quiet_until,
    )


def zone_of(user: User) -> ZoneInfo:
    """The time zone in which the user reads times."""
    company = None if user.time_zone else Company.objects.first()
    return ZoneInfo(user.time_zone or (company.time_zone if company else "UTC"))
