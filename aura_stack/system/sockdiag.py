"""The other end of a connection, all that listen, and all that only hold a number: sock_diag(7); Linux only."""

import _socket
import errno
import os
import struct
import sys
from collections.abc import Iterator

from aura_stack.frozen import NamedTuple

assert sys.platform == "linux"  # `procfs` imports it nowhere else

Address = tuple[str, int]
"""An IP address as text, and a port."""

_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_NLM_F_REQUEST, _NLM_F_DUMP = 1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_LISTEN = 10  # TCP_LISTEN in the kernel's net/tcp_states.h
_BOUND = 13  # TCP_BOUND_INACTIVE there, from Linux 6.8 on; before, no socket is in that state
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_ERROR = struct.Struct("=i")
_FAMILY_AND_STATE = struct.Struct(
    "=BB"
)  # the beginning of struct inet_diag_msg, whose last field is the inode
_INODE = struct.Struct("=I")
_INODE_AT = 68  # bytes into struct inet_diag_msg
_QUEUE_AT = 56  # of a listener: the length of its queue (tcp_diag_get_info in net/ipv4/tcp_diag.c)
_PORT, _PORT_AT = struct.Struct(">H"), 4
_HOST_AT, _USER_AT = 8, 64
_LENGTHS = {_socket.AF_INET: 4, _socket.AF_INET6: 16}  # bytes of an address
_SOCKET_ID = 48  # bytes of struct inet_diag_sockid, zero for any


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


class Held(NamedTuple):
    """A socket that has a number and no other end.

    `packed` is its address as the kernel has it, `uid` the number of its user; of one that listens, `queued` tells how
    many connections it has that nobody has accepted.
    """

    family: int
    packed: bytes
    port: int
    queued: int
    uid: int
    inode: int

    @property
    def host(self) -> str:
        """Its address as text."""
        return _socket.inet_ntop(self.family, self.packed)


def listening() -> list[Held]:
    """All that listen on TCP in our network, without a look at any connection.

    Raises:
        OSError: the kernel cannot be asked.
    """
    return list(_held(_LISTEN))


def bound() -> list[Held]:
    """All TCP sockets in our network that only hold a number; none where the kernel does not tell.

    Raises:
        OSError: the kernel cannot be asked.
    """
    return list(_held(_BOUND))


def _held(state: int) -> Iterator[Held]:
    for family, answer in _those(state):
        yield Held(
            family,
            answer[_HOST_AT : _HOST_AT + _LENGTHS[family]],
            _at(_PORT, answer, _PORT_AT),
            _at(_INODE, answer, _QUEUE_AT),
            _at(_INODE, answer, _USER_AT),
            _at(_INODE, answer, _INODE_AT),
        )


def _at(form: struct.Struct, answer: bytes, offset: int) -> int:
    number: int = form.unpack_from(answer, offset)[0]
    return number


def _those(state: int) -> Iterator[tuple[int, bytes]]:
    """The answers (struct inet_diag_msg) about all sockets in a state, with the family of each."""
    with_netlink = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    try:
        for family in _LENGTHS:
            for answer in _dumped(with_netlink, family, state):
                yield family, answer
    finally:
        with_netlink.close()


def _dumped(with_netlink: _socket.socket, family: int, state: int) -> Iterator[bytes]:
    """A dump of one family, of those in this state alone (struct inet_diag_req_v2)."""
    body = struct.pack("=BBBBI", family, _socket.IPPROTO_TCP, 0, 0, 1 << state) + bytes(_SOCKET_ID)
    flags = _NLM_F_REQUEST | _NLM_F_DUMP
    with_netlink.send(_HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, flags, 1, 0) + body)
    while True:
        answer, start = with_netlink.recv(1 << 16), 0
        while start < len(answer):
            length, kind, _, _, _ = _HEADER.unpack_from(answer, start)
            if kind == _NLMSG_DONE:
                return
            if kind == _NLMSG_ERROR:
                code = -_ERROR.unpack_from(answer, start + _HEADER.size)[0]
                raise OSError(code, os.strerror(code))
            yield answer[start + _HEADER.size : start + length]
            start += length + -length % 4  # NLMSG_ALIGN
