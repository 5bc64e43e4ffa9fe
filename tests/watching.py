"""A watch under test: files in a folder, whatever changes them, and the calls that come of it."""

import asyncio
import itertools
import threading

from aura_stack.watch.interest import Interest
from aura_stack.watch.watch import Watch

PATIENCE = 60.0  # seconds for anything that has to happen; nothing waits that long unless it is broken
PERIOD = 0.04  # seconds between two looks, where files are polled
NOTIFIED = "notified"  # by watchfiles alone: nobody looks for what it does not tell
NOTIFIED_AND_LOOKED = "notified and looked"
MARK = "zz-mark"  # saved to learn that all before it has been told


class Watching:
    """A watch on the files of a folder, in a loop of its own.

    Args:
        folder: the root of all interests.
        polled: whether the file system is one that tells of no saves; NOTIFIED where watchfiles tells of them.
        interests: by key, (paths, patterns to ignore), or as the watch takes them; without any, `svc` asks for
            everything.
    """

    def __init__(self, folder, interests=None, *, polled=False, **options):
        self.folder = folder
        self.polled = polled
        self.calls = []
        self.notices = []
        self.loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._marks = itertools.count()
        wanted = interests or {"svc": (["."], [])}
        if isinstance(wanted, dict):
            wanted = [
                Interest(key, str(folder), (*paths, MARK), tuple(ignore))
                for key, (paths, ignore) in wanted.items()
            ]
        if polled == NOTIFIED:
            options = {"platform": "darwin", "seldom": 3600.0} | options
        elif polled == NOTIFIED_AND_LOOKED:
            options = {"platform": "darwin", "seldom": PERIOD} | options
        elif polled:
            options.setdefault("kind", lambda _: "9p")
        self.watch = Watch(wanted, self._saved, self.notices.append, period=PERIOD, **options)

    def __enter__(self):
        self.begin()
        self._wait(self.watch.learnt.wait())
        return self

    def begin(self):
        """Watch, and do not wait until it is known what the files hold."""
        self.loop.call_soon(self.watch.attach, self.loop)

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Close everything; nothing runs any more then."""
        self.watch.close()
        for thread in threading.enumerate():
            if thread.name == "aside":
                thread.join(PATIENCE)
        self.loop.close()

    def told(self, change, *words):
        """The calls that a change leads to, of which there has to be one."""
        self._news.clear()
        self._beside(change, *words)
        self._wait(self._news.wait())
        return self._rest()

    def silent(self, change, *words):
        """The calls that a change leads to, of which there may be none."""
        self._beside(change, *words)
        return self._rest()

    def seen(self):
        """Wait until all that was saved has been told."""
        done = asyncio.Event()
        self.loop.call_soon(self.watch.when_seen, done.set)
        self._wait(done.wait())

    def renewed(self):
        """Wait until a change of which files count has been acted on."""
        self.seen()
        self._wait(self.watch.learnt.wait())

    def _saved(self, files, looked):
        assert looked <= self.loop.time()
        assert all(names == tuple(sorted(set(names))) for names in files.values())
        self.calls.append(dict(files))
        self._news.set()

    def _rest(self):
        """The calls until now, once a file that is saved now has been told."""
        text = f"{next(self._marks)}"
        (self.folder / MARK).write_text(text)
        self._wait(self._marked())
        found, self.calls = self.calls, []
        without = [
            {key: tuple(name for name in names if name != MARK) for key, names in call.items()}
            for call in found
        ]
        without = [{key: names for key, names in call.items() if names} for call in without]
        return [call for call in without if call]

    async def _marked(self):
        while not any(MARK in names for call in self.calls for names in call.values()):
            self._news.clear()
            await self._news.wait()

    def _beside(self, change, *words):
        """Make the change while the loop runs, as an editor would."""
        self._wait(asyncio.wait_for(self._in_thread(change, words), PATIENCE))

    async def _in_thread(self, change, words):
        done, failed = asyncio.Event(), []

        def perform():
            try:
                change(*words)
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                failed.append(error)
            self.loop.call_soon_threadsafe(done.set)

        thread = threading.Thread(target=perform)
        thread.start()
        await done.wait()
        thread.join()
        for error in failed:
            raise error

    def _wait(self, coroutine):
        async def patiently():
            async with asyncio.timeout(PATIENCE):
                return await coroutine

        return self.loop.run_until_complete(patiently())
