"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.work import pages

app_name = "work"
urlpatterns = [
    path("", pages.overview, name="overview"),
    path("<str:kind>/<int:row_id>/again/", pages.do_again, name="do_again"),
    path("<str:kind>/<int:row_id>/drop/", pages.drop, name="drop"),
]
