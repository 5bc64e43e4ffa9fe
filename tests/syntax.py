"""Parsed sources, each text once: a copy of the house is read like the house itself, all but what was planted in it."""

import ast
from functools import cache


@cache
def tree(source):
    """The syntax tree of a module's text."""
    return ast.parse(source)
