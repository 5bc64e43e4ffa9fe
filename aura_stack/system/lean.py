"""Holding little memory: a process that lives all day for one developer is no place for what it does not use."""

import gc
import sys


def load_asyncio() -> None:
    """Load the event loop as a Python without TLS has it (ssl is optional to it): 1.5 MB and some ms less.

    Nothing here speaks TLS; who does so later, and imports it by itself, gets it as always.
    """
    if {"asyncio", "ssl"} & sys.modules.keys():
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # what makes an import fail (import system, 5.3.1)
    try:
        import asyncio  # noqa: F401, PLC0415 - that is what this is for
    finally:
        del sys.modules["ssl"]


def share() -> None:
    """Have the processes that are forked from now on share what is here, which the collector then leaves alone.

    It writes into every object that it looks at, and each page it writes to becomes two (gc.freeze): 3 MB of three
    processes. What is here stays for as long as they run.
    """
    gc.freeze()


def give_back() -> None:
    """Give the kernel what was needed only for a start, the text of the definition for one (malloc_trim(3); glibc)."""
    gc.collect()
    if sys.platform != "linux":
        return
    from ctypes import CDLL  # noqa: PLC0415 - loaded already by those who call this

    trim = getattr(CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
