"""The whole inventory of a project: what is declared, what its files say, who listens, and what that comes to."""

import os

from aura_stack.frozen import NamedTuple
from aura_stack.ports.entries import Manifest
from aura_stack.stack.model import Stack

from .findings import Language
from .ground import Ground, ground
from .judging import Judged, judge
from .live import holders
from .reading import Found, look
from .verdicts import Row, rows


class Survey(NamedTuple):
    """What is known of the ports of a project.

    Attributes:
        directory: the project's folder, absolute.
        ground: what is declared.
        found: what the files say.
        judged: whose each number is.
        rows: what that comes to.
    """

    directory: str
    ground: Ground
    found: Found
    judged: tuple[Judged, ...]
    rows: tuple[Row, ...]


def survey(stack: Stack, manifest: Manifest | None, manifest_file: str = "", *, live: bool = True) -> Survey:
    """Look at everything.

    Args:
        stack: the definition.
        manifest: its port manifest, None for none.
        manifest_file: the path of that.
        live: whether to look at the processes of this machine.

    Raises:
        AuraError: the extra `scan` is not installed.
        OSError: the folder cannot be read.
    """
    declared = ground(stack, manifest)
    skipped = {os.path.relpath(file, stack.directory) for file in (stack.file, manifest_file) if file}
    found = look(stack.directory, frozenset(skipped))
    judged = tuple(judge(found.findings, declared))
    numbers = {one.number for one in declared.declared.values()} | {
        one.finding.number for one in judged if one.counts
    }
    listening = holders(numbers, stack.directory, stack.name) if live else ()
    return Survey(stack.directory, declared, found, judged, rows(declared, judged, listening))


def again(survey: Survey, path: str, data: bytes, language: Language) -> tuple[Judged, ...]:
    """What one file comes to with another content, as if it held that."""
    from .filekinds import aside  # noqa: PLC0415 - for those who change something
    from .reading import in_source  # noqa: PLC0415 - likewise
    from .source import Source  # noqa: PLC0415 - likewise

    others = [finding for finding in survey.found.findings if finding.place.file != path]
    every = (*others, *in_source(Source(path, data, language, aside(path, data))))
    return tuple(one for one in judge(every, survey.ground) if one.finding.place.file == path)
