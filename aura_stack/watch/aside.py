"""Work that may take long, done beside the event loop."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


def aside(loop: "asyncio.AbstractEventLoop", work: Callable[[], T], done: Callable[[T], None]) -> None:
    """Do some work in a thread of its own, which ends with it, and hand what came of it over in the loop.

    Such a thread keeps nobody: a file server that does not answer must not hold up the end of the process.

    Args:
        loop: runs.
        work: touches nothing that the loop uses, and raises nothing.
        done: called in the loop, unless that has been closed.
    """

    def perform() -> None:
        result = work()
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(done, result)

    threading.Thread(target=perform, name="aside", daemon=True).start()
