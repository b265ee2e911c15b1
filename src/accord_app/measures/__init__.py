"""Promises and figures, measured by the worker and kept with their age."""
