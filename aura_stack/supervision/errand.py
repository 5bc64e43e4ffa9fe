"""A command that runs once and is waited for, with all it started: a prepare step, what ends a service."""

import asyncio
import os
from collections.abc import Callable, Mapping

from aura_stack.frozen import Frozen

from .guardian import GRACE
from .process import Children, judge, spawn
from .tree import MARK, Tree
from .verdict import NotExecutable, Verdict

LAST = 2.0  # seconds for the end of what was killed


class Errand(Frozen):
    """What to run: the words, the variables, an absolute folder, and a mark that nothing else carries."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str
    mark: str


async def run(
    errand: Errand, children: Children, open_output: Callable[[], int], grace: float = GRACE
) -> Verdict:
    """Run it to its end; cancelled, it gets TERM, and KILL after the grace period.

    Args:
        errand: the command.
        children: learns of its end.
        open_output: the writing end of a new pipe, for both its streams; closed here.
        grace: seconds.
    """
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    try:
        output = open_output()
    except OSError as error:
        return Verdict(ok=False, words=f"its output cannot be kept: {error.strerror or error}", code=126)
    stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        environment = {**errand.environment, MARK: errand.mark}
        pid = spawn(errand.argv, environment, errand.cwd, (stdin, output, output))
    except NotExecutable as error:
        return error.verdict
    finally:
        os.close(output)
        os.close(stdin)
    children.adopt(pid, lambda status: None if ended.done() else ended.set_result(status))
    tree = Tree(pid, errand.mark, children)
    try:
        return judge(await asyncio.shield(ended))
    except asyncio.CancelledError:
        await _end(tree, ended, grace)
        raise
    finally:
        tree.kill()  # what a step leaves running belongs to nobody


async def _end(tree: Tree, ended: "asyncio.Future[int]", grace: float) -> None:
    tree.ask_to_end(15)
    await asyncio.wait([ended], timeout=grace)
    if not ended.done():
        tree.kill()
        await asyncio.wait([ended], timeout=LAST)  # not for ever: our signals may not reach it
