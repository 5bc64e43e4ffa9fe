from aura_stack.cli.silence import LONG, Silence
from aura_stack.messages import events

READY = events.Ready("web", 1, 10, 0.1)


def test_who_is_ready_for_long_and_prints_nothing_is_named_once():
    silence = Silence()
    assert silence.moment() is None
    silence.see(READY, 100.0)
    assert silence.moment() == 100.0 + LONG
    assert silence.due(100.0 + LONG - 1) == []
    assert silence.due(100.0 + LONG) == ["web"]
    assert silence.due(1000.0) == []
    assert silence.moment() is None


def test_who_prints_is_not_silent():
    silence = Silence()
    silence.see(READY, 100.0)
    silence.hear("web")
    assert silence.due(1000.0) == []


def test_who_ends_is_not_silent():
    for end in (events.Exited("web", 1, 10, 0, "exited 0"), events.Stopping("web", 1, 10, "SIGTERM", 10)):
        silence = Silence()
        silence.see(READY, 100.0)
        silence.see(end, 101.0)
        assert silence.due(1000.0) == []
