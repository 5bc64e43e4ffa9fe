import pytest

from aura_stack.errors import AuraError, Place
from aura_stack.session.works import unknown, work
from aura_stack.stack.model import Command, Condition, Service, Stack

HERE = Place("stack.yaml", 1, 1)


def task(name, *needs, argv=("run",)):
    wants = dict.fromkeys(needs, Condition.COMPLETED)
    return Service(name, HERE, Command(argv, "run", HERE), task=True, depends_on=wants, inputs=("in",))


STACK = Stack(
    "s", "/s/stack.yaml", "/s",
    (Service("db", HERE),),
    tasks=(
        task("seed", "migrate", "db"), task("migrate", "create"), task("create"),
        task("lint", argv=("/bin/sh", "-c", "run")),
    ),
)  # fmt: skip


def names(*words):
    return [one.name for one in work(STACK, words)]


def test_a_task_comes_behind_the_tasks_that_it_needs():
    assert names("seed") == ["create", "migrate", "seed"]


def test_several_run_in_the_order_in_which_they_are_named_each_once():
    assert names("lint", "migrate", "seed", "create") == ["lint", "create", "migrate", "seed"]


def test_what_is_no_task_is_a_command():
    assert work(STACK, ["node", "seed"]) == []


def test_words_behind_two_dashes_are_for_the_last_task():
    *_, seed = work(STACK, ["migrate", "seed", "--", "-n", "5"])
    assert seed.command.argv == ("run", "-n", "5")
    (lint,) = work(STACK, ["lint", "--", "a b"])
    assert lint.command.argv == ("/bin/sh", "-c", 'run "$@"', "/bin/sh", "a b")


@pytest.mark.parametrize("text", ["one\ntwo", "echo # not this"])
def test_words_are_put_behind_no_command_in_which_they_would_mean_something_else(text):
    lines = task("lines").but(command=Command(("/bin/sh", "-c", text), text, HERE))
    with pytest.raises(AuraError, match="no words can be put behind the command of lines"):
        work(STACK.but(tasks=(lines,)), ["lines", "--", "x"])


def test_a_task_with_words_of_its_own_is_never_up_to_date():
    *_, seed = work(STACK, ["seed", "--", "x"])
    assert (seed.inputs, seed.outputs) == ((), ())


def test_what_follows_a_task_has_to_be_one():
    with pytest.raises(AuraError) as error:
        work(STACK, ["lint", "sed"])
    assert (error.value.message, error.value.hint) == ('there is no task "sed"', 'did you mean "seed"?')
    with pytest.raises(AuraError) as error:
        work(STACK, ["lint", "--fix"])
    assert error.value.hint == "words for lint stand behind --"


def test_a_word_that_is_nothing_is_compared_with_the_tasks():
    assert unknown("sed", STACK) == 'did you mean "seed"?'
    assert unknown("xyz", STACK) == "the tasks are seed, migrate, create and lint"
    assert unknown("db", STACK) == "db is a service: aura-stack up db"
    assert unknown("xyz", Stack("s", "f", "/", ())) == ""
