import pytest

from aura_stack.cli.progress import Progress
from aura_stack.messages import events


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def progress(clock):
    return Progress(lambda: clock[0])


def seen(progress, *happened):
    for event in happened:
        progress.see(event)
    return progress


def test_a_long_step_is_told_with_how_long_it_takes(progress, clock):
    seen(progress, events.Preparing("web", "npm ci", "new"))
    clock[0] += 12
    assert progress.lines() == ["preparing web: npm ci, 12 s"]


def test_what_has_only_begun_is_not_told_yet(progress, clock):
    seen(progress, events.Started("web", 1, 7))
    clock[0] += 0.5
    assert progress.lines() == []
    assert not progress.idle


def test_a_slow_readiness_tells_the_last_answer_and_counts_from_the_start(progress, clock):
    seen(progress, events.Started("web", 1, 7))
    clock[0] += 2
    seen(progress, events.Waiting("web", "port 4010: connection refused"))
    clock[0] += 1
    assert progress.lines() == ["waiting for web: port 4010: connection refused, 3.00 s"]


def test_a_slow_stop_tells_whom_it_waits_for_and_when_it_is_killed(progress, clock):
    seen(progress, events.Stopping("web", 1, 4711, "SIGTERM", 10.0))
    clock[0] += 4
    assert progress.lines() == ["waiting for web to end (pid 4711, SIGTERM sent), 4.00 s, KILL in 6 s"]


def test_a_slow_stop_by_a_command_names_the_command(progress, clock):
    seen(progress, events.Stopping("web", 1, 4711, "SIGTERM", 10.0, "docker stop web"))
    clock[0] += 4
    assert progress.lines() == ["waiting for web to end (pid 4711, docker stop web), 4.00 s, KILL in 6 s"]


def test_the_end_of_the_old_run_of_a_hand_over_is_an_end_and_no_other_ones(progress, clock):
    seen(progress, events.Started("web", 2, 8, beside=7), events.Ready("web", 2, 8, 1.0))
    seen(progress, events.Stopping("web", 1, 7, "SIGTERM", 10.0))
    clock[0] += 4
    assert progress.lines() == ["waiting for web to end (pid 7, SIGTERM sent), 4.00 s, KILL in 6 s"]
    assert seen(progress, events.Gone("web", 1, 7)).idle
    seen(progress, events.Stopping("web", 2, 8, "SIGTERM", 10.0), events.Gone("web", 1, 7))
    assert not progress.idle


def test_the_longest_comes_first(progress, clock):
    seen(progress, events.Started("a", 1, 1))
    clock[0] += 1
    seen(progress, events.Started("b", 1, 2))
    clock[0] += 1
    assert [text.split()[2] for text in progress.lines()] == ["a", "b"]


@pytest.mark.parametrize(
    "end",
    [
        events.Ready("web", 1, 7, 1.0),
        events.Completed("web", 1, ""),
        events.Failed("web", 1, 1, ""),
        events.Stopped("web", 1),
        events.Exited("web", 1, 7, 1, ""),
        events.Prepared("web", "", 1.0),
        events.PrepareFailed("web", "", ""),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_is_pending_after_its_end(progress, end):
    assert seen(progress, events.Started("web", 1, 7), end).idle
