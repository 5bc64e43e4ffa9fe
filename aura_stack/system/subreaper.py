"""Makes this process the parent of every orphan below it, where the kernel offers that."""

import sys

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def subreaper() -> bool:
    """Become a child subreaper: PR_SET_CHILD_SUBREAPER in prctl(2), which a child does not inherit.

    Returns:
        Whether it worked; False on systems that have no such thing (macOS), where orphans go to pid 1.
    """
    if sys.platform != "linux":
        return False
    from ctypes import CDLL  # noqa: PLC0415 - 1.5 ms and 0.3 MB, for those who call this alone

    return int(CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0
