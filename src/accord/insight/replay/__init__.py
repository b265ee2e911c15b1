"""The agreement run over the past: what it would have decided, and what would have been different."""
