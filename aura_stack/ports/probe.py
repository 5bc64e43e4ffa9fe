"""Asks the kernel whether a port can be had, by binding it and letting it go at once.

One number is several: 127.0.0.1:4010 and [::1]:4010 can be two servers, and a server on one address does not
always keep another from being bound. So a port is free when all four of the addresses a service may listen on
can be bound, one after the other. Linux answers for all four at once: a socket of both families on all addresses
stands in the way of every other one, and so it can only be bound where each of the four can. Nothing ever listens
here, so no client can be taken in.
"""

# `_socket` is what the `socket` module wraps; this runs before the first service starts, and 3 ms are saved.
import _socket
import errno
import sys
from collections.abc import Iterable

from aura_stack.errors import AuraError, ExitCode

_ADDRESSES = (
    (_socket.AF_INET, "0.0.0.0"),  # noqa: S104 - bound for a moment, never listened on
    (_socket.AF_INET, "127.0.0.1"),
    (_socket.AF_INET6, "::"),
    (_socket.AF_INET6, "::1"),
)
_AT_ONCE = sys.platform == "linux"  # elsewhere a server on one address keeps nobody from binding all of them
_NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_DENIED = {errno.EACCES, errno.EPERM}


def is_free(number: int) -> bool:
    """Whether a service could listen on the port now.

    Raises:
        AuraError: the kernel keeps the number from this user (exit code 8), or cannot be asked.
    """
    return not busy((number,))


def can_be_had(number: int) -> bool:
    """The same; False also where the kernel keeps the number from this user, or cannot be asked."""
    try:
        return is_free(number)
    except AuraError:
        return False


def busy(numbers: Iterable[int]) -> tuple[int, ...]:
    """Those of the ports that a service could not listen on now, in the order they were given.

    Raises:
        AuraError: the kernel keeps some of the numbers from this user (all of them are named; exit code 8),
            or cannot be asked.
    """
    answers = {number: _ask(number) for number in numbers}
    denied = [number for number, answer in answers.items() if answer == errno.EACCES]
    if denied:
        raise _not_permitted(denied)
    return tuple(number for number, answer in answers.items() if answer == errno.EADDRINUSE)


def _ask(number: int) -> int:
    """0 for free, EADDRINUSE for busy, EACCES for kept from us."""
    if _AT_ONCE and _bind(_socket.AF_INET6, "::", number, both=True) == 0:
        return 0
    for family, address in _ADDRESSES:
        code = _bind(family, address, number)
        if code == errno.EADDRINUSE:
            return code
        # macOS lets everybody bind a low number on all addresses, and nobody on one: the first decides.
        if code in _DENIED and address == _ADDRESSES[0][1]:
            return errno.EACCES
        if code and code not in _NO_SUCH_FAMILY | _DENIED:
            raise AuraError(
                f"cannot find out whether port {number} is free: {errno.errorcode.get(code, code)}"
            )
    return 0


def _bind(family: int, address: str, number: int, *, both: bool = False) -> int:
    """0, or the number of the error (bind(2)); `both`: a socket of IPv6 that takes IPv4 along (ipv6(7)).

    With SO_REUSEADDR, as servers set it: what is left of closed connections to the number is no obstacle
    then, while a listener, and a connection that goes out from the number, still are.
    """
    try:
        probe = _socket.socket(family, _socket.SOCK_STREAM)
    except OSError as error:
        return error.errno or errno.EIO
    try:
        probe.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        if family == _socket.AF_INET6:
            probe.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, not both)
        probe.bind((address, number))
    except OSError as error:
        return error.errno or errno.EIO
    finally:
        probe.close()
    return 0


def _not_permitted(numbers: list[int]) -> AuraError:
    one = len(numbers) == 1
    named = f"port {numbers[0]}" if one else "ports " + ", ".join(map(str, numbers))
    return AuraError(
        f"{named}: not permitted to this user; numbers below 1024 are kept for root",
        f"choose {'a number' if one else 'numbers'} from 1024 up, or move the limit (on Linux: "
        f"sudo sysctl net.ipv4.ip_unprivileged_port_start={min(numbers)})",
        ExitCode.NOT_PERMITTED,
    )
