"""Becomes a subreaper, leaves a double-forked daemon behind itself, and tells on stdout what it sees of it.

The daemon ends when the descriptor that is named as the first argument is closed at its other end.
"""

import json
import os
import sys

from aura_stack.system import processes
from aura_stack.system.subreaper import subreaper


def daemonize(hold: int, tell: int) -> None:
    """Fork, leave the session, fork again: the way of a daemon; the grandchild says who it is and waits."""
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(tell, str(os.getpid()).encode())
    os.close(tell)
    os.read(hold, 1)
    os._exit(0)


def main() -> None:
    """See the top."""
    hold = int(sys.argv[1])
    adopted = subreaper()
    heard, tell = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(heard)
        daemonize(hold, tell)
    os.close(tell)
    os.waitpid(middle, 0)
    daemon = int(os.read(heard, 20))
    seen = {
        "subreaper": adopted,
        "pid": os.getpid(),
        "daemon": daemon,
        "middle": middle,
        "children": processes.children(os.getpid()),
        "session": processes.session(daemon),
    }
    print(json.dumps(seen), flush=True)
    os.waitpid(daemon, 0)
    print(json.dumps({"children": processes.children(os.getpid())}), flush=True)


main()
