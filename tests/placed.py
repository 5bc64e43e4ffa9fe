"""Short ways to a tree, a definition and its problems, for the tests of this room."""

from aura_stack.reading.load import parse
from aura_stack.stack.expand import expand
from aura_stack.stack.validate import validate

SIGNALS = {"HUP": 1, "INT": 2, "KILL": 9, "TERM": 15}


def tree(text, **flags):
    """The tree of a text without mistakes."""
    loaded = parse(text.encode(), "f", **flags)
    assert loaded.problems == ()
    return loaded.root


def faults(text, **flags):
    """What the reader says of a text, without the name of the file."""
    return [str(problem).removeprefix("f:") for problem in parse(text.encode(), "f", **flags).problems]


def valid(text, **environ):
    """What validation leaves of a stack file."""
    expanded = expand(tree(text), environ)
    assert expanded.problems == ()
    return validate(expanded.root, SIGNALS)


def mistakes(text, **environ):
    """What validation says of a stack file, without the name of the file."""
    return [str(problem).removeprefix("f:") for problem in sorted(valid(text, **environ).problems)]
