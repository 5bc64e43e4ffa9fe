"""Folders that come, go and move, links, many files, and what is not looked into: the same for all backends."""

import contextlib
import os
import shutil
import threading
import time

import pytest
from watching import MARK, NOTIFIED, NOTIFIED_AND_LOOKED, Watching

from aura_stack.watch.interest import Interest

pytestmark = pytest.mark.long

# What watchfiles does not tell of, so that it is seen when the files are looked at the next time.
MISSED_BY_WATCHFILES = {
    "test_what_is_missing_at_first_is_waited_for",  # it listens only where something is
    "test_a_root_that_is_removed_and_made_again_is_watched_again",
    "test_a_link_to_a_folder_is_followed_where_it_is_named",  # it tells by another name
    "test_a_link_to_a_file_is_followed_where_it_is_named",
    "test_a_file_takes_the_place_of_a_folder_and_back",
    "test_other_patterns_of_git_count_at_once_and_are_no_save_themselves",  # of a file that goes and comes
}


@pytest.fixture(params=["told", "polled", NOTIFIED])
def polled(request):
    if request.param != NOTIFIED:
        return request.param == "polled"
    return NOTIFIED_AND_LOOKED if request.node.originalname in MISSED_BY_WATCHFILES else NOTIFIED


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "src/deep").mkdir(parents=True)
    (root / "app.js").write_text("app")
    (root / "src/deep/a.js").write_text("a")
    return root


@pytest.fixture
def watch(project, polled):
    """Begins to watch the project, for interests by key."""

    def begin(interests=None, **options):
        return stack.enter_context(Watching(project, interests, polled=polled, **options))

    with contextlib.ExitStack() as stack:
        yield begin


def both(*calls):
    """What was told in all, for where it does not matter in how many calls."""
    return sorted({(key, name) for call in calls for key, names in call.items() for name in names})


def test_a_file_in_a_folder_that_was_just_made_is_never_missed(watch, project):
    watching = watch()

    def make():
        for number in range(100):
            folder = project / f"new{number}/deep"
            folder.mkdir(parents=True)
            (folder / "x.js").write_text("x")

    assert both(*watching.told(make)) == sorted(("svc", f"new{number}/deep/x.js") for number in range(100))
    assert watching.told((project / "new7/deep/x.js").write_text, "y") == [{"svc": ("new7/deep/x.js",)}]


def test_a_folder_that_is_moved_is_gone_here_and_new_there(watch, project):
    watching = watch()
    moved = watching.told(os.rename, project / "src", project / "lib")
    assert both(*moved) == [("svc", "lib/deep/a.js"), ("svc", "src/deep/a.js")]
    assert watching.told((project / "lib/deep/a.js").write_text, "b") == [{"svc": ("lib/deep/a.js",)}]
    assert watching.told(os.rename, project / "lib", project / "src")
    assert watching.told((project / "src/deep/a.js").write_text, "c") == [{"svc": ("src/deep/a.js",)}]


def test_a_folder_that_is_moved_out_is_not_watched_there(watch, project, tmp_path):
    watching = watch()
    assert watching.told(os.rename, project / "src", tmp_path / "out") == [{"svc": ("src/deep/a.js",)}]
    assert watching.silent((tmp_path / "out/deep/a.js").write_text, "b") == []
    assert watching.told(os.rename, tmp_path / "out", project / "in") == [{"svc": ("in/deep/a.js",)}]
    assert watching.told((project / "in/deep/a.js").write_text, "c") == [{"svc": ("in/deep/a.js",)}]


def test_a_folder_that_is_removed_takes_its_files_with_it(watch, project):
    watching = watch()
    assert watching.told(shutil.rmtree, project / "src") == [{"svc": ("src/deep/a.js",)}]
    (project / "src").mkdir()
    assert watching.told((project / "src/b.js").write_text, "b") == [{"svc": ("src/b.js",)}]


@pytest.mark.parametrize("held", [False, True])
def test_a_root_that_is_removed_and_made_again_is_watched_again(watch, project, held):
    watching = watch({"svc": (["."], []), "src": (["src"], [])})
    service = os.open(project, os.O_RDONLY) if held else None  # as a process does that works in it
    found = watching.told(remake, project)
    assert both(*found) == [("src", "src/deep/a.js"), ("svc", "app.js"), ("svc", "src/deep/a.js")]
    assert watching.told((project / "app.js").write_text, "more") == [{"svc": ("app.js",)}]
    assert watching.told((project / "src/deep/b.js").write_text, "b") == [
        {"src": ("src/deep/b.js",), "svc": ("src/deep/b.js",)}
    ]
    if held:
        os.close(service)


def remake(project):
    shutil.rmtree(project)
    (project / "src/deep").mkdir(parents=True)
    (project / "app.js").write_text("anew")
    (project / "src/deep/a.js").write_text("anew")


def test_what_is_missing_at_first_is_waited_for(watch, project):
    watching = watch({"svc": (["dist/js/app.js", "gen"], [])})
    assert watching.told(built, project) == [{"svc": ("dist/js/app.js",)}]
    assert watching.told((project / "dist/js/app.js").write_text, "again") == [{"svc": ("dist/js/app.js",)}]
    (project / "gen").mkdir()
    assert watching.told((project / "gen/x").write_text, "x") == [{"svc": ("gen/x",)}]
    assert watching.silent((project / "dist/js/other.js").write_text, "x") == []


def built(project):
    (project / "dist/js").mkdir(parents=True)
    (project / "dist/js/app.js").write_text("built")


def test_only_who_asked_for_a_file_is_told_and_both_at_once(watch, project, tmp_path):
    (tmp_path / "shared").mkdir()
    watching = watch(
        {
            "all": (["."], ["*.md"]),
            "one": (["app.js"], []),
            "deep": (["src/**/*.js", "../shared"], []),
        }
    )
    assert watching.told((project / "app.js").write_text, "2") == [{"all": ("app.js",), "one": ("app.js",)}]
    assert watching.told((project / "src/deep/a.js").write_text, "2") == [
        {"all": ("src/deep/a.js",), "deep": ("src/deep/a.js",)}
    ]
    assert watching.told((tmp_path / "shared/x").write_text, "2") == [{"deep": ("../shared/x",)}]
    assert watching.silent((project / "a.md").write_text, "2") == []
    assert watching.silent((tmp_path / "other").write_text, "2") == []


@pytest.mark.parametrize("name", ["node_modules", ".git", ".aura", "__pycache__", "tmp"])
def test_folders_that_count_for_nothing_are_not_looked_into(watch, project, name):
    watching = watch({"svc": (["."], ["tmp"])})
    folder = project / "src" / name
    assert watching.silent(folder.mkdir) == []
    assert watching.silent((folder / "x").write_text, "x") == []
    if not watching.polled:
        watches = watching.watch._backends[0].watches
        for number in range(20):
            (folder / f"{number}").mkdir()
        assert watching.silent((folder / "7/x").write_text, "x") == []
        assert watching.watch._backends[0].watches == watches


def test_a_tree_with_thousands_of_folders_in_node_modules_takes_a_handful_of_watches(watch, project, polled):
    for number in range(3000):
        os.makedirs(project / f"node_modules/{number}/lib")
    watching = watch()
    if not polled:
        assert watching.watch._backends[0].watches == 4  # project, src, deep, and above it all, for its names
    assert watching.told((project / "app.js").write_text, "2") == [{"svc": ("app.js",)}]


def test_names_that_are_no_text_are_told_in_a_form_that_is(watch, project):
    watching = watch()
    path = os.fsencode(project) + b"/\xff\n.js"

    def save():
        with open(path, "wb") as file:
            file.write(b"x")

    assert watching.told(save) == [{"svc": ("\\xff\n.js",)}]


def test_a_link_to_a_folder_is_followed_where_it_is_named(watch, project, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/x").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x").write_text("y")
    (project / "link").symlink_to(tmp_path / "real")
    watching = watch({"named": (["link"], [])})
    assert watching.told((tmp_path / "real/x").write_text, "2") == [{"named": ("link/x",)}]

    def turn():
        (project / "turned").symlink_to(tmp_path / "other")
        os.rename(project / "turned", project / "link")

    assert watching.told(turn) == [{"named": ("link/x",)}]
    assert watching.told((tmp_path / "other/x").write_text, "3") == [{"named": ("link/x",)}]
    assert watching.silent((tmp_path / "real/x").write_text, "4") == []


def test_a_link_to_a_file_is_followed_where_it_is_named(watch, project, tmp_path):
    (tmp_path / "real.js").write_text("1")
    (project / "link.js").symlink_to(tmp_path / "real.js")
    watching = watch({"named": (["link.js"], [])})
    assert watching.told((tmp_path / "real.js").write_text, "2") == [{"named": ("link.js",)}]
    assert watching.silent((tmp_path / "real.js").write_text, "2") == []


@pytest.mark.parametrize("make", [os.link, os.symlink])
def test_a_link_that_is_made_is_a_new_file(watch, project, make):
    watching = watch()
    assert watching.told(make, project / "app.js", project / "src/new.js") == [{"svc": ("src/new.js",)}]


def test_a_file_takes_the_place_of_a_folder_and_back(watch, project):
    watching = watch()

    def turn():
        shutil.rmtree(project / "src")
        (project / "src").write_text("a file")

    assert both(*watching.told(turn)) == [("svc", "src"), ("svc", "src/deep/a.js")]

    def back():
        (project / "src").unlink()
        (project / "src").mkdir()
        (project / "src/b.js").write_text("b")

    assert both(*watching.told(back)) == [("svc", "src"), ("svc", "src/b.js")]


def test_a_file_that_was_saved_before_the_watch_began_and_after_the_start_counts(project):
    with Watching(project, since=0) as watching:
        assert both(*watching.silent(lambda: None)) == [("svc", "app.js"), ("svc", "src/deep/a.js")]


def test_while_nothing_but_the_status_of_a_file_is_known_another_status_is_another_content(
    project, monkeypatch
):
    reading = threading.Event()
    monkeypatch.setattr("aura_stack.watch.changes.learn", lambda _path, word, **_: reading.wait(20) and word)
    watching = Watching(project)
    watching.begin()

    def close_only():
        os.close(os.open(project / "app.js", os.O_WRONLY))

    def touch():
        close_only()
        os.utime(project / "app.js", (1, 1))
        close_only()

    assert watching.silent(close_only) == []
    assert watching.told(touch) == [{"svc": ("app.js",)}]
    reading.set()
    watching.end()


def ignoring(folder, paths=(".",)):
    return [Interest("svc", str(folder), (*paths, MARK), gitignore=True)]


def test_what_git_leaves_out_counts_for_nothing_and_is_not_looked_into(project, polled):
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("/dist\n*.log\n")
    for number in range(50):
        os.makedirs(project / f"dist/{number}")
    with Watching(project, ignoring(project), polled=polled) as watching:
        assert watching.silent((project / "dist/7/x.js").write_text, "x") == []
        assert watching.silent((project / "a.log").write_text, "x") == []
        assert watching.told((project / "a.js").write_text, "x") == [{"svc": ("a.js",)}]
        if not polled:
            assert watching.watch._backends[0].watches == 4


def test_other_patterns_of_git_count_at_once_and_are_no_save_themselves(project, polled):
    (project / ".git").mkdir()
    (project / "src/dist").mkdir()
    with Watching(project, ignoring(project, ["src"]), polled=polled) as watching:
        assert watching.told((project / "src/dist/x.js").write_text, "x") == [{"svc": ("src/dist/x.js",)}]
        assert watching.silent((project / ".gitignore").write_text, "dist\n") == []
        watching.renewed()
        assert watching.silent((project / "src/dist/x.js").write_text, "y") == []
        assert watching.told((project / "src/deep/a.js").write_text, "2") == [{"svc": ("src/deep/a.js",)}]
        assert watching.silent((project / ".gitignore").unlink) == []
        watching.renewed()
        assert watching.told((project / "src/dist/x.js").write_text, "z") == [{"svc": ("src/dist/x.js",)}]


def test_others_may_ask_from_now_on_and_no_save_in_between_is_missed(project, polled):
    with Watching(project, {"svc": (["."], [])}, polled=polled) as watching:

        def change():
            (project / "app.js").write_text("2")
            (project / "new.js").write_text("2")
            watching.watch.change(
                [Interest("svc", str(project), (".",)), Interest("two", str(project), ("src",))]
            )
            (project / "src/deep/a.js").write_text("2")

        watching.loop.call_soon(change)
        assert both(*watching.told(lambda: None)) == [
            ("svc", "app.js"),
            ("svc", "new.js"),
            ("svc", "src/deep/a.js"),
            ("two", "src/deep/a.js"),
        ]


def test_what_is_being_made_is_one_save_when_it_is_done(project, polled):
    with Watching(project, polled=polled) as watching:

        def make():
            watching.loop.call_soon_threadsafe(watching.watch.hold, "build", str(project), ["dist"])
            (project / "dist").mkdir()
            for number in range(5):
                (project / f"dist/{number}.js").write_text("made")
                (project / "app.js").write_text(f"{number}")
                time.sleep(0.06)
            watching.loop.call_soon_threadsafe(watching.watch.release, "build")

        calls = watching.told(make)
        made = [call for call in calls if any(name.startswith("dist/") for name in call["svc"])]
        assert len(made) == 1
        assert {name for name in made[0]["svc"] if name != "app.js"} == {
            f"dist/{number}.js" for number in range(5)
        }
        assert polled or len(calls) > 1  # what nobody makes did not wait


def test_whoever_asks_is_answered_when_all_that_was_saved_before_has_been_told(project, polled):
    with Watching(project, polled=polled) as watching:
        for number in range(10):
            (project / f"new{number}").mkdir()
            (project / f"new{number}/x.js").write_text("x")
        (project / "app.js").write_text("2")
        watching.seen()
        expected = [("svc", "app.js"), *(("svc", f"new{number}/x.js") for number in range(10))]
        assert both(*watching.calls) == expected
        watching.calls.clear()
        watching.seen()
        assert watching.calls == []
