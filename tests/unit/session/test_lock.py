"""One engine for each record, whatever it knows of the others."""

import os
from tempfile import TemporaryDirectory

import pytest

from aura_stack.errors import AuraError
from aura_stack.session import lock
from aura_stack.session.lock import acquire_record
from aura_stack.system.places import create, elsewhere, places


@pytest.fixture
def short():
    """A folder below which sockets fit."""
    with TemporaryDirectory() as folder:
        yield folder


@pytest.fixture
def found(tmp_path, short):
    (tmp_path / "stack.yaml").touch()
    made = places(str(tmp_path / "stack.yaml"), {"XDG_STATE_HOME": short})
    create(made)
    return made


@pytest.fixture
def there(tmp_path, short):
    """The same as seen from another environment."""
    return places(str(tmp_path / "stack.yaml"), {"XDG_STATE_HOME": f"{short}/b"})


def test_a_second_writer_is_refused_with_the_first_ones_pid_and_place(found):
    first = acquire_record(found, "stack.yaml")
    with pytest.raises(AuraError) as refused:
        acquire_record(found, "stack.yaml", patience=0)
    assert refused.value.exit_code == 7
    assert f"(pid {os.getpid()}, {found.runtime})" in refused.value.message
    os.close(first)
    os.close(acquire_record(found, "stack.yaml", patience=0))


def test_a_refused_writer_leaves_the_first_ones_address(found, tmp_path):
    first = acquire_record(found, "stack.yaml")
    other = found.but(runtime=str(tmp_path / "elsewhere"))
    with pytest.raises(AuraError):
        acquire_record(other, "stack.yaml", patience=0)
    with open(found.writer) as file:
        assert file.read().split("\n")[1] == found.runtime
    os.close(first)


def test_a_folder_that_takes_no_lock_is_no_reason_to_stop(found, monkeypatch):
    assert acquire_record(found.but(writer=f"{found.data}/absent/writer"), "stack.yaml") is None

    def without(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", without)
    assert acquire_record(found, "stack.yaml") is None


def test_whoever_writes_is_found_from_another_environment(found, there):
    assert (there.data, there.runtime == found.runtime) == (found.data, False)
    assert elsewhere(there) == there  # nobody writes
    writer = acquire_record(found, "stack.yaml")
    assert elsewhere(there) == there  # nobody listens
    open(found.socket, "w").close()
    assert elsewhere(there) == found
    os.close(writer)
    assert elsewhere(there) == there  # the writer has gone


def test_an_address_that_makes_no_sense_is_none(found, there):
    writer = acquire_record(found, "stack.yaml")
    for text in (b"", b"12\n", b"12\n/nowhere\n/etc/passwd\n", b"\0\n\0\n\0\n", b"12\nrelative\nrelative\n"):
        os.ftruncate(writer, 0)
        os.pwrite(writer, text, 0)
        assert elsewhere(there) == there
    os.close(writer)
