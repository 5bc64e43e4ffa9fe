"""What more can be said of how a run ended than its code: whether that is a success, and who is to blame."""

from collections.abc import Collection

from .verdict import Verdict

KILLED = 137
"""The shell's code for KILL: also a shell that ran somebody who was killed ends with it (POSIX sh, 2.8.2)."""


def counted(verdict: Verdict, success_codes: Collection[int]) -> Verdict:
    """The verdict, a success if its code is one of those (as the shell counts, so 143 is TERM as well)."""
    if verdict.ok or verdict.code not in success_codes:
        return verdict
    return verdict.but(ok=True, words=f"{verdict.words}, which counts as success")


def starved(verdict: Verdict) -> Verdict:
    """The verdict on a run that was killed, by none of us, while the kernel killed for want of memory."""
    return verdict.but(words="killed by the kernel (out of memory)")


def shut_out(verdict: Verdict, holder: str) -> Verdict:
    """The verdict on a run that failed while another process, in words, held a port of it."""
    return verdict.but(words=f"{verdict.words}: address in use by {holder}")


def behind_the_front(verdict: Verdict, port: int) -> Verdict:
    """One that has not listened where it was to, as far as anybody knows."""
    return verdict.but(words=f"{verdict.words}; behind the front it has to listen where PORT says, at {port}")
