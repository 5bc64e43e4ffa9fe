"""Where the installed command and `python -m aura_stack` begin."""

import _signal  # type: ignore[import-not-found] # what `signal` is made of: built in, so loaded at once

# a Ctrl-C while we are loaded ends us without a word, as the kernel would: see cli/interrupt
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
# where whoever started us ignores it, no child of ours could be waited for
if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)

import os
import sys
from typing import NoReturn

from aura_stack.cli.quick import run


def main() -> NoReturn:
    """Run what the command line says, and end the process with its exit code."""
    code = run(sys.argv[1:])
    if code is not None:
        sys.stdout.flush()
        # a tenth of a quick command's time would go into taking apart what the kernel takes away
        os._exit(code)
    from aura_stack.cli.main import run as run_any  # noqa: PLC0415 - loads click, which a quick command need not

    sys.exit(run_any())


if __name__ == "__main__":
    main()
