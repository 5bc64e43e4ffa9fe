import pytest
from placed import SIGNALS, valid

from aura_stack.ports.policy import assign
from aura_stack.stack.dump import dump
from aura_stack.stack.resolve import Surroundings, resolve

HERE = Surroundings("/proj/stack.yaml", "/proj", lambda path: path == "/proj", SIGNALS)


def read(codes):
    """The stack of one service with these codes, and the mistakes in them."""
    found = valid(f"services:\n  a:\n    command: x\n    success_codes: {codes}\n")
    if found.problems:
        return None, [str(problem).removeprefix("f:") for problem in found.problems]
    stack, problems = resolve(found.root, assign(found.claims, None).ports, HERE)
    assert not problems
    return stack, []


@pytest.mark.parametrize(
    ("codes", "numbers"),
    [("[]", ()), ("[143]", (143,)), ("[0, TERM, sigint, 255]", (0, 143, 130, 255))],
)
def test_codes_are_numbers_and_signals_count_as_in_the_shell(codes, numbers):
    assert read(codes)[0].service("a").success_codes == numbers


@pytest.mark.parametrize("codes", ["[256]", "[-1]", "[TREM]", "[1.5]", "yes"])
def test_what_is_no_code_is_a_mistake_at_its_place(codes):
    (mistake,) = read(codes)[1]
    assert mistake.startswith("4:2")


def test_a_signal_that_does_not_exist_is_told_with_the_one_that_was_meant():
    (mistake,) = read("[TREM]")[1]
    assert mistake == '4:21: there is no signal called "TREM" here (did you mean "TERM"?)'


def test_what_is_shown_can_be_read_again():
    stack, _ = read("[TERM, 3]")
    assert dump(stack, SIGNALS)["services"]["a"]["success_codes"] == [143, 3]


def test_a_mistake_in_them_keeps_nobody_from_reading_the_rest():
    found = valid("services:\n  a:\n    command: x\n    success_codes: [TREM, x, 3]\n")
    stack, problems = resolve(found.root, assign(found.claims, None).ports, HERE)
    assert (stack.service("a").success_codes, problems) == ((3,), ())
