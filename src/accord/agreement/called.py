"""An agreement with its people called by name instead of by handle: to be read, never to be decided by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from accord.agreement.document import Agreement, Answers, Response, Routing, Signatories, Team


def called(agreement: Agreement, names: Mapping[str, str]) -> Agreement:
    """The same agreement; who has no name in `names` (by handle) stays as written."""
    return replace(
        agreement,
        signatories=_signatories(agreement.signatories, names),
        roles=tuple(replace(role, owner=names.get(role.owner, role.owner)) for role in agreement.roles),
        teams={name: _team(team, names) for name, team in agreement.teams.items()},
        routing=_routing(agreement.routing, names),
        response=_response(agreement.response, names),
        answers=_answers(agreement.answers, names),
    )


def _all(handles: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(handle, handle) for handle in handles)


def _signatories(signing: Signatories, names: Mapping[str, str]) -> Signatories:
    deputies = {side: _all(handles, names) for side, handles in signing.deputies.items()}
    return Signatories(_all(signing.marketing, names), _all(signing.sales, names), deputies)


def _team(team: Team, names: Mapping[str, str]) -> Team:
    deputy = names.get(team.deputy, team.deputy) if team.deputy else None
    hours = {names.get(who, who): calendar for who, calendar in team.hours.items()}
    return replace(team, people=_all(team.people, names), deputy=deputy, hours=hours)


def _routing(routing: Routing, names: Mapping[str, str]) -> Routing:
    rules = (
        replace(rule, weights={names.get(who, who): share for who, share in rule.weights.items()})
        for rule in routing.rules
    )
    return replace(routing, rules=tuple(rules))


def _response(response: Response, names: Mapping[str, str]) -> Response:
    steps = (replace(step, to=names.get(step.to, step.to) if step.to else None) for step in response.on_breach)
    return replace(response, on_breach=tuple(steps))


def _answers(answers: Answers, names: Mapping[str, str]) -> Answers:
    look = answers.second_look
    return replace(answers, second_look=replace(look, by=names.get(look.by, look.by)) if look else None)
