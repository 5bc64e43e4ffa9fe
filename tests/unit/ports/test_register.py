"""The register of leases: kept in files, alive by locks, changed by one at a time."""

import fcntl
import json
import os
import subprocess
import sys

import pytest

from aura_stack.ports.leases import Given, Lease
from aura_stack.ports.register import Register, is_living

LOCKED = """
import sys
from aura_stack.ports.register import Register
with Register(sys.argv[1]).locked():
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def register(tmp_path):
    return Register(str(tmp_path / "leases"))


@pytest.fixture
def lease(tmp_path):
    (tmp_path / "stack.yaml").touch()
    rows = (Given("api", "", 4010, 4012),)
    return Lease("0123456789", "shop", str(tmp_path / "stack.yaml"), str(tmp_path / "lock"), 7, given=rows)


@pytest.fixture
def alive(lease):
    """Somebody holds the lock of the lease."""
    with open(lease.lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lease


def test_nothing_was_ever_noted(register):
    assert register.leases() == register.living() == []
    register.remove("0123456789")


def test_what_was_noted_is_found_until_it_is_removed(register, lease):
    with register.locked():
        register.write(lease)
    assert register.leases() == [lease]
    register.remove(lease.id)
    assert register.leases() == []


def test_a_lease_lives_as_long_as_its_lock_is_held(register, alive):
    with register.locked():
        register.write(alive)
    assert register.living() == [alive]
    os.unlink(alive.lock)
    assert register.living() == []
    assert not is_living(alive)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"version": 1}'])
def test_what_is_no_lease_is_passed_over(register, lease, content):
    with register.locked():
        register.write(lease)
    (file,) = [name for name in os.listdir(register.directory) if name.endswith(".json")]
    with open(os.path.join(register.directory, "fedcba9876.json"), "wb") as other:
        other.write(content)
    assert register.leases() == [lease]
    with open(os.path.join(register.directory, file)) as kept:
        assert json.load(kept)["id"] == lease.id


def test_a_stack_whose_file_is_gone_is_forgotten_unless_it_runs(register, alive):
    dead = alive.but(id="fedcba9876", lock=alive.lock + "-of-nobody")
    with register.locked():
        register.write(alive)
        register.write(dead)
        register.forget_the_gone()
        assert register.leases() == [alive, dead]
        os.unlink(alive.file)
        register.forget_the_gone()
    assert register.leases() == [alive]


def test_who_holds_the_register_keeps_others_out_and_loses_it_with_its_life(register):
    words = [sys.executable, "-c", LOCKED, register.directory]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"in\n"
    with open(os.path.join(register.directory, "lock")) as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    child.kill()
    child.communicate()
    with register.locked():
        pass


def test_a_directory_that_cannot_be_made_is_an_oserror(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"), Register(str(tmp_path / "file/leases")).locked():
        raise AssertionError
