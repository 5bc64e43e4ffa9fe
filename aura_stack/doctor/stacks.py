"""Whether the stacks of this user answer, and whether dead ones have left something."""

import os
from collections.abc import Iterator, Sequence

from aura_stack.system import processes

from .census import STOPPED, Known, State
from .findings import Finding, note, ok, trouble

_SWEEP = "aura-stack clean --all, or aura-stack doctor --fix"
_TOLD = 5  # of a list; the others follow from them


def check_stacks(stacks: Sequence[Known], home: str) -> Iterator[Finding]:
    """Look at the engines that run.

    Args:
        stacks: all of this user's.
        home: a folder that is written as `~`.
    """
    running = [known for known in stacks if known.state is not State.DEAD]
    faults = [fault for known in running if (fault := _fault(known, home))]
    yield from faults
    if not faults:
        yield ok("stacks", ", ".join(called(known, home) for known in running) or "none runs")


def check_elsewhere(stacks: Sequence[Known], runtime: str) -> Iterator[Finding]:
    """Whether the stack of this stack file runs where commands from here do not look.

    Args:
        stacks: all of this user's.
        runtime: the folder where commands look.
    """
    for known in stacks:
        same = known.runtime.name == os.path.basename(runtime) and known.runtime.directory != runtime
        if same and known.state is not State.DEAD:
            there = f"this stack runs (pid {known.pid}) with lock and socket in {known.runtime.directory}"
            cure = "use the XDG_RUNTIME_DIR and XDG_STATE_HOME that it was started with"
            yield trouble(
                "stacks", f"{there}: commands from here, who look in {runtime}, do not find it", cure
            )


def check_leftovers(dead: Sequence[Known], strays: Sequence[str], home: str) -> Iterator[Finding]:
    """Look at what stacks that died have left.

    Args:
        dead: the stacks that died.
        strays: sockets at which nobody listens, of stacks that are not to be found.
        home: a folder that is written as `~`.
    """
    for known in dead:
        if known.left:
            found = f"{called(known, home)} died, and these live on: {_named(known.left)}"
            yield trouble("leftovers", found, _ending(known.left))
    quiet = [called(known, home) for known in dead if not known.left]
    if quiet:
        yield note("leftovers", f"died without clearing up: {_first(quiet)}", _SWEEP)
    if strays:
        folders = [os.path.dirname(path) for path in strays]
        yield note("leftovers", f"sockets of stacks that are no more: {_first(folders)}", _SWEEP)
    if not (dead or strays):
        yield ok("leftovers", "none")


def called(known: Known, home: str) -> str:
    """A stack, by its name and its file."""
    if not known.note.file:
        return (
            f"a stack that has not said its name (pid {known.pid})" if known.pid else "a stack without a name"
        )
    return f"{known.note.stack} ({short(known.note.file, home)})"


def _fault(known: Known, home: str) -> Finding | None:
    if known.state is State.SILENT:
        text = f"the engine of {called(known, home)}, pid {known.pid}, does not answer: {known.remark}"
        if known.remark == STOPPED:
            return trouble("stacks", text, f"kill -CONT {known.pid} wakes it")
        return trouble("stacks", text, f"kill -9 {known.pid}: its guardian then ends the services")
    if known.remark:
        return note(
            "stacks", f"{called(known, home)}: {known.remark}", "stop it with the aura-stack that started it"
        )
    return None


def _named(pids: Sequence[int]) -> str:
    return _first([f"{pid} ({' '.join(processes.command_line(pid) or ()) or 'gone'})" for pid in pids])


def _first(words: Sequence[str]) -> str:
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return ", ".join(words[:_TOLD]) + more


def _ending(pids: Sequence[int]) -> str:
    return f"kill {' '.join(map(str, pids))}, then aura-stack clean --all"


def short(path: str, home: str) -> str:
    """A path, its beginning written as `~` where it is below home."""
    top = home.rstrip("/") + "/"
    return f"~/{path.removeprefix(top)}" if len(top) > 1 and path.startswith(top) else path
