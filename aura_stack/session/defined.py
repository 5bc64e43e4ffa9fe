"""What a definition comes to, whatever file it stands in."""

import os
import signal
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from aura_stack.errors import Problem
from aura_stack.frozen import Frozen
from aura_stack.stack.model import EnvFile, Stack
from aura_stack.stack.variant import Variant

from .variables import EnvFiles

if TYPE_CHECKING:
    from aura_stack.ports.entries import Manifest

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOT_ONE: Mapping[str, int] = MappingProxyType({})


class Definition(Frozen):
    """A definition without mistakes.

    Attributes:
        label: what the stack file is called in messages.
        stack: what is to run.
        manifest: where its ports come from; None for a stack of plain numbers.
        notices: what is to be told of it, and is no mistake.
        variables: what was taken from the environment.
        files: the paths of stack file and manifest, absolute.
        variant: which variant of it this is.
        meant: the services that the chosen profiles name, None for all.
        instance: the name of the stack of its own that the profiles make, "" for the plain one.
        expanded: what `${NAME}` stood for, where files of variables say it; nothing where there is no such file.
        common: files of variables that every service has, and win over the shell.
        counts: how many there are of each service of ours, also where that is none.
        within: the numbers that the chosen profiles say its ports are taken from, none for what the manifest says.
    """

    label: str
    stack: Stack
    manifest: "Manifest | None"
    notices: tuple[Problem, ...]
    variables: Mapping[str, str]
    files: tuple[str, ...]
    variant: Variant = Variant()
    meant: tuple[str, ...] | None = None
    instance: str = ""
    expanded: Mapping[str, str] = _NOTHING
    common: tuple[EnvFile, ...] = ()
    counts: Mapping[str, int] = _NOT_ONE
    within: tuple[range, ...] = ()


class Source(Protocol):
    """The files of a definition, read once, of which any variant can be made."""

    file: str
    env_files: EnvFiles

    def again(self) -> "Source":
        """The same files as they are now.

        Raises:
            InvalidDefinition: the first of them is no file of its kind.
            AuraError: it cannot be read (exit code 5).
        """

    def definition(self, variant: Variant) -> Definition:
        """One variant.

        Raises:
            InvalidDefinition: with all mistakes of all files.
            AuraError: there is no such profile or service (exit code 4).
        """

    def variables(self, variant: Variant) -> dict[str, str]:
        """What `${NAME}` stands for now: the shell's variables, and what files of variables say.

        Raises:
            InvalidDefinition: one of the files has mistakes, or is missing.
        """

    def instance(self, profiles: tuple[str, ...]) -> str:
        """The name of the stack of its own that these profiles make, "" for none.

        Raises:
            AuraError: there is no such profile (exit code 4).
        """


def label(path: str, directory: str) -> str:
    """What a file is called: relative to the directory if it is below, else as it was given."""
    absolute = os.path.normpath(os.path.join(directory, path))
    top = directory.rstrip(os.sep) + os.sep
    return absolute.removeprefix(top) if absolute.startswith(top) else path


def signals() -> dict[str, int]:
    """The signals of this system, numbers by names without SIG."""
    return {each.name.removeprefix("SIG"): each.value for each in signal.Signals}
