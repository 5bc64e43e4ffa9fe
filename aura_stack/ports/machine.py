"""What this machine does with port numbers, for the rules that depend on it."""

from aura_stack.system import limits

from .rules import Kernel

_ELSEWHERE = range(49152, 65536)  # what systems other than Linux give away (RFC 6335, section 6)


def kernel() -> Kernel:
    """What it gives to outgoing connections, and what it keeps from them."""
    found = limits.ports()
    if found is None:
        return Kernel(_ELSEWHERE)
    return Kernel(found.ephemeral, found.reserved, reservable=True)
