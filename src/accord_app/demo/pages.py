"""Signing in to the simulated company without a password: here alone, and only while it is the simulated company."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accord_app.demo.people import SIGN_INS
from accord_app.members.models import User
from accord_app.members.roles import Role
from accord_app.shell.models import Company


@login_not_required
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """One button per role."""
    company = Company.objects.filter(is_demo=True).first()
    if not settings.DEMO or company is None:
        raise Http404
    people = {user.handle: user for user in User.objects.filter(handle__in=SIGN_INS)}
    if request.method == "POST":
        user = people.get(request.POST.get("handle", ""))
        if user is None:
            raise Http404
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return HttpResponseRedirect("/")
    shown = [(people[handle], Role(people[handle].role)) for handle in SIGN_INS if handle in people]
    return render(request, "demo/sign_in.html", {"company": company, "people": shown})
