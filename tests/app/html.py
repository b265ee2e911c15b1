"""What must hold of every page and every part that htmx swaps in. `faults` tells what does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import html5lib

REFERENCES = ("for", "popovertarget", "aria-labelledby", "aria-describedby", "aria-controls")
HANDLER = re.compile(r"^(on|hx-on)")
FOREIGN = re.compile(r"^(https?:)?//")
NAMED = ("aria-label", "aria-labelledby", "title")


def faults(text: str, *, is_part: bool = False) -> list[str]:
    """Everything wrong with a page: what the parser stumbles over, what the content policy forbids, what leads nowhere,
    what has no name. Empty when all is well. A part may refer to the page around it."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parseFragment(text) if is_part else parser.parse(text)
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    found = [f"line {place[0]}: {error}" for place, error, _ in parser.errors]
    found += [fault for element in elements for fault in _forbidden(element)]
    found += [fault for element in elements for fault in _nameless(element)]
    found += list(_doubled(elements))
    return found if is_part else [*found, *_dangling(elements), *_headings(elements)]


def _forbidden(element: Any) -> Iterator[str]:
    """What a strict content policy stops, and what would ask another host."""
    for name, value in element.attrib.items():
        if name == "style" or HANDLER.match(name):
            yield f"<{element.tag} {name}>"
        if name in ("src", "srcset") and FOREIGN.match(value):
            yield f"<{element.tag}> asks {value}"
    if element.tag == "link" and FOREIGN.match(element.get("href", "")):
        yield f"<link> asks {element.get('href')}"
    if element.tag == "style" or (element.tag == "script" and not element.get("src") and not element.get("type")):
        yield f"<{element.tag}> inside the page"


def _nameless(element: Any) -> Iterator[str]:
    """Buttons, links and images that say nothing; buttons that would send a form by accident."""
    is_named = any(element.get(name) for name in NAMED)
    if element.tag in ("a", "button") and not is_named and not "".join(element.itertext()).strip():
        yield f"<{element.tag}> without words"
    if element.tag == "button" and element.get("type") not in ("button", "submit", "reset"):
        yield f"<button> without a type: {''.join(element.itertext()).strip()}"
    if element.tag == "img" and element.get("alt") is None:
        yield "<img> without alt"
    if element.get("role") == "img" and not is_named:
        yield f"<{element.tag} role=img> without words"


def _doubled(elements: list[Any]) -> Iterator[str]:
    counts = Counter(element.get("id") for element in elements if element.get("id"))
    yield from (f"id {name} stands {count} times" for name, count in counts.items() if count > 1)


def _dangling(elements: list[Any]) -> Iterator[str]:
    """References to elements that are not there."""
    ids = {element.get("id") for element in elements}
    for element in elements:
        for name in REFERENCES:
            yield from (f"{name}={each} leads nowhere" for each in element.get(name, "").split() if each not in ids)
        if element.tag == "a" and re.match("^#.", element.get("href", "")) and element.get("href")[1:] not in ids:
            yield f"<a href={element.get('href')}> leads nowhere"


def _headings(elements: list[Any]) -> Iterator[str]:
    count = sum(element.tag == "h1" for element in elements)
    if count != 1:
        yield f"{count} <h1>"
    if not next((element.text for element in elements if element.tag == "title"), ""):
        yield "no <title>"
