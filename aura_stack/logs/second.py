"""Half of the work in a second process, its results in between those of the first."""

import _signal  # type: ignore[import-not-found] # what `signal` is made of, which takes as long as a tenth of a search
import heapq
import marshal
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from aura_stack.system.bulk import widen

HELD = 24 << 20  # bytes of results that each of the two holds while the other is not as far
HELD_BETWEEN = 1 << 20  # and that are on their way
SOME = 64  # results after which it is looked how far the other one is
BATCH = 1 << 16  # bytes of results that are handed over at once, about
_HEAD = 4  # bytes that say how long a batch is; of length 0 is the last one

Results = Iterator[tuple[Any, ...]]
"""Sorted tuples; bytes that stand last in them are what makes them large."""


def in_two(ours: Callable[[], Results], others: Callable[[], Results]) -> Results:
    """The sorted results of both, as tuples, made at the same time.

    Args:
        ours: makes the first half, here.
        others: makes the second half, in a process of its own; if that is killed, what is missing is made here.
    """
    try:
        helper = _Helper(others)
    except OSError:  # no more processes, or descriptors: it is only slower
        yield from heapq.merge(ours(), others())
        return
    try:
        ahead = _Ahead(ours())
        yield from heapq.merge(ahead, _received(helper, ahead, others))
    finally:
        helper.close()


def _received(helper: "_Helper", ahead: "_Ahead", others: Callable[[], Results]) -> Results:
    """What the second process has made; while there is none of it, we go on with ours."""
    count = 0
    while True:
        while not helper.ready() and ahead.work():
            continue
        batch = helper.batch()
        if batch is None:  # it was killed
            yield from islice(others(), count, None)
            return
        if not batch:
            return
        count += len(batch)
        yield from batch


class _Ahead:
    """Results that are made before they are asked for, while there is nothing else to do."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._made: deque[tuple[Any, ...]] = deque()
        self._size = 0

    def __iter__(self) -> "_Ahead":
        return self

    def __next__(self) -> tuple[Any, ...]:
        if self._made:
            found = self._made.popleft()
            self._size -= len(found[-1])
            return found
        return next(self._results)

    def work(self) -> bool:
        """Make some more; False where there is nothing to make, or enough was made."""
        for _ in range(SOME):
            if self._size > HELD:
                return False
            found = next(self._results, None)
            if found is None:
                return False
            self._made.append(found)
            self._size += len(found[-1])
        return True


class _Helper:
    """The second process, seen from the first."""

    def __init__(self, results: Callable[[], Results]) -> None:
        self._answers, answers = os.pipe()
        widen(self._answers, HELD_BETWEEN)
        sys.stdout.flush()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._answers)
            os.close(answers)
            raise
        if self._pid:
            os.close(answers)
            self._poll = select.poll()
            self._poll.register(self._answers, select.POLLIN)
            return
        code = 1
        try:
            os.close(self._answers)
            _send(results(), answers)
            code = 0
        except (OSError, KeyboardInterrupt):  # nobody wants it any more
            pass
        finally:
            os._exit(code)  # it must not go on as a second one of us

    def ready(self) -> bool:
        """Whether there is something to read, or will never be."""
        return bool(self._poll.poll(0))

    def batch(self) -> list[tuple[Any, ...]] | None:
        """The next results, none after the last of them; None if the process was killed."""
        head = self._read(_HEAD)
        size = int.from_bytes(head, "little")
        data = self._read(size)
        if len(head) < _HEAD or len(data) < size:
            return None
        return list(marshal.loads(data)) if size else []  # noqa: S302 - we wrote it ourselves

    def _read(self, size: int) -> bytes:
        parts = []
        while size and (part := os.read(self._answers, size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """It is needed no more."""
        os.close(self._answers)
        os.kill(self._pid, _signal.SIGKILL)  # our child, and not waited for: the number is its own
        os.waitpid(self._pid, 0)


class _Sender:
    """Writes batches as far as they are taken, and holds the rest."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._waiting: deque[memoryview] = deque()
        self._size = 0

    def send(self, results: list[tuple[Any, ...]]) -> None:
        """Send a batch, the last one being empty."""
        data = marshal.dumps(results) if results else b""
        self._waiting.append(memoryview(len(data).to_bytes(_HEAD, "little") + data))
        self._size += len(self._waiting[-1])
        self.push(HELD if results else 0)

    def push(self, most: int) -> None:
        """Write, until no more than so many bytes wait."""
        while self._waiting:
            try:
                written = os.write(self._descriptor, self._waiting[0])
            except BlockingIOError:
                if self._size <= most:
                    return
                self._poll.poll()
                continue
            self._size -= written
            self._waiting[0] = self._waiting[0][written:]
            if not self._waiting[0]:
                self._waiting.popleft()


def _send(results: Results, descriptor: int) -> None:
    sender = _Sender(descriptor)
    batch: list[tuple[Any, ...]] = []
    size = 0
    for found in results:
        batch.append(found)
        size += len(found[-1])
        if size >= BATCH:
            sender.send(batch)
            batch, size = [], 0
    if batch:
        sender.send(batch)
    sender.send([])
