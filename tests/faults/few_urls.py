"""Addresses of the rooms up to the outbox."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("accord_app.shell.urls")),
    path("", include("accord_app.members.urls")),
    path("account/", include("accord_app.members.sign_in_urls")),
    path("work/", include("accord_app.work.urls")),
    path("messages/", include("accord_app.outbox.urls")),
]
