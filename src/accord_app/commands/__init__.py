"""Commands of the product. `accord` finds the table by an entry point."""

from __future__ import annotations

from accord.cli import Command

COMMANDS = (
    Command("demo", "accord_app.commands.demo", "Show the simulated company in the browser."),
    Command("serve", "accord_app.commands.serve", "Serve the pages."),
    Command("worker", "accord_app.commands.worker", "Do what is due: clocks, mail, carrying, measuring."),
    Command("status", "accord_app.commands.status", "Tell whether a workspace can do its work."),
    Command("openapi", "accord_app.commands.openapi", "Print the description of the HTTP API."),
    Command("backup", "accord_app.commands.backup", "Write a workspace into one file, while people work."),
    Command("restore", "accord_app.commands.restore", "Read a backup into an empty workspace."),
    Command("user", "accord_app.commands.user", "Create an administrator, reset a password, list members."),
    Command("duplicates", "accord_app.commands.duplicates", "Propose people and accounts that are known twice."),
    Command("erase", "accord_app.commands.erase", "Erase a person from everywhere; facts stay without a name."),
)
