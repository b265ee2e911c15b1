"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.intake import event_pages, pages

app_name = "intake"
urlpatterns = [
    path("imports/", pages.all_imports, name="imports"),
    path("imports/new/", pages.bring, name="bring"),
    path("imports/<int:number>/", pages.one_import, name="import"),
    path("imports/<int:number>/progress/", pages.progress, name="progress"),
    path("imports/<int:number>/propose/", pages.propose, name="propose"),
    path("imports/<int:number>/mapping/", pages.use_mapping, name="mapping"),
    path("imports/<int:number>/undo/", pages.undo, name="undo"),
    path("imports/<int:number>/discard/", pages.discard, name="discard"),
    path("imports/<int:number>/refused/<int:part>/", pages.refused, name="refused"),
    path("data-health/", pages.data_health, name="health"),
    path("events/", event_pages.keys, name="events"),
    path("events/keys/<int:number>/withdraw/", event_pages.withdraw, name="withdraw"),
    path("events/set-aside/", event_pages.set_aside, name="aside"),
    path("events/set-aside/<int:number>/again/", event_pages.take_in_again, name="again"),
    path("events/set-aside/<int:number>/drop/", event_pages.drop, name="drop"),
]
