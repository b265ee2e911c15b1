"""An agreement to be read calls people by their names."""

from __future__ import annotations

from tests.library.test_example import SPAN

from accord.agreement import prose
from accord.agreement.called import called
from accord.example.papers import papers

NAMES = {"tomas": "Tomás Rivera", "sara": "Sara Lindqvist", "lena": "Lena Brandt", "mia": "Mia Keller"}


def read(names: dict[str, str]) -> str:
    _, agreement = papers(span=SPAN, leads=300, scale=1)
    return " ".join(article.marked for article in prose.articles(called(agreement, names)))


def test_people_are_called_by_their_names_wherever_they_are_named() -> None:
    text = read(NAMES)
    assert "Mia Keller signs for marketing" in text
    assert "Tomás Rivera 2, Sara Lindqvist 1 and noor 2" in text
    assert "Lena Brandt is told" in text
    assert "Lena Brandt looks again at" in text
    assert "Tomás Rivera, Sara Lindqvist and noor; sam stands in" in text


def test_without_names_the_text_is_as_written() -> None:
    _, agreement = papers(span=SPAN, leads=300, scale=1)
    assert called(agreement, {}) == agreement
