import os

import pytest

from aura_stack.errors import AuraError
from aura_stack.stack import find
from aura_stack.stack.find import stack_file


@pytest.fixture
def home(tmp_path):
    """A home directory with a project in it, two folders down."""
    (tmp_path / "home/proj/src").mkdir(parents=True)
    return tmp_path / "home"


def looked_up(directory, named=None, **environ):
    return stack_file(named, str(directory), environ)


def refusal(directory, named=None, **environ):
    with pytest.raises(AuraError) as caught:
        looked_up(directory, named, **environ)
    return caught.value


def write(path):
    path.write_text("services: {a: {command: x}}\n")
    return str(path)


def test_the_nearest_stack_file_above_is_found(home):
    write(home / "stack.yaml")
    inner = write(home / "proj/stack.yaml")
    assert looked_up(home / "proj/src", HOME=str(home)) == inner
    assert looked_up(home / "proj", HOME=str(home)) == inner


@pytest.mark.parametrize("name", find.STACK_FILES)
def test_every_name_will_do(home, name):
    file = write(home / "proj" / name)
    assert looked_up(home / "proj/src", HOME=str(home)) == file


def test_the_first_name_wins_in_one_folder(home):
    for name in reversed(find.STACK_FILES):
        write(home / "proj" / name)
    assert looked_up(home / "proj") == str(home / "proj/stack.yaml")


def test_the_search_ends_at_the_home_directory(home):
    write(home.parent / "stack.yaml")
    error = refusal(home / "proj/src", HOME=str(home))
    assert error.message == (
        f"there is no stack.yaml, stack.yml, aura-stack.yaml or Procfile in {home}/proj/src, {home}/proj or {home}"
    )
    assert error.exit_code == 5


def test_a_home_directory_behind_a_link_ends_the_search_too(home, tmp_path):
    write(home.parent / "stack.yaml")
    (tmp_path / "link").symlink_to(home)
    assert refusal(home / "proj", HOME=str(tmp_path / "link")).exit_code == 5


def test_a_repository_does_not_hide_the_stack_it_is_part_of(home):
    (home / "proj/src/.git").mkdir()
    file = write(home / "proj/stack.yaml")
    assert looked_up(home / "proj/src", HOME=str(home)) == file


def test_outside_of_home_the_search_ends_at_the_top(tmp_path):
    error = refusal(tmp_path, HOME="/nowhere")
    above = [str(place) for place in (tmp_path, *tmp_path.parents)]
    assert (
        error.message
        == f"there is no stack.yaml, stack.yml, aura-stack.yaml or Procfile in {', '.join(above[:-1])} or /"
    )


def test_a_folder_of_that_name_is_passed_by(home):
    (home / "proj/src/stack.yaml").mkdir()
    file = write(home / "proj/stack.yaml")
    assert looked_up(home / "proj/src") == file


def test_a_named_file_wins_over_all(home):
    write(home / "proj/stack.yaml")
    other = write(home / "other.yaml")
    assert looked_up(home / "proj", "../other.yaml", AURA_FILE="stack.yaml") == other
    assert looked_up(home / "proj", other) == other


def test_a_file_named_by_the_environment_wins_over_the_search(home):
    write(home / "proj/stack.yaml")
    other = write(home / "other.yaml")
    assert looked_up(home / "proj", AURA_FILE="../other.yaml") == other


@pytest.mark.parametrize(
    ("named", "environ", "message"),
    [
        ("nix.yaml", {}, "the stack file nix.yaml, named by -f, does not exist"),
        ("src", {}, "the stack file src, named by -f, is a folder"),
        (None, {"AURA_FILE": "nix.yaml"}, "the stack file nix.yaml, named by AURA_FILE, does not exist"),
    ],
)
def test_a_named_file_that_is_none_is_refused(home, named, environ, message):
    write(home / "proj/stack.yaml")
    error = refusal(home / "proj", named, **environ)
    assert (error.message, error.exit_code) == (message, 5)


def test_a_file_that_somebody_else_owns_is_refused_unless_it_is_named(home, monkeypatch):
    file = write(home / "proj/stack.yaml")
    owner = os.stat(file).st_uid
    monkeypatch.setattr(find.os, "geteuid", lambda: owner + 1)
    if owner == 0:  # what root owns is everybody's to use, so let it belong to somebody
        status = os.stat_result((0o100644, 0, 0, 1, 4242, 0, 0, 0, 0, 0))
        monkeypatch.setattr(find.os, "stat", lambda _: status)
    for environ in ({}, {"AURA_FILE": file}):
        error = refusal(home / "proj", **environ)
        assert error.message == f"{file} belongs to somebody else (user {owner or 4242})"
        assert error.hint == f"if you trust it, name it: -f {file}"
        assert error.exit_code == 8
    assert looked_up(home / "proj", "stack.yaml") == file


def test_what_root_owns_is_everybodys_to_use(home, monkeypatch):
    file = write(home / "proj/stack.yaml")
    status = os.stat_result((0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    monkeypatch.setattr(find.os, "stat", lambda _: status)
    monkeypatch.setattr(find.os, "geteuid", lambda: 4242)
    assert looked_up(home / "proj") == file
