"""One stack from launch to stop: its processes, the checks before the first start, the wiring."""
