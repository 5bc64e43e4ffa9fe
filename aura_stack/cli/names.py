"""Names of services for the completion of a command line: of the stack that runs, else of the one that is written.

A person waits for each of these answers with a finger on the tab key: nothing is loaded that they do not need, and
an engine has a tenth of a second.
"""

import os
import time

import click
from click.shell_completion import CompletionItem

from aura_stack.errors import AuraError

from . import target
from .settings import Settings

PATIENCE = 0.1  # seconds


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names that begin so and are not given yet; none where anything is wrong: this is no time to say so.

    A service that runs is offered with its state.
    """
    given = context.params.get(parameter.name or "") or ()
    flags = context.find_root().params
    try:
        if flags.get("directory"):
            os.chdir(flags["directory"])
        file, places = target.found(Settings(flags.get("file")))
        offers = _running(places.socket) or _written(file)
    except (AuraError, OSError):
        return []
    return [
        CompletionItem(name, help=state)
        for name, state in offers.items()
        if name.startswith(incomplete) and name not in given
    ]


def _running(socket: str) -> dict[str, str]:
    """Name → state, as the engine says; nothing if there is none, or none that is quick enough."""
    if not os.path.exists(socket):
        return {}
    from aura_stack.control.client import connect  # noqa: PLC0415 - mostly nothing runs

    deadline = time.monotonic() + PATIENCE
    try:
        client = connect(socket, "", patience=PATIENCE)
        views = client.call("status", patience=max(deadline - time.monotonic(), 0.0))
    except (AuraError, OSError):
        return {}
    return {view["service"]: view["state"] for view in views}


def _written(file: str) -> dict[str, None]:
    """The services of the stack file as far as it can be read, without those that are not ours to start or stop."""
    if not os.path.isfile(file):  # a pipe would be waited for
        return {}
    from aura_stack.reading.load import load  # noqa: PLC0415 - YAML is only needed where nothing runs
    from aura_stack.reading.tree import Table  # noqa: PLC0415 - likewise
    from aura_stack.stack.outline import is_external  # noqa: PLC0415 - likewise

    root = load(file, file).root
    if not isinstance(root, Table):
        return {}
    entries = root.table("services").entries
    return {
        name: None
        for name, entry in entries.items()
        if not (isinstance(entry.node, Table) and is_external(entry.node))
    }
