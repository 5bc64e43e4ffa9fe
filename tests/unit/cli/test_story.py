from aura_stack.cli.story import Crash, Mark, Story
from aura_stack.messages import events

STARTED = events.Started("web", 1, 10)
CRASHED = events.Exited("web", 1, 10, 3, "exited 3")


def told(*happened):
    story = Story()
    return [story.see(event, float(moment)) for moment, event in enumerate(happened)]


def test_the_first_start_is_no_restart():
    assert told(STARTED) == [None]


def test_a_restart_says_what_was_saved():
    saved = events.Saved("web", ("app.js", "lib/a.js"))
    stopping = events.Stopping("web", 1, 10, "SIGTERM", 10)
    assert told(STARTED, saved, stopping, STARTED)[-1] == Mark(
        "web", "web restarted: app.js, lib/a.js changed"
    )


def test_a_restart_says_that_it_was_asked_for():
    stopping = events.Stopping("web", 1, 10, "SIGTERM", 10)
    assert told(STARTED, stopping, STARTED)[-1] == Mark("web", "web restarted: asked to")


def test_a_restart_that_nobody_ordered_says_why_the_last_run_was_ended():
    stopping = events.Stopping("web", 1, 10, "SIGTERM", 10)
    started = events.Started("web", 2, 11, "ended for a new run of db")
    assert told(STARTED, stopping, started)[-1] == Mark("web", "web restarted: it ended for a new run of db")


def test_a_restart_says_how_the_last_run_ended():
    assert told(STARTED, CRASHED, STARTED)[1:] == [
        Crash("web", 1, ""),
        Mark("web", "web restarted: it exited 3"),
    ]


def test_a_crash_says_what_was_changed_just_before():
    saved = events.Saved("web", ("app.js",))
    assert told(STARTED, saved, STARTED, CRASHED)[-1] == Crash("web", 1, "app.js changed 2.00 s before")


def test_what_was_changed_long_before_has_nothing_to_do_with_a_crash():
    story = Story()
    story.see(events.Saved("web", ("app.js",)), 0)
    assert story.see(CRASHED, 11) == Crash("web", 1, "")


def test_a_fine_end_is_no_crash_and_neither_is_one_while_all_stops():
    assert told(STARTED, events.Exited("web", 1, 10, 0, "exited 0")) == [None, None]
    assert told(STARTED, events.Exited("web", 1, 10, 143, "exited 143", fine=True)) == [None, None]
    assert told(STARTED, events.StackStopping("Ctrl-C"), CRASHED) == [None, None, None]


def test_a_start_after_a_stop_is_no_restart():
    stopping = events.Stopping("web", 1, 10, "SIGTERM", 10)
    assert told(STARTED, stopping, events.Stopped("web", 1), STARTED)[-1] is None


def test_who_begins_to_look_in_between_sees_the_next_restart():
    stopping = events.Stopping("web", 1, 10, "SIGTERM", 10)
    assert told(stopping, STARTED)[-1] == Mark("web", "web restarted: asked to")
    assert told(CRASHED, STARTED)[-1] == Mark("web", "web restarted: it exited 3")
    beside = events.Started("web", 2, 11, beside=10)
    assert told(events.Saved("web", ("app.js",)), beside)[-1] == Mark("web", "web restarted: app.js changed")
    assert told(stopping, events.Stopped("web", 1), STARTED)[-1] is None
