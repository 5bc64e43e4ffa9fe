"""A manifest after an edit: the entry is there or gone, and nothing else has changed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.ports.editing import with_entry, without_entry

ONE_A_LINE = """\
{
  "version": 1,
  "ports": {
    "a":   {"port": 4001,   "range": "back"},
    "b": {"port": 4002}
  },
  "external": {"db": {"port": 5432}}
}
"""
SPREAD = """\
{
    "ports": {
        "a": {
            "port": 4001
        }
    }
}
"""


def test_an_entry_is_written_as_its_neighbours_are():
    assert with_entry(ONE_A_LINE, "ports", "c", {"port": 4003, "note": "é"}) == ONE_A_LINE.replace(
        '{"port": 4002}\n', '{"port": 4002},\n    "c": {"port": 4003, "note": "é"}\n'
    )
    assert with_entry(SPREAD, "ports", "c", {"port": 4003}) == SPREAD.replace(
        "        }\n", '        },\n        "c": {\n            "port": 4003\n        }\n', 1
    )


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('{"ports": {}}', '{"ports": {\n    "c": {"port": 1}\n  }}'),
        ('{"ports": {"a" : 1 , "b" : 2 } }', '{"ports": {"a" : 1 , "b" : 2, "c": {"port": 1} } }'),
        ('{"ports": null}', '{"ports": {\n    "c": {"port": 1}\n  }}'),
        ('{"ports": {\r\n}}', '{"ports": {\r\n    "c": {"port": 1}\r\n  }}'),
        ("{}", '{\n  "ports": {"c": {"port": 1}}\n}'),
        ('{"version": 1}', '{"version": 1, "ports": {"c": {"port": 1}}}'),
        ('{"ports":{"a":{"port":2}}}\n', '{"ports":{"a":{"port":2}, "c": {"port": 1}}}\n'),
    ],
)
def test_where_there_is_no_neighbour_it_is_written_plainly(text, after):
    assert with_entry(text, "ports", "c", {"port": 1}) == after


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("a", '"a":   {"port": 4001,   "range": "back"},\n    '),
        ("b", ',\n    "b": {"port": 4002}'),
    ],
)
def test_an_entry_is_taken_out_with_its_comma(name, gone):
    assert without_entry(ONE_A_LINE, "ports", name) == ONE_A_LINE.replace(gone, "")


def test_the_only_entry_leaves_an_empty_table():
    assert without_entry(ONE_A_LINE, "external", "db") == ONE_A_LINE.replace('{"db": {"port": 5432}}', "{}")


NAMES = st.text(min_size=1, max_size=5)
TABLES = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers() | NAMES, max_size=3), max_size=4)


@given(TABLES, NAMES, st.sampled_from([None, 2, "\t"]))
def test_what_is_put_in_and_taken_out_again_leaves_what_was_there(table, name, indent):
    table.pop(name, None)
    text = json.dumps({"x": ["}", {"a": 1}], "ports": table, "y": "{"}, indent=indent)
    more = with_entry(text, "ports", name, {"port": 4000})
    assert json.loads(more) == {**json.loads(text), "ports": {**table, name: {"port": 4000}}}
    assert list(json.loads(more)["ports"]) == [*table, name]
    less = without_entry(more, "ports", name)
    assert json.loads(less) == json.loads(text)
    if table:
        assert less == text
