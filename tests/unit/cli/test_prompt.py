import pytest

from aura_stack.cli.prompt import ENTER, Prompt

NAMES = ("backend", "backup", "web")


def asked(keys, names=NAMES):
    """What is said in the end, None while or where nothing is."""
    said = []
    prompt = Prompt("restart", said.append, names)
    for key in keys:
        if not prompt.press(key):
            break
    return (said or [None])[0]


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("w\n", "web"),
        ("backe\r", "backend"),
        ("back\n", "back"),  # two begin so: whoever asked says that there is no such service
        ("backup\n", "backup"),
        ("ba\tu\n", "backup"),
        ("\n", ""),
        ("x\n", "x"),
        ("wx\x7f\n", "web"),
        ("xxx\x15w\n", "web"),
        ("w\x1b\n", None),
        ("w", None),
    ],
)
def test_a_name_is_meant_by_how_it_begins(keys, name):
    assert asked(keys) == name


def test_a_name_that_others_begin_with_is_itself():
    assert asked("web\n", ("web", "web-2")) == "web"


def test_a_text_is_what_was_typed():
    assert asked("a b\x17c é\n", ()) == "ac é"
    assert asked("\x01\x02x\n", ()) == "x"


def test_the_line_shows_what_is_meant():
    prompt = Prompt("restart", lambda _: None, NAMES)
    assert prompt.text == "restart: _   backend backup web"
    prompt.press("w")
    assert prompt.text == "restart: w_   → web"
    prompt.press("x")
    assert prompt.text == "restart: wx_   there is none"
    assert Prompt("only lines with", lambda _: None).text == "only lines with: _"


def test_enter_is_both_ends_of_line():
    assert set(ENTER) == {"\r", "\n"}
