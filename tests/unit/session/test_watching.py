"""Whoever waits until all has been seen is let go when nothing is seen any more."""

import asyncio

from aura_stack.session.watching import Watching


class Blind:
    """A watch that never comes to know."""

    def when_seen(self, done):
        self.done = done

    def close(self):
        pass


def test_who_waits_for_what_was_saved_waits_no_longer_once_nothing_is_watched():
    async def wait():
        watching = Watching(None, lambda _: None, lambda: (), on=True, since=0)
        watching._watch = Blind()
        async with asyncio.timeout(5):
            waiting = asyncio.create_task(watching.seen())
            await asyncio.sleep(0)
            watching.close()
            await waiting
            await watching.seen()

    asyncio.run(wait())
