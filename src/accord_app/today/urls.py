"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.today import pages

app_name = "today"
urlpatterns = [path("", pages.today, name="today")]
