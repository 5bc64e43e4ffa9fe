"""run.json: who runs, left in the runtime folder for whoever comes after a crash (see `doctor/remains`)."""

import json
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aura_stack.supervision.run import Leader
from aura_stack.system import files, processes


class RunNote:
    """The note of one engine.

    Args:
        path: of the file.
        stack: the name of the stack, with its instance.
        file: the stack file.
        mark: begins the marks of all that this engine runs.
        leaders: the main processes of the runs there are now.
    """

    def __init__(
        self, path: str, stack: str, file: str, mark: str, leaders: Callable[[], Iterable[Leader]]
    ) -> None:
        self._path = path
        self._leaders = leaders
        own = {"engine": os.getpid(), "guardian": os.getppid()}
        self._facts: dict[str, Any] = {
            "stack": stack,
            "file": file,
            "mark": mark,
            "boot": processes.boot(),
            "began": round(time.time(), 3),
            **{name: {"pid": pid, "start": processes.start_time(pid)} for name, pid in own.items()},
        }

    def write(self) -> None:
        """Say who runs now.

        Raises:
            OSError: the folder is gone, or the disk is full.
        """
        runs = [
            {"service": one.service, "run": one.run, "pid": one.identity.pid, "start": one.identity.start}
            for one in self._leaders()
        ]
        files.replace(self._path, json.dumps({**self._facts, "runs": runs}).encode() + b"\n", mode=0o600)

    def renew(self) -> None:
        """The same where nobody is to be troubled: what cannot be noted can still be known by its mark."""
        with suppress(OSError):
            self.write()
