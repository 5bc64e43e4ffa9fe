"""The front as the engine has it: what keeps it from being started is told, and tried again."""

import errno
import os

from aura_stack.messages import events
from aura_stack.supervision import fronting
from aura_stack.supervision.fronting import Front
from aura_stack.supervision.process import Children


class Loop:
    """Notes what is to be done later."""

    def __init__(self):
        self.later = []

    def call_later(self, delay, act):
        self.later.append((delay, act))


def test_a_front_for_which_no_descriptor_is_left_is_told_and_tried_again(monkeypatch):
    def none_left(*_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    told, loop = [], Loop()
    front = Front(["front"], Children(), told.append, 0, lambda: 0.0)
    front.attach(loop)
    monkeypatch.setattr(fronting._socket, "socketpair", none_left)
    front.listen(1, 0)
    ((pause, again),) = loop.later
    assert pause == 0.0
    again()
    assert [pause for pause, _ in loop.later] == [0.0, 0.05]
    assert [type(one) for one in told] == [events.Notice, events.Notice]
    assert "the front cannot be started: too many open files" in told[0].text
