"""Rows to be done: due time, lease, retry, dead letter; one claim for clocks, jobs, messages and carrying."""
