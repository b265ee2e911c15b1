"""The cast that every test of the product stands on."""

from __future__ import annotations

import pytest
from tests.app import cast

from accord_app.members.models import User


@pytest.mark.django_db
def test_everybody_is_made_once_and_stands_in_their_team() -> None:
    people = [
        cast.a_rep(),
        cast.a_marketer(),
        cast.a_revops(),
        cast.a_head_of_sales(),
        cast.a_head_of_marketing(),
        cast.an_administrator(),
    ]
    again = [cast.a_rep(), cast.an_administrator()]
    assert User.objects.count() == len({person.role for person in people}) == 6
    assert again == [people[0], people[-1]]
    assert people[0].manager == people[3]
    assert [person.side for person in people] == ["sales", "marketing", "both", "sales", "marketing", "both"]
