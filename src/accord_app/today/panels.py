"""Where the page stands in the navigation: first."""

from __future__ import annotations

from accord_app.shell import navigation


def put_everywhere() -> None:
    """Join the registry."""
    navigation.register(navigation.Entry("", "today", "Today", "sun", "today:today", order=1, go="t", tab=1))
