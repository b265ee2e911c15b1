"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Who works here: people, teams, hours, absences, roles and rights, sign-in."""

    name = "accord_app.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Puts the room into the navigation and its steps before those who set up a workspace."""
        from accord_app.members.roles import Right
        from accord_app.members.setting_up import STEPS
        from accord_app.shell import navigation, steps
        from accord_app.shell.navigation import Entry

        for step in STEPS:
            steps.register(step)
        navigation.register(
            Entry("Set up", "setup", "First steps", "list-check", "members:setup", right=Right.SET_UP, order=10)
        )
        navigation.register(
            Entry("Set up", "members", "Members", "users", "members:members", right=Right.SEE_MEMBERS, order=20)
        )
        navigation.register(
            Entry("Set up", "teams", "Teams", "users-group", "members:teams", right=Right.SEE_MEMBERS, order=30)
        )
        navigation.register(Entry("You", "profile", "Profile", "user", "members:profile", order=10))
        navigation.register(Entry("You", "absences", "Absences", "calendar-off", "members:my_absences", order=20))
