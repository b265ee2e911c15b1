"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.scoreboard import pages

app_name = "scoreboard"
urlpatterns = [
    path("scoreboard/", pages.scoreboard, name="scoreboard"),
    path("scoreboard/given-back/", pages.given_back, name="given_back"),
    path("scoreboard/promise/<str:promise>/", pages.promise, name="promise"),
    path("scoreboard/promise/<str:promise>/<str:label>/", pages.promise, name="period"),
    path("scoreboard/promise/<str:promise>/<str:label>/records.csv", pages.records, name="records"),
]
