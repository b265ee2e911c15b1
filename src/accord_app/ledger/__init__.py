"""Facts in the database: append-only tables from the declaration of facts, and their way into the lake."""
