"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.members import pages

app_name = "members"
urlpatterns = [
    path("welcome/", pages.welcome, name="welcome"),
    path("setup/", pages.setup, name="setup"),
    path("setup/live/", pages.go_live, name="go_live"),
    path("invitation/<str:token>/", pages.invitation, name="invitation"),
    path("members/", pages.members, name="members"),
    path("members/invite/", pages.invite, name="invite"),
    path("members/of/<slug:handle>/", pages.member, name="member"),
    path("members/of/<slug:handle>/resend/", pages.resend, name="resend"),
    path("members/of/<slug:handle>/withdraw/", pages.withdraw, name="withdraw"),
    path("members/of/<slug:handle>/leave/", pages.leave, name="leave"),
    path("members/of/<slug:handle>/return/", pages.come_back, name="come_back"),
    path("teams/", pages.teams, name="teams"),
    path("teams/<slug:name>/", pages.team, name="team"),
    path("teams/<slug:name>/remove/", pages.remove_team, name="remove_team"),
    path("absences/", pages.my_absences, name="my_absences"),
    path("absences/of/<slug:handle>/", pages.absences_of, name="absences_of"),
    path("absences/<int:number>/end/", pages.end_absence, name="end_absence"),
    path("absences/calendar/", pages.calendar, name="calendar"),
    path("absences/calendar/read/", pages.read_calendar, name="read_calendar"),
    path("absences/calendar/stop/", pages.stop_calendar, name="stop_calendar"),
    path("profile/", pages.profile, name="profile"),
]
