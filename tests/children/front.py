"""Runs the words after its folder as a command in front of the user, and ends with its code."""

import os
import sys

from aura_stack.supervision.foreground import run
from aura_stack.supervision.verdict import NotExecutable

try:
    sys.exit(run(sys.argv[2:], os.environ, sys.argv[1]))
except NotExecutable as error:
    print(error, file=sys.stderr)
    sys.exit(error.verdict.code)
