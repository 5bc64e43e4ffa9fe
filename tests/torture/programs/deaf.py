"""Says that it is up and ignores TERM, INT and HUP."""

import signal

for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
