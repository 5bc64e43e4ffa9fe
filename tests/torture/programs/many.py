"""Prints as many lines as it is told and ends."""

import sys

sys.stdout.write("".join(f"number {number}\n" for number in range(int(sys.argv[1]))))
