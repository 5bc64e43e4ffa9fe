"""Which socket is at the other end of a connection on this machine, asked of the kernel (sock_diag(7)); Linux only."""

import _socket
import errno
import os
import struct
import sys

assert sys.platform == "linux"  # `procfs` imports it nowhere else

Address = tuple[str, int]
"""An IP address as text, and a port."""

_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_NLM_F_REQUEST, _NLMSG_ERROR = 1, 2
_LISTEN = 10  # TCP_LISTEN in the kernel's net/tcp_states.h
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_ERROR = struct.Struct("=i")
_FAMILY_AND_STATE = struct.Struct(
    "=BB"
)  # the beginning of struct inet_diag_msg, whose last field is the inode
_INODE = struct.Struct("=I")
_INODE_AT = 68  # bytes into struct inet_diag_msg


def inode(near: Address, far: Address) -> int | None:
    """The inode of the TCP socket whose own address is `near` and that is connected to `far`.

    Returns:
        0 while nobody has taken the connection out of the listener's queue (accept(2)), None for no such socket.

    Raises:
        OSError: the kernel cannot be asked.
    """
    family = _socket.AF_INET6 if ":" in near[0] else _socket.AF_INET
    with_netlink = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    try:
        with_netlink.send(_request(family, near, far))
        return _found(with_netlink.recv(4096))
    finally:
        with_netlink.close()


def _request(family: int, near: Address, far: Address) -> bytes:
    """A struct inet_diag_req_v2; what is asked for is on the loopback, also where it is bound to that device."""
    sockets = struct.pack(">HH16s16s", near[1], far[1], _packed(family, near[0]), _packed(family, far[0]))
    sockets += struct.pack("=I", _socket.if_nametoindex("lo")) + _NO_COOKIE
    body = struct.pack("=BBBBI", family, _socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + sockets
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + body


def _packed(family: int, host: str) -> bytes:
    return _socket.inet_pton(family, host)


def _found(answer: bytes) -> int | None:
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        code = -_ERROR.unpack_from(answer, _HEADER.size)[0]
        if code == errno.ENOENT:
            return None
        raise OSError(code, os.strerror(code))
    _, state = _FAMILY_AND_STATE.unpack_from(answer, _HEADER.size)
    if state == _LISTEN:
        return None
    number: int = _INODE.unpack_from(answer, _HEADER.size + _INODE_AT)[0]
    return number
