"""From a service's `ready:` to the question that is asked, and the answer to the supervisor."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aura_stack.frozen import NamedTuple
from aura_stack.stack.model import ProbeKind, Ready, Service

from . import endings, lifecycle, readiness
from .acceptance import Door, NotTaken, TakenByOther
from .notify import NotifySocket
from .output import Output
from .readiness import Question, Sentence
from .verdict import NotExecutable, Verdict

_STRAYS = 3.0  # seconds in which a server that opens another port first has opened its own
_WITH_SOCKET = 10.0  # the same for one that has a socket: what it opens besides says less

Tell = Callable[[str, lifecycle.Message], None]


class _LostError(Exception):
    """A run has told that it did not get the sockets that are held for it."""


class Means(NamedTuple):
    """What there is to ask a run by.

    `ask_command` runs the exec condition of a service once, `stranger` names who answers at a port in the place
    of a service, "" where that is nobody; `notify` is where the run speaks for itself, if it was asked to; `door` is
    how it is asked where its port is held; `may_be_lost` is whether how it is served may be why it does not answer,
    `is_beside` whether another run serves until this one takes over; `listening` are the ports at which it listens.
    """

    output: Output
    ask_command: Callable[[Service], Awaitable[str]]
    stranger: Callable[[Service, int], str]
    notify: NotifySocket | None
    door: Door | None = None
    may_be_lost: Callable[[], bool] = lambda: False
    is_beside: Callable[[], bool] = lambda: False
    listening: Callable[[], frozenset[int]] = frozenset


class Questions:
    """One for each condition of a run; those that look for lines hear from now on of all that it prints.

    It may print the line that is looked for before anybody has asked: so this is made when the run begins.
    """

    def __init__(self, service: Service, run: int, means: Means) -> None:
        conditions = service.ready.conditions
        looks = {each: readiness.LogLine(each.target) for each in conditions if each.kind is ProbeKind.LOG}

        def feed(stream: str, data: bytes) -> None:
            for look in looks.values():
                look.feed(stream, data)

        self.each = [
            Question(readiness.describe(each), looks[each].ask, looks[each].news)
            if each in looks
            else question(service.but(ready=each), means)
            for each in conditions
        ]
        self._hears_no_more = partial(means.output.untap, service.name, run, feed) if looks else None
        if looks:
            means.output.tap(service.name, run, feed)

    def close(self) -> None:
        """Nobody asks any more."""
        if self._hears_no_more:
            self._hears_no_more()


async def ask_until_ready(
    service: Service,
    run: int,
    means: Means,
    questions: Sequence[Question],
    tell: Tell,
    waits: Callable[[str, str], None],
) -> None:
    """Probe one run and tell Answered or Unanswered; a cancelled probe tells nothing."""
    name, settle = service.name, service.handover.settle
    try:
        await readiness.until_ready(service.ready, questions, lambda what: waits(name, what))
        if settle and means.is_beside():
            waits(name, f"ready, and takes over if it stays so for {settle:g} s")
            await readiness.settled(service.ready, questions, settle, means.is_beside)
    except _LostError:
        tell(name, lifecycle.Lost(run))
    except readiness.NotReady as error:
        if means.may_be_lost():
            tell(name, lifecycle.Lost(run))
            return
        verdict = Verdict(ok=False, words=str(error), code=1, retry=False)
        if service.moved:
            verdict = endings.behind_the_front(verdict, service.port or 0)
        tell(name, lifecycle.Unanswered(run, verdict))
    except NotExecutable as error:
        words = f"its readiness cannot be asked: {error.verdict.words}"
        verdict = Verdict(ok=False, words=words, code=error.verdict.code, retry=False)
        tell(name, lifecycle.Unanswered(run, verdict))
    else:
        tell(name, lifecycle.Answered(run))


def question(service: Service, means: Means, *, ours_alone: bool = True) -> Question:
    """What is asked where its `ready` is a single condition, and not a line.

    With `ours_alone` an answer counts when it is the service that gives it, and where its port is held the very run:
    who serves already need not be looked at.
    """
    ready = service.ready
    what = readiness.describe(ready)
    if means.door and ready.port in means.door.ports:
        return Question(what, _by_run(ready, means, means.door, ours_alone=ours_alone))
    ask = readiness.network(ready)
    if ask:
        return Question(what, _by_us(service, means, ask) if ours_alone else ask)
    match ready.kind:
        case ProbeKind.EXEC:
            return Question(what, lambda: means.ask_command(service))
        case ProbeKind.FILE:
            return Question(what, lambda: readiness.ask_file(ready.target))
        case ProbeKind.NOTIFY if means.notify:
            return _said(what, means.notify)
        case _:
            return Question(what, _started)


def _by_run(ready: Ready, means: Means, door: Door, *, ours_alone: bool) -> readiness.Ask:
    """The question to one run among several at the port, or before a queue that nobody may be serving.

    Without `ours_alone` it is well as long as any of them accepts.
    """
    ask = readiness.network(ready, door.connect)
    assert ask is not None  # it has a port
    strays: list[float] = []  # when it was seen to listen elsewhere

    async def asked() -> str:
        if ours_alone and door.is_lost():
            raise _LostError
        try:
            return await ask()
        except TakenByOther:
            return "answered by the run that is to be followed, and not by this one" if ours_alone else ""
        except NotTaken:
            astray = ours_alone and _strays(means.listening() - door.ports, strays, _WITH_SOCKET)
            if astray and means.may_be_lost():
                raise _LostError from None
            return "connected, and not accepted yet"

    return asked


def _by_us(service: Service, means: Means, ask: readiness.Ask) -> readiness.Ask:
    """The question, whose answer counts when it is the service that gives it.

    Who has a stop command only talks to a daemon, and the daemon answers.
    """
    if service.stop.command:
        return ask
    strays: list[float] = []  # when it was seen to listen elsewhere

    async def asked() -> str:
        if answer := await ask():
            return _strayed(service, means, strays) or answer
        port = service.ready.port
        stranger = means.stranger(service, port)
        return Sentence(f"port {port} is answered by {stranger}, which is not ours") if stranger else ""

    return asked


def _strayed(service: Service, means: Means, since: list[float]) -> str:
    """Where a run behind the front listens in the place of its own port, for a while now; "" where it does not.

    Raises:
        _LostError: it may be served in another way.
    """
    found = means.listening() if service.moved else frozenset()
    own = {port.number for port in service.ports}
    if not _strays(frozenset() if found & own else found, since, _STRAYS):
        return ""
    if means.may_be_lost():
        raise _LostError
    where = ", ".join(map(str, sorted(found)))
    return Sentence(
        f"it listens at {where}, and behind the front it has to where PORT says, at {service.port}"
    )


def _strays(elsewhere: frozenset[int], since: list[float], patience: float) -> bool:
    """Whether a run has been listening elsewhere for so long; `since` are the moments at which it was seen to."""
    if not elsewhere:
        since.clear()
        return False
    since.append(asyncio.get_running_loop().time())
    return since[-1] - since[0] >= patience


def _said(what: str, notify: NotifySocket) -> Question:
    """Whether the run has said so itself; until then its STATUS is the answer."""
    news = asyncio.Event()
    notify.listeners.append(lambda _: news.set())

    async def ask() -> str:
        news.clear()
        return "" if notify.ready else notify.status or "not said yet"

    return Question(what, ask, news)


async def _started() -> str:
    return ""
