"""Bytes from pipes into the record and out again, by the fast ways of Linux and without them."""

import asyncio
import errno
import os
import random
import threading

import pytest

from aura_stack.logs import capture as module
from aura_stack.logs import index, ready, segments
from aura_stack.logs.capture import Capture
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import Kind
from aura_stack.logs.render import Style
from aura_stack.logs.retention import Retention
from aura_stack.logs.store import Store
from aura_stack.logs.terminal import Merger

SIZE = 700_000  # of a file, so that several are begun under load
ODD = (
    b"",
    b"\x00\x00",
    b"\xff\xfe invalid",
    b"carriage\rreturn",
    b"form\x0cfeed",
    "line\u2028separator\u0085".encode(),
    b"x" * (1 << 20),
)


@pytest.fixture(params=["fast", "portable"])
def record(request, tmp_path, monkeypatch):
    logs = tmp_path / "logs"
    logs.mkdir()
    if request.param == "portable":
        monkeypatch.setattr(module, "ready", ready._ByLoop)
    store = Store(
        str(logs), str(tmp_path / "events.jsonl"), lambda: None, lambda: None, Retention(size=SIZE, kept=99)
    )
    store._mover.splices = store._mover.splices and request.param == "fast"
    yield store, str(logs)
    store.close()


def stored(logs, name):
    found = b""
    for path in segments.files(os.path.join(logs, f"{name}.out.log")):
        with open(path, "rb") as file:
            found += file.read()
    return found


def lines_of(number, count, generator):
    """What a service prints: its lines say who it is and which one of its they are; the last one has no end."""
    lines = [
        b"%d:%d:%s" % (number, place, generator.choice(ODD) if place % 7 == 0 else b"y" * place)
        for place in range(count)
    ]
    return b"\n".join(lines)


def write(descriptor, data, generator):
    while data:
        size = generator.choice((1, 100, 5000, 65536, 300_000))
        data = data[os.write(descriptor, data[:size]) :]
    os.close(descriptor)


@pytest.mark.parametrize(("writers", "count"), [(3, 60), (30, 15)])
def test_every_byte_of_every_writer_arrives_in_its_order_and_no_line_is_torn(record, writers, count):
    store, logs = record
    generator = random.Random(writers)
    capture = Capture(store, lambda error: pytest.fail(str(error)))
    printed = {f"s{number}": lines_of(number, count, generator) for number in range(writers)}
    ends = [(capture.open_one(name, 1, "out"), data) for name, data in printed.items()]
    threads = [threading.Thread(target=write, args=(end, data, random.Random(count))) for end, data in ends]

    async def until_all_have_ended():
        capture.attach(asyncio.get_running_loop())
        for thread in threads:
            thread.start()
        ended = asyncio.Event()
        store.woken = lambda: ended.set() if not capture._pipes else None
        store._wake = store.woken
        await ended.wait()

    asyncio.run(until_all_have_ended())
    for thread in threads:
        thread.join()
    follower = Follower(logs)
    pieces = list(follower.read())
    follower.close()
    capture.close()
    for name, data in printed.items():
        assert stored(logs, name) == data
        assert b"".join(piece.data for piece in pieces if piece.service == name) == data
        assert [piece.kind for piece in pieces if piece.service == name][-1] is Kind.END
    merger = Merger(Style(list(printed), colour=False))
    shown = b"".join(merger.text(piece) for piece in pieces) + merger.finish()
    for name, data in printed.items():
        prefix = f"{name:<{len(f's{writers - 1}')}} | ".encode()
        mine = [line for line in shown.split(b"\n") if line.startswith(prefix)]
        assert mine == [prefix + line for line in data.split(b"\n")]


def test_a_line_beyond_the_limit_is_held_in_parts_only(record):
    """However its end of line is late, no more than the limit waits for it."""
    store, logs = record
    capture = Capture(store, lambda error: pytest.fail(str(error)))
    end = capture.open_one("web", 1, "out")
    for _ in range(80):
        os.write(end, b"z" * 65536)
        capture.drain("web")
    os.close(end)
    capture.drain()
    merger, follower = Merger(Style(["web"], colour=False)), Follower(logs)
    shown = [merger.text(piece) for piece in follower.read()]
    follower.close()
    assert max(map(len, shown)) < 4 << 20
    assert b"".join(shown).replace(b"\nweb | ", b"").count(b"z") == 80 * 65536
    capture.close()


def test_what_one_pipe_floods_with_keeps_no_other_waiting(record):
    """In a turn each pipe that has something is taken from, one after the other."""
    store, logs = record
    capture = Capture(store, lambda error: pytest.fail(str(error)))
    flood, quiet = capture.open_one("flood", 1, "out"), capture.open_one("quiet", 1, "out")
    os.write(flood, b"f" * 65536)
    os.write(quiet, b"here\n")
    stop = threading.Event()

    def more():
        while not stop.is_set():
            os.write(flood, b"f" * 4096)
        os.close(flood)

    thread = threading.Thread(target=more)

    async def one_turn():
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        store._wake = seen.set
        capture.attach(loop)
        thread.start()
        while not any(piece.service == "quiet" for piece in read(logs)):
            seen.clear()
            await seen.wait()
        stop.set()
        ended = asyncio.Event()
        store._wake = lambda: ended.set() if len(capture._pipes) == 1 else None
        await ended.wait()

    asyncio.run(one_turn())
    thread.join()
    before = 0
    for piece in read(logs):
        if piece.service == "quiet":
            break
        before += len(piece.data)
    assert before <= 4 * module.READ
    os.close(quiet)
    capture.close()


def read(logs):
    follower = Follower(logs)
    pieces = list(follower.read())
    follower.close()
    return pieces


def test_services_wait_for_a_reader_that_must_miss_nothing_and_nothing_is_lost(record):
    """A pipe of 64 KiB, and what is kept unread, are all that goes on without the reader."""
    store, logs = record
    capture = Capture(store, lambda error: pytest.fail(str(error)))
    held = []
    store.retention = Retention(kept=2, unread=3 * SIZE, size=SIZE)
    follower = Follower(logs)
    end = capture.open_one("web", 1, "out")
    data = (b"w" * 99 + b"\n") * 80_000  # 8 MB
    thread = threading.Thread(target=write, args=(end, data, random.Random(1)))
    seen = bytearray()

    async def flood():
        loop = asyncio.get_running_loop()
        blocked, ended = asyncio.Event(), asyncio.Event()

        def changed(reader):
            held.append(reader)
            capture.pause(on=bool(reader))
            if reader:
                blocked.set()

        store.retention.changed = changed
        store._wake = lambda: ended.set() if not capture._pipes else None
        store.retention.reads("me", "less (pid 7)", follower.position)
        capture.attach(loop)
        thread.start()
        while not ended.is_set():
            waits = [asyncio.create_task(event.wait()) for event in (blocked, ended)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            blocked.clear()
            seen.extend(b"".join(piece.data for piece in follower.read()))
            store.retention.reads("me", "less (pid 7)", follower.position)

    asyncio.run(flood())
    thread.join()
    seen.extend(b"".join(piece.data for piece in follower.read()))
    assert bytes(seen) == data
    assert (held[0], held[1]) == ("less (pid 7)", "")
    assert follower.missed == 0
    follower.close()
    capture.close()


def test_a_disk_that_takes_no_more_is_told_once_and_the_pipes_are_emptied(record, monkeypatch):
    store, logs = record
    told = []
    capture = Capture(store, told.append)
    end = capture.open_one("web", 1, "out")
    os.write(end, b"kept\n")
    capture.drain("web")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(store, "take", full)
        for _ in range(3):
            os.write(end, b"lost\n")
            capture.drain("web")
    os.write(end, b"kept again\n")
    os.close(end)
    capture.drain("web")
    assert [error.errno for error in told] == [errno.ENOSPC]
    assert b"".join(piece.data for piece in read(logs)) == b"kept\nkept again\n"
    capture.close()


def test_entries_that_a_full_disk_did_not_take_follow_once_there_is_room(record, monkeypatch):
    store, logs = record
    web = store.stream("web.out.log")
    with monkeypatch.context() as disk:
        disk.setattr(index.Writer, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            store.append(web, 1, b"one\n")
    store.append(web, 1, b"two\n")
    assert b"".join(piece.data for piece in read(logs)) == b"one\ntwo\n"
