"""Whose files changed: sees saves, and tells each of them once."""
