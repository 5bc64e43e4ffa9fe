"""Drafts a stack file and a port manifest for a folder, out of what its files say."""
