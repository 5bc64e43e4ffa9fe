"""What was found that can be run: services, the numbers they listen on, programs that are not ours."""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from aura_stack.frozen import Frozen

PORT = "${port}"
"""What stands for the number in a command; everything else in its words is escaped."""


_DOLLAR = re.compile(r"\$(?=[${]|\Z)")


class Hold(Enum):
    """What holds a service to its number, and so whether it can be given another one."""

    INJECTED = "injected"  # it takes PORT, a variable we set, or a word of its command
    FIXED = "fixed"  # it stands in code or in a script that we do not touch


class Listening(Frozen):
    """A number that a service listens on.

    Attributes:
        number: None where only that it listens is known.
        said: where the number stands, or whose habit it is.
        hold: whether another number would reach the service.
        variable: which one it reads the number from, if it is another one than PORT.
    """

    number: int | None
    said: str
    hold: Hold = Hold.INJECTED
    variable: str = "PORT"


class Step(Frozen):
    """A prepare step; `sure` is False for one that is only suggested."""

    command: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sure: bool = True
    remark: str = ""


class Found(Frozen):
    """A service.

    Attributes:
        name: what it might be called; it need not be a good name, nor the only one of its kind.
        why: where it was found and what stands there.
        command: words, or a line for the shell; text of the stack file, so with `${port}` and escaped.
        folder: where it runs, "" for the folder of the stack file.
        remark: what to say about the command.
        listening: None for one that listens nowhere, as far as can be seen.
        env: what it needs besides; text of the stack file too.
        prepare: what makes it fit to run.
        watch: paths that restart it on a save; empty where it sees to that itself, or nothing is known.
        entry: the source file it begins with, from the folder that was looked at; "" where that is not known.
        asks: numbers on this machine that its code asks for something, with where that stands.
        urls: variables such as API_URL that its code names, with where that stands.
        hints: further lines, to be written as comments.
        once: whether it ends by itself.
        env_files: files of variables, from the folder of the stack file.
        after: services by the names under which they were found, and how far each has to be before this one begins.
        replicas: how many of it run.
    """

    name: str
    why: str
    command: str | tuple[str, ...]
    folder: str = ""
    remark: str = ""
    listening: Listening | None = None
    env: Mapping[str, str] = MappingProxyType({})
    prepare: tuple[Step, ...] = ()
    watch: tuple[str, ...] = ()
    entry: str = ""
    asks: Mapping[int, str] = MappingProxyType({})
    urls: Mapping[str, str] = MappingProxyType({})
    hints: tuple[str, ...] = ()
    once: bool = False
    env_files: tuple[str, ...] = ()
    after: Mapping[str, str] = MappingProxyType({})
    replicas: int = 1


class External(Frozen):
    """A program that is not ours: what it is called, where that stands, its number, and how to start it."""

    name: str
    why: str
    number: int
    hint: str


class Findings(Frozen):
    """Everything that was found.

    Attributes:
        services: ours, in the order in which they were met.
        externals: those that are not.
        requires: programs, and the versions that will do.
        notes: what the user should know of besides.
        env_files: files of variables for all, from the folder of the stack file.
    """

    services: tuple[Found, ...] = ()
    externals: tuple[External, ...] = ()
    requires: Mapping[str, str] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()


def escaped(text: str) -> str:
    """Text as the stack file writes it, so that nothing in it is taken for a reference."""
    return _DOLLAR.sub("$$", text)  # in a replacement of `re`, a dollar is a dollar
