"""How sockets that are held for a service reach a run of it: by its command, its variables, or both.

All of them are open in the run as descriptors from 3 on, in the order in which its ports are declared.

- `{fd}` in a command is the number of the first one, `{fd:metrics}` that of the port called `metrics`.
- Without such a word the variables of sd_listen_fds(3) tell: LISTEN_FDS how many there are, LISTEN_FDNAMES what they
  are called, LISTEN_PID for which process they are meant. A process that is spawned cannot be told its own number, so
  a shell puts that in and becomes the command.
- An unmodified Node server is told by AURA_HELD, and by a file that NODE_OPTIONS has it load.
"""

import re
from collections.abc import Mapping, Sequence

from aura_stack.frozen import Frozen

FIRST = 3  # SD_LISTEN_FDS_START
MAIN = "main"
"""What the port without a name is called."""

_WORD = re.compile(r"\{fd(?::([^{}:]+))?\}")
_SHELL = ("/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh")


class Held(Frozen):
    """One socket: the key of its port, the number, its inode, and its descriptors here, of which one is enough."""

    key: str
    port: int
    inode: int
    descriptors: tuple[int, ...]


class Delivery(Frozen):
    """The command, what becomes it, what comes to its variables, and which of our descriptors become 3, 4 and so on."""

    argv: tuple[str, ...]
    through: tuple[str, ...]
    variables: Mapping[str, str]
    descriptors: tuple[int, ...]


def asks_by_word(argv: Sequence[str]) -> bool:
    """Whether a command has a place for the number of a descriptor."""
    return any(_WORD.search(word) for word in argv)


def deliver(
    argv: Sequence[str], held: Sequence[Held], node_options: str, preload: str, lost: str
) -> Delivery:
    """Hand sockets to a run.

    Args:
        argv: its command.
        held: the sockets, at least one.
        node_options: what NODE_OPTIONS says without us.
        preload: the file that Node loads.
        lost: the file that is made where a process of the run finds that it did not get them.
    """
    first = tuple(one.descriptors[0] for one in held)
    if asks_by_word(argv):
        numbers = {one.key: FIRST + place for place, one in enumerate(held)}
        return Delivery(tuple(_filled(word, numbers) for word in argv), (), {}, first)
    spare = tuple(each for one in held for each in one.descriptors[1:])
    variables = {
        "LISTEN_FDS": str(len(held)),
        "LISTEN_FDNAMES": ":".join(one.key or MAIN for one in held),
        "AURA_HELD": _told(held, lost),
        "NODE_OPTIONS": f"{node_options} --require {_quoted(preload)}".strip(),
    }
    return Delivery(tuple(argv), _SHELL, variables, (*first, *spare))


def _filled(word: str, numbers: Mapping[str, int]) -> str:
    """A key that there is none of stays as it stands: it is no word of ours."""
    first = min(numbers.values())
    return _WORD.sub(lambda found: str(numbers.get(found[1], found[0]) if found[1] else first), word)


def _told(held: Sequence[Held], lost: str) -> str:
    import json  # noqa: PLC0415 - for those who hold something

    spare = FIRST + len(held)
    ports: dict[str, dict[str, object]] = {}
    for place, one in enumerate(held):
        more = len(one.descriptors) - 1
        ports[str(one.port)] = {"inode": one.inode, "fds": [FIRST + place, *range(spare, spare + more)]}
        spare += more
    return json.dumps({"ports": ports, "lost": lost}, separators=(",", ":"))


def _quoted(path: str) -> str:
    """A word of NODE_OPTIONS: in double quotes, where a backslash takes away the meaning of the next character."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
