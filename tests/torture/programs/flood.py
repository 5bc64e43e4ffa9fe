"""Prints without end."""

import os

line = b"0123456789" * 100 + b"\n"
while True:
    os.write(1, line)
