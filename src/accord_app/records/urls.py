"""Addresses of the room."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from accord_app.records import employer_pages, merge_pages, pages


class RecordId(StringConverter):
    """An id as the ledger gives it: letters and signs of base64url. Anything else names no record."""

    regex = "[A-Za-z0-9_-]{1,24}"


register_converter(RecordId, "record")
app_name = "records"
urlpatterns = [
    path("people/", pages.people, name="people"),
    path("people/csv/", pages.people_csv, name="people_csv"),
    path("people/erase/", pages.find_to_erase, name="find_to_erase"),
    path("people/of/<record:person_id>/", pages.person, name="person"),
    path("people/of/<record:person_id>/erase/", pages.erase, name="erase"),
    path("people/of/<record:person_id>/account/", employer_pages.employer, name="employer"),
    path("accounts/", pages.accounts, name="accounts"),
    path("accounts/csv/", pages.accounts_csv, name="accounts_csv"),
    path("accounts/of/<record:account_id>/", pages.account, name="account"),
    path("duplicates/", merge_pages.proposed, name="duplicates"),
    path("duplicates/merged/", merge_pages.merges, name="merges"),
    path("duplicates/merged/<int:merge_id>/take-back/", merge_pages.take_back, name="take_back"),
    path("duplicates/<slug:kind>/<record:left>/<record:right>/", merge_pages.pair, name="pair"),
    path("deals/", pages.deals, name="deals"),
    path("deals/csv/", pages.deals_csv, name="deals_csv"),
    path("deals/of/<record:deal_id>/", pages.deal, name="deal"),
]
