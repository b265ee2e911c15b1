"""Forms as browsers read them from a page: what each would send, and the same with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import html5lib
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.app.cast import PASSWORD

Sent = Mapping[str, Any]
TYPED = ("text", "email", "search", "textarea", "number", "date", "time", "datetime-local")
WORDS: Mapping[str, str] = {  # what somebody types where the page suggests nothing
    "text": "Something new", "email": "new@kestrel.example", "search": "new", "textarea": "Something new",
    "number": "7", "date": "2026-12-01", "time": "09:00", "datetime-local": "2026-12-01T09:00", "password": PASSWORD,
}  # fmt: skip


@dataclass(frozen=True)
class Control:
    """One field: its name, its kind, what it holds at first, and what it offers."""

    name: str
    kind: str
    value: str | None
    offers: tuple[str, ...] = ()

    def filled(self) -> Any:
        """As it is, or as somebody would fill it where it is empty; None for what a browser does not send."""
        if self.kind == "file":
            return SimpleUploadedFile("new.csv", b"Contact ID,Email,Created\n9,new@kestrel.example,2026-03-01\n")
        if self.kind in ("radio", "select") and not self.value:
            return next((offer for offer in self.offers if offer), self.value)
        if self.kind in ("checkbox", "hidden", "submit", "radio", "select"):
            return self.value
        return self.value or WORDS[self.kind]


@dataclass(frozen=True)
class Form:
    """One form with one of its buttons: where it is sent and by which, and the page on which it stands."""

    page: str
    action: str
    controls: tuple[Control, ...]
    is_swapped: bool

    def sent(self) -> dict[str, Any]:
        """What a browser sends when somebody fills the form well."""
        found: dict[str, Any] = {}
        for control in self.controls:
            value = control.filled()
            if value is not None:
                found.setdefault(control.name, value)
        return found


def forms_of(text: str, page: str) -> Iterator[Form]:
    """Every form of a page that changes something, once for each button that says where or what."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    for form in tree.iter("form"):
        if form.get("method", "get").lower() != "post":
            continue
        inside = [*form.iter(), *(e for e in tree.iter() if form.get("id") and e.get("form") == form.get("id"))]
        found = Form(page, urljoin(page, form.get("action") or page), _controls(inside), bool(form.get("hx-post")))
        buttons = [e for e in inside if e.tag == "button" and e.get("type") == "submit"]
        for button in buttons:
            yield _by(found, button)


def _by(form: Form, button: Any) -> Form:
    named = Control(button.get("name") or "", "submit", button.get("value", ""))
    controls = (*form.controls, named) if named.name else form.controls
    action = urljoin(form.page, button.get("formaction")) if button.get("formaction") else form.action
    return replace(form, controls=controls, action=action, is_swapped=form.is_swapped or bool(button.get("hx-post")))


def _controls(inside: list[Any]) -> tuple[Control, ...]:
    found: dict[str, Control] = {}
    for element in inside:
        if element.tag not in ("input", "select", "textarea") or not element.get("name"):
            continue
        control = _control(element)
        before = found.get(control.name)
        if before is not None and control.kind in ("radio", "checkbox"):
            control = replace(before, value=before.value or control.value, offers=(*before.offers, *control.offers))
        found[control.name] = control
    found.pop("csrfmiddlewaretoken", None)
    return tuple(found.values())


def _control(element: Any) -> Control:
    name, value = element.get("name"), element.get("value", "")
    if element.tag == "textarea":
        return Control(name, "textarea", "".join(element.itertext()))
    if element.tag == "select":
        options = list(element.iter("option"))
        chosen = next((each for each in options if each.get("selected") is not None), None)
        first = chosen if chosen is not None else next(iter(options), None)
        value = "" if first is None else first.get("value", "")
        return Control(name, "select", value, tuple(each.get("value", "") for each in options))
    kind = element.get("type", "text")
    if kind in ("radio", "checkbox"):
        is_chosen = element.get("checked") is not None
        return Control(name, kind, (value or "on") if is_chosen else None, (value or "on",))
    return Control(name, kind, value)


def typed_into(text: str) -> dict[str, str]:
    """What the typed fields of a page hold, by name."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    found = {}
    for element in tree.iter():
        if element.tag in ("input", "textarea") and element.get("name"):
            control = _control(element)
            found[control.name] = control.value or ""
    return found
