"""The queue, its clocks and its answers."""
