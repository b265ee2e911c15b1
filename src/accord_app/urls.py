"""Which room answers which address."""

from __future__ import annotations

from django.urls import include, path

handler400 = "accord_app.shell.errors.bad_request"
handler403 = "accord_app.shell.errors.forbidden"
handler404 = "accord_app.shell.errors.not_found"
handler500 = "accord_app.shell.errors.server_error"
urlpatterns = [
    path("", include("accord_app.today.urls")),
    path("", include("accord_app.demo.urls")),
    path("", include("accord_app.scoreboard.urls")),
    path("", include("accord_app.agreements.urls")),
    path("", include("accord_app.shell.urls")),
    path("", include("accord_app.members.urls")),
    path("", include("accord_app.records.urls")),
    path("", include("accord_app.intake.urls")),
    path("", include("accord_app.shield.urls")),
    path("", include("accord_app.outreach.urls")),
    path("handoffs/", include("accord_app.handoffs.urls")),
    path("account/", include("accord_app.members.sign_in_urls")),
    path("work/", include("accord_app.work.urls")),
    path("messages/", include("accord_app.outbox.urls")),
    path("v1/", include("accord_app.api.urls")),
]
