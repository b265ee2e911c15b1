"""The agreement as both teams read it, its versions and what they rest on."""
