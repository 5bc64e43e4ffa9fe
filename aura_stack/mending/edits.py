"""Changes of a file as data: what is put in the place of what, and how that looks as a unified diff."""

import difflib
from collections.abc import Iterable, Iterator

from aura_stack.frozen import NamedTuple


class Edit(NamedTuple):
    """Puts other bytes in the place of those between two offsets; nothing lies between them for an insertion."""

    start: int
    end: int
    data: bytes


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The content with all edits made; one that overlaps an earlier one is left out, and so is a repeated one."""
    parts: list[bytes] = []
    position = 0
    done: set[Edit] = set()
    for edit in sorted(edits):
        if edit.start < position or edit in done:
            continue
        done.add(edit)
        parts += [data[position : edit.start], edit.data]
        position = edit.end
    return b"".join((*parts, data[position:]))


def diff(path: str, old: bytes, new: bytes) -> Iterator[str]:
    """The lines of a unified diff, as git and patch(1) read it; none if nothing differs.

    What is no UTF-8 is shown by a sign. A line that ends by CR LF keeps its CR. The name of a file is written as git
    does: in quotes where it has signs in it that could be taken for something else.
    """
    before, after = _lines(old), _lines(new)
    for line in difflib.unified_diff(before, after, _named(f"a/{path}"), _named(f"b/{path}")):
        if line.endswith("\n"):
            yield line[:-1]
        else:
            yield line
            yield "\\ No newline at end of file"


def _named(path: str) -> str:
    if path.isprintable() and not {'"', "\\"} & set(path):
        return f"{path}\t" if " " in path else path
    escaped = (
        chr(byte) if _is_plain(byte) else f"\\{byte:03o}" for byte in path.encode("utf-8", "surrogateescape")
    )
    return f'"{"".join(escaped)}"'


def _is_plain(byte: int) -> bool:
    return chr(byte).isascii() and chr(byte).isprintable() and chr(byte) not in '"\\'


def _lines(data: bytes) -> list[str]:
    parts = data.decode("utf-8", "replace").split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
