"""Facts: what has happened, one frozen class a kind, written to the record as one JSON object a line."""

import json
from collections.abc import Mapping
from typing import Any

from aura_stack.frozen import Frozen

LOST = "output is being lost"
"""How the text of a notice begins that followers of the record are told besides, since it may not reach that."""


class Notice(Frozen):
    """Something worth a line that stops nothing; `alarm` where somebody should do something about it."""

    text: str
    alarm: bool = False


class Preparing(Frozen):
    """A prepare step begins; `why` names what changed."""

    service: str
    step: str
    why: str


class Prepared(Frozen):
    """A prepare step succeeded after `seconds`."""

    service: str
    step: str
    seconds: float


class PrepareFailed(Frozen):
    """A prepare step failed; `then` says what that means for the service."""

    service: str
    step: str
    words: str
    then: str = ""


class Saved(Frozen):
    """Files that a service watches, or inputs of its steps, have other content now; a restart follows."""

    service: str
    files: tuple[str, ...]


class Redefined(Frozen):
    """The files of the definition were read anew, and this is what follows for services, a line for each."""

    changes: tuple[str, ...]


class NotRedefined(Frozen):
    """They have mistakes, or cannot be followed: a line for each; all goes on as it was."""

    mistakes: tuple[str, ...]


class Signalled(Frozen):
    """Somebody had a signal sent to processes of a run."""

    service: str
    run: int
    signal: str
    pids: tuple[int, ...]


class Waiting(Frozen):
    """A service is not ready yet: what it waits for, told when that changes."""

    service: str
    what: str


class Started(Frozen):
    """A run of a service was executed.

    `beside` is the pid of the run that serves until this one is ready, or 0; `behind` the number that it is to listen
    at behind the front, or 0.
    """

    service: str
    run: int
    pid: int
    why: str = ""
    beside: int = 0
    behind: int = 0


class SetBack(Frozen):
    """A run that was to take over did not get ready, as `words` says: the one of `pid` goes on serving."""

    service: str
    run: int
    pid: int
    words: str


class Ready(Frozen):
    """A run became ready `seconds` after its start; `address` is "" where it serves none."""

    service: str
    run: int
    pid: int
    seconds: float
    address: str = ""


class Unwell(Frozen):
    """A run that is ready answered badly, as `words` says, for the so manieth time in a row; `most` ends it."""

    service: str
    run: int
    failures: int
    most: int
    words: str


class Well(Frozen):
    """A run that had answered badly answers well again."""

    service: str
    run: int


class Leaving(Frozen):
    """A run says itself that it is ending (STOPPING=1 of sd_notify)."""

    service: str
    run: int


class Background(Frozen):
    """The main process of a run ended and left another one that serves, `pid`, which is the main one from now on."""

    service: str
    run: int
    pid: int
    before: int


class LeftBehind(Frozen):
    """The main process of a run ended well and left others, which are ended now."""

    service: str
    run: int
    pids: tuple[int, ...]


class Following(Frozen):
    """A run is ended for a new one, because `other`, which the service follows, has begun a new run."""

    service: str
    run: int
    other: str


class Paused(Frozen):
    """Nobody asks whether a service is well, and no save restarts it, until it is resumed."""

    service: str


class Resumed(Frozen):
    """A service that was paused is looked after again."""

    service: str


class Exited(Frozen):
    """The main process of a run ended by itself; `words` says how, and `fine` whether that is a success."""

    service: str
    run: int
    pid: int
    code: int
    words: str
    fine: bool = False


class Backoff(Frozen):
    """A service is started again after `delay` seconds."""

    service: str
    run: int
    delay: float
    words: str


class Completed(Frozen):
    """A service did what it had to do and is not started again."""

    service: str
    run: int
    words: str


class Failed(Frozen):
    """A service is down until somebody asks for it again; `code` is what the shell would be told."""

    service: str
    run: int
    code: int
    words: str


class Stopping(Frozen):
    """A run was asked to end; KILL follows after `grace` seconds.

    With a `command`, that is run in the place of the signal, which is sent when the command fails.
    """

    service: str
    run: int
    pid: int
    signal: str
    grace: float
    command: str = ""


class StopFailed(Frozen):
    """The command that was to end a run failed; `signal` was sent after all, "" where nobody was left to get it."""

    service: str
    run: int
    command: str
    words: str
    signal: str = ""


class Killed(Frozen):
    """What would not end by itself was killed."""

    service: str
    run: int
    pids: tuple[int, ...]


class Lingering(Frozen):
    """A run that was asked to end is still there: who of it, and in how many seconds KILL follows.

    `ignores` names the signal that the first of them was sent and does not take, "" where it does.
    """

    service: str
    run: int
    pids: tuple[int, ...]
    seconds: float
    ignores: str = ""


class PortHeld(Frozen):
    """Nothing of a run is left, and yet somebody holds a port of it; `by` says who."""

    service: str
    run: int
    port: int
    by: str


class Stopped(Frozen):
    """A service is down and nothing of its last run is left."""

    service: str
    run: int


class Gone(Frozen):
    """Nothing is left of one of two runs in a hand-over: the other one goes on."""

    service: str
    run: int
    pid: int


class Settled(Frozen):
    """Every service that was asked for has become ready, completed or failed."""

    ready: tuple[str, ...]
    failed: tuple[str, ...]


class StackStopping(Frozen):
    """The whole stack goes down; `reason` says on whose word."""

    reason: str


class StackStopped(Frozen):
    """Nothing of the stack is left; `code` is what the shell is told if nobody interrupted."""

    code: int


Event = (
    Notice
    | Preparing
    | Prepared
    | PrepareFailed
    | Saved
    | Redefined
    | NotRedefined
    | Signalled
    | Waiting
    | Started
    | SetBack
    | Ready
    | Unwell
    | Well
    | Leaving
    | Background
    | LeftBehind
    | Following
    | Paused
    | Resumed
    | Exited
    | Backoff
    | Completed
    | Failed
    | Stopping
    | StopFailed
    | Killed
    | Lingering
    | PortHeld
    | Stopped
    | Gone
    | Settled
    | StackStopping
    | StackStopped
)

KINDS: dict[str, type[Any]] = {
    "notice": Notice,
    "preparing": Preparing,
    "prepared": Prepared,
    "prepare-failed": PrepareFailed,
    "saved": Saved,
    "redefined": Redefined,
    "not-redefined": NotRedefined,
    "signalled": Signalled,
    "waiting": Waiting,
    "started": Started,
    "set-back": SetBack,
    "ready": Ready,
    "unwell": Unwell,
    "well": Well,
    "leaving": Leaving,
    "background": Background,
    "left-behind": LeftBehind,
    "following": Following,
    "paused": Paused,
    "resumed": Resumed,
    "exited": Exited,
    "backoff": Backoff,
    "completed": Completed,
    "failed": Failed,
    "stopping": Stopping,
    "stop-failed": StopFailed,
    "killed": Killed,
    "lingering": Lingering,
    "port-held": PortHeld,
    "stopped": Stopped,
    "gone": Gone,
    "settled": Settled,
    "stack-stopping": StackStopping,
    "stack-stopped": StackStopped,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(event: Event, time: float) -> bytes:
    """One line of `events.jsonl`: the kind, the time (seconds since the epoch) and the facts."""
    record = {"time": round(time, 6), "kind": _NAMES[type(event)], **vars(event)}
    # half a surrogate becomes the escape that JSON has for it
    return _JSON.encode(record).encode("utf-8", "backslashreplace") + b"\n"


def facts(line: bytes) -> dict[str, Any]:
    """What a line says, as it stands there: time and kind first."""
    record: dict[str, Any] = json.loads(line)
    return record


def decode(line: bytes) -> Event | None:
    """The event of a line; None for a kind that a newer version wrote."""
    return of(facts(line))


def of(record: Mapping[str, Any]) -> Event | None:
    """The event that these facts are; None for a kind that a newer version wrote."""
    kind = KINDS.get(record["kind"])
    if kind is None:
        return None
    said = {name: value for name, value in record.items() if name not in ("time", "kind")}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    event: Event = kind(**values)
    return event
