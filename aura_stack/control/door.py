"""The engine's end of the socket: made before there is an event loop, so that whoever comes early only waits."""

import _socket  # what `socket` is made of: that one, and what it loads, would cost each start 2 ms
import os

BACKLOG = 512  # connections that wait to be accepted; one beyond that is refused at once (EAGAIN)


def open_door(path: str) -> _socket.socket:
    """Listen on a unix socket of mode 0600; what an engine that died left in its place is removed.

    The caller holds the stack's lock, so nobody listens there any more; its folder lets nobody else in.
    """
    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    if os.path.lexists(path):
        os.unlink(path)
    umask = os.umask(0o177)
    try:
        door.bind(path)
    finally:
        os.umask(umask)
    door.listen(BACKLOG)
    return door
