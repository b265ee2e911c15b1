"""Addresses of the shell."""

from __future__ import annotations

from django.urls import path

from accord_app.shell import pages

app_name = "shell"
urlpatterns = [
    path("search/", pages.search_page, name="search"),
    path("components/", pages.components_page, name="components"),
    path("health", pages.health_page, name="health"),
]
