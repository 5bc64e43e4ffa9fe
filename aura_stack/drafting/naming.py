"""Makes names that the stack file takes: of letters, digits, - and _, no two of them too much alike."""

import re
from itertools import chain, count

from aura_stack.stack.outline import as_variable

_LONGEST = 63
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_OTHER_BUT_DOTS = re.compile(r"[^A-Za-z0-9_.-]+")


def cleaned(name: str) -> str:
    """The name of a service, made of any text."""
    return _OTHER.sub("-", name).strip("-_")[:_LONGEST].rstrip("-_") or "service"


def stack_name(folder: str) -> str:
    """The name of a stack, made of that of its folder; names of stacks may have dots."""
    return _OTHER_BUT_DOTS.sub("-", folder).strip("-_.")[:_LONGEST].rstrip("-_.") or "stack"


class Names:
    """Hands out names, each once; two that differ by case, - and _ alone are the same."""

    def __init__(self, taken: tuple[str, ...] = ()) -> None:
        self._taken = {as_variable(name) for name in taken}

    def take(self, *wanted: str) -> str:
        """The first of these that is still to be had, or else the first with a number."""
        names = [cleaned(name) for name in wanted]
        numbered = (f"{names[0][: _LONGEST - len(ending)]}{ending}" for ending in (f"-{n}" for n in count(2)))
        name = next(each for each in chain(names, numbered) if as_variable(each) not in self._taken)
        self._taken.add(as_variable(name))
        return name
