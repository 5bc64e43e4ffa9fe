"""Names of services for the completion of a command line: of the stack that runs, else of the one that is written.

A person waits for each of these answers with a finger on the tab key: nothing is loaded that they do not need, and
an engine has a tenth of a second.
"""

import os
from collections.abc import Sequence

import click

from aura_stack.errors import AuraError
from aura_stack.stack import find
from aura_stack.system import places as where

PATIENCE = 0.1  # seconds


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names that begin so and are not given yet; none where anything is wrong: this is no time to say so."""
    given = context.params.get(parameter.name or "") or ()
    flags = context.find_root().params
    try:
        names = _names(flags.get("file"), flags.get("directory") or "")
    except (AuraError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete) and name not in given]


def complete_tasks(context: click.Context, incomplete: str) -> list[str]:
    """The names of tasks in the stack file that begin so."""
    flags = context.find_root().params
    try:
        path = find.stack_file(
            flags.get("file"), os.path.join(os.getcwd(), flags.get("directory") or ""), os.environ
        )
        return [name for name in written(path, "tasks") if name.startswith(incomplete)]
    except (AuraError, OSError):
        return []


def _names(file: str | None, directory: str) -> Sequence[str]:
    path = find.stack_file(file, os.path.join(os.getcwd(), directory), os.environ)
    return _running(where.elsewhere(where.places(path, os.environ)).socket) or written(path)


def _running(socket: str) -> list[str]:
    """What the engine says; nothing if there is none, or none that is quick enough."""
    if not os.path.exists(socket):
        return []
    from aura_stack.control.client import connect  # noqa: PLC0415 - mostly nothing runs

    try:
        client = connect(socket, "", patience=PATIENCE)
        return [view["service"] for view in client.call("status", patience=PATIENCE)]
    except AuraError:
        return []


def written(path: str, what: str = "services") -> list[str]:
    """What the stack file says, as far as it can be read."""
    from aura_stack.reading.load import load  # noqa: PLC0415 - YAML is only needed where nothing runs
    from aura_stack.reading.tree import Table  # noqa: PLC0415 - likewise

    if find.is_procfile(path):
        from aura_stack.reading import from_procfile  # noqa: PLC0415 - likewise

        processes = from_procfile.read(path, path).processes if what == "services" else ()
        return [name.text for name, _ in processes]
    root = load(path, path).root
    return list(root.table(what).entries) if isinstance(root, Table) else []
