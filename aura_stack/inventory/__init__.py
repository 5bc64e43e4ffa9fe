"""Ports in a project's files: every place where a number stands, whose it is, and whether it is the right one."""
