"""Looks once, before anything starts, whether the services are there that are not ours."""

import contextlib
import functools
import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping

from aura_stack.errors import AuraError
from aura_stack.ports.reach import accepts
from aura_stack.stack.model import ProbeKind, Service
from aura_stack.supervision.process import Children
from aura_stack.system import lean

_LOOKED_AT = (ProbeKind.TCP, ProbeKind.FILE, ProbeKind.STARTED)  # without a loop
PATIENCE = 2.0  # seconds for an answer; all are asked at the same time

Variables = Callable[[Service], Mapping[str, str]]


def require(services: Iterable[Service], variables: Variables) -> list[str]:
    """Ask each external one what its `ready` says, or else its main port.

    Args:
        services: ours are passed over.
        variables: those of a service, for commands.

    Returns:
        What to say of those that are not there and are not required.

    Raises:
        AuraError: one that is required is not there.
    """
    externals = [service for service in services if service.external]
    found = zip(externals, _ask_all(externals, variables), strict=True)
    silent = [(service, words) for service, words in found if words]
    if required := [(service, words) for service, words in silent if service.required]:
        lines = [f"{service.name}, which is external and required, {words}" for service, words in required]
        hints = dict.fromkeys(service.hint for service, _ in required if service.hint)
        raise AuraError("\n".join(lines), "; ".join(hints))
    return [_notice(service, words) for service, words in silent]


def _notice(service: Service, words: str) -> str:
    hint = f" ({service.hint})" if service.hint else ""
    return f"{service.name}: {words.replace('does not answer', 'not answering')}; not required{hint}"


def _ask_all(externals: list[Service], variables: Variables) -> list[str]:
    """What each lacks, "" for one that is there; a loop is loaded only where more is asked than a look tells."""
    asked = [service for service in externals if service.ready.kind not in _LOOKED_AT]
    answers: dict[str, str] = {}
    if asked:
        lean.load_asyncio()
        import asyncio  # noqa: PLC0415 - 40 ms that most stacks do without

        # executing a command changes the folder, and SIGCHLD may be held until the engine serves
        with contextlib.chdir("/"), _told_of_children():
            answers = asyncio.run(_ask_together(asked, variables))
    return [answers[one.name] if one.name in answers else _look(one) for one in externals]


def _look(service: Service) -> str:
    """What a port or a file tells at once."""
    ready = service.ready
    match ready.kind:
        case ProbeKind.TCP if not accepts(ready.port):
            return f"does not answer on port {ready.port}"
        case ProbeKind.FILE if not os.path.exists(ready.target):
            return f"is not ready: the file {ready.target} is not there"
        case _:
            return ""


@contextlib.contextmanager
def _told_of_children() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _ask_together(services: Iterable[Service], variables: Variables) -> dict[str, str]:
    """All at once, so that together they take no longer than one."""
    import asyncio  # noqa: PLC0415 - see above

    children, loop = Children(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, children.reap)
    async with asyncio.TaskGroup() as tasks:
        asked = {one.name: tasks.create_task(_ask(one, variables, children)) for one in services}
    return {name: task.result() for name, task in asked.items()}


async def _ask(service: Service, variables: Variables, children: Children) -> str:
    import asyncio  # noqa: PLC0415 - see above

    from aura_stack.supervision import readiness  # noqa: PLC0415 - it needs the loop

    ready = service.ready
    if ready.parts:
        return await _ask_parts(service, variables, children)
    if ready.kind in _LOOKED_AT:
        return _look(service)
    try:
        async with asyncio.timeout(PATIENCE):
            if ready.kind is ProbeKind.EXEC:
                answer = await _execute(service, variables, children)
            else:
                ask = readiness.network(ready)
                answer = await ask() if ask else ""
    except TimeoutError:
        answer = f"no answer within {PATIENCE:g} s"
    answer = re.sub("^HTTP ", "answered ", answer)
    return f"is not ready: {readiness.describe(ready)}: {answer}" if answer else ""


async def _ask_parts(service: Service, variables: Variables, children: Children) -> str:
    """What is missing of all, or, where any will do and none does, of each."""
    import asyncio  # noqa: PLC0415 - see above

    parts = [service.but(ready=part) for part in service.ready.parts]
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_ask(part, variables, children)) for part in parts]
    missing = [answer for task in asked if (answer := task.result())]
    enough = service.ready.kind is ProbeKind.ANY and len(missing) < len(parts)
    return "" if enough else " and ".join(missing)


async def _execute(service: Service, variables: Variables, children: Children) -> str:
    """How its command failed, "" when it exits 0; nothing that it started stays."""
    from aura_stack.supervision import errand  # noqa: PLC0415 - it needs the loop

    assert service.ready.command is not None
    mark = f"{os.getpid()}:{service.name}:external"
    order = errand.Errand(service.ready.command.argv, variables(service), service.cwd, mark)
    nowhere = functools.partial(os.open, os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    verdict = await errand.run(order, children, nowhere, grace=0.0)
    return "" if verdict.ok else verdict.words
