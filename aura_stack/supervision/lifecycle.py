"""The states of one service, as a table: what an order or a fact does to it.

Two facts are kept apart: what is *wanted* (up or down) and where the service *is*. Nothing else decides.
A restart is "wanted up, and the run is ending"; a stop of something that is restarting is "wanted down, and
the run is ending". So a later order never has to undo an earlier one, and orders that come twice are one.

    stopped ──start──▸ waiting ──unblocked──▸ starting ──answered──▸ ready
       ▴                  ▴                       │                     │
       │                  └──retry after a delay──┤◂────exited──────────┤
       └──────────────emptied──── ending ◂────────┴─released, exited, unwell

- `waiting`: wanted up; something it depends on is not there yet, or its delay runs (`backoff`).
- `starting`: a run exists, its readiness is being asked for.
- `ready`: the readiness was answered.
- `ending`: the run was asked to end, or its main process ended and what it left behind is being ended. A new
  run never begins before nothing of the old one is left.
- `stopped`, `completed`, `failed`: no run, and none will begin without an order. To have given up (`failed`) is
  no end for good: an order or a save begins anew with a whole budget, and who failed only because of what it
  needs is `rearmed` when that has come up after all, unless it was ordered down.

A stop takes two steps, as a start does: first the wish (wanted down), then, once nothing that depends on the
service still runs and is to stop too, `Released`. A message about a run carries its number; one that comes
late, about a run that is not the current one, changes nothing. A pair that the table does not name changes
nothing either. The table only answers *moves*; a thin rim makes them.

This is the life of a service that has one run at a time. What is different while a new run stands beside the old one
is the table in `handover`, which asks this one for all the rest.
"""

from collections.abc import Callable
from enum import Enum, StrEnum, auto
from typing import Any

from aura_stack.frozen import Frozen

from .verdict import Verdict


class Wanted(StrEnum):
    """What the last order asked for."""

    UP = "up"
    DOWN = "down"


class State(StrEnum):
    """Where a service is."""

    STOPPED = "stopped"
    WAITING = "waiting"
    BACKOFF = "backoff"
    STARTING = "starting"
    READY = "ready"
    ENDING = "stopping"
    COMPLETED = "completed"
    FAILED = "failed"


ALIVE = frozenset({State.STARTING, State.READY, State.ENDING})
AT_REST = frozenset({State.STOPPED, State.COMPLETED, State.FAILED})


class Phase(StrEnum):
    """What the second run of a hand-over is."""

    COMING = "coming"  # it is to take over once it is ready
    FAILING = "failing"  # it was to, and is being ended
    GOING = "going"  # it has been taken over from, and is being ended


class Other(Frozen):
    """The run beside the current one; `again`: one more is wanted as soon as it has gone."""

    run: int
    phase: Phase
    again: bool = False


class Setback(Frozen):
    """A new run that was to take over, and did not: the old one goes on."""

    run: int
    verdict: Verdict


class Status(Frozen):
    """One service at one moment.

    Runs are numbered from 1; `last` is the highest number given. `verdict` is on the last one that ended by itself,
    `setback` on one that was to take over from the current one and did not.
    """

    wanted: Wanted = Wanted.DOWN
    state: State = State.STOPPED
    run: int = 0
    verdict: Verdict | None = None
    last: int = 0
    other: Other | None = None
    setback: Setback | None = None

    @property
    def next(self) -> int:
        """The number of the run that begins next."""
        return max(self.run, self.last) + 1


# --- messages: orders, then facts ---


class Start(Frozen):
    """Somebody wants it up."""


class Stop(Frozen):
    """Somebody wants it down."""


class Restart(Frozen):
    """Somebody wants a new run; `beside`: it may begin while the old one runs, and take over when it is ready."""

    beside: bool = False


class Unblocked(Frozen):
    """All it depends on has come far enough."""


class Blocked(Frozen):
    """Something it depends on is down for good."""

    verdict: Verdict


class Rearmed(Frozen):
    """What a service failed for the sake of has come far enough after all."""


class UpToDate(Frozen):
    """A task has nothing to do: all it would make is there."""

    verdict: Verdict


class Released(Frozen):
    """Nothing that depends on it, and is to stop too, still runs."""


class NotSpawned(Frozen):
    """The command could not be executed."""

    run: int
    verdict: Verdict


class Answered(Frozen):
    """It is ready."""

    run: int


class Unanswered(Frozen):
    """It did not become ready in time."""

    run: int
    verdict: Verdict


class Lost(Frozen):
    """It does not take the sockets that are held for it: it has to begin anew, without them."""

    run: int


class Unwell(Frozen):
    """It was ready, and has answered badly for so long that only a new run can help."""

    run: int
    verdict: Verdict


class Outdated(Frozen):
    """Something it follows has begun a new run; `beside` as for Restart."""

    beside: bool = False


class Exited(Frozen):
    """The main process of the run ended."""

    run: int
    verdict: Verdict


class Emptied(Frozen):
    """No process of the run is left."""

    run: int


class Again(Frozen):
    """Policy: start again after `delay` seconds."""

    run: int
    delay: float


class Done(Frozen):
    """Policy: it did what it had to do."""

    run: int


class GivenUp(Frozen):
    """Policy: do not try again."""

    run: int
    verdict: Verdict


class Elapsed(Frozen):
    """The delay before the next run is over."""

    run: int


Message = (
    Start
    | Stop
    | Restart
    | Unblocked
    | Blocked
    | Rearmed
    | UpToDate
    | Released
    | NotSpawned
    | Answered
    | Unanswered
    | Lost
    | Unwell
    | Outdated
    | Exited
    | Emptied
    | Again
    | Done
    | GivenUp
    | Elapsed
)


class Move(Enum):
    """What the rim does, in this order, after the state has changed."""

    LOOK = auto()  # find out whether it may go on: up or down
    SPAWN = auto()  # execute a new run
    PROBE = auto()  # ask for readiness until it is answered
    ATTEND = auto()  # ask whether it is well, as long as it is ready
    END = auto()  # send the stop signal, arm the grace period
    SWEEP = auto()  # the main process is gone: end what it left
    JUDGE = auto()  # let policy decide what follows
    DELAY = auto()  # wait before the next run
    SPAWN_BESIDE = auto()  # the same for the second run of a hand-over
    PROBE_BESIDE = auto()
    END_BESIDE = auto()
    SWEEP_BESIDE = auto()
    TELL_SETBACK = auto()
    TELL_READY = auto()
    TELL_STOPPED = auto()
    TELL_COMPLETED = auto()
    TELL_FAILED = auto()


Step = tuple[Status, tuple[Move, ...]]


def step(status: Status, message: Message) -> Step:
    """The table: the next status and the moves to make; (status, ()) where nothing changes."""
    run = getattr(message, "run", status.run)
    act = _TABLE.get((status.state, type(message))) if run == status.run else None
    return act(status, message) if act else (status, ())


# --- the acts the table names ---


def _wait(status: Status, _: Message) -> Step:
    return status.but(wanted=Wanted.UP, state=State.WAITING, verdict=None), (Move.LOOK,)


def _rearm(status: Status, message: Message) -> Step:
    """Only who is still wanted up, and would not have failed by itself."""
    if status.wanted is Wanted.DOWN or not (status.verdict and status.verdict.needed):
        return status, ()
    return _wait(status, message)


def _want_up(status: Status, _: Message) -> Step:
    return status.but(wanted=Wanted.UP), ()


def _want_down(status: Status, _: Message) -> Step:
    return status.but(wanted=Wanted.DOWN), (Move.LOOK,)


def _renew(status: Status, _: Message) -> Step:
    """A restart of a run that lives: end it, wanted up."""
    return status.but(wanted=Wanted.UP, state=State.ENDING, verdict=None), (Move.END,)


def _follow(status: Status, message: Message) -> Step:
    """A new run for the sake of another service; who is to stop stops."""
    return _renew(status, message) if status.wanted is Wanted.UP else (status, ())


def _renew_ending(status: Status, _: Message) -> Step:
    """An order for it while the run is ending already: what it died of no longer matters."""
    return status.but(wanted=Wanted.UP, verdict=None), ()


def _want_nothing(status: Status, _: Message) -> Step:
    """A stop of what does not run: it stays what it is, so that one still sees how it ended."""
    return status.but(wanted=Wanted.DOWN), ()


def _never_mind(status: Status, _: Message) -> Step:
    return status.but(wanted=Wanted.DOWN, state=State.STOPPED), ()


def _rest(status: Status, _: Message) -> Step:
    return status.but(wanted=Wanted.DOWN, state=State.STOPPED), (Move.TELL_STOPPED,)


def _spawn(status: Status, _: Message) -> Step:
    run = status.next
    return status.but(state=State.STARTING, run=run, last=run, verdict=None, setback=None), (
        Move.SPAWN,
        Move.PROBE,
    )


def _end(status: Status, _: Message) -> Step:
    if status.wanted is Wanted.UP:  # the wish changed while the release was on its way
        return status, ()
    return status.but(state=State.ENDING, verdict=None), (Move.END,)


def _fail(status: Status, message: Message) -> Step:
    verdict = getattr(message, "verdict", status.verdict)
    return status.but(state=State.FAILED, verdict=verdict), (Move.TELL_FAILED,)


def _ready(status: Status, _: Message) -> Step:
    return status.but(state=State.READY), (Move.TELL_READY, Move.ATTEND)


def _end_for_that(status: Status, message: Message) -> Step:
    """It is ended as if it had by itself: policy decides what follows."""
    assert isinstance(message, Unanswered | Unwell)
    return status.but(state=State.ENDING, verdict=message.verdict), (Move.END,)


def _lose(status: Status, _: Message) -> Step:
    """It could not have served; whatever is wanted stays so."""
    return status.but(state=State.ENDING, verdict=None), (Move.END,)


def _sweep(status: Status, message: Message) -> Step:
    assert isinstance(message, Exited)
    return status.but(state=State.ENDING, verdict=message.verdict), (Move.SWEEP,)


def _sweep_ending(status: Status, _: Message) -> Step:
    """The main process ended as asked; `verdict` stays what it was, so that nobody calls this a crash."""
    return status, (Move.SWEEP,)


def _emptied(status: Status, _: Message) -> Step:
    if status.wanted is Wanted.DOWN:
        return status.but(state=State.STOPPED), (Move.TELL_STOPPED,)
    if status.verdict is None:
        return status.but(state=State.WAITING), (Move.LOOK,)
    return status, (Move.JUDGE,)


def _again(status: Status, message: Message) -> Step:
    assert isinstance(message, Again)
    return status.but(state=State.BACKOFF), (Move.DELAY,)


def _done(status: Status, _: Message) -> Step:
    return status.but(state=State.COMPLETED), (Move.TELL_COMPLETED,)


def _skip(status: Status, message: Message) -> Step:
    assert isinstance(message, UpToDate)
    return status.but(state=State.COMPLETED, verdict=message.verdict), (Move.TELL_COMPLETED,)


_Act = Callable[[Status, Any], Step]
S, W, B, G, R, E, C, F = State  # in the order in which they are declared

_TABLE: dict[tuple[State, type[Message]], _Act] = {
    # no run, none to come
    **{(state, order): _wait for state in (S, C, F) for order in (Start, Restart)},
    **{(state, Stop): _want_nothing for state in (S, C, F)},
    (F, Rearmed): _rearm,
    # a run is to come
    (W, Stop): _never_mind,
    (W, Unblocked): _spawn,
    (W, Blocked): _fail,
    (W, UpToDate): _skip,
    (B, Stop): _rest,
    (B, Start): _wait,
    (B, Restart): _wait,
    (B, Elapsed): _wait,
    # a run is there
    **{(state, Start): _want_up for state in (G, R)},
    (E, Start): _renew_ending,
    **{(state, Stop): _want_down for state in (G, R)},
    **{(state, Restart): _renew for state in (G, R)},
    **{(state, Outdated): _follow for state in (G, R)},
    **{(state, Released): _end for state in (G, R)},
    **{(state, Exited): _sweep for state in (G, R)},
    (G, NotSpawned): _fail,
    (G, Answered): _ready,
    (G, Unanswered): _end_for_that,
    (G, Lost): _lose,
    (R, Unwell): _end_for_that,
    # a run is going
    (E, Stop): _want_down,
    (E, Restart): _renew_ending,
    (E, Exited): _sweep_ending,
    (E, Emptied): _emptied,
    (E, Again): _again,
    (E, Done): _done,
    (E, GivenUp): _fail,
}
