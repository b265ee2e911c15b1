"""What a person reads when something cannot be done: what was found, what is allowed, what to do next."""

from __future__ import annotations


class AccordError(Exception):
    """A mistake in the input, with its remedy. Doors print it as one line and end with exit code 2."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()
