"""Prints what is written in the argument, with Python's escapes, repeated as the second says, and stays."""

import os
import signal
import sys

data = sys.argv[1].encode("ascii").decode("unicode_escape").encode("latin-1") * int(sys.argv[2])
while data:
    data = data[os.write(1, data) :]
os.write(1, b"\nup\n")
signal.pause()
