"""Folders that are only imagined: a project of texts, and a folder on disk made of the same."""

import json

from aura_stack.drafting import numbers, stackfile
from aura_stack.drafting.detect import Source, find
from aura_stack.drafting.project import Project, base
from aura_stack.reading.load import parse
from aura_stack.reading.tree import Table

OUTGOING = range(32768, 61000)


def package(**content):
    """The text of a package.json."""
    return json.dumps(content)


def project(texts, present=(), programs=None, name="shop"):
    """What a look at a folder with these texts would bring."""
    folders = {path.rsplit("/", depth)[0] for path in texts for depth in range(1, path.count("/") + 1)}
    trees = {}
    for path, text in texts.items():
        if base(path).endswith((".json", ".yml", ".yaml")):
            root = parse(text.encode(), path, as_json=path.endswith(".json")).root
            trees |= {path: root} if isinstance(root, Table) else {}
    return Project(name, texts, frozenset({*texts, *folders, *present}), trees, programs or {})


def draft(texts, present=(), programs=None, source=Source.DETECT, manifest=None):
    """What is found there, named and numbered."""
    findings = find(project(texts, present, programs), source)
    return numbers.assign(findings, manifest or {}, OUTGOING)


def written(texts, present=(), programs=None):
    """The text of the stack file."""
    return stackfile.text("shop", draft(texts, present, programs), "config/ports.manifest.json")


def services(*args, **kwargs):
    """What is found, by name."""
    return {one.name: one for one in draft(*args, **kwargs).services}


def make(folder, texts):
    """The same on disk."""
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
    return folder
