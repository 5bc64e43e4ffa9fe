"""Says hello and stays."""

import signal

print("hello", flush=True)
signal.pause()
