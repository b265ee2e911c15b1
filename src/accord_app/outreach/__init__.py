"""Consent, templates and nurture tracks: what people outside allowed, and what is written to them, step by step."""
