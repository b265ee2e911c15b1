"""Accord, the product that people log in to: rooms for what people do, on the pure library `accord`."""
