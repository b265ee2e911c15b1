"""The simulated company as a workspace to look at."""
