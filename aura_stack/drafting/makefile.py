"""Adds targets to a Makefile, in a block of its own that a later draft replaces; nothing else is touched."""

import re

from aura_stack.errors import AuraError
from aura_stack.frozen import NamedTuple
from aura_stack.reading.words import listed

FILES = ("GNUmakefile", "makefile", "Makefile")
"""What make reads, the first that is there (GNU make manual, 3.2)."""

_BEGIN = "# >>> aura-stack: written by `aura-stack init --makefile`, which replaces it >>>"
_END = "# <<< aura-stack <<<"
_BLOCK = re.compile(rf"^{re.escape(_BEGIN)}$.*?^{re.escape(_END)}$\n?", re.MULTILINE | re.DOTALL)

_TARGETS = {
    # the shell notes Ctrl-C and goes on, so that a stop by it is no error of make's
    "up": (
        'start the stack and follow its logs; Ctrl-C stops it (ARGS="backend" for a part of it)',
        "@trap : INT; aura-stack up $(ARGS); code=$$?; [ $$code -eq 130 ] || exit $$code",
    ),
    "down": ("stop the stack", "@aura-stack down"),
    "restart": ("restart services: make restart ARGS=backend", "@aura-stack restart $(ARGS)"),
    "status": ("show what runs", "@aura-stack status"),
    "logs": ('show the last lines: make logs ARGS="-f backend"', "@aura-stack logs $(ARGS)"),
}
_WHY_TRAP = "# The shell notes Ctrl-C and goes on, so that a stop by it is no error of make's."

_RULE = re.compile(r"^(?![\t#])([^:=#\n]+?)[ ]*&?::?(?![:=])", re.MULTILINE)
_RECIPE_PREFIX = re.compile(r"^\.RECIPEPREFIX[ \t]*[:?]*=[ \t]*(\S?)", re.MULTILINE)
_INCLUDE = re.compile(r"^-?s?include[ \t]+([^#\n$*]+)", re.MULTILINE)


class Made(NamedTuple):
    """The whole file, which targets the block has, and which were left to the user's own."""

    text: str
    targets: tuple[str, ...]
    skipped: tuple[str, ...]


def with_targets(text: str, included: str = "") -> Made:
    """The file with a block of targets, for each name that the file has no target of.

    Args:
        text: what the file holds; "" for a new one.
        included: what the files hold that it includes.

    Raises:
        AuraError: the block begins and never ends, or the other way round.
    """
    own = _BLOCK.sub("", text)
    if _BEGIN in own or _END in own:
        hint = f"let it begin with {_BEGIN!r} and end with {_END!r}, or remove what is left of it"
        raise AuraError("the block of aura-stack in the Makefile is not whole", hint)
    theirs = _targets(own) | _targets(included)
    targets = tuple(name for name in _TARGETS if name not in theirs)
    block = _block(targets, _prefix(own)) if targets else ""
    skipped = tuple(name for name in _TARGETS if name in theirs)
    if _BLOCK.search(text):
        return Made(_BLOCK.sub(lambda _: block, text, count=1), targets, skipped)
    return Made(_joined(text, block), targets, skipped)


def includes(text: str) -> list[str]:
    """The files that a Makefile includes by plain names."""
    return [name for match in _INCLUDE.finditer(text) for name in match[1].split()]


def _joined(text: str, block: str) -> str:
    if not block or not text:
        return text + block
    return text + ("\n" if text.endswith("\n") else "\n\n") + block


def _block(targets: tuple[str, ...], prefix: str) -> str:
    lines = [_BEGIN, f".PHONY: {' '.join(targets)}", ""]
    for name in targets:
        said, recipe = _TARGETS[name]
        lines += [_WHY_TRAP] if name == "up" else []
        lines += [f"{name}: ## {said}", f"{prefix}{recipe}", ""]
    return "\n".join([*lines[:-1], _END, ""])


def _targets(text: str) -> set[str]:
    joined = text.replace("\\\n", " ")
    return {name for match in _RULE.finditer(joined) for name in match[1].split()}


def _prefix(text: str) -> str:
    """What begins a line of a recipe: a tab, unless the file says otherwise."""
    said = _RECIPE_PREFIX.findall(text)
    return said[-1] if said and said[-1] else "\t"


def told(made: Made, file: str) -> list[str]:
    """What was left alone, in words."""
    if not made.skipped:
        return []
    kept = "it was" if len(made.skipped) == 1 else "these were"
    return [f"{file} has {listed(made.skipped, 'and')} already: {kept} left alone"]
