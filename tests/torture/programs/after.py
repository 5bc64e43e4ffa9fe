"""Prints lines once the file that is named has come."""

import os
import signal
import sys
import time

while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
for number in range(100):
    print(f"line {number}", flush=True)
signal.pause()
