"""Fingerprints of real files in a temporary folder, with the clock of the file system in our hands."""

import json
import os
import time

import pytest

from aura_stack.errors import AuraError
from aura_stack.system import fingerprint
from aura_stack.system.fingerprint import Fingerprint, Record, changed, load, missing, save, take


@pytest.fixture
def root(tmp_path):
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "a.ts").write_text("a")
    (tmp_path / "src" / "deep" / "b.ts").write_text("b")
    (tmp_path / "src" / "deep" / "note.md").write_text("n")
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


@pytest.fixture
def later(monkeypatch):
    """The clock says an hour from now, so everything that was just written counts as written long ago."""
    real = time.time_ns
    monkeypatch.setattr(fingerprint.time, "time_ns", lambda: real() + 3_600_000_000_000)


@pytest.fixture
def reads(monkeypatch):
    """The paths that were read, in order."""
    seen = []
    real = fingerprint._read_file

    def spy(path, settled):
        seen.append(path)
        return real(path, settled)

    monkeypatch.setattr(fingerprint, "_read_file", spy)
    return seen


def names(root, *inputs, ignore=()):
    return list(take(str(root), inputs, ignore=ignore).entries)


def difference(root, inputs, act):
    before = take(str(root), inputs)
    act()
    return changed(before, take(str(root), inputs, before))


def test_a_directory_stands_for_all_files_below_it_in_order(root):
    assert names(root, "src") == ["src/a.ts", "src/deep/b.ts", "src/deep/note.md"]


def test_an_input_may_be_written_in_several_ways_and_twice(root):
    assert names(root, "./src/", "src", "src/a.ts", "package.json") == [
        "package.json",
        "src/a.ts",
        "src/deep/b.ts",
        "src/deep/note.md",
    ]


def test_the_root_itself_is_an_input(root):
    assert names(root, ".") == ["package.json", "src/a.ts", "src/deep/b.ts", "src/deep/note.md"]


def test_an_input_may_lie_above_the_root(root):
    assert names(root / "src", "../package.json") == ["../package.json"]
    assert names(root / "src", str(root / "package.json")) == [str(root / "package.json")]


@pytest.mark.parametrize("name", ["node_modules", ".git", ".aura", "__pycache__"])
def test_what_is_made_from_something_else_is_left_out(root, name):
    (root / "src" / name).mkdir()
    (root / "src" / name / "made.ts").write_text("")
    assert "made.ts" not in " ".join(names(root, "src", "src/**/*.ts", "src/*/*.ts", "."))
    assert names(root, f"src/{name}") == [f"src/{name}/made.ts"], "unless it is named itself"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("src/**/*.ts", ["src/a.ts", "src/deep/b.ts"]),
        ("src/*.ts", ["src/a.ts"]),
        ("**/*.md", ["src/deep/note.md"]),
        ("src/**", ["src/a.ts", "src/deep/b.ts", "src/deep/note.md"]),
        ("src/*", ["src/a.ts", "src/deep/b.ts", "src/deep/note.md"]),
        ("**/deep", ["src/deep/b.ts", "src/deep/note.md"]),
        ("src/[ab].ts", ["src/a.ts"]),
        ("src/?.ts", ["src/a.ts"]),
        ("*.json", ["package.json"]),
        ("*.lock", ["*.lock"]),
    ],
)
def test_patterns_name_what_they_match(root, pattern, found):
    assert names(root, pattern) == found


def test_a_name_with_brackets_that_exists_means_itself(root):
    (root / "[id].tsx").write_text("")
    (root / "[id]").mkdir()
    (root / "[id]" / "page.tsx").write_text("")
    assert names(root, "[id].tsx", "[id]/*.tsx") == ["[id].tsx", "[id]/page.tsx"]


def test_what_is_to_be_ignored_is_left_out_of_directories_and_patterns(root):
    (root / "dist").mkdir()
    (root / "dist" / "main.ts").write_text("")
    (root / "tsc.log").write_text("")
    assert names(root, ".", "**/*.ts", ignore=["dist", "*.log", "src/deep"]) == ["package.json", "src/a.ts"]


def test_nothing_changed_where_nothing_was_done(root):
    assert difference(root, ["src", "package.json"], lambda: None) == ()


def test_new_content_a_new_file_and_a_removed_one_are_named(root):
    def act():
        (root / "src" / "a.ts").write_text("A")
        (root / "src" / "c.ts").write_text("")
        (root / "src" / "deep" / "b.ts").unlink()

    assert difference(root, ["src"], act) == ("src/a.ts", "src/c.ts", "src/deep/b.ts")


def test_a_file_saved_with_the_same_content_has_not_changed(root, later):
    def act():
        os.utime(root / "src" / "a.ts", (1, 1))
        (root / "src" / "deep" / "b.ts").unlink()
        (root / "src" / "deep" / "b.ts").write_text("b")

    assert difference(root, ["src"], act) == ()


def test_a_renamed_file_is_two_changes(root):
    assert difference(root, ["src"], lambda: (root / "src" / "a.ts").rename(root / "src" / "z.ts")) == (
        "src/a.ts",
        "src/z.ts",
    )


def test_against_nothing_everything_is_new(root):
    assert changed(None, take(str(root), ["src/*.ts"])) == ("src/a.ts",)


def test_a_missing_input_is_part_of_the_fingerprint(root):
    assert names(root, "gone", "src/*.vue") == ["gone", "src/*.vue"]
    assert difference(root, ["gone"], (root / "gone").mkdir) == ("gone",)
    assert difference(root, ["lock"], lambda: (root / "lock").write_text("")) == ("lock",)
    assert difference(root, ["*.yaml"], lambda: (root / "x.yaml").write_text("")) == ("*.yaml", "x.yaml")


def test_an_unchanged_tree_is_not_read_again(root, later, reads):
    first = take(str(root), ["src"])
    assert len(reads) == 3
    second = take(str(root), ["src"], first)
    assert len(reads) == 3
    assert second == first


def test_only_the_touched_file_is_read_again(root, later, reads):
    first = take(str(root), ["src"])
    reads.clear()
    os.utime(root / "src" / "a.ts", (1, 1))
    assert changed(first, take(str(root), ["src"], first)) == ()
    assert reads == [str(root / "src" / "a.ts")]


def test_a_write_that_sets_the_time_back_is_seen(root, later):
    """As `cp -p` and archivers do: size and mtime are the old ones."""
    file = root / "src" / "a.ts"
    first = take(str(root), ["src"])
    status = file.stat()
    file.write_text("X")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed(first, take(str(root), ["src"], first)) == ("src/a.ts",)


def test_a_second_write_within_one_tick_of_the_clock_is_seen(root):
    """The trap of every stat cache: same size, same times, same inode, other content."""
    file = root / "src" / "a.ts"
    first = take(str(root), ["src"])
    assert first.entries["src/a.ts"].status is None, "just written: its status proves nothing"
    status = file.stat()
    with file.open("r+") as handle:
        handle.write("X")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed(first, take(str(root), ["src"], first)) == ("src/a.ts",)


def test_a_file_written_after_the_look_began_is_read_again_the_next_time(root, monkeypatch):
    """Time as seen by the look stands still, the file is written at that very time or up to 3 s before."""
    ctime = (root / "package.json").stat().st_ctime_ns
    for ahead, trusted in ((-1, False), (0, False), (2_999_999_999, False), (3_000_000_001, True)):
        monkeypatch.setattr(fingerprint.time, "time_ns", lambda ahead=ahead: ctime + ahead)
        entry = take(str(root), ["package.json"]).entries["package.json"]
        assert (entry.status is not None) is trusted, ahead


def test_what_becomes_trustworthy_is_worth_saving_and_is_no_change(root, monkeypatch):
    first = take(str(root), ["src"])
    real = time.time_ns
    monkeypatch.setattr(fingerprint.time, "time_ns", lambda: real() + 10_000_000_000)
    second = take(str(root), ["src"], first)
    assert second != first
    assert changed(first, second) == ()


def test_a_link_counts_by_where_it_points_and_is_not_followed_out(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x").write_text("x")
    (root / "src" / "link").symlink_to(outside)
    (root / "named").symlink_to(outside)
    assert names(root, "src", "named") == [
        "named",
        "src/a.ts",
        "src/deep/b.ts",
        "src/deep/note.md",
        "src/link",
    ]
    assert difference(root, ["src", "named"], lambda: (outside / "x").write_text("y")) == ()

    def act():
        (root / "src" / "link").unlink()
        (root / "src" / "link").symlink_to("elsewhere")

    assert difference(root, ["src"], act) == ("src/link",)


def test_a_named_link_within_the_root_counts_by_its_target_too(root):
    (root / "locks").mkdir()
    (root / "locks" / "npm.json").write_text("1")
    (root / "package-lock.json").symlink_to("locks/npm.json")
    assert difference(root, ["package-lock.json"], lambda: (root / "locks" / "npm.json").write_text("2")) == (
        "locks/npm.json",
    )


def test_links_in_a_circle_end(root):
    (root / "src" / "self").symlink_to(".")
    (root / "loop").symlink_to("loop")
    assert names(root, "src", "loop", "src/**/*.md", "src/self") == [
        "loop",
        "src/a.ts",
        "src/deep/b.ts",
        "src/deep/note.md",
        "src/self",
    ]


def test_a_pipe_is_never_opened(root, reads):
    """To open one would wait for a writer, or set one free that waits for a reader."""
    os.mkfifo(root / "src" / "pipe")
    entry = take(str(root), ["src/pipe"]).entries["src/pipe"]
    assert entry.content == "special"
    assert reads == []


def test_a_name_that_became_a_pipe_meanwhile_holds_nothing_up(root):
    os.mkfifo(root / "pipe")
    assert fingerprint._read_file(str(root / "pipe"), 0).content == "special"


def test_a_name_that_is_no_text_is_kept_and_found_again(root, tmp_path):
    strange = os.path.join(os.fsencode(root), b"src", b"\xff\xfe.ts")
    with open(strange, "wb") as file:
        file.write(b"1")
    before = take(str(root), ["src"])
    save(str(tmp_path / "record.json"), Record({"k": before}))
    assert load(str(tmp_path / "record.json")).get("k") == before
    with open(strange, "wb") as file:
        file.write(b"2")
    assert changed(before, take(str(root), ["src"])) == (os.fsdecode(b"src/\xff\xfe.ts"),)


def test_a_file_that_goes_away_while_we_look_is_missing(root, monkeypatch):
    def vanish(path, settled):
        raise FileNotFoundError(path)

    monkeypatch.setattr(fingerprint, "_read_file", vanish)
    assert take(str(root), ["package.json"]).entries["package.json"].content == "missing"


def test_a_file_that_may_not_be_read_is_told_apart_from_a_missing_one(root, monkeypatch):
    def refuse(path, settled):
        raise PermissionError(path)

    monkeypatch.setattr(fingerprint, "_read_file", refuse)
    assert take(str(root), ["package.json"]).entries["package.json"].content == "unreadable"


def test_a_long_file_is_read_to_its_end(root):
    file = root / "big"
    file.write_bytes(bytes(3 * 1024 * 1024))
    assert difference(root, ["big"], lambda: file.write_bytes(bytes(3 * 1024 * 1024 - 1) + b"x")) == ("big",)


def test_a_record_survives_being_written_and_read(root, tmp_path, later):
    path = str(tmp_path / "fingerprints.json")
    one, two = take(str(root), ["src"]), take(str(root), ["package.json", "gone"])
    save(path, Record().put("backend npm ci", one).put("gateway npm ci", two))
    record = load(path)
    assert record.get("backend npm ci") == one
    assert record.get("gateway npm ci") == two
    assert record.get("frontend npm ci") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"version": 2, "records": {}}',
        b'{"version": 1}',
        b'{"version": 1, "records": []}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_or_alien_record_is_an_empty_one(tmp_path, content):
    path = tmp_path / "fingerprints.json"
    path.write_bytes(content)
    assert load(str(path)) == Record()


def test_no_record_is_an_empty_one(tmp_path):
    assert load(str(tmp_path / "none.json")) == Record()
    assert load(str(tmp_path)) == Record()


@pytest.mark.parametrize(
    "entry", [1, [], ["x"], ["x", 1], ["x", [1, 2, 3]], [1, None], ["x", [1, 2, 3, "4"]]]
)
def test_a_damaged_fingerprint_leaves_the_others_alone(tmp_path, entry):
    path = tmp_path / "fingerprints.json"
    good = {"a": ["d", [1, 2, 3, 4]], "b": ["missing", None]}
    path.write_text(json.dumps({"version": 1, "records": {"bad": {"a": entry}, "good": good, "worse": 7}}))
    record = load(str(path))
    assert list(record.fingerprints) == ["good"]
    assert record.get("good") == Fingerprint({"a": ("d", (1, 2, 3, 4)), "b": ("missing", None)})


def test_a_record_that_cannot_be_written_is_told(tmp_path):
    path = str(tmp_path / "gone" / "fingerprints.json")
    with pytest.raises(AuraError, match=r"cannot write .*fingerprints\.json: No such file or directory"):
        save(path, Record())


def test_outputs_that_are_not_there_are_named(root):
    (root / "broken").symlink_to("nowhere")
    outputs = ["src", "node_modules", "src/*.ts", "dist/*.js", "broken", "package.json"]
    assert missing(str(root), outputs) == ("node_modules", "dist/*.js", "broken")
