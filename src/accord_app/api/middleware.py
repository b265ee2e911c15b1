"""Whatever goes wrong below `/v1/` is told as RFC 9457 has it, also what no verb of the API said: an address that is
not there, a method that is not taken, a request that Django refuses, an error in the product."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from accord_app.intake.programs import PROBLEM

BEGINNING = "/v1/"
Answer = Callable[[HttpRequest], HttpResponseBase]
_SAID = {
    404: ("There is nothing at this address.", "See the addresses in /v1/openapi.json."),
    405: ("This address does not take this method.", "Send one of the methods that Allow names."),
    500: ("Something broke here.", "Nothing was changed. Send the same again later; the log here says what it was."),
}
_OTHERWISE = "Check the request against /v1/openapi.json."


def problems(answer: Answer) -> Answer:
    """Turns every error below `/v1/` that is no problem document yet into one."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        given = answer(request)
        is_ours = request.path.startswith(BEGINNING)
        if not is_ours or given.status_code < 400 or given.get("Content-Type", "").startswith(PROBLEM):
            return given
        told = problem_of(given.status_code)
        if "Allow" in given:
            told["Allow"] = given["Allow"]
        return told

    return answered


def problem_of(status: int) -> JsonResponse:
    """A problem document that says what the status says."""
    title, detail = _SAID.get(status, (f"{HTTPStatus(status).phrase}.", _OTHERWISE))
    return JsonResponse({"title": title, "status": status, "detail": detail}, status=status, content_type=PROBLEM)
