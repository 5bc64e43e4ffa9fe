"""What a dead stack left goes, what a living one needs stays."""

import os
import time

import pytest

from aura_stack.doctor import census, leftovers
from aura_stack.doctor.census import State
from aura_stack.doctor.leftovers import Removed
from aura_stack.errors import AuraError, ExitCode


def dead(environ):
    (known,) = census.dead(environ)
    return known


def extra(one, name, text):
    path = os.path.join(one.places.runtime, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def test_a_runtime_folder_is_emptied_down_to_its_lock(environ, seat):
    one = seat().dead_note().desert()
    log = extra(one, "engine.log", "Traceback\n")
    extra(one, "lock", "12\n")
    removed = leftovers.remove(dead(environ))
    assert removed.paths == (one.places.socket, log, one.places.run)
    assert removed.freed >= len("Traceback\n")
    assert os.listdir(one.places.runtime) == ["lock"]
    assert os.path.exists(one.places.logs), "the record is nobody's leftover"
    assert census.take(environ) == []


def test_the_folder_goes_with_its_lock_where_nobody_can_start_the_stack_any_more(environ, seat):
    one = seat().dead_note()
    one.file.unlink()
    known = dead(environ)
    assert leftovers.remove(known).paths == (one.places.run, one.places.runtime)
    assert not os.path.exists(one.places.runtime)


def test_a_stack_that_was_started_meanwhile_keeps_everything(environ, seat):
    one = seat().dead_note()
    known = dead(environ)
    one.lock()
    assert leftovers.remove(known) == Removed()
    assert os.path.exists(one.places.run)


def test_one_that_was_started_without_the_lock_we_see_keeps_everything_too(environ, seat):
    one = seat().dead_note()
    known = dead(environ)
    one.note()
    assert leftovers.remove(known) == Removed()
    assert os.path.exists(one.places.run)


def test_what_processes_are_known_by_stays_while_they_live(environ, seat, monkeypatch):
    one = seat().dead_note()
    monkeypatch.setattr(census, "left_by", lambda _: (7,))
    monkeypatch.setattr(leftovers, "left_by", lambda _: (7,))
    log = extra(one, "engine.log", "")
    known = dead(environ)
    assert known.left == (7,)
    assert leftovers.remove(known) == Removed()
    assert leftovers.removable(known.runtime) == [log]
    assert os.path.exists(one.places.run)


def test_nothing_is_removed_through_a_link_in_the_place_of_the_lock(environ, seat, tmp_path):
    one = seat().dead_note()
    (tmp_path / "precious").write_text("x")
    os.symlink(tmp_path / "precious", one.places.lock)
    with pytest.raises(AuraError) as caught:
        leftovers.remove(dead(environ))
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED
    assert (tmp_path / "precious").read_text() == "x"


def test_a_socket_apart_goes_with_its_folder(environ, seat):
    environ["XDG_STATE_HOME"] = environ["XDG_STATE_HOME"] + "/" + "d" * 90
    one = seat().dead_note()
    assert not one.places.socket.startswith(one.places.runtime)
    one.desert()
    assert one.places.socket in leftovers.remove(dead(environ)).paths
    assert not os.path.exists(os.path.dirname(one.places.socket))


def test_a_folder_that_somebody_put_there_goes_too(environ, seat):
    one = seat().dead_note()
    os.mkdir(os.path.join(one.places.runtime, "odd"))
    extra(one, "odd/file", "four")
    assert leftovers.remove(dead(environ)).freed >= 4
    assert os.listdir(one.places.runtime) == ["lock"]


@pytest.fixture
def stray(environ, seat):
    """A socket whose stack's folder cannot be found."""
    environ["XDG_STATE_HOME"] = environ["XDG_STATE_HOME"] + "/" + "d" * 90
    one = seat()
    os.rmdir(one.places.runtime)
    return one


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_stray_socket_is_a_leftover_once_it_surely_is_nobodys(environ, stray):
    stray.desert()
    path = stray.places.socket
    assert leftovers.strays(environ) == [], "who has just bound it may be about to listen"
    age(path, 100)
    assert leftovers.strays(environ) == [path]
    assert leftovers.remove_stray(path).paths == (path,)
    assert not os.path.exists(os.path.dirname(path))


def test_a_stray_socket_at_which_somebody_listens_is_none(environ, stray):
    stray.listen()
    age(stray.places.socket, 100)
    assert leftovers.strays(environ) == []


def test_sums_are_of_paths_and_of_bytes():
    assert Removed(("a",), 1) + Removed(("b",), 2) == Removed(("a", "b"), 3)


def test_a_dead_stack_that_gave_no_name_is_removed_too(environ, seat):
    one = seat().desert()
    known = dead(environ)
    assert (known.state, known.note.file) == (State.DEAD, "")
    assert leftovers.remove(known).paths == (one.places.socket,)
