import pytest

from aura_stack.cli.tables import duration, table
from aura_stack.cli.words import line
from aura_stack.logs.render import Style
from aura_stack.messages import events

STYLE = Style(["aura", "web"], colour=False)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (events.Notice("look here"), "aura · look here"),
        (events.Preparing("web", "npm ci", "package.json changed"), "web  · npm ci (package.json changed)"),
        (events.Prepared("web", "npm ci", 3.5), "web  · npm ci done in 3.50 s"),
        (
            events.PrepareFailed("web", "npm ci", "exited 1", "nothing was started"),
            "web  · npm ci failed: exited 1; nothing was started",
        ),
        (events.Started("web", 1, 7), "web  · started (pid 7)"),
        (
            events.Started("web", 2, 8, beside=7, behind=12000),
            "web  · new version started (pid 8, behind the front at 12000); pid 7 serves until it is ready",
        ),
        (
            events.Ready("web", 1, 7, 0.25, "http://localhost:1"),
            "web  · ready in 0.25 s at http://localhost:1",
        ),
        (events.Ready("web", 1, 7, 0.25), "web  · ready in 0.25 s"),
        (events.Exited("web", 1, 7, 3, "exited 3"), "web  · exited 3 (pid 7)"),
        (events.Backoff("web", 1, 0.0, "exited 3"), "web  · starts again"),
        (events.Backoff("web", 1, 0.4, "exited 3"), "web  · starts again in 0.40 s"),
        (events.Completed("web", 1, "exited 0"), "web  · completed"),
        (events.Failed("web", 1, 127, "command not found: x"), "web  · failed: command not found: x (127)"),
        (events.Failed("web", 1, 3, "exited 3"), "web  · failed: exited 3"),
        (events.Stopping("web", 1, 7, "SIGTERM", 10.0), "web  · stopping (pid 7, SIGTERM)"),
        (
            events.Stopping("web", 1, 7, "SIGTERM", 10.0, "docker stop web"),
            "web  · stopping: docker stop web",
        ),
        (
            events.StopFailed("web", 1, "docker stop web", "exited 1", "SIGTERM"),
            "web  · docker stop web failed: exited 1; SIGTERM sent",
        ),
        (
            events.StopFailed("web", 1, "docker stop web", "not done after 10.0 s"),
            "web  · docker stop web failed: not done after 10.0 s",
        ),
        (events.Killed("web", 1, (7, 8)), "web  · killed 7, 8: would not end"),
        (
            events.PortHeld("web", 1, 4010, "pid 812 (node x.js)"),
            "web  · port 4010 is still held by pid 812 (node x.js)",
        ),
        (
            events.Lingering("web", 1, (4711,), 6.2),
            "aura · waiting for web (pid 4711), KILL in 6 s",
        ),
        (
            events.Lingering("web", 1, (1, 2, 3, 4), 6.2, "TERM"),
            "aura · waiting for web (pid 1, 2, 3 and 1 more), KILL in 6 s; it ignores TERM",
        ),
        (events.Stopped("web", 1), "web  · stopped"),
        (events.StackStopping("Ctrl-C"), "aura · stopping all: Ctrl-C"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_every_event_worth_a_line_has_its_words(event, text):
    assert line(event, STYLE).decode() == text + "\n"


@pytest.mark.parametrize(
    "event", [events.Waiting("web", "port 1"), events.Settled((), ()), events.StackStopped(0)]
)
def test_the_others_have_none(event):
    assert line(event, STYLE) == b""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.004, "0.00 s"), (0.21, "0.21 s"), (9.99, "9.99 s"), (12.4, "12 s"), (185, "3 min 5 s")],
)
def test_seconds_are_told_as_people_tell_them(seconds, text):
    assert duration(seconds) == text


def test_columns_are_as_wide_as_their_widest_cell():
    assert table([("A", "LONG"), ("wide", "b")]) == ["A     LONG", "wide  b"]
