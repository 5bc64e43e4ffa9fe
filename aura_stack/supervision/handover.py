"""The table of a hand-over: what is different while a service has two runs, of which exactly one is current.

    current      ready(1)────ready(1)────────ready(2)────────ready(2)
    beside it              coming(2)────────going(1)──emptied──▸ nobody
                                └─▸ failing(2)──emptied──▸ nobody, and ready(1) goes on

- The current run serves, and to all others the service is `ready` all the while. The new one begins beside it on the
  same sockets (`coming`). When it is ready it becomes the current one, and the old one is ended (`going`).
- If it does not get ready, it is ended (`failing`), and the current one goes on: that is a *setback*, no failure.
- If the current one ends meanwhile by itself, the new one is the current one at once, and `starting`.
- One that is wanted while there are two waits until there is one (`again`), and a new one that is coming is ended for
  the sake of the newer one. So there are never three, and never two but in a hand-over.
- When the current one has ended for good and the second is still being ended, that one stands in its place: a service
  is down when nothing of either is left.

All the rest is as with one run: see `lifecycle`.
"""

from collections.abc import Callable
from typing import Any

from . import lifecycle
from .lifecycle import (
    AT_REST,
    Answered,
    Emptied,
    Exited,
    Lost,
    Message,
    Move,
    NotSpawned,
    Other,
    Outdated,
    Phase,
    Restart,
    Setback,
    State,
    Status,
    Step,
    Stop,
    Unanswered,
    Wanted,
)
from .verdict import Verdict

_LOST = Verdict(ok=False, words="does not take the sockets that are held for it", code=1)


def step(status: Status, message: Message) -> Step:
    """The table of both: the next status and the moves to make; (status, ()) where nothing changes."""
    other = status.other
    if other is None:
        begins = _is_renewal(status, message) and status.state is State.READY
        return _begin(status, ()) if begins else lifecycle.step(status, message)
    if getattr(message, "run", None) == other.run:
        of_other = _BESIDE.get((other.phase, type(message)))
        return of_other(status, other, message) if of_other else (status, ())
    run = getattr(message, "run", status.run)
    act = _CURRENT.get((status.state, type(message))) if run == status.run else None
    after, moves = act(status, other, message) if act else lifecycle.step(status, message)
    return _consistent(after, moves)


def _is_renewal(status: Status, message: Message) -> bool:
    """Whether a new run is wanted that may begin beside the old one."""
    match message:
        case Restart(beside):
            return beside
        case Outdated(beside):
            return beside and status.wanted is Wanted.UP
        case _:
            return False


def _consistent(status: Status, moves: tuple[Move, ...]) -> Step:
    """Nobody is coming where the current run is to end; nobody is at rest of whom something is left."""
    other = status.other
    if other and status.state is State.ENDING and other.phase is Phase.COMING:
        return _failing(status, other, Move.END_BESIDE, *moves)
    if other and status.state in AT_REST:
        return status.but(state=State.ENDING, run=other.run, other=None), ()
    return status, moves


def _begin(status: Status, moves: tuple[Move, ...]) -> Step:
    """A new run beside the current one."""
    run = status.next
    other = Other(run, Phase.COMING)
    after = status.but(wanted=Wanted.UP, last=run, other=other, setback=None)
    return after, (*moves, Move.SPAWN_BESIDE, Move.PROBE_BESIDE)


def _failing(status: Status, other: Other, *moves: Move, again: bool = False) -> Step:
    return status.but(other=other.but(phase=Phase.FAILING, again=again)), moves


# --- orders and facts about the current run, where another one is beside it ---


def _renew(status: Status, other: Other, message: Message) -> Step:
    """Another new run is wanted: it has to wait for this one to be gone, which knows too little."""
    if not _is_renewal(status, message):
        return lifecycle.step(status, message)
    wanted = status.but(wanted=Wanted.UP)
    if other.phase is Phase.COMING:
        return _failing(wanted, other, Move.END_BESIDE, again=True)
    return wanted.but(other=other.but(again=True)), ()


def _stop(status: Status, other: Other, message: Message) -> Step:
    """Who is to stop needs no new run."""
    after, moves = lifecycle.step(status, message)
    if other.phase is Phase.COMING:
        return _failing(after, other, Move.END_BESIDE, *moves)
    return after.but(other=other.but(again=False)), moves


def _succeed(status: Status, other: Other, message: Message) -> Step:
    """The current run has ended by itself: the one that was to take over does so now, ready or not."""
    if other.phase is not Phase.COMING:
        return lifecycle.step(status, message)
    gone = Other(status.run, Phase.GOING)
    after = status.but(run=other.run, state=State.STARTING, verdict=None, setback=None, other=gone)
    return after, (Move.SWEEP_BESIDE,)


def _wait_for_other(status: Status, other: Other, _: Message) -> Step:
    """Nothing of the current one is left: what follows has to wait until nothing of the other one is."""
    return status.but(run=other.run, other=None), ()


# --- facts about the run beside it ---


def _take_over(status: Status, other: Other, message: Message) -> Step:
    gone = Other(status.run, Phase.GOING)
    new = status.but(run=other.run, state=State.STARTING, verdict=None, setback=None, other=gone)
    after, moves = lifecycle.step(new, message)
    return after, (*moves, Move.END_BESIDE)


def _set_back(status: Status, other: Other, verdict: Verdict, *moves: Move) -> Step:
    after = status.but(setback=Setback(other.run, verdict))
    return _failing(after, other, Move.TELL_SETBACK, *moves)


def _unanswered(status: Status, other: Other, message: Message) -> Step:
    assert isinstance(message, Unanswered)
    return _set_back(status, other, message.verdict, Move.END_BESIDE)


def _lost(status: Status, other: Other, _: Message) -> Step:
    return _set_back(status, other, _LOST, Move.END_BESIDE)


def _ended(status: Status, other: Other, message: Message) -> Step:
    assert isinstance(message, Exited)
    return _set_back(status, other, message.verdict, Move.SWEEP_BESIDE)


def _not_spawned(status: Status, other: Other, message: Message) -> Step:
    assert isinstance(message, NotSpawned)
    setback = Setback(other.run, message.verdict)
    return status.but(other=None, setback=setback), (Move.TELL_SETBACK,)


def _sweep(status: Status, _: Other, __: Message) -> Step:
    return status, (Move.SWEEP_BESIDE,)


def _emptied(status: Status, other: Other, _: Message) -> Step:
    alone = status.but(other=None)
    renew = other.again and status.state is State.READY and status.wanted is Wanted.UP
    return _begin(alone, ()) if renew else (alone, ())


_Act = Callable[[Status, Other, Any], Step]

_CURRENT: dict[tuple[State, type[Message]], _Act] = {
    (State.READY, Restart): _renew,
    (State.READY, Outdated): _renew,
    (State.READY, Stop): _stop,
    (State.READY, Exited): _succeed,
    (State.ENDING, Emptied): _wait_for_other,
}

_BESIDE: dict[tuple[Phase, type[Message]], _Act] = {
    (Phase.COMING, Answered): _take_over,
    (Phase.COMING, Unanswered): _unanswered,
    (Phase.COMING, Lost): _lost,
    (Phase.COMING, Exited): _ended,
    (Phase.COMING, NotSpawned): _not_spawned,
    (Phase.FAILING, Exited): _sweep,
    (Phase.GOING, Exited): _sweep,
    (Phase.FAILING, Emptied): _emptied,
    (Phase.GOING, Emptied): _emptied,
}
