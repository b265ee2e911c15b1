"""How both sides stand."""
