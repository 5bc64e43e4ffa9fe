"""When Ctrl-C is an exception, and when it just ends us.

Python makes SIGINT a KeyboardInterrupt, wherever that comes: between two commands a traceback would be all that it
does, and inside an import it may be lost. So its own meaning holds while we are loaded (`aura_stack.__main__` sees to
that) and when we are done; only a command has something to put right.
"""

import _signal  # type: ignore[import-not-found] # what `signal` is made of: built in, so loaded at once


def heed() -> None:
    """From here on Ctrl-C is KeyboardInterrupt; where it is ignored, it stays so."""
    if _signal.getsignal(_signal.SIGINT) is _signal.SIG_DFL:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def leave() -> None:
    """From here on it ends this process, unless the command has left a handler of its own."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
