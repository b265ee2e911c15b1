"""Who works here: people, teams, hours, absences, roles and rights, sign-in."""
