"""Facts: what has happened, one frozen class a kind, written to the record as one JSON object a line."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a line that stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Preparing:
    """A prepare step begins; `why` names what changed."""

    service: str
    step: str
    why: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepare step succeeded after `seconds`."""

    service: str
    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PrepareFailed:
    """A prepare step failed; nothing is started."""

    service: str
    step: str
    words: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A service is not ready yet: what it waits for, told when that changes."""

    service: str
    what: str


@dataclass(frozen=True, slots=True)
class Started:
    """A run of a service was executed."""

    service: str
    run: int
    pid: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A run became ready `seconds` after its start; `address` is "" where it serves none."""

    service: str
    run: int
    pid: int
    seconds: float
    address: str = ""


@dataclass(frozen=True, slots=True)
class Exited:
    """The main process of a run ended by itself; `words` says how."""

    service: str
    run: int
    pid: int
    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Backoff:
    """A service is started again after `delay` seconds."""

    service: str
    run: int
    delay: float
    words: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A service did what it had to do and is not started again."""

    service: str
    run: int
    words: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A service is down until somebody asks for it again; `code` is what the shell would be told."""

    service: str
    run: int
    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """A run was asked to end; KILL follows after `grace` seconds."""

    service: str
    run: int
    pid: int
    signal: str
    grace: float


@dataclass(frozen=True, slots=True)
class Killed:
    """What would not end by itself was killed."""

    service: str
    run: int
    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A service is down and nothing of its last run is left."""

    service: str
    run: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Every service that was asked for has become ready, completed or failed."""

    ready: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StackStopping:
    """The whole stack goes down; `reason` says on whose word."""

    reason: str


@dataclass(frozen=True, slots=True)
class StackStopped:
    """Nothing of the stack is left; `code` is what the shell is told if nobody interrupted."""

    code: int


Event = (
    Notice
    | Preparing
    | Prepared
    | PrepareFailed
    | Waiting
    | Started
    | Ready
    | Exited
    | Backoff
    | Completed
    | Failed
    | Stopping
    | Killed
    | Stopped
    | Settled
    | StackStopping
    | StackStopped
)

KINDS: dict[str, type[Any]] = {
    "notice": Notice,
    "preparing": Preparing,
    "prepared": Prepared,
    "prepare-failed": PrepareFailed,
    "waiting": Waiting,
    "started": Started,
    "ready": Ready,
    "exited": Exited,
    "backoff": Backoff,
    "completed": Completed,
    "failed": Failed,
    "stopping": Stopping,
    "killed": Killed,
    "stopped": Stopped,
    "settled": Settled,
    "stack-stopping": StackStopping,
    "stack-stopped": StackStopped,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def encode(event: Event, time: float) -> bytes:
    """One line of `events.jsonl`: the kind, the time (seconds since the epoch) and the facts."""
    record = {"time": round(time, 6), "kind": _NAMES[type(event)], **asdict(event)}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Event | None:
    """The event of a line; None for a kind that a newer version wrote."""
    record = json.loads(line)
    kind = KINDS.get(record.pop("kind"))
    if kind is None:
        return None
    record.pop("time")
    facts = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    event: Event = kind(**facts)
    return event
