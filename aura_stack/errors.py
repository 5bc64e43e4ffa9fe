"""What can go wrong in a way the user can mend: a message, where it is, what to do, and the exit code."""

from collections.abc import Iterable
from enum import IntEnum

from aura_stack.frozen import Frozen, NamedTuple


class ExitCode(IntEnum):
    """What the shell is told; one meaning per number, the same for every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    UNKNOWN = 4
    INVALID = 5
    PORT_CONFLICT = 6
    LOCKED = 7
    NOT_PERMITTED = 8
    TIMED_OUT = 124
    OURS = 125
    NOT_EXECUTABLE = 126
    NOT_FOUND = 127
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143


class AuraError(Exception):
    """Raised near the fault, translated at most once per room, printed once, by the command line.

    Args:
        message: what is wrong, in one sentence without a full stop.
        hint: what to do about it, or nothing when the message says it.
        exit_code: what the shell is told.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = int(exit_code)


class Place(NamedTuple):
    """A point in a file that a user wrote; line and column count from 1, columns in characters.

    Every word of a file has one, so it is of the cheapest kind there is.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(Frozen):
    """One mistake in a definition: where it is, what is wrong, and what to write instead."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.message}{hint}"


class InvalidDefinition(AuraError):  # noqa: N818 - it reads as what it is: an invalid definition
    """A stack file or manifest with mistakes; it carries all of them, in the order of the file.

    Args:
        problems: at least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems), exit_code=ExitCode.INVALID)
