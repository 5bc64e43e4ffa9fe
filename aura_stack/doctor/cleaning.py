"""What `clean` takes away: of one stack its record and fingerprints too, of all others only what the dead ones left."""

import os
from collections.abc import Mapping
from contextlib import suppress

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.system import removal
from aura_stack.system.places import DATA, Places, Runtime

from . import census, leftovers
from .census import Known
from .leftovers import Removed
from .remains import left_by, read_note


class Plan(Frozen):
    """What there is to take away.

    Attributes:
        paths: of files, and of folders that go with all that is in them.
        size: bytes in all of them.
        left: processes that live on of stacks that died; what they are known by stays.
    """

    paths: tuple[str, ...]
    size: int
    left: tuple[int, ...] = ()


def plan(places: Places, environ: Mapping[str, str]) -> Plan:
    """What can be taken away of one stack.

    Raises:
        AuraError: it runs, or another one does whose file is in the same folder and whose record is in that of this
            one (exit code 7).
    """
    for one in census.running_in(os.path.dirname(places.data), environ):
        raise _refusal(one, places)
    runtime = _runtime(places)
    record = (places.data,) if os.path.lexists(places.data) else ()
    paths = (*record, *leftovers.removable(runtime))
    left = left_by(read_note(runtime.run))
    return Plan(paths, sum(map(removal.size, paths)), left)


def perform(places: Places) -> Removed:
    """Take it away. The caller holds the lock of the stack.

    Raises:
        AuraError: something cannot be removed (exit code 8 where permission lacks).
    """
    removed = Removed()
    if os.path.lexists(places.data):
        removed = Removed((places.data,), removal.remove(places.data))
        _remove_empty_ones_above(places.data)
    return removed + leftovers.strip(_runtime(places))


def _remove_empty_ones_above(folder: str) -> None:
    """What led to the record of one of several stacks of a checkout alone."""
    above = os.path.dirname(folder)
    with suppress(OSError):  # others have something there
        while f"{os.sep}{DATA}{os.sep}" in above:
            os.rmdir(above)
            above = os.path.dirname(above)


def plan_everywhere(environ: Mapping[str, str]) -> tuple[Plan, list[Known], list[str]]:
    """What can be taken away of all stacks that died, and for `perform_everywhere` those stacks and sockets."""
    found, strays = census.dead(environ), leftovers.strays(environ)
    dead = [known for known in found if not known.left]
    paths = (*(path for known in dead for path in leftovers.removable(known.runtime)), *strays)
    left = tuple(pid for known in found for pid in known.left)
    return Plan(paths, sum(map(removal.size, paths)), left), dead, strays


def perform_everywhere(dead: list[Known], strays: list[str]) -> Removed:
    """Take that away, but for stacks that have been started meanwhile.

    Raises:
        AuraError: something cannot be removed; the rest was.
    """
    removed, refusals = Removed(), []
    for known in dead:
        try:
            removed += leftovers.remove(known)
        except AuraError as error:
            refusals.append(error)
    for path in strays:
        removed += leftovers.remove_stray(path)
    if refusals:
        raise AuraError("\n".join(one.message for one in refusals), refusals[0].hint, refusals[0].exit_code)
    return removed


def _runtime(places: Places) -> Runtime:
    sockets = (places.socket,) if os.path.lexists(places.socket) else ()
    return Runtime(os.path.basename(places.runtime), places.runtime, sockets)


def _refusal(running: Known, places: Places) -> AuraError:
    message, hint = (
        f"the stack of {running.note.file} is running (pid {running.pid})",
        "aura-stack down first",
    )
    if running.runtime.name != os.path.basename(places.runtime):
        message += f", and its logs are in {places.data}, too"
        hint = f"aura-stack -f {running.note.file} down first"
    elif running.runtime.directory != places.runtime:
        hint += f", with the environment it was started in: its socket is in {running.runtime.directory}"
    return AuraError(message, hint, ExitCode.LOCKED)
