import asyncio

import pytest

from aura_stack.stack.model import ProbeKind, Ready
from aura_stack.supervision.readiness import (
    LogLine,
    NotReady,
    Question,
    Sentence,
    pause,
    settled,
    until_ready,
)
from aura_stack.supervision.verdict import NotExecutable, Verdict


class Asked:
    """A question with answers of the test's choice; the last one is given again."""

    def __init__(self, name, *answers, raises=None):
        self.name, self.answers, self.raises, self.count = name, list(answers), raises, 0

    async def ask(self):
        self.count += 1
        if self.raises:
            raise self.raises
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def question(self):
        return Question(self.name, self.ask)


def until(kind, *asked, timeout=10.0):
    told = []
    ready = Ready(kind, timeout=timeout)
    asyncio.run(until_ready(ready, [one.question for one in asked], told.append))
    return told


def test_all_are_asked_until_each_was_answered_once():
    first, second = Asked("a", ""), Asked("b", "no", "no", "")
    told = until(ProbeKind.ALL, first, second)
    assert (first.count, second.count) == (1, 3)
    assert told[-1] == "missing 1 of 2: b: no"


def test_any_is_enough_and_the_others_are_given_up():
    never, soon = Asked("a", "no"), Asked("b", "not yet", "")
    told = until(ProbeKind.ANY, never, soon)
    assert soon.count == 2
    assert told[-1].startswith("none of 2 yet: a: no, and b: not yet")


def test_what_hangs_holds_up_no_other():
    async def hangs():
        await asyncio.Event().wait()

    async def yes():
        return ""

    async def main():
        await until_ready(Ready(ProbeKind.ANY), [Question("a", hangs), Question("b", yes)], str)

    asyncio.run(main())


def test_the_message_at_the_end_of_the_time_says_which_are_missing():
    with pytest.raises(NotReady) as caught:
        until(ProbeKind.ALL, Asked("a", "no"), Asked("b", ""), Asked("c", "refused"), timeout=0.1)
    assert str(caught.value) == "not ready after 0.1 s: missing 2 of 3: a: no, and c: refused"


def test_the_message_about_a_single_question_is_plain():
    with pytest.raises(NotReady) as caught:
        until(ProbeKind.TCP, Asked("port 1", "refused"), timeout=0.1)
    assert str(caught.value) == "not ready after 0.1 s: port 1, last answer: refused"


def test_an_answer_may_be_a_sentence_of_its_own():
    assert until(ProbeKind.TCP, Asked("port 1", Sentence("somebody else is there"), "")) == [
        "somebody else is there"
    ]


def test_a_command_that_cannot_be_executed_ends_the_asking():
    error = NotExecutable(Verdict(ok=False, words="command not found", code=127, retry=False))
    with pytest.raises(NotExecutable):
        until(ProbeKind.ALL, Asked("a", "no"), Asked("b", raises=error))


def found(pattern, *chunks):
    """After which chunk the line was found, counted from 1."""
    line = LogLine(pattern)
    for number, chunk in enumerate(chunks, start=1):
        line.feed("out", chunk)
        if line.news.is_set():
            return number
    return None


@pytest.mark.parametrize(
    ("pattern", "chunks", "when"),
    [
        ("^up$", [b"up\n"], 1),
        ("^up$", [b"up"], 1),
        ("login: $", [b"log", b"in", b": "], 3),
        ("^up$", [b"wake ", b"up\n", b"up\n"], 3),
        ("^up$", [b"up\r\n"], 1),
        ("^100 %$", [b"10 %\r", b"100 %\r"], 2),
        ("ready in 3 ms", [b"ready in \x1b[1m3\x1b[22m ms\n"], 1),
        (r"\x1b\[1m", [b"\x1b[1mbold"], 1),
        ("down", [b"up\n"], None),
    ],
)
def test_a_line_is_found_as_soon_as_it_matches(pattern, chunks, when):
    assert found(pattern, *chunks) == when


def test_of_a_line_that_does_not_end_the_last_64_kib_are_kept():
    line = LogLine("needle")
    for _ in range(40):
        line.feed("out", b"x" * 10_000)
    assert {len(rest) for rest in line._rest.values()} == {64 * 1024}
    line.feed("out", b"needle")
    assert line.news.is_set()


def test_two_streams_make_no_line_together():
    line = LogLine("up and well")
    line.feed("out", b"up and ")
    line.feed("err", b"well\n")
    assert not line.news.is_set()


def settle(*asked, kind=ProbeKind.ALL, seconds=0.2, on=lambda: True):
    asyncio.run(settled(Ready(kind), [one.question for one in asked], seconds, on))


def test_who_is_to_stay_ready_is_asked_once_more():
    first, second = Asked("a", ""), Asked("b", "")
    settle(first, second)
    assert (first.count, second.count) == (1, 1)


def test_who_did_not_stay_ready_says_what_is_missing():
    with pytest.raises(NotReady, match=r"was ready, and 0.2 s later it is not: missing 1 of 2: b: refused"):
        settle(Asked("a", ""), Asked("b", "refused"))
    settle(Asked("a", ""), Asked("b", "refused"), kind=ProbeKind.ANY)


def test_when_nobody_else_serves_any_more_no_time_is_lost():
    looks = iter([True, False])
    settle(Asked("a", ""), seconds=10_000.0, on=lambda: next(looks))


@pytest.mark.parametrize(
    ("passed", "expected"),
    [(0, 0.005), (0.005, 0.005), (0.012, 0.012), (0.1, 0.025), (0.4, 0.04), (5, 0.5), (60, 1.0)],
)
def test_the_pauses_are_short_at_first_and_grow_with_the_time_that_has_passed(passed, expected):
    assert pause(passed) == pytest.approx(expected)
