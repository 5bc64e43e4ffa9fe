"""How much is tried at random: a little in `make check`, all of it in `make test-long` (which sets THOROUGH)."""

import os

THOROUGH = os.environ.get("THOROUGH", "") not in {"", "0"}


def examples(count):
    """How many of `count` examples are tried this time."""
    return count if THOROUGH else max(count // 10, 10)
