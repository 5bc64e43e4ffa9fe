"""Changes the file of the port manifest: one entry more or less, and never to something that breaks a rule."""

import os
from collections.abc import Iterable, Mapping

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition
from aura_stack.ports import editing
from aura_stack.ports.manifest import read
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import quoted
from aura_stack.stack.variant import Variant
from aura_stack.system import files

from .defined import label
from .portview import manifest_path
from .stackfile import StackFile


def reserved(file: str, name: str, entry: Mapping[str, object], environ: Mapping[str, str]) -> str:
    """Put an entry into the manifest of a stack; the answer is the manifest's path.

    Raises:
        InvalidDefinition: stack file or manifest have mistakes already.
        AuraError: there is such an entry, or the number breaks a rule (exit code 6); it cannot be written.
    """
    path = _writable(file, environ)
    manifest = StackFile(file, environ).definition(Variant()).manifest
    assert manifest is not None
    if name in manifest.entries:
        known = manifest.entries[name]
        message = f"{quoted(name)} is in {manifest.file} already, with port {known.number}"
        raise AuraError(message, f"aura-stack ports release {name}", ExitCode.PORT_CONFLICT)
    text = _content(path)
    _write(path, text, editing.with_entry(text, "ports", name, entry), file, environ)
    return path


def released(file: str, name: str, environ: Mapping[str, str]) -> str:
    """Take an entry out of the manifest of a stack; the answer is the manifest's path.

    Raises:
        InvalidDefinition: stack file or manifest have mistakes already.
        AuraError: there is no such entry (exit code 4), or a service uses it (exit code 6); it cannot be written.
    """
    path = _writable(file, environ)
    definition = StackFile(file, environ).definition(Variant())
    assert definition.manifest is not None
    entry = definition.manifest.entries.get(name)
    if entry is None:
        hint = did_you_mean(name, definition.manifest.entries)
        raise AuraError(
            f"{definition.manifest.file} has no port called {quoted(name)}", hint, ExitCode.UNKNOWN
        )
    users = [one.name for one in definition.stack.services for port in one.ports if port.entry == name]
    if users:
        message = f"{quoted(name)} is the port of {', '.join(users)}"
        raise AuraError(message, f"take it out of {definition.label} first", ExitCode.PORT_CONFLICT)
    text = _content(path)
    _write(
        path,
        text,
        editing.without_entry(text, "external" if entry.external else "ports", name),
        file,
        environ,
    )
    return path


def adopted(
    file: str, entries: Iterable[tuple[str, str, Mapping[str, object]]], environ: Mapping[str, str]
) -> str:
    """Put entries into the manifest of a stack, all or none; the answer is the manifest's path.

    Args:
        file: the stack file.
        entries: the table (`ports` or `external`), the name, which is not there yet, and what the entry says.
        environ: the shell's variables.

    Raises:
        InvalidDefinition: stack file or manifest have mistakes already.
        AuraError: a number breaks a rule (exit code 6); it cannot be written.
    """
    path = _writable(file, environ)
    before = text = _content(path)
    for table, name, entry in entries:
        text = editing.with_entry(text, table, name, entry)
    _write(path, before, text, file, environ)
    return path


def require_writable(file: str, environ: Mapping[str, str]) -> None:
    """Return if the stack has a manifest that can be changed.

    Raises:
        AuraError: it has none, or one that is YAML.
    """
    _writable(file, environ)


def _writable(file: str, environ: Mapping[str, str]) -> str:
    found = manifest_path(file, environ)
    if found is None:
        raise AuraError(
            "the stack has no port manifest", "name one with ports: FILE at the top of the stack file"
        )
    path = found[0]
    if not path.endswith(".json"):
        raise AuraError(f"{label(path, os.getcwd())} is YAML, which has comments: write the entry by hand")
    return path


def _content(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def _write(path: str, before: str, after: str, file: str, environ: Mapping[str, str]) -> None:
    """Look at what the file will be as everybody does, and write it if it breaks no rule."""
    mode = os.stat(path).st_mode & 0o777
    found = manifest_path(file, environ)
    assert found is not None
    draft = f"{path}.{os.getpid()}.json"
    try:
        files.replace(draft, after.encode(), mode=mode)
        problems = read(draft, label(path, os.getcwd()), found[1]).problems
    except OSError as error:
        raise AuraError(
            f"{path} cannot be written: {error.strerror}", exit_code=ExitCode.NOT_PERMITTED
        ) from error
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)
    if problems:
        raise AuraError(InvalidDefinition(problems).message, "nothing was written", ExitCode.PORT_CONFLICT)
    if _content(path) != before:
        raise AuraError(f"{path} was changed by somebody else meanwhile", "nothing was written; try again")
    files.replace(path, after.encode(), mode=mode)
