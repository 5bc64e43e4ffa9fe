"""Says that it is up and stays."""

import signal

print("up", flush=True)
signal.pause()
