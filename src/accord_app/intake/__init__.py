"""How facts come in: imports, events, data health."""
