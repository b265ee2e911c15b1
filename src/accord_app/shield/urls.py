"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.shield import api, pages

app_name = "shield"
urlpatterns = [
    path("shield/", pages.check, name="check"),
    path("shield/checks/<int:check>/", pages.answer, name="answer"),
    path("shield/checks/<int:check>/people.csv", pages.answer_csv, name="answer_csv"),
    path("shield/let/<record:person_id>/", pages.let_through, name="let"),
    path("shield/overrides/<int:override>/take-back/", pages.take_back, name="take_back"),
    path("v1/may-contact", api.may_contact, name="may_contact"),
]
