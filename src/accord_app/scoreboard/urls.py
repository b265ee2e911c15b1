"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.scoreboard import pages

app_name = "scoreboard"
urlpatterns = [
    path("scoreboard/", pages.scoreboard, name="scoreboard"),
    path("scoreboard/economics/", pages.economics, name="economics"),
    path("scoreboard/economics/<str:figure>/", pages.economic_figure, name="economic_figure"),
    path("scoreboard/diagnosis/", pages.diagnosis, name="diagnosis"),
    path("scoreboard/given-back/", pages.given_back, name="given_back"),
    path("scoreboard/dealt/", pages.fairness, name="fairness"),
    path("scoreboard/dealt/shares.csv", pages.fairness_csv, name="fairness_csv"),
    path("scoreboard/drawn/", pages.drawn, name="drawn"),
    path("scoreboard/forecast/", pages.forecast, name="forecast"),
    path("scoreboard/forecast/forecast.csv", pages.forecast_csv, name="forecast_csv"),
    path("scoreboard/forecast/past.csv", pages.record_csv, name="record_csv"),
    path("scoreboard/attribution/", pages.attribution, name="attribution"),
    path("scoreboard/attribution/<str:by>/", pages.attribution, name="attribution_by"),
    path("scoreboard/attribution/<str:by>/shares.csv", pages.attribution_csv, name="attribution_csv"),
    path("scoreboard/promise/<str:promise>/", pages.promise, name="promise"),
    path("scoreboard/promise/<str:promise>/<str:label>/", pages.promise, name="period"),
    path("scoreboard/promise/<str:promise>/<str:label>/records.csv", pages.records, name="records"),
]
