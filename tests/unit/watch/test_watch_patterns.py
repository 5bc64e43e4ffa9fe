"""Patterns and rules as data: which files count, which folders are looked into."""

import os

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.system.fingerprint import take
from aura_stack.system.globs import NEVER_ENTERED
from aura_stack.watch.interest import Interest
from aura_stack.watch.patterns import Pattern, pattern
from aura_stack.watch.rules import Rules, temporary

ROOT = "/home/me/[x]/build"  # its own name is no pattern, and nothing that could be ignored


def rules(paths, ignore=()):
    return Rules(Interest("a", ROOT, tuple(paths), tuple(ignore)), NEVER_ENTERED)


def at(path):
    return os.path.normpath(os.path.join(ROOT, path))


@pytest.mark.parametrize(
    ("written", "base", "parts"),
    [
        (".", ROOT, ()),
        ("src", f"{ROOT}/src", ()),
        ("./src/", f"{ROOT}/src", ()),
        ("../shared/x.py", "/home/me/[x]/shared/x.py", ()),
        ("/etc/hosts", "/etc/hosts", ()),
        ("/*.py", "/", ("*.py",)),
        ("*.py", ROOT, ("*.py",)),
        ("src/**/*.ts", f"{ROOT}/src", ("**", "*.ts")),
        ("src/[id]/x", f"{ROOT}/src", ("[id]", "x")),
    ],
)
def test_a_pattern_begins_where_its_signs_begin(written, base, parts):
    assert pattern(ROOT, written) == Pattern(base, parts)


@pytest.mark.parametrize(
    ("paths", "path", "counts"),
    [
        (["."], "a.py", True),
        (["."], "deep/er/a.py", True),
        (["."], "../a.py", False),
        (["."], "../buildings/a.py", False),
        (["src"], "src/a.py", True),
        (["src"], "srcs/a.py", False),
        (["src"], "a.py", False),
        (["a.py"], "a.py", True),
        (["a.py"], "b/a.py", False),
        (["../shared"], "../shared/x/y.py", True),
        (["*.py"], "a.py", True),
        (["*.py"], ".py", True),
        (["*.py"], "a.pyc", False),
        (["*.py"], "deep/a.py", False),
        (["*"], "deep/a.py", True),  # a folder that is named stands for all in it
        (["src/*"], "src/deep/er/a.py", True),
        (["src/**"], "src/deep/er/a.py", True),
        (["**"], "a.py", True),
        (["**/*.py"], "a.py", True),
        (["**/*.py"], "deep/er/a.py", True),
        (["**/*.py"], "deep/er/a.js", False),
        (["src/**/test/*.py"], "src/test/a.py", True),
        (["src/**/test/*.py"], "src/a/b/test/a.py", True),
        (["src/**/test/*.py"], "src/a/b/tests/a.py", False),
        (["src/?.[jt]s"], "src/a.ts", True),
        (["src/?.[jt]s"], "src/ab.ts", False),
        (["[id].tsx"], "[id].tsx", True),
        (["[id].tsx"], "i.tsx", True),
        (["[id].tsx"], "x.tsx", False),
        (["."], "node_modules/x.js", False),
        (["."], "a/node_modules/b/x.js", False),
        (["."], ".git/HEAD", False),
        (["."], ".git", False),  # the file of a worktree
        (["."], ".aura/logs/a.out.log", False),
        (["."], "a/__pycache__/x.pyc", False),
        (["*"], "node_modules/x.js", False),
        (["**/*.js"], "node_modules/x.js", False),
        (["node_modules"], "node_modules/x/y.js", True),  # spelled out, it is meant
        (["node_modules"], "node_modules/x/node_modules/y.js", False),
        (["node_modules/.package-lock.json"], "node_modules/.package-lock.json", True),
        (["pkg/*/node_modules/x.js"], "pkg/a/node_modules/x.js", True),
        (["a.py", "src"], "src/b", True),
    ],
)
def test_a_file_counts_when_a_path_names_it_or_a_folder_above_it(paths, path, counts):
    assert rules(paths).covers(at(path)) is counts


@pytest.mark.parametrize(
    ("paths", "folder", "entered"),
    [
        (["."], ".", True),
        (["."], "a/b", True),
        (["."], "..", False),
        (["."], "node_modules", False),
        (["."], "a/.git", False),
        (["src"], ".", False),
        (["src"], "src/deep", True),
        (["*.py"], ".", True),
        (["*.py"], "deep", False),
        (["*.py"], "folder.py", True),
        (["**/*.py"], "a/b/c", True),
        (["**/*.py"], "a/node_modules", False),
        (["src/*/test/*.py"], "src/a", True),
        (["src/*/test/*.py"], "src/a/b", False),
        (["src/*/test/*.py"], "src/a/test", True),
        (["src/*/test/*.py"], "src/a/test/deep", False),
        (["node_modules"], "node_modules/x", True),
        (["node_modules"], "node_modules/node_modules", False),
    ],
)
def test_a_folder_is_looked_into_when_something_in_it_may_count(paths, folder, entered):
    assert rules(paths).enters(at(folder)) is entered


@pytest.mark.parametrize(
    ("ignore", "path", "counts"),
    [
        (["*.test.js"], "a.test.js", False),
        (["*.test.js"], "deep/er/a.test.js", False),
        (["*.test.js"], "a.js", True),
        (["dist"], "dist/x.js", False),
        (["dist"], "a/dist/b/x.js", False),
        (["dist"], "distance/x.js", True),
        (["dist/"], "a/dist/x.js", False),
        (["/dist"], "dist/x.js", False),
        (["/dist"], "a/dist/x.js", True),
        (["./dist"], "dist/x.js", False),
        (["./dist"], "a/dist/x.js", True),
        ([f"{ROOT}/dist"], "dist/x.js", False),
        ([f"/{ROOT}/dist"], "dist/x.js", False),
        ([f"{ROOT}/dist"], "a/dist/x.js", True),
        (["src/gen"], "src/gen/deep/x.js", False),
        (["src/gen"], "gen/x.js", True),
        (["src/*/gen"], "src/a/gen/x.js", False),
        (["**/snap/*.js"], "a/b/snap/x.js", False),
        (["**/snap/*.js"], "a/b/snap/x.ts", True),
        (["src/**"], "src/x.js", False),
        (["build"], "x.js", True),  # the root is called so, which is no reason
        (["me"], "x.js", True),
        (["../shared/gen"], "../shared/gen/x.js", False),
        (["gen"], "../shared/gen/x.js", False),
        (["shared"], "../shared/x.js", True),
        (["[x]"], "x/y.js", False),
    ],
)
def test_what_is_ignored_does_not_count(ignore, path, counts):
    assert rules([".", "../shared"], ignore).covers(at(path)) is counts


@pytest.mark.parametrize(
    ("ignore", "folder"), [("tmp", "a/tmp"), ("/tmp", "tmp"), ("a/**", "a"), ("*.d", "x.d/y")]
)
def test_what_is_ignored_is_not_looked_into(ignore, folder):
    assert rules(["."]).enters(at(folder))
    assert not rules(["."], [ignore]).enters(at(folder))


@pytest.mark.parametrize(
    "name",
    [
        "4913", "a.js~", ".a.js.swp", ".a.js.swo", ".a.js.swx", ".a.js.swpx", ".swp.swp", ".#a.js", "#a.js#",
        "a.js___jb_tmp___", "a.js___jb_old___", "a.js.vsctmp", ".subl1f3.tmp", ".a.js.kate-swp",
        ".goutputstream-AB12CD", "sedAb3xYz", "a.js.tmp.4711", "a.js.tmp.4711.1699999999999",
        "a.js.tmp.4711.deadbeef", ".nfs000000000001",
    ],
)  # fmt: skip
def test_what_editors_make_in_passing_counts_for_nothing(name):
    assert temporary(name)
    assert not rules(["."]).covers(at(f"src/{name}"))


@pytest.mark.parametrize(
    "name",
    ["a.js", "~a.js", "49130", "a4913", ".swp", "a.swp", "#a", "sed.js", "sedation", "sedimentary", "a.tmp", "tmp.1",
     "a.tmp.js", ".env", "a.tmp.x1"],
)  # fmt: skip
def test_what_looks_like_it_and_is_none_counts(name):
    assert rules(["."]).covers(at(name))


def test_a_path_that_is_named_counts_whatever_it_is_called():
    assert rules(["notes~"]).covers(at("notes~"))
    assert not rules(["."]).covers(at("notes~"))


def test_files_are_called_as_somebody_in_the_root_would_call_them():
    found = rules([".", "../shared"])
    assert found.name(at("src/a.js")) == "src/a.js"
    assert found.name(at("../shared/é")) == "../shared/é"
    assert found.name(at("../shared/") + "/" + os.fsdecode(b"\xff.js")) == "../shared/\\xff.js"


NAMES = st.sampled_from(["a", "b", "ab", "a.py", ".x", "[a]", "node_modules", ".git"])
SIGNS = st.sampled_from(["a", "b", "*", "?", "**", "*.py", "[ab]", "[a]", "node_modules", "a*"])
PLACES = st.lists(NAMES, min_size=1, max_size=4).map(tuple)


@given(files=st.sets(PLACES, max_size=8), signs=st.lists(SIGNS, min_size=1, max_size=4))
@settings(max_examples=examples(150), deadline=None)
def test_what_counts_is_what_a_fingerprint_of_the_same_paths_holds(tmp_path_factory, files, signs):
    root = tmp_path_factory.mktemp("r")
    made = []
    for parts in sorted(files):
        path = root.joinpath(*parts)
        if (
            not any(root.joinpath(*parts[:depth]).is_file() for depth in range(len(parts)))
            and not path.exists()
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
            made.append("/".join(parts))
    written = "/".join(signs)
    held = {path for path, entry in take(str(root), [written]).entries.items() if len(entry.content) == 32}
    mine = Rules(Interest("a", str(root), (written,)), NEVER_ENTERED)
    counted = {
        path for path in made if mine.covers(str(root / path)) and os.path.basename(path) not in NEVER_ENTERED
    }
    held = {path for path in held if os.path.basename(path) not in NEVER_ENTERED}
    assert counted >= held
    if signs[-1] != "**":  # what that follows is a folder, which a name alone does not say
        assert counted == held
    # and nothing that counts lies in a folder that would not be looked into
    for path in counted - {written}:
        base = mine.bases[0]
        folder = os.path.dirname(str(root / path))
        while folder != base and folder.startswith(base):
            assert mine.enters(folder)
            folder = os.path.dirname(folder)
