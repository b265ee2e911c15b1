"""People, accounts and deals: how they stand, what happened, where each fact came from."""
