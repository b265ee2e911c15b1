"""Make one member in an empty workspace, to whom mail can be sent: python -m tests.faults.one_member"""

from __future__ import annotations

import django

django.setup()

from accord_app.members.models import User  # noqa: E402

User.objects.create_user("tomas@kestrel.example", None, handle="tomas", name="Tomás Rivera", role="rep")
