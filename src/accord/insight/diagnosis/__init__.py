"""Why a number is not what it was or should be: an exact split of the gap, and findings, one per file."""
