"""What programs read and write over HTTP, under keys: one description, one way to refuse, one way to page."""
