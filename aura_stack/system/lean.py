"""Starting soon and holding little: a process that lives all day is no place for what it does not use."""

import gc
import re
import sys
from typing import Any


class _Unread:
    """A regular expression that is compiled when somebody first asks it something."""

    def __init__(self, *written: Any) -> None:
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(_compile(*self._written), name)


_compile = re.compile


def load_yaml() -> None:
    """Load PyYAML, whose Python parser compiles some twenty regular expressions, half of what its import costs.

    They are compiled once somebody uses that parser; libyaml's, which we use, needs none.
    """
    _load("yaml")


def load_json() -> None:
    """Load json, most of whose regular expressions are for where its parts in C are missing: 1 ms."""
    _load("json")


def _load(module: str) -> None:
    """Import it without compiling regular expressions; one thread imports here, so nobody else meets the stand-in."""
    if module in sys.modules:
        return
    re.compile = _Unread  # type: ignore[assignment]
    try:
        __import__(module)
    finally:
        re.compile = _compile


def hurry() -> None:
    """Leave the collector out while much is loaded and nothing becomes rubbish: a tenth of the time of a start."""
    gc.disable()


def settle() -> None:
    """Let the collector work as it does everywhere."""
    gc.enable()


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
