"""People who sign in, their teams, when they are there. Agreements name them by handle."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from accord_app.members.roles import Right, Role


class Team(models.Model):
    """A team of one side. `name` is what agreements call it."""

    class Side(models.TextChoices):
        MARKETING = "marketing", "Marketing"
        SALES = "sales", "Sales"
        BOTH = "both", "Both"

    name = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    side = models.CharField(max_length=9, choices=Side)

    def __str__(self) -> str:
        return self.title


class UserManager(BaseUserManager["User"]):
    """Makes users; everything else about them stands in `actions`."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """A user with a hashed password; without one nobody can sign in until it is set by a link."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def locked(self, user: User) -> User:
        """The same user as the database has them now, theirs until the transaction ends."""
        return self.select_for_update(of=("self",)).select_related("team", "manager").get(pk=user.pk)


class User(AbstractBaseUser):
    """Somebody who signs in, with one role. `handle` is the name in agreements and facts and never changes."""

    email = models.EmailField(unique=True)
    handle = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=24, choices=[(role.value, role.title) for role in Role])
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    manager = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reports")
    time_zone = models.CharField(max_length=64, blank=True)  # blank: the company's
    is_active = models.BooleanField(default=True)
    invited_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    shortcuts = models.BooleanField(default=True)
    theme = models.CharField(max_length=5, blank=True, choices=[("light", "Light"), ("dark", "Dark")])
    mail_at_once = models.BooleanField(default=True)  # else in the daily digest
    digest_at = models.TimeField(null=True, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["handle", "name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_both_ends",
            ),
            models.CheckConstraint(
                condition=Q(mail_at_once=True) | Q(digest_at__isnull=False), name="a_digest_has_its_time"
            ),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(left_at__isnull=False), name="who_left_left_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def may(self, right: Right | str) -> bool:
        """Whether the role gives this right. Whoever has left may nothing."""
        return self.is_active and Right(right) in Role(self.role).rights

    @property
    def side(self) -> str:
        """marketing, sales or both, by role."""
        return Role(self.role).side

    @property
    def initials(self) -> str:
        """Two letters for the avatar."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


class Invitation(models.Model):
    """A link by which somebody sets the first password. Only its hash is kept: `links` works the token out anew."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(used_at=None), name="one_open_invitation_each")
        ]


class Absence(models.Model):
    """When somebody is away and who stands in. The fact of it is in the ledger; this is for people to read and end."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    deputy = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_early_at = models.DateTimeField(null=True, blank=True)
    from_calendar = models.BooleanField(default=False)  # else typed by hand
    let_go = models.BooleanField(default=False)  # a person ended it, so that the calendar does not bring it back

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("begins_at")), name="absence_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(deputy=models.F("user")), name="nobody_is_their_own_deputy"),
        ]
        indexes = [models.Index(fields=["user", "ends_at"], name="absence_of_user")]

    @property
    def over_at(self) -> datetime:
        """When it ends or ended: the agreed end, or earlier."""
        return self.ended_early_at or self.ends_at

    def is_over(self, at: datetime) -> bool:
        """Whether it has ended, or was taken back before it began."""
        return self.over_at <= max(at, self.begins_at)


class CalendarFeed(models.Model):
    """The calendar from which somebody's absences are read. Its address is a secret and kept encrypted; of what stands
    in the calendar only the stretches of absence are kept, without titles."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_feed")
    address = models.TextField()
    host = models.CharField(max_length=255)
    all_day = models.BooleanField(default=True)
    words = models.CharField(max_length=400, blank=True)  # parted by commas
    deputy = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    next_at = models.DateTimeField()
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)  # when it was last read well
    read_as = models.CharField(max_length=64, blank=True)  # hash of the text that was read last
    stretches = models.JSONField(default=list)
    events = models.PositiveIntegerField(default=0)
    counted = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True, blank=True)
    is_told = models.BooleanField(default=False)  # its owner knows by mail that it has failed since then
    problem = models.CharField(max_length=300, blank=True)
    remedy = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(deputy=models.F("user")), name="no_calendar_names_its_own_deputy"),
        ]
        indexes = [models.Index(fields=["next_at"], name="calendar_feed_due")]
