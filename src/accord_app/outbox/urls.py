"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.outbox import pages

app_name = "outbox"
urlpatterns = [
    path("", pages.own, name="own"),
    path("all/", pages.everybodys, name="all"),
    path("all/<int:message_id>/again/", pages.send_again, name="send_again"),
]
