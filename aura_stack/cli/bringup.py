"""Bringing a stack up, or joining one that runs: what `up` does once its command line is understood.

Nothing here knows how a command line is parsed, so that the parser need not be loaded: see `quick`.
"""

import os
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.session.launch import launch
from aura_stack.session.lock import wait_until_free
from aura_stack.session.options import Options
from aura_stack.supervision.guardian import ORDERS
from aura_stack.system import lean, orphans
from aura_stack.system import places as where
from aura_stack.system.places import Places
from aura_stack.system.plain import require_kept

from . import target
from .looks import Looks
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.control.client import Client

    from .background import Background
    from .face import Face

_PATIENCE = 200  # milliseconds: somebody with hundreds of services wants to see something, too
_FIRST = "up -d is the first process of this container here, and all would end with it"


class _Manner(Frozen):
    """In the background or not, how long to wait for what, how logs look, and whether keys are listened to."""

    detach: bool
    wait: bool
    timeout: float | None
    looks: Looks
    keys: bool
    as_json: bool


def up(
    settings: Settings,
    services: Sequence[str],
    *,
    detach: bool = False,
    wait: bool = False,
    wait_timeout: float | None = None,
    no_deps: bool = False,
    no_watch: bool = False,
    stamps: bool = False,
    no_prefix: bool = False,
    only_errors: bool = False,
    no_keys: bool = False,
    scale: Mapping[str, int] | None = None,
    as_json: bool = False,
    free: Callable[[str, Places, Options], None] | None = None,
    **rest: Any,
) -> int:
    """Launch the stack, or start what is missing of one that runs, and stay with it: flags and answer of `up`.

    Args:
        settings: the global flags.
        services: names, patterns and profiles, none for all.
        detach: leave it in the background.
        wait: do so once all is ready.
        wait_timeout: seconds for that, None for as long as it takes.
        no_deps: leave out what the named services depend on.
        no_watch: leave saves alone.
        stamps: begin each line with its time.
        no_prefix: begin none with the name of its service.
        only_errors: show only what went wrong.
        no_keys: leave the keyboard alone.
        scale: how many of each service, where that is not as written.
        as_json: in the background, whether programs read what has become of the services.
        free: called before a launch, to free the ports that it needs.
        rest: what else `Options` holds.

    Returns:
        The exit code.

    Raises:
        AuraError: nothing was started.
    """
    file, places = target.found(settings)
    options = Options(
        tuple(services),
        target.coloured(settings),
        dependencies=not no_deps,
        watch=not (no_watch or os.environ.get("AURA_NO_WATCH")),
        variant=settings.variant.but(scale=scale) if scale else settings.variant,
        **rest,
    )
    looks = Looks(options.coloured, stamps, not no_prefix, only_errors)
    manner = _Manner(detach or wait, wait, wait_timeout, looks, not no_keys, as_json)
    client = target.running(file, places)
    if client:
        try:
            return _join(client, options, manner)
        except AuraError as error:
            if error.exit_code != ExitCode.NOT_RUNNING:
                raise
            wait_until_free(places.lock)  # it was just stopping: ours is the next one
    if manner.detach and orphans.is_first():
        raise AuraError(_FIRST, "leave -d out: the container's runtime has a way to detach", ExitCode.USAGE)
    if free:
        free(file, places, options)
    require_kept((file, *(settings.variant.env_files or ())))
    where.create(places)
    return _launch(file, places, options, manner)


def _launch(file: str, places: Places, options: Options, manner: _Manner) -> int:
    launched = launch(file, places, options, os.environ)
    lean.settle()
    import socket  # noqa: PLC0415 - while the engine loads what it needs

    from aura_stack.control.client import Client  # noqa: PLC0415 - likewise

    client = Client(socket.socket(fileno=launched.link.detach()))
    _leave_the_processor_to_it(client)
    launched.bury_reader()
    try:
        return _see_off(client, launched.guardian, options, manner)
    except AuraError as error:
        # another `up` was quicker by a moment
        quicker = target.running(file, places) if error.exit_code == ExitCode.LOCKED else None
        if quicker is None:
            raise
        return _join(quicker, options, manner)


def _leave_the_processor_to_it(engine: "Client") -> None:
    """Wait until the engine has begun with the first services: what a face loads would only hold it up."""
    try:
        engine.kept += engine.receive()
        # services are about to run: from here on Ctrl-C is an order to stop them, once there is somebody to give it
        signal.pthread_sigmask(signal.SIG_BLOCK, ORDERS)
        if len(engine.kept) == 1:
            more = select.poll()  # and not select(2), for which a descriptor beyond 1023 is none
            more.register(engine.fileno(), select.POLLIN)
            if more.poll(_PATIENCE):
                engine.kept += engine.receive()
    except ConnectionError:
        return  # whoever reads on hears that as well


def _see_off(client: "Client", guardian: int, options: Options, manner: _Manner) -> int:
    """What the shell waits for, of a stack that we have launched."""
    if manner.detach:
        background = _background(client, options, manner)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ORDERS)
        return background.launched(wait=manner.wait, timeout=manner.timeout)
    return _face(client, guardian, options, manner).run()


def _background(client: "Client", options: Options, manner: _Manner) -> "Background":
    from .background import Background  # noqa: PLC0415 - as above
    from .screen import programs_screen, standard_screen  # noqa: PLC0415 - as above

    screen = programs_screen() if manner.as_json else standard_screen()
    return Background(client, screen, coloured=options.coloured, as_json=manner.as_json)


def _face(client: "Client", guardian: int, options: Options, manner: _Manner) -> "Face":
    from .face import Face  # noqa: PLC0415 - as above
    from .keys import Keys  # noqa: PLC0415 - as above
    from .screen import standard_screen  # noqa: PLC0415 - as above

    keys = Keys(0, wanted=manner.keys or bool(options.tty))
    tty = next(iter(options.tty), "")
    return Face(client, guardian, standard_screen(), keys, manner.looks, tty)


def _join(client: "Client", options: Options, manner: _Manner) -> int:
    """The same, of a stack that runs already."""
    lean.settle()
    services, dependencies = _asked(client, options), options.dependencies
    if manner.detach:
        background = _background(client, options, manner)
        return background.joined(
            services, dependencies=dependencies, wait=manner.wait, timeout=manner.timeout
        )
    unseen = _unseen(client, options)
    face = _face(client, 0, options, manner)
    return face.attach(services, dependencies=dependencies, unseen=unseen)


def _unseen(client: "Client", options: Options) -> list[str]:
    """The services of a stack that runs whose logs are not to be shown."""

    def named(patterns: tuple[str, ...]) -> list[str]:
        return [view["service"] for view in client.call("status", services=list(patterns))]

    unseen = set(named(options.no_attach)) if options.no_attach else set()
    if options.attach:
        unseen |= set(named(())) - set(named(options.attach))
    return sorted(unseen)


def _asked(client: "Client", options: Options) -> list[str]:
    """What is asked of a stack that runs: services by their names, profiles by theirs, and how many of each."""
    from .face import changed_since  # noqa: PLC0415 - as above

    if client.call("attach", own=False)["changed"]:
        raise changed_since()
    if options.variant.scale:
        client.call("scale", replicas=dict(options.variant.scale))
    profiles = [f"@{name}" for name in options.variant.profiles]
    if not options.excepted:
        return list(options.services) or profiles
    spared = {view["service"] for view in client.call("status", services=list(options.excepted))}
    views = client.call("status", services=list(options.services) or profiles)
    asked = [view["service"] for view in views if view["service"] not in spared]
    if not asked:
        raise AuraError("--except leaves nothing to start", exit_code=ExitCode.USAGE)
    return asked
