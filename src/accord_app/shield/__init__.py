"""Who must not be written to by whom now, and why: asked before every send, by people and by programs."""
