"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.outreach import events_api, pages, public

app_name = "outreach"
urlpatterns = [
    path("nurture/", pages.tracks, name="tracks"),
    path("nurture/write/", pages.write_track, name="new_track"),
    path("nurture/calendar/", pages.calendar, name="calendar"),
    path("nurture/tasks/", pages.tasks, name="tasks"),
    path("nurture/tasks/<int:task>/done/", pages.finish_task, name="finish_task"),
    path("nurture/templates/", pages.templates, name="templates"),
    path("nurture/templates/write/", pages.write_template, name="new_template"),
    path("nurture/templates/<slug:template>/", pages.template, name="template"),
    path("nurture/templates/<slug:template>/write/", pages.write_template, name="write_template"),
    path("nurture/texts/", pages.texts, name="texts"),
    path("nurture/tracks/<slug:track>/", pages.track, name="track"),
    path("nurture/tracks/<slug:track>/write/", pages.write_track, name="write_track"),
    path("nurture/tracks/<slug:track>/close/", pages.close_track, name="close_track"),
    path("nurture/tracks/<slug:track>/catch-up/", pages.catch_up, name="catch_up"),
    path("nurture/members/<int:member>/move/", pages.move, name="move"),
    path("nurture/members/<int:member>/take-out/", pages.take_out, name="take_out"),
    path("nurture/letters/<int:letter>/settle/", pages.settle, name="settle"),
    path("nurture/people/<record:person_id>/enter/", pages.enter, name="enter"),
    path("nurture/people/<record:person_id>/ask/", pages.ask, name="ask"),
    path("nurture/people/<record:person_id>/no/", pages.heard_no, name="heard_no"),
    path("mail/unsubscribe/<str:token>/", public.unsubscribe, name="unsubscribe"),
    path("mail/confirm/<str:token>/", public.confirm, name="confirm"),
    path("mail/preferences/<str:token>/", public.preferences, name="preferences"),
    path("mail/events/<slug:provider>/", events_api.events, name="mail_events"),
]
