"""Whether somebody answers on a port: what is asked of external systems before a stack starts."""

import socket

PATIENCE = 0.5
"""Seconds for the answer; on the loopback it comes at once."""


def accepts(number: int) -> bool:
    """Whether somebody accepts connections on this port of the loopback, in either family."""
    for host in ("127.0.0.1", "::1"):
        try:
            socket.create_connection((host, number), timeout=PATIENCE).close()
        except OSError:
            continue
        return True
    return False
