"""How a run ended, or why it never began."""

from aura_stack.frozen import Frozen


class Verdict(Frozen):
    """A success or not, in words; the shell's code; and whether trying again can help.

    `needed` is the dependency for whose sake alone a service failed, "" for any other reason.
    """

    ok: bool
    words: str
    code: int
    retry: bool = True
    needed: str = ""


class NotExecutable(Exception):  # noqa: N818 - it says what the command is
    """A command that cannot be executed: its verdict carries 126 or 127 (POSIX sh, 2.8.2 Exit Status)."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.words)
        self.verdict = verdict
