"""Addresses for programs. A sign-in opens none of them: each takes a key."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from accord_app.api import agreement, asking, handoffs, promises, records
from accord_app.api.door import door
from accord_app.api.middleware import problem_of

for router in (asking.router, records.router, handoffs.router, agreement.router, promises.router):
    door.add_router("", router)


@csrf_exempt
@login_not_required
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below: there is nothing at it."""
    return problem_of(404)


@login_not_required
def openapi(request: HttpRequest) -> JsonResponse:
    """The description of all of it, for whoever asks: it holds nothing of a company."""
    return JsonResponse(door.get_openapi_schema(path_prefix="/v1"), json_dumps_params={"ensure_ascii": False})


patterns = [each for each in door.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"]
for each in patterns:
    setattr(each.callback, "login_required", False)  # noqa: B010 as login_not_required does
app_name = "api"
urlpatterns = [
    *patterns,
    path("openapi.json", openapi, name="openapi"),
    path("<path:rest>", nothing, name="nothing"),
]
