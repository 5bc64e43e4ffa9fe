"""Projects of the shapes that real ones have: what is planted in them, what is found, and what is changed.

`python tests/corpus/corpus.py` writes the golden files anew (look at the difference before it is committed), and the
table of the documentation.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path

from aura_stack.inventory.survey import survey
from aura_stack.mending.edits import diff
from aura_stack.mending.planning import plan
from aura_stack.session import definition

HERE = Path(__file__).parent
PROJECTS = sorted(path.name for path in (HERE / "projects").iterdir())
GOLDEN = HERE / "golden"
IGNORED = {
    "node_modules/thing/index.js": "require('http').createServer().listen(8888);\n",
    "ignored/server.js": "require('http').createServer().listen(7777);\n",
    "backend/dist/server.js": "require('http').createServer().listen(8877);\n",
}
"""Files that git would not keep, so that they are written when they are needed."""


def look(folder):
    """The inventory of a project, without what runs on this machine."""
    found = definition.read(str(folder / "stack.yaml"), {}, str(folder))
    return survey(found.stack, found.manifest, found.files[1], live=False)


def planted(name):
    """The numbers that are ports, by file: written by hand, with the file and before any program saw it."""
    lines = (HERE / "projects" / name / "PLANTED").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return {path: Counter(map(int, numbers)) for path, *numbers in words}


def found(taken):
    """The numbers that are found, by file."""
    files = {}
    for judged in taken.judged:
        files.setdefault(judged.finding.place.file, Counter())[judged.finding.number] += 1
    return files


def findings(taken):
    """Everything that is found and what is said of it, a line each."""
    for judged in taken.judged:
        one = judged.finding
        facts = [str(one.confidence), str(one.form), one.what, one.aside, str(judged.verdict), judged.entry]
        yield f"{one.place} {one.number} {', '.join(filter(None, facts))} | {one.expression}"


def changes(taken):
    """The diff of everything that is changed, and below it what is left with the reason."""
    planned = plan(taken)
    for change in planned.changes:
        yield from diff(change.path, change.old, change.new)
    for one in planned.left:
        yield f"left {one.judged.finding.place}: {one.reason}"


def copy(name, folder):
    """A copy of a project, with what git ignores in it."""
    shutil.copytree(HERE / "projects" / name, folder)
    if name == "shop":
        for path, text in IGNORED.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    return folder


def table():
    """How many ports there are in each project, how many are found, and how many of what is found are none."""
    for name in PROJECTS:
        there, seen = planted(name), found(look(HERE / "projects" / name))
        files = sum(1 for path in (HERE / "projects" / name).rglob("*") if path.is_file()) - 1
        hits = sum((there[path] & seen.get(path, Counter())).total() for path in there)
        false = sum((numbers - there.get(path, Counter())).total() for path, numbers in seen.items())
        yield name, files, sum(numbers.total() for numbers in there.values()), hits, false


def write():
    """Write the golden files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for name in PROJECTS:
        taken = look(HERE / "projects" / name)
        for kind, lines in (("findings", findings(taken)), ("diff", changes(taken))):
            text = "".join(f"{line}\n" for line in lines)
            (GOLDEN / f"{name}.{kind}").write_bytes(text.encode())


if __name__ == "__main__":
    write()
    for row in table():
        sys.stdout.write(" | ".join(map(str, row)) + "\n")
