"""Commands of the product. `accord` finds the table by an entry point."""

from __future__ import annotations

from accord.cli import Command

COMMANDS = (
    Command("serve", "accord_app.commands.serve", "Serve the pages."),
    Command("worker", "accord_app.commands.worker", "Do what is due: clocks, mail, carrying, measuring."),
    Command("erase", "accord_app.commands.erase", "Erase a person from everywhere; facts stay without a name."),
)
