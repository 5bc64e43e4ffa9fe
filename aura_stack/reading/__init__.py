"""Files that people write, as trees whose every word knows its place."""
