"""What files hold, of real files in a temporary folder."""

import os

import pytest

from aura_stack.watch import contents
from aura_stack.watch.contents import Contents, is_heavy, learn, look, unread
from aura_stack.watch.listing import everything, lead, listing, status
from aura_stack.watch.settle import EMPTY, MISSING


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    return str(path)


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def known(path):
    return unread(status(os.lstat(path)))


def test_the_word_for_a_file_is_the_same_exactly_when_its_content_is(file):
    first = look(file)
    write(file, "two")
    second = look(file)
    write(file, "one")
    assert first == look(file) != second


def test_some_words_mean_more(file, tmp_path):
    write(file, "")
    assert look(file) == EMPTY
    os.unlink(file)
    assert look(file) == MISSING
    assert look(str(tmp_path / "no" / "folder")) == look(str(tmp_path)) == MISSING


def test_a_file_of_which_the_status_was_known_is_not_read_while_it_has_that(file, monkeypatch):
    word = known(file)
    monkeypatch.setattr(contents, "content", lambda _: pytest.fail("it was read"))
    assert look(file, word) == word


def test_a_file_of_which_the_status_was_known_is_another_once_it_was_touched(file):
    word = known(file)
    os.utime(file, ns=(1, 1))
    assert look(file, word) != word
    assert look(file, word) == look(file)
    assert look(file, unread()) == look(file)  # nothing at all was known


def test_a_file_that_was_written_while_it_was_learnt_stays_unread(file, monkeypatch):
    word = known(file)
    assert learn(file, word) == look(file)

    def meanwhile(path):
        write(path, "other")
        return "read before that"

    monkeypatch.setattr(contents, "content", meanwhile)
    assert learn(file, word) == word


def test_a_link_holds_where_it_points_or_what_is_there(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    as_link, through = look(str(link)), look(str(link), through=True)
    write(file, "two")
    assert look(str(link)) == as_link
    assert look(str(link), through=True) != through
    word = unread(status(os.stat(link)))
    assert look(str(link), word, through=True) == word
    write(file, "three")
    assert look(str(link), word, through=True) != word
    link.unlink()
    link.symlink_to(tmp_path)
    assert look(str(link)) != as_link


def test_a_large_file_is_not_read(file, monkeypatch):
    monkeypatch.setattr(contents, "LARGEST", 2)
    monkeypatch.setattr(contents, "content", lambda _: pytest.fail("it was read"))
    first = look(file)
    os.utime(file, ns=(1, 1))
    assert look(file) != first
    assert not is_heavy(file, 1)


def test_files_that_take_long_to_read_are_heavy(file, tmp_path):
    assert is_heavy(file, 2)
    assert not is_heavy(file, 3)
    assert not is_heavy(str(tmp_path / "none"), 0)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert look(str(tmp_path / "pipe")) not in {EMPTY, MISSING}


def test_many_files_are_known_by_folder():
    many = Contents()
    assert many["/a/x"] == MISSING
    many["/a/x"], many["/a/y"], many["/a/b/z"], many["/top"] = "1", unread(), "3", "4"
    assert many["/a/x"] == "1"
    assert sorted(many) == ["/a/b/z", "/a/x", "/a/y", "/top"]
    assert sorted(many.inside("/a")) == ["/a/x", "/a/y"]
    assert many.inside("/a/x") == []
    assert many.unread() == [("/a/y", unread())]
    for path in list(many):
        many[path] = MISSING
    many["/never"] = MISSING
    assert (list(many), many._folders) == ([], {})


def test_a_folder_holds_files_and_folders_to_look_into(tmp_path, file):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "b").write_text("b")
    (tmp_path / "link").symlink_to(tmp_path / "in")

    def enters(folder):
        return not folder.endswith("out")

    found = listing(str(tmp_path), enters)
    assert found.folders == [str(tmp_path / "in")]
    assert dict(found.files) == {path: status(os.lstat(path)) for path in (file, str(tmp_path / "link"))}
    assert sorted(path for path, _ in everything(str(tmp_path), enters)) == [
        file,
        str(tmp_path / "in" / "b"),
        str(tmp_path / "link"),
    ]
    assert [path for path, _ in everything(file, enters)] == [file]
    assert list(everything(str(tmp_path / "none"), enters)) == []
    assert listing(str(tmp_path / "none"), enters) == ([], [])


def test_the_nearest_folder_leads_to_a_path(tmp_path, file):
    assert lead(file) == str(tmp_path)
    assert lead(str(tmp_path / "no" / "such" / "thing")) == str(tmp_path)
    assert lead("/none/of/it") == "/"
    assert lead("/") == "/"
