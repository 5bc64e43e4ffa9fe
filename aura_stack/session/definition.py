"""Reads a whole definition, stack file and manifest, and reports every mistake in both at once."""

import os
import signal
from collections.abc import Iterable, Mapping

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Problem
from aura_stack.frozen import Frozen
from aura_stack.ports.entries import Manifest
from aura_stack.ports.manifest import ManifestRead
from aura_stack.ports.manifest import read as read_manifest
from aura_stack.ports.policy import Assigned, assign
from aura_stack.reading.load import Loaded, load
from aura_stack.reading.tree import Table
from aura_stack.stack.expand import expand
from aura_stack.stack.model import Stack
from aura_stack.stack.resolve import Surroundings, resolve
from aura_stack.stack.validate import validate
from aura_stack.system.digest import sha256


class Definition(Frozen):
    """A definition without mistakes.

    Attributes:
        label: what the stack file is called in messages.
        stack: what is to run.
        manifest: where its ports come from; None for a stack of plain numbers.
        notices: keys that are accepted and not acted on yet.
        variables: what was taken from the environment.
        files: the paths of stack file and manifest, absolute.
    """

    label: str
    stack: Stack
    manifest: Manifest | None
    notices: tuple[Problem, ...]
    variables: Mapping[str, str]
    files: tuple[str, ...]


def read(path: str, environ: Mapping[str, str], directory: str = "") -> Definition:
    """Read a stack file and the manifest it names.

    Args:
        path: of the stack file.
        environ: the variables that `${NAME}` stands for.
        directory: whose files are called by their relative paths in messages; the current one if not given.

    Raises:
        InvalidDefinition: with all mistakes of both files.
        AuraError: the stack file cannot be read (exit code 5).
    """
    directory = directory or os.getcwd()
    label = _label(path, directory)
    loaded = _load(path, label)
    if loaded.root is None:
        raise InvalidDefinition(loaded.problems)
    expanded = expand(loaded.root, environ)
    valid = validate(expanded.root, signals())
    manifest = _manifest(valid.root, path, directory)
    # with a manifest that could not be read, no name can be called unknown
    unreadable = "ports" in valid.root.entries and manifest.manifest is None
    assigned = Assigned({}, ()) if unreadable else assign(valid.claims, manifest.manifest)
    file = os.path.abspath(path)
    around = Surroundings(file, os.path.dirname(file), os.path.isdir, signals())
    resolved = resolve(valid.root, assigned.ports, around)
    steps = (loaded, expanded, valid, manifest, assigned, resolved)
    problems = [problem for step in steps for problem in step.problems]
    if problems:
        raise InvalidDefinition(problems)
    word = valid.root.scalar("ports")
    files = (file, os.path.join(os.path.dirname(file), word.text)) if word else (file,)
    notices = tuple(sorted(valid.notices))
    return Definition(label, resolved.stack, manifest.manifest, notices, expanded.variables, files)


def digest(files: Iterable[str]) -> str:
    """A word for the content of these files as they are now; one that cannot be read counts as empty."""
    return " ".join(_content(path) for path in files)


def _content(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError:
        content = b""
    return str(sha256(content).hexdigest())


def _load(path: str, label: str) -> Loaded:
    try:
        return load(path, label)
    except OSError as error:
        message = f"the stack file {label} cannot be read: {error.strerror}"
        raise AuraError(message, exit_code=ExitCode.INVALID) from error


def _manifest(root: Table, path: str, directory: str) -> ManifestRead:
    """The manifest that the stack file names, relative to its own folder."""
    word = root.scalar("ports")
    if word is None:
        return ManifestRead(None, ())
    file = os.path.join(os.path.dirname(path), word.text)
    return read_manifest(file, _label(file, directory), word.place)


def _label(path: str, directory: str) -> str:
    """What a file is called: relative to the directory if it is below, else as it was given."""
    absolute = os.path.normpath(os.path.join(directory, path))
    top = directory.rstrip(os.sep) + os.sep
    return absolute.removeprefix(top) if absolute.startswith(top) else path


def signals() -> dict[str, int]:
    """The signals of this system, numbers by names without SIG."""
    return {each.name.removeprefix("SIG"): each.value for each in signal.Signals}
