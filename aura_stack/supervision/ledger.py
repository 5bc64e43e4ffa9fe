"""What is known of each service: its status, and beside that what the table does not need to decide."""

from collections.abc import Iterator, Mapping

from aura_stack.frozen import Frozen
from aura_stack.stack.model import Service

from .lifecycle import ALIVE, Phase, State, Status, Wanted
from .restart import History
from .tickets import Goal, Outcome, Ticket


class Entry:
    """What is known of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.status = Status()
        self.history = History()
        self.pid = 0
        self.began = 0.0  # monotonic, of the current run
        self.since = 0.0  # monotonic, of the present state
        self.ready_at: float | None = None
        self.beside_pid = 0  # of the second run of a hand-over
        self.beside_began = 0.0  # monotonic, of the last such run
        self.restarts = 0
        self.grace: float | None = None  # the order's own grace period, where it names one
        self.why = ""  # of the next run
        self.told = ""  # what it was last said to wait for
        self.seen: dict[str, int] = {}  # the runs of those it follows when it was spawned
        self.alone = False  # started without regard to what it depends on
        self.tickets: list[tuple[Ticket, Goal]] = []

    def change_places(self) -> None:
        """The second run is the current one now, and the other way round."""
        self.pid, self.beside_pid = self.beside_pid, self.pid
        self.began, self.beside_began = self.beside_began, self.began
        self.ready_at = None


class Statuses(Mapping[str, Status]):
    """The statuses seen through the entries: nothing is copied, whoever looks sees the present."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Status:
        return self._entries[name].status

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class View(Frozen):
    """What a client may know of a service; `waits_for` is what its readiness answered last, "" where it is there.

    `since` is for how many seconds it has been in its state.
    """

    service: Service
    status: Status
    pid: int
    seconds: float  # since the run began; 0 without a run
    restarts: int
    waits_for: str
    since: float = 0.0


_BEGUN = (State.STARTING, State.READY, State.FAILED, State.COMPLETED, State.BACKOFF)


def newer_run(entry: Entry, since: float) -> int:
    """The number of a run that began after that moment and that nobody has ordered down, 0 for none.

    One that failed counts, and so does one that is to take over, or was to.
    """
    status = entry.status
    if status.wanted is Wanted.DOWN:
        return 0
    if status.other and status.other.phase is Phase.COMING:
        return status.other.run if entry.beside_began > since else 0
    if status.setback and entry.beside_began > since:
        return status.setback.run
    begun = status.state in _BEGUN and status.run > 0
    return status.run if begun and entry.began > since else 0


def outcome(entry: Entry, ok: bool, words: str) -> Outcome:
    """What became of an order for the service, as it is now."""
    status = entry.status
    ready = status.state is State.READY and entry.ready_at is not None
    return Outcome(
        entry.service.name,
        ok,
        words,
        status.state,
        status.run,
        entry.pid if status.state in ALIVE else 0,
        round(entry.ready_at - entry.began, 3) if ready and entry.ready_at is not None else None,
        status.verdict.code if status.verdict else 0,
    )
