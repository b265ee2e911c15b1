"""Every message leaves from here."""
