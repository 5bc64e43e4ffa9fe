"""What a running stack is found by, deleted under it."""

import fcntl
import os
import shutil

import pytest

from aura_stack.control.door import open_door
from aura_stack.session.foothold import Foothold
from aura_stack.session.lock import acquire_record, open_lock
from aura_stack.system.locks import is_held
from aura_stack.system.places import create, create_runtime, places


@pytest.fixture
def standing(tmp_path):
    """A foothold as an engine has it, its places, and how often its note was written."""
    (tmp_path / "stack.yaml").touch()
    found = places(str(tmp_path / "stack.yaml"), {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    create(found)
    lock = open_lock(found.lock)
    fcntl.flock(lock, fcntl.LOCK_EX)
    record = acquire_record(found, "stack.yaml")
    door, notes = open_door(found.socket), []
    foothold = Foothold(found, lock, record, lambda: notes.append(1))
    yield foothold, found, notes
    door.close()


def test_a_stack_that_stands_is_left_alone(standing):
    foothold, _, _ = standing
    assert not foothold.is_lost


def test_a_deleted_folder_is_there_again_with_a_lock_a_socket_and_a_note(standing):
    foothold, found, notes = standing
    shutil.rmtree(found.runtime)
    assert foothold.is_lost
    door = foothold.regain()
    assert door.getsockname() == found.socket
    assert (foothold.is_lost, is_held(found.lock), notes) == (False, True, [1])
    door.close()


def test_whoever_has_taken_the_place_meanwhile_keeps_it(standing):
    foothold, found, notes = standing
    shutil.rmtree(found.runtime)
    create_runtime(found)
    theirs = open_lock(found.lock)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    assert foothold.regain() is None
    assert (foothold.is_lost, notes) == (True, [])


def test_a_folder_that_cannot_be_made_yet_is_waited_for(standing, tmp_path):
    foothold, _, _ = standing
    top = tmp_path / ".local"
    shutil.rmtree(top)
    top.touch()
    assert foothold.regain() is None
    top.unlink()
    foothold.regain().close()


def test_a_record_that_was_deleted_and_begun_anew_is_locked_again(standing):
    foothold, found, _ = standing
    shutil.rmtree(found.data)
    foothold.keep_record()
    assert not is_held(found.writer)
    create(found)
    foothold.keep_record()
    assert is_held(found.writer)


def test_whoever_has_begun_the_record_anew_keeps_it(standing):
    foothold, found, _ = standing
    shutil.rmtree(found.data)
    create(found)
    theirs = acquire_record(found, "stack.yaml")
    foothold.keep_record()
    os.close(theirs)
    assert not is_held(found.writer)
    foothold.keep_record()
    assert is_held(found.writer)
