"""Which touches stood on the way to a win, under nine models side by side: shares that describe, and prove no cause."""
