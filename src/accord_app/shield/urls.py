"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.shield import collision_pages, pages

app_name = "shield"
urlpatterns = [
    path("shield/", pages.check, name="check"),
    path("shield/collisions/", collision_pages.collisions, name="collisions"),
    path("shield/collisions/csv/", collision_pages.collisions_csv, name="collisions_csv"),
    path("shield/checks/<int:check>/", pages.answer, name="answer"),
    path("shield/checks/<int:check>/people.csv", pages.answer_csv, name="answer_csv"),
    path("shield/let/<record:person_id>/", pages.let_through, name="let"),
    path("shield/overrides/<int:override>/take-back/", pages.take_back, name="take_back"),
]
