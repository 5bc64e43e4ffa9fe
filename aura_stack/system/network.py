"""Which network this process is in: a port is one thing within it, and another one next door."""

import os

from . import processes

_NAMESPACE = "/proc/self/ns/net"


def here() -> str:
    """A word for the network of this process, also against those of other machines; "" where there is one alone.

    Source: namespaces(7): two processes are in one network if device and inode of that file are the same.
    """
    try:
        found = os.stat(_NAMESPACE)
    except OSError:
        return ""
    return f"{found.st_ino:x}-{processes.boot()}"
