"""Numbers in a project's files, put right: decided as edits, proved, and written in one step each."""
