"""Django's own commands, for migrations and tests: `python -m accord_app.commands.manage migrate`."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accord_app.settings")
    execute_from_command_line(sys.argv)
