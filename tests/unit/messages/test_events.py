import json

import pytest

from aura_stack.messages import events
from aura_stack.messages.hub import Hub

EXAMPLES = {bool: True, str: "text", int: 7, float: 0.5, tuple[int, ...]: (1, 2), tuple[str, ...]: ("a", "b")}


@pytest.mark.parametrize("kind", events.KINDS.values(), ids=events.KINDS)
def test_every_event_comes_back_from_its_line_as_it_was(kind):
    event = kind(**{name: EXAMPLES[of] for name, of in kind.__annotations__.items()})
    line = events.encode(event, 1.5)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert events.decode(line) == event


def test_a_line_says_kind_and_time_first():
    line = events.encode(events.Notice("a\nb"), 1.5)
    assert json.loads(line) == {"time": 1.5, "kind": "notice", "text": "a\nb", "alarm": False}


def test_a_kind_of_a_newer_version_is_passed_over():
    assert events.decode(b'{"time":1,"kind":"of-tomorrow","text":"x"}') is None


def test_a_looker_is_woken_once_and_a_withdrawn_one_never():
    hub, seen = Hub(), []
    hub.look(lambda: seen.append("first"))
    hub.look(lambda: seen.append("second"))()
    hub.wake()
    hub.wake()
    assert seen == ["first"]
