"""Changes the file of the port manifest: one entry more or less, and never to something that breaks a rule."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition
from aura_stack.ports import editing, yamlediting
from aura_stack.ports.manifest import parsed
from aura_stack.ports.register import Register
from aura_stack.reading.load import parse
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import plain
from aura_stack.reading.words import quoted
from aura_stack.stack.variant import Variant
from aura_stack.system import files
from aura_stack.system import places as where
from aura_stack.system.plain import opened

from .defined import label
from .portview import manifest_path
from .stackfile import StackFile

_BOM = "\ufeff"
_TABLES = ("ports", "external")
_Plain = dict[str, dict[str, object]]


def reserved(file: str, name: str, entry: Mapping[str, object], environ: Mapping[str, str]) -> str:
    """Put an entry into the manifest of a stack; the answer is the manifest's path.

    Raises:
        InvalidDefinition: stack file or manifest have mistakes already.
        AuraError: there is such an entry, or the number breaks a rule (exit code 6); it cannot be written.
    """
    path = _path(file, environ)
    with _alone(environ):
        manifest = StackFile(file, environ).definition(Variant()).manifest
        assert manifest is not None
        if name in manifest.entries:
            known = manifest.entries[name]
            message = f"{quoted(name)} is in {manifest.file} already, with port {known.number}"
            raise AuraError(message, f"aura-stack ports release {name}", ExitCode.PORT_CONFLICT)
        _change(path, [("ports", name, entry)])
    return path


def released(file: str, name: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """Take an entry out of the manifest of a stack; the answer is the manifest's path, and the number.

    Raises:
        InvalidDefinition: stack file or manifest have mistakes already.
        AuraError: there is no such entry (exit code 4), or a service uses it (exit code 6); it cannot be written.
    """
    path = _path(file, environ)
    with _alone(environ):
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
        _change(path, [("external" if entry.external else "ports", name, None)])
    return path, entry.number


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
    path = _path(file, environ)
    with _alone(environ):
        _change(path, entries)
    return path


def require_manifest(file: str, environ: Mapping[str, str]) -> None:
    """Return if the stack has a manifest that can be changed.

    Raises:
        AuraError: it has none.
    """
    _path(file, environ)


def _path(file: str, environ: Mapping[str, str]) -> str:
    found = manifest_path(file, environ)
    if found is None:
        raise AuraError(
            "the stack has no port manifest", "name one with ports: FILE at the top of the stack file"
        )
    return found[0]


@contextmanager
def _alone(environ: Mapping[str, str]) -> Iterator[None]:
    """Keep other commands of this user from changing a manifest meanwhile, where there is a place to say so."""
    with ExitStack() as held:
        with suppress(OSError):  # then what was changed meanwhile is still seen before the file is replaced
            held.enter_context(Register(where.leases(environ)).locked())
        yield


def _change(path: str, changes: Iterable[tuple[str, str, Mapping[str, object] | None]]) -> None:
    """Make changes of the file, look at what it would be as everybody does, and write it if it breaks no rule.

    Args:
        path: of the manifest.
        changes: the table, the name, and the new entry; None takes the one that is there out.
    """
    called, as_json = label(path, os.getcwd()), path.endswith(".json")
    editor = editing if as_json else yamlediting
    before = _content(path)
    bom = _BOM if before.startswith(_BOM) else ""
    text = before.removeprefix(_BOM)
    expected = _plain(text, as_json=as_json)
    for table, name, entry in changes:
        if entry is None:
            text = editor.without_entry(text, table, name)
            del expected[table][name]
            expected = {key: value for key, value in expected.items() if value or key not in _TABLES}
        else:
            text = editor.with_entry(text, table, name, entry)
            expected.setdefault(table, {})[name] = dict(entry)
    after = (bom + text).encode()
    problems = parsed(after, called, as_json=as_json).problems
    if problems:
        raise AuraError(InvalidDefinition(problems).message, "nothing was written", ExitCode.PORT_CONFLICT)
    if _plain(text, as_json=as_json) != expected:
        raise AuraError(
            f"{called} is written in a way that this change would harm, so nothing was written",
            "change it by hand",
        )
    if _content(path) != before:
        raise AuraError(f"{called} was changed by somebody else meanwhile", "nothing was written; try again")
    try:
        files.rewrite(path, after)
    except OSError as error:
        raise AuraError(
            f"{called} cannot be written: {error.strerror}", exit_code=ExitCode.NOT_PERMITTED
        ) from error


def _content(path: str) -> str:
    with opened(path) as stream:
        return stream.read().decode("utf-8")


def _plain(text: str, *, as_json: bool) -> _Plain:
    """What a manifest says, without where and how; a table without a value is an empty one."""
    root = parse(text.encode(), "", as_json=as_json).root
    found = plain(root) if root else {}
    assert isinstance(found, dict)
    return {name: value for name, value in found.items() if value or name not in _TABLES}
