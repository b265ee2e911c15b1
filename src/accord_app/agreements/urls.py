"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.agreements import pages

app_name = "agreements"
urlpatterns = [
    path("agreement/", pages.agreement, name="agreement"),
    path("agreement/load/", pages.load, name="load"),
    path("agreement/<int:number>/", pages.agreement, name="version"),
    path("agreement/<int:number>/text/", pages.text, name="text"),
    path("agreement/<int:older>/to/<int:newer>/", pages.compare, name="compare"),
]
