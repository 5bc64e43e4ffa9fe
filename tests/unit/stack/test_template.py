import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_stack.stack.template import BadTemplate, Reference, fill_references, fill_variables, references


def filled(text, **variables):
    """What a text means when there are no services."""
    return fill_references(fill_variables(text, variables.get), str)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("plain", "plain"),
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${EMPTY}", ""),
        ("${EMPTY:-2}", "2"),
        ("${NONE:-2}", "2"),
        ("${A:-2}", "1"),
        ("${NONE:-}", ""),
        ("${NONE:-${A}}", "1"),
        ("${NONE:-${NIL:-deep}}!", "deep!"),
        ("${NONE:-" * 8 + "$" + "}" * 8, "$"),
        ("${NONE:-http://x:1/?a=b}", "http://x:1/?a=b"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$$$", "$$"),
        ("$$${A}", "$1"),
        ("$A and $(date) and $", "$A and $(date) and $"),
        ("${DOLLARS}", "$$ ${A} ${services.x.port}"),
        ("${NONE:-$}{A}", "${A}"),
        ("${NONE:-$$}{A}", "${A}"),
        ("a } b", "a } b"),
    ],
)
def test_variables_and_dollars_mean_what_the_docs_say(text, meaning):
    assert filled(text, A="1", EMPTY="", DOLLARS="$$ ${A} ${services.x.port}") == meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NONE}", "the variable NONE is not set"),
        ("${NONE:-${NIL}}", "the variable NIL is not set"),
        ("${", '"${" is never closed'),
        ("x ${A", '"${" is never closed'),
        ("${A:-${B}", '"${" is never closed'),
        ("${}", '"${}" means nothing here'),
        ("${A-b}", '"${A-b}" means nothing here'),
        ("${file%.txt}", '"${file%.txt}" means nothing here'),
        ("${services.a}", '"${services.a}" means nothing here'),
        ("${services.a.host}", '"${services.a.host}" means nothing here'),
        ("${port:-80}", '"${port:-80}" means nothing here'),
        ("${NONE:-" * 9 + "$" + "}" * 9, "defaults stand more than 8 deep inside of each other"),
    ],
)
def test_what_cannot_be_filled_in_is_said(text, message):
    with pytest.raises(BadTemplate) as caught:
        filled(text, A="1")
    assert caught.value.message == message


def test_references_stay_until_ports_are_known():
    text = "${A} ${port} ${services.a-b.url} ${services.c.ports.metrics} $${port}"
    half = fill_variables(text, {"A": "${port}"}.get)
    assert references(half) == (
        Reference("", "port"),
        Reference("a-b", "url"),
        Reference("c", "port", "metrics"),
    )
    assert fill_references(half, lambda _: "7") == "${port} 7 7 7 ${port}"


@pytest.mark.parametrize(
    "text", ["${port}", "${services.a.port}", "${services.a.url}", "${services.a.ports.b}"]
)
def test_a_reference_is_printed_as_it_is_written(text):
    assert str(references(text)[0]) == text


@settings(deadline=None)
@given(st.lists(st.none() | st.text(alphabet="ab{}:-.")), st.text(alphabet="${}:-A", min_size=1))
def test_no_value_is_ever_read_as_a_template(pieces, value):
    text = "".join("${A}" if piece is None else piece for piece in pieces)
    assert filled(text, A=value) == "".join(value if piece is None else piece for piece in pieces)


@settings(deadline=None)
@given(st.text())
def test_escaping_every_dollar_gives_the_text_back(text):
    assert filled(text.replace("$", "$$")) == text
