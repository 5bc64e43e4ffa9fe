"""What the operating system says: places, files, processes, fingerprints."""
