"""What is cleaned of one stack and of all dead ones, and when nothing is."""

import os

import pytest
from seats import Seat

from aura_stack.doctor import census, cleaning
from aura_stack.doctor.cleaning import perform, perform_everywhere, plan, plan_everywhere
from aura_stack.errors import AuraError, ExitCode
from aura_stack.system import places as module


def test_the_record_and_what_was_left_are_planned_and_go(environ, seat):
    one = seat().dead_note().desert()
    log = os.path.join(one.places.logs, "a.out.log")
    with open(log, "w") as file:
        file.write("x" * 100)
    found = plan(one.places, environ)
    assert found.paths == (one.places.data, one.places.socket, one.places.run)
    assert found.size > 100
    removed = perform(one.places)
    assert (removed.paths, removed.freed) == (found.paths, found.size)
    assert [path.name for path in one.file.parent.iterdir()] == ["stack.yaml"]
    assert plan(one.places, environ).paths == ()


def test_a_link_in_the_place_of_the_record_is_left_alone(environ, seat, tmp_path):
    one = seat()
    os.rename(one.places.data, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", one.places.data)
    with pytest.raises(AuraError) as caught:
        perform(one.places)
    assert caught.value.message == f"{one.places.data} is no folder, and is left alone"
    assert (tmp_path / "elsewhere" / "logs").is_dir()


def test_a_stack_whose_lock_was_deleted_is_not_cleaned_while_it_runs(environ, seat):
    one = seat().note()
    with pytest.raises(AuraError) as caught:
        plan(one.places, environ)
    assert caught.value.message == f"the stack of {one.file} is running (pid {os.getpid()})"
    assert (caught.value.hint, caught.value.exit_code) == ("aura-stack down first", ExitCode.LOCKED)


def test_a_record_that_another_stack_of_the_folder_writes_is_not_removed(environ, seat):
    """Two stack files in one folder have one `.aura`."""
    one = seat()
    other = one.file.parent / "other.yaml"
    other.write_text("")
    module.create(module.places(str(other), environ))
    runs = seat("elsewhere").note(file=str(other)).lock()
    with pytest.raises(AuraError) as caught:
        plan(one.places, environ)
    assert caught.value.message == (
        f"the stack of {other} is running (pid {os.getpid()}), and its logs are in {one.places.data}, too"
    )
    assert caught.value.hint == f"aura-stack -f {other} down first"
    assert caught.value.exit_code == ExitCode.LOCKED
    assert os.path.exists(runs.places.run)


def test_a_stack_that_runs_under_another_root_is_not_cleaned(environ, tmp_path):
    login = f"{module._LOGINS}/{os.geteuid()}"
    os.makedirs(login, 0o700)
    runs = Seat(tmp_path / "shop", {**environ, "XDG_RUNTIME_DIR": login}).note().lock()
    with pytest.raises(AuraError) as caught:
        plan(module.places(str(runs.file), environ), environ)
    runs.close()
    assert caught.value.hint.startswith(
        "aura-stack down first, with the environment it was started in: its socket is in"
    )


def test_what_dead_stacks_left_goes_and_no_record(environ, seat):
    one, two, living = seat("one").dead_note(), seat("two").desert(), seat("living").note().lock()
    found, dead, strays = plan_everywhere(environ)
    assert set(found.paths) == {one.places.run, two.places.socket}
    assert set(perform_everywhere(dead, strays).paths) == set(found.paths)
    assert os.path.exists(one.places.data)
    assert os.path.exists(living.places.run)
    assert plan_everywhere(environ)[0].paths == ()


def test_a_stack_that_left_processes_is_told_and_kept(environ, seat, monkeypatch):
    one = seat().dead_note()
    monkeypatch.setattr(census, "left_by", lambda _: (7, 8))
    found, dead, _ = plan_everywhere(environ)
    assert (found.paths, found.left, dead) == ((), (7, 8), [])
    assert os.path.exists(one.places.run)


def test_one_that_cannot_be_cleaned_keeps_no_other_from_it(environ, seat):
    bad, good = seat("bad").dead_note(), seat("good").dead_note()
    os.symlink("elsewhere", bad.places.lock)
    _, dead, strays = plan_everywhere(environ)
    with pytest.raises(AuraError) as caught:
        perform_everywhere(dead, strays)
    assert caught.value.message == f"cannot open {bad.places.lock}: Too many levels of symbolic links"
    assert not os.path.exists(good.places.run)
    assert cleaning.plan_everywhere(environ)[0].paths == (bad.places.run,)
