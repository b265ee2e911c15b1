"""One file that holds a workspace: written while people work, read into an empty one."""
