"""What the pages of the agreement ask."""

from __future__ import annotations

from datetime import datetime

from django import forms


class LoadForm(forms.Form):
    """A version from a file, or as text, with its date."""

    file = forms.FileField(required=False, label="File", help_text="The agreement as YAML.")
    text = forms.CharField(
        required=False, label="Or its text", widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"})
    )
    in_force_from = forms.DateTimeField(
        label="In force from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="A moment that has passed means now.",
    )

    def clean(self) -> dict[str, object]:
        """Either a file or a text."""
        found: dict[str, object] = super().clean() or {}
        file = found.get("file")
        if file is not None and hasattr(file, "read"):
            raw: bytes = file.read()
            try:
                found["text"] = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "This is no text in UTF-8. Save the agreement as UTF-8 and choose it again.")
        elif not str(found.get("text") or "").strip():
            self.add_error("file", "Choose a file, or paste the text below.")
        return found

    def chosen(self) -> tuple[str, datetime]:
        """Text and moment of a valid form."""
        return str(self.cleaned_data["text"]), self.cleaned_data["in_force_from"]
