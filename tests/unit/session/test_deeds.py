"""Which files of a save lead to what, as data."""

from aura_stack.errors import Place
from aura_stack.session.deeds import Deeds, deeds
from aura_stack.stack.model import Command, Deed, Watch, WatchRule

BUILD = Command(("make",), "make", Place("stack.yaml", 1, 1))
RULES = (
    WatchRule(("keep.conf",), Deed.RESTART),
    WatchRule(("*.conf", "/etc"), Deed.SIGNAL, 1),
    WatchRule(("proto/*.proto",), Deed.RUN, command=BUILD),
    WatchRule(("*.md",), Deed.IGNORE),
)


def done(*files, rules=RULES):
    return deeds(Watch(rules=rules), "/p/web", files)


def test_without_rules_every_file_restarts():
    assert done("b.js", "a.md", rules=()) == Deeds(restart=("a.md", "b.js"))


def test_the_first_rule_that_fits_says_what_is_done():
    assert done("deep/keep.conf") == Deeds(restart=("deep/keep.conf",))
    assert done("deep/x.conf", "etc/passwd", "deep/etc") == Deeds(
        restart=("deep/etc",), signals=((1, ("deep/x.conf", "etc/passwd")),)
    )
    assert done("proto/a.proto", "proto/b.proto", "b.proto") == Deeds(
        restart=("b.proto",), commands=((BUILD, ("proto/a.proto", "proto/b.proto")),)
    )


def test_what_is_ignored_is_nothing():
    assert done("README.md", "docs/a.md") == Deeds()
    assert done("README.md", "docs/a.md").files == ()


def test_files_outside_of_the_folder_are_known_by_their_names():
    assert done("../shared/x.conf") == Deeds(restart=("../shared/x.conf",))
    rules = (WatchRule(("../shared",), Deed.IGNORE),)
    assert done("../shared/x.js", "x.js", rules=rules) == Deeds(restart=("x.js",))


def test_what_came_since_is_done_as_well_and_once():
    both = done("a.conf", "x.js").and_then(done("b.conf", "a.conf", "x.js", "proto/a.proto"))
    assert both == Deeds(("x.js",), ((1, ("a.conf", "b.conf")),), ((BUILD, ("proto/a.proto",)),))
    assert both.files == ("a.conf", "b.conf", "proto/a.proto", "x.js")
