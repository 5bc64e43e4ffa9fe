"""Drafts the files for a folder: looks at it, finds what can be run, and says what would be written."""

import json
import os
from collections.abc import Mapping

from aura_stack.errors import AuraError, InvalidDefinition, Place
from aura_stack.frozen import Frozen
from aura_stack.ports.manifest import read as read_manifest
from aura_stack.system.plain import opened

from . import looking, makefile, portsfile, stackfile
from .detect import LOOKED_FOR, Source, find
from .naming import stack_name
from .numbers import Draft, Entry, assign

MANIFEST = "config/ports.manifest.json"
_NOTHING = Draft((), (), {}, {}, False, ())


class Drafted(Frozen):
    """What `init` would write for a folder.

    Attributes:
        directory: the folder.
        draft: what was found, named and numbered; nothing of all that for a starter.
        starter: whether nothing was found, so that the stack file is an example.
        stack_file: the path of the stack file, from the folder; so are all paths.
        files: every file that belongs to the definition, with its text.
        changed: those of them that are to be written, in the order in which they should be.
        folders: where services run.
    """

    directory: str
    draft: Draft
    starter: bool
    stack_file: str
    files: Mapping[str, str]
    changed: tuple[str, ...]
    folders: frozenset[str]


def draft(directory: str, stack_file: str, source: Source) -> Drafted:
    """Draft a definition.

    Args:
        directory: an absolute path.
        stack_file: what the file will be called.
        source: where to look.

    Raises:
        AuraError: nothing was found where it was told to look, or the folder cannot be read.
        InvalidDefinition: there is a manifest, and it has mistakes.
    """
    try:
        project = looking.look(directory)
    except OSError as error:
        raise AuraError(f"{directory} cannot be read: {error.strerror}") from error
    findings = find(project, source)
    name = stack_name(project.name)
    if not findings.services:
        if source is not Source.DETECT:
            raise AuraError(f"nothing was found that could be run; looked for {LOOKED_FOR[source]}")
        files = {stack_file: stackfile.starter(name)}
        nothing = _NOTHING.but(notes=findings.notes)
        return Drafted(directory, nothing, True, stack_file, files, (stack_file,), frozenset())
    present, entries = _manifest(directory)
    made = assign(findings, entries, looking.outgoing())
    text = stackfile.text(name, made, MANIFEST)
    folders = frozenset(one.found.folder for one in made.services)
    if not made.ports:
        return Drafted(directory, made, False, stack_file, {stack_file: text}, (stack_file,), folders)
    files = {MANIFEST: portsfile.text(present, made.added), stack_file: text}
    changed = (MANIFEST, stack_file) if made.added else (stack_file,)
    return Drafted(directory, made, False, stack_file, files, changed, folders)


def _manifest(directory: str) -> tuple[Mapping[str, object], dict[str, Entry]]:
    """What stands in the manifest that is there, and its entries."""
    path = os.path.join(directory, MANIFEST)
    if not os.path.lexists(path):
        return {}, {}
    read = read_manifest(path, MANIFEST, Place(MANIFEST, 1, 1))
    if read.manifest is None or read.problems:
        raise InvalidDefinition(read.problems)
    with opened(path) as file:
        present = json.load(file)
    entries = {entry.name: Entry(entry.number, entry.external) for entry in read.manifest.entries.values()}
    return present, entries


class Targets(Frozen):
    """A Makefile with the targets of a stack.

    Attributes:
        file: its name.
        text: all of it.
        changed: whether that is another text than before.
        notes: which of the targets were left to the user's own.
    """

    file: str
    text: str
    changed: bool
    notes: tuple[str, ...]


def with_targets(directory: str) -> Targets:
    """The Makefile of a folder with targets for the stack.

    Raises:
        AuraError: it cannot be read, or a block of ours in it is damaged.
    """
    there = (name for name in makefile.FILES if os.path.lexists(os.path.join(directory, name)))
    file = next(there, makefile.FILES[-1])
    text = _read(os.path.join(directory, file), file)
    included = "\n".join(_included(directory, name) for name in makefile.includes(text))
    made = makefile.with_targets(text, included)
    return Targets(file, made.text, made.text != text, tuple(makefile.told(made, file)))


def _read(path: str, name: str) -> str:
    try:
        with opened(path) as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AuraError(f"{name} cannot be read: {error.strerror}") from error


def _included(directory: str, name: str) -> str:
    """What an included file holds; "" where make would look elsewhere for it, or make it."""
    path = os.path.join(directory, name)
    return _read(path, name) if os.path.isfile(path) else ""
