"""Tags that every room loads."""
