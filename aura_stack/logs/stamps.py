"""The time in front of a line, as the clock on the wall has it."""

import time
from functools import lru_cache


def stamp(moment: int) -> bytes:
    """Hours, minutes, seconds and milliseconds, and a blank.

    Args:
        moment: nanoseconds since 1970.
    """
    return b"%s.%03d " % (_second(moment // 1_000_000_000), moment // 1_000_000 % 1000)


@lru_cache(maxsize=16)
def _second(second: int) -> bytes:
    return time.strftime("%H:%M:%S", time.localtime(second)).encode()
