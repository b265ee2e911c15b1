"""Addresses of the demo; they answer nothing outside it."""

from __future__ import annotations

from django.urls import path

from accord_app.demo import pages

app_name = "demo"
urlpatterns = [path("demo/", pages.sign_in, name="sign_in")]
