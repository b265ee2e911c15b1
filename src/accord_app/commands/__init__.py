"""Commands of the product. `accord` finds the table by an entry point."""

from __future__ import annotations

from accord.cli import Command

COMMANDS = (
    Command("demo", "accord_app.commands.demo", "Show the simulated company in the browser."),
    Command("serve", "accord_app.commands.serve", "Serve the pages."),
    Command("worker", "accord_app.commands.worker", "Do what is due: clocks, mail, carrying, measuring."),
    Command("user", "accord_app.commands.user", "Create an administrator, reset a password, list members."),
    Command("erase", "accord_app.commands.erase", "Erase a person from everywhere; facts stay without a name."),
)
