"""Searching stored streams finds what reading the whole record finds, wherever files, chunks and runs part."""

import os
import random
import signal

import pytest

from aura_stack.logs import blocks, index, lookup
from aura_stack.logs import search as module
from aura_stack.logs.follow import Follower
from aura_stack.logs.framing import ENTRY, LONGEST, Kind, Lines
from aura_stack.logs.retention import Retention
from aura_stack.logs.search import Span, search
from aura_stack.logs.sieve import Bulk, Sieve, Terms, pattern
from aura_stack.logs.store import Store

PARTS = (b"x", b"needle ", b"\n", b"yy", b"\x1b[1m")

TERMS = (
    Terms((pattern("needle (x|y)"),)),
    Terms((pattern("^x"),)),
    Terms((pattern("y"),)),
    Terms((pattern("(?i)NEEDLE"),)),
    Terms((pattern("needle $"),)),
    Terms((pattern("(?i)NEEDLE yy|xx$"),)),
    Terms((pattern("[xy]{3}"), pattern("^y")), (pattern("needle"),)),
    Terms((), (pattern("x"),)),
    Terms((pattern("x"),), context=1),
)


@pytest.fixture
def logs(tmp_path, monkeypatch):
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setattr(index, "SEGMENT", 40 * ENTRY.size)
    return str(folder)


def opened(logs):
    return Store(logs, f"{logs}/../events.jsonl", lambda: None, lambda: None, Retention(size=3000))


def anything(service, _):
    return service != ""


def by_reading(logs, terms):
    """Every piece, cut into lines, each looked at: slow, and plain to see."""
    follower, lines, sieves, found = Follower(logs), {}, {}, []
    for piece in follower.read():
        key = (piece.service, piece.stream, piece.run, piece.life)
        cutter = lines.setdefault(key, Lines())
        whole = cutter.finish() if piece.kind is Kind.END else cutter.feed(piece.data)
        if piece.service:
            sieve = sieves.setdefault(key[:2] if terms.context else key, Sieve(terms))
            found += [
                (*key[:2], *(() if terms.context else key[2:]), line.text) for line in sieve.feed(whole)
            ]
    follower.close()
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_same_lines_in_the_same_order(logs, seed, monkeypatch):
    generator = random.Random(seed)
    if seed > 2:
        monkeypatch.setattr(module, "LONG", 1)
        monkeypatch.setattr(Bulk, "often", lambda self, *_: self._literal is not None)
    monkeypatch.setattr(lookup, "_OFTEN", 1 + seed % 3)
    monkeypatch.setattr(blocks, "BLOCK", (1 << 18, 64, 7)[seed % 3])
    for _ in range(2):
        store = opened(logs)
        runs = {}
        for _ in range(60):
            file = f"{generator.choice('ab')}.{generator.choice(('out', 'err'))}.log"
            stream, run = store.stream(file), runs.setdefault(file, 1)
            store.append(stream, run, b"".join(generator.choice(PARTS) for _ in range(20)))
            if generator.random() < 0.1:
                store.end(stream, run)
                runs[file] += 1
        for file, run in runs.items():
            store.end(store.stream(file), run)
        store.close()
    for terms in TERMS:
        found = list(search(logs, anything, terms, Span()))
        lines = [
            (service, stream, *(() if terms.context else (run, life)), line)
            for _, _, service, stream, run, life, text in found
            for line in text.split(b"\n")[:-1]
        ]
        assert sorted(lines) == sorted(by_reading(logs, terms))
        assert lines
        assert [one[0] for one in found] == sorted(one[0] for one in found)


def test_only_what_is_asked_for(logs):
    store = opened(logs)
    web, api = store.stream("web.out.log"), store.stream("api.err.log")
    positions = []
    for number in range(100):
        positions.append(store.position)
        store.append(web if number % 2 else api, 1, b"%03d %s needle\n" % (number, b"x" * 100))
    terms = Terms((pattern("needle"),))

    def numbers(wanted=anything, **span):
        return [int(one[-1][:3]) for one in search(logs, wanted, terms, Span(**span))]

    assert numbers() == list(range(100))
    assert numbers(lambda service, _: service == "web") == list(range(1, 100, 2))
    assert numbers(begin=positions[30], end=positions[40]) == list(range(30, 40))
    assert numbers(run=lambda _, life, run: (life, run) == (1, 2)) == []
    assert [one[1] for one in search(logs, anything, terms, Span())] == sorted(
        one[1] for one in search(logs, anything, terms, Span())
    )
    store.close()


def test_a_line_in_which_a_run_ended_is_two(logs):
    store = opened(logs)
    web = store.stream("web.out.log")
    store.append(web, 1, b"the needle is last")
    store.end(web, 1)
    store.append(web, 2, b"and no more\n")
    (found,) = search(logs, anything, Terms((pattern("needle"),)), Span())
    assert (found[4], found[-1]) == (1, b"the needle is last\n")
    (found,) = search(logs, anything, Terms((pattern("more"),)), Span())
    assert (found[4], found[-1]) == (2, b"and no more\n")
    store.close()


def test_files_that_go_while_they_are_searched_are_left_out(logs):
    store = opened(logs)
    web = store.stream("web.out.log")
    for number in range(90):
        store.append(web, 1, b"%03d %s needle\n" % (number, b"x" * 100))
    finding = search(logs, anything, Terms((pattern("needle"),)), Span())
    assert next(finding)[-1].startswith(b"000")
    os.unlink(os.path.join(logs, "web.out.log.000001"))
    rest = [int(one[-1][:3]) for one in finding]
    assert rest[0] == 1
    assert rest[-1] == 89
    assert len(rest) < 89
    store.close()


@pytest.mark.parametrize("killed", [False, True])
def test_a_second_process_finds_what_one_finds(logs, monkeypatch, killed):
    store = opened(logs)
    for name in ("web", "api", "db"):
        stream = store.stream(f"{name}.out.log")
        for number in range(90):
            needle = b" needle" if number % 40 == 7 else b""
            store.append(stream, 1, b"%s %03d %s%s\n" % (name.encode(), number, b"x" * 100, needle))
    store.close()
    terms = Terms((pattern("needle"),))
    alone = list(search(logs, anything, terms, Span()))
    assert len(alone) == 9
    monkeypatch.setattr(module, "WORTH", 1)
    forked = []
    fork = os.fork

    def counted():
        pid = fork()
        if pid == 0 and killed:
            os.kill(os.getpid(), signal.SIGKILL)
        forked.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", counted)
    assert list(search(logs, anything, terms, Span())) == alone
    assert len(forked) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(forked[0], os.WNOHANG)


def test_a_line_longer_than_any_is_found_in_its_parts_and_those_behind_it(logs):
    store = Store(logs, f"{logs}/../events.jsonl", lambda: None, lambda: None)
    web = store.stream("web.out.log")
    store.append(web, 1, b"begin " + b"x" * LONGEST)
    store.append(web, 1, b"y" * LONGEST + b" needle\nneedle\n")
    found = b"".join(one[-1] for one in search(logs, anything, Terms((pattern("needle"),)), Span()))
    long, short = found.splitlines()
    assert long.endswith(b"yy needle")
    assert len(long) <= LONGEST + blocks.BLOCK
    assert short == b"needle"
    store.close()


def test_without_a_second_process_all_is_found_by_the_first(logs, monkeypatch):
    store = opened(logs)
    for name in ("web", "api"):
        for number in range(90):
            store.append(store.stream(f"{name}.out.log"), 1, b"%03d %s needle\n" % (number, b"x" * 100))
    store.close()
    terms = Terms((pattern("needle"),))
    alone = list(search(logs, anything, terms, Span()))
    monkeypatch.setattr(module, "WORTH", 1)

    def refused():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert list(search(logs, anything, terms, Span())) == alone
    assert len(alone) == 180
