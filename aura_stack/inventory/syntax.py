"""The grammars by which programs are read: tree-sitter's, which come with the extra `scan`."""

from functools import cache
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError

from .findings import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

_DEEPEST = 100
_BOM = b"\xef\xbb\xbf"


def require() -> None:
    """Return if programs can be read.

    Raises:
        AuraError: the extra is not installed.
    """
    try:
        import pathspec  # noqa: F401, PLC0415 - with the extra
        import tree_sitter  # noqa: F401, PLC0415 - with the extra
        import tree_sitter_javascript  # noqa: F401, PLC0415 - with the extra
        import tree_sitter_python  # noqa: F401, PLC0415 - with the extra
        import tree_sitter_typescript  # noqa: F401, PLC0415 - with the extra
    except ImportError as error:
        message = f"programs cannot be read: {error.name or 'a grammar'} is not installed"
        raise AuraError(message, "pip install 'aura-stack[scan]'") from error


@cache
def _parser(language: Language) -> "Parser":
    import tree_sitter  # noqa: PLC0415 - with the extra

    match language:
        case Language.JAVASCRIPT:
            import tree_sitter_javascript  # noqa: PLC0415 - with the extra

            grammar = tree_sitter_javascript.language()
        case Language.PYTHON:
            import tree_sitter_python  # noqa: PLC0415 - with the extra

            grammar = tree_sitter_python.language()
        case _:
            import tree_sitter_typescript as typescript  # noqa: PLC0415 - with the extra

            grammar = (
                typescript.language_tsx() if language is Language.TSX else typescript.language_typescript()
            )
    return tree_sitter.Parser(tree_sitter.Language(grammar))


def parse(data: bytes, language: Language) -> "Node":
    """The tree of a program; what is no part of the language is a node of type ERROR in it."""
    if data.startswith(_BOM):
        data = b"   " + data[len(_BOM) :]  # the same offsets
    return _parser(language).parse(data).root_node


def at(root: "Node", start: int, end: int | None = None) -> "Node":
    """The smallest node around a stretch of the text."""
    found = root.descendant_for_byte_range(start, start + 1 if end is None else end)
    return found or root


def above(node: "Node") -> "Iterator[Node]":
    """The nodes around a node, from the inside; not all where they are nested as no person would."""
    parent = node.parent
    for _ in range(_DEEPEST):
        if parent is None:
            return
        yield parent
        parent = parent.parent


def text(node: "Node | None") -> str:
    """What stands there; "" for no node."""
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def below(node: "Node", avoided: frozenset[str] = frozenset()) -> "Iterator[Node]":
    """A node and all below it in the order of the text, but nothing inside of the types that are avoided."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if one.type not in avoided or one is node:
            waiting += reversed(one.children)
