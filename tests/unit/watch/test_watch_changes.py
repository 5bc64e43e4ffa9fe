"""What is known of files while they are being read, with a backend played by the test."""

import asyncio
import os

import pytest

from aura_stack.system.globs import NEVER_ENTERED
from aura_stack.watch import changes
from aura_stack.watch.changes import Changes
from aura_stack.watch.contents import look
from aura_stack.watch.interest import Interest
from aura_stack.watch.listing import status
from aura_stack.watch.rules import Rules
from aura_stack.watch.settle import Seen


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.js"
    path.write_text("1")
    return path


def told(file, play):
    """The calls that come of what a coroutine plays, which ends with a save of another file."""

    async def main():
        calls, last = [], asyncio.Event()

        def saved(by_key, _):
            calls.append(by_key["svc"])
            if "last.js" in by_key["svc"]:
                last.set()

        folder = str(file.parent)
        interests = [Interest("svc", folder, ("*.js",)), Interest("svc", folder, ("src",), ("*.md",))]
        rules = [Rules(interest, NEVER_ENTERED) for interest in interests]
        watched = Changes(asyncio.get_running_loop(), rules, saved, since=None, slow=False)
        watched.met(str(file), status(os.lstat(file)))
        await play(watched)
        (file.parent / "last.js").write_text("x")
        watched.saw(str(file.parent / "last.js"), Seen.WRITTEN)
        async with asyncio.timeout(10):
            await last.wait()
        watched.close()
        return [name for call in calls for name in call if name != "last.js"]

    return asyncio.run(main())


async def learn(watched, drain):
    learnt = asyncio.Event()
    watched._drain = drain
    watched.learn(learnt.set)
    async with asyncio.timeout(10):
        await learnt.wait()


def test_what_was_learnt_is_what_a_save_is_compared_with(file):
    async def play(watched):
        await learn(watched, lambda: None)
        os.utime(file, (1, 1))
        watched.saw(str(file), Seen.WRITTEN)

    assert told(file, play) == []


def test_a_file_that_was_saved_while_it_was_read_counts_though_the_new_content_was_read(file, monkeypatch):
    monkeypatch.setattr(
        changes, "learn", lambda path, _, **__: look(path)
    )  # as if its status had not changed

    async def play(watched):
        file.write_text("2")
        await learn(watched, lambda: watched.saw(str(file), Seen.WRITTEN))  # the backend had not told yet

    assert told(file, play) == ["a.js"]


def test_a_file_that_was_saved_before_it_was_read_counts(file):
    async def play(watched):
        file.write_text("2")
        watched.saw(str(file), Seen.WRITTEN)

    assert told(file, play) == ["a.js"]


def test_one_key_may_stand_for_several_interests(file):
    async def play(watched):
        (file.parent / "src").mkdir()
        for name in ("src/a.js", "src/a.md", "b.js"):
            (file.parent / name).write_text("x")
            watched.saw(str(file.parent / name), Seen.WRITTEN)

    assert told(file, play) == ["b.js", "src/a.js"]


def test_what_nobody_asks_for_is_passed_over(file):
    async def play(watched):
        os.makedirs(file.parent / "node_modules")
        (file.parent / "node_modules/x.js").write_text("x")
        watched.met(str(file.parent / "node_modules/x.js"), status(os.lstat(file)))
        watched.saw(str(file.parent / "node_modules/x.js"), Seen.WRITTEN)
        watched.saw(str(file.parent / "a.js~"), Seen.WRITTEN)
        watched.suspect()

    assert told(file, play) == []
