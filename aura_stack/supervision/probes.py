"""From a service's `ready:` to the question that is asked, and the answer to the supervisor."""

from collections.abc import Awaitable, Callable

from aura_stack.stack.model import ProbeKind, Service

from . import lifecycle, readiness
from .output import Output
from .verdict import NotExecutable, Verdict

Tell = Callable[[str, lifecycle.Message], None]


async def ask_until_ready(
    service: Service,
    run: int,
    output: Output,
    ask_command: Callable[[Service], Awaitable[str]],
    tell: Tell,
    waits: Callable[[str, str], None],
) -> None:
    """Probe one run and tell Answered or Unanswered; a cancelled probe tells nothing."""
    ready, name = service.ready, service.name
    log = readiness.LogLine(ready.target) if ready.kind is ProbeKind.LOG else None
    if log:
        output.tap(name, log.feed)
    try:
        await readiness.until_ready(
            ready,
            log.ask if log else _question(service, ask_command),
            lambda what: waits(name, what),
            log.news if log else None,
        )
    except readiness.NotReady as error:
        verdict = Verdict(ok=False, words=str(error), code=1, retry=False)
        tell(name, lifecycle.Unanswered(run, verdict))
    except NotExecutable as error:
        words = f"its readiness cannot be asked: {error.verdict.words}"
        verdict = Verdict(ok=False, words=words, code=error.verdict.code, retry=False)
        tell(name, lifecycle.Unanswered(run, verdict))
    else:
        tell(name, lifecycle.Answered(run))
    finally:
        if log:
            output.tap(name, None)


def _question(service: Service, ask_command: Callable[[Service], Awaitable[str]]) -> readiness.Ask:
    ready = service.ready
    match ready.kind:
        case ProbeKind.HTTP:
            return lambda: readiness.ask_http(ready.port, ready.target)
        case ProbeKind.TCP:
            return lambda: readiness.ask_tcp(ready.port)
        case ProbeKind.EXEC:
            return lambda: ask_command(service)
        case ProbeKind.FILE:
            return lambda: readiness.ask_file(ready.target)
        case _:
            return _started


async def _started() -> str:
    return ""
