"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accord_app.agreements import draft_pages, pages

app_name = "agreements"
urlpatterns = [
    path("agreement/", pages.agreement, name="agreement"),
    path("agreement/load/", pages.load, name="load"),
    path("agreement/draft/", draft_pages.templates, name="draft"),
    path("agreement/draft/<slug:name>/", draft_pages.questions, name="draft_questions"),
    path("agreement/draft/<slug:name>/text/", draft_pages.draft, name="draft_text"),
    path("agreement/<int:number>/", pages.agreement, name="version"),
    path("agreement/<int:number>/text/", pages.text, name="text"),
    path("agreement/<int:older>/to/<int:newer>/", pages.compare, name="compare"),
]
