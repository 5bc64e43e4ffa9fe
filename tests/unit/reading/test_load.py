import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from placed import faults, tree

from aura_stack.reading import from_yaml
from aura_stack.reading.load import LARGEST, load, parse
from aura_stack.reading.plant import DEEPEST, MOST_NODES, Planter
from aura_stack.reading.tree import Form, Scalar, plain


@pytest.fixture(params=["libyaml", "pure Python"])
def either_parser(request, monkeypatch):
    if request.param == "libyaml":
        assert yaml.__with_libyaml__
    else:
        monkeypatch.delattr(from_yaml.yaml, "CSafeLoader")


def test_every_word_knows_its_line_and_column(either_parser):
    root = tree("name: é\nservices:\n  a: {command: [x, 'y z']}\n")
    command = root.table("services").table("a").get("command")
    assert str(root.entries["services"].key.place) == "f:2:1"
    assert [str(word.place) for word in command.nodes] == ["f:3:17", "f:3:20"]


def test_plain_and_quoted_words_are_told_apart(either_parser):
    words = tree("[1, '1', \"1\", !!str 1]").nodes
    assert [word.value for word in words] == [1, "1", "1", "1"]
    assert [word.form for word in words] == [Form.PLAIN] + [Form.QUOTED] * 3


def test_keys_are_text_as_they_were_written(either_parser):
    assert plain(tree("on: 1\n1.10: 2\n22:22: 3\n")) == {"on": 1, "1.10": 2, "22:22": 3}


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(either_parser):
    loaded = parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\na: 3\r\n", "f")
    assert plain(loaded.root) == {"a": 1, "b": 2}
    assert str(loaded.problems[0]) == 'f:3:1: the key "a" stands twice, first on line 1'


def test_all_duplicate_keys_are_told(either_parser):
    assert faults("a: 1\nb: {x: 1, x: 2, x: 3}\na: 2\n") == [
        '2:11: the key "x" stands twice, first on line 2',
        '2:17: the key "x" stands twice, first on line 2',
        '3:1: the key "a" stands twice, first on line 1',
    ]


def test_anchors_are_shared_and_keep_the_place_where_they_stand(either_parser):
    root = tree("x-web: &web {port: 1}\na: *web\n")
    assert root.entries["a"].node is root.entries["x-web"].node
    assert str(root.table("a").scalar("port").place) == "f:1:20"


def test_merge_keys_give_what_is_not_there_yet(either_parser):
    root = tree(
        "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\none: {<<: *x, a: 9}\nboth: {<<: [*x, *y]}\n'<<': text\n"
    )
    assert plain(root.table("one")) == {"a": 9, "b": 1}
    assert plain(root.table("both")) == {"a": 1, "b": 1, "c": 2}
    assert root.scalar("<<").text == "text"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: {<<: 3}", "1:9: << takes a mapping or a list of mappings"),
        ("? [a, b]\n: 1", "1:3: a key should be a word, not a list or a mapping"),
        ("a: *b", "1:4: nothing is called &b before this line"),
        ("a: &a [*a]", "1:8: *a stands inside of what it names, so it would never end"),
        ("a: !!set x", '1:4: the tag "!!set" means nothing here (write the value without it)'),
        ("a: !secret x", '1:4: the tag "!secret" means nothing here (write the value without it)'),
        ("a: 1\n--- \nb: 2", "2:1: a second document begins here, but a file holds one"),
        ('a: "\\0"', "1:4: a word holds the character U+0000, which no program can be given"),
        ("a: b\x07", "1:5: a control character (U+0007), which YAML does not allow"),
        ("---\n...\n", "1:1: the file is empty"),
        ("~", "1:1: the file is empty"),
    ],
)  # fmt: skip
def test_what_is_no_stack_file_is_told(either_parser, text, fault):
    assert faults(text) == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\n \tb: 2", "2:2: a tab cannot indent YAML (use spaces)"),
        ("a: b: c", '1:5: a second ": " on this line (put the value in quotes)'),
        ("a: [1, 2\nb: 3", '1:4: this list lacks a "," or its "]"'),
        ("a: {b: ${X}}", '1:4: this mapping lacks a "," or its "}" (put text with braces in quotes)'),
        ("a: 'b\nc: d", "1:4: this quote is never closed"),
        ("a: 'b\n---\n'", "1:4: this quote is never closed"),
        ("a: 1\nbc\nd: 2", '2:1: this line lacks a ":" after its key'),
        ("a:\n  - b\n  c: 1", '3:3: expected another "- " below the ones before it'),
        ("a:\n  b: 1\n c: 2", "3:2: this indentation fits none of the lines above"),
        ('a: "b" c', "1:8: text behind the end of a value"),
        ("a: @b", '1:4: a value cannot begin with "@" (put it in quotes)'),
        ("a: *.js", "1:5: * and & begin a name here (put the text in quotes)"),
        ("a: > x\n", "1:6: only a comment may follow on the line of | or >"),
        ("a: - b\n", "1:4: a list cannot begin here (begin it on a line of its own)"),
        ("a: ]\n", "1:4: expected a value here"),
        ("a: !x!y b", "1:4: an unknown tag"),
        ("%YAML 3.0\n---\na: 1", "1:1: a version of YAML that does not exist"),
    ],
)  # fmt: skip
def test_bad_yaml_is_told_in_words_for_people(either_parser, text, fault):
    assert faults(text) == [fault]


def test_an_unknown_escape_is_told():
    assert faults('a: "\\q"') == ["1:5: an unknown escape (write \\\\ for a backslash, or use single quotes)"]


def test_bytes_that_are_not_text_are_told_with_their_place():
    problem = parse("é: x\nb: ".encode() + b"\xff", "f").problems[0]
    assert str(problem) == "f:2:4: the byte 0xFF is not UTF-8 text (save the file as UTF-8)"
    assert parse("a: b".encode("utf-16"), "f").problems[0].place.line == 1


def test_just_as_deep_as_allowed_is_allowed():
    assert faults("[" * DEEPEST + "]" * DEEPEST) == []
    assert faults("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)) == [
        f"1:{DEEPEST + 1}: nested more than {DEEPEST} levels deep"
    ]


def test_aliases_cannot_reach_deeper_than_brackets():
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, DEEPEST + 5)]
    assert faults("\n".join(lines))[0].endswith(f"nested more than {DEEPEST} levels deep")
    for anchored, height in (("x", 0), ("[x]", 1), ("[[[x]], x]", 3)):
        text = (
            f"{{a: &a {anchored}, b: "
            + "[" * (DEEPEST - 1 - height)
            + "*a"
            + "]" * (DEEPEST - 1 - height)
            + "}"
        )
        assert faults(text) == []
        assert len(faults(text.replace("*a", "[*a]"))) == 1


def test_just_as_many_words_as_allowed_are_allowed():
    words = ["x"] * (MOST_NODES - 1)
    assert faults(f"[{','.join(words)}]") == []
    assert faults(f"[{','.join([*words, 'x'])}]")[0].startswith("1:1: stands for more than 100,000 words")


def test_nothing_larger_than_the_limit_is_read(tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_bytes(b"a: 1" + b" " * (LARGEST - 4))
    assert load(str(file), "f").problems == ()
    file.write_bytes(b"a: 1" + b" " * (LARGEST - 3))
    assert str(load(str(file), "f").problems[0]) == "f:1:1: the file is larger than 1,048,576 bytes"


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON.filter(lambda value: value is not None), st.booleans(), st.sampled_from([None, 1, 4]))
def test_json_is_read_as_the_standard_library_reads_it(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert plain(tree(text, as_json=True)) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: the file is empty"),
        ("{\n  a: 1}", "2:3: not JSON: expecting property name enclosed in double quotes"),
        ('{"a": 1\n "b": 2}', "2:2: not JSON: expecting ',' delimiter"),
        ('\n\n{"a": 1,\n\n"a": 2}', '5:1: the key "a" stands twice, first on line 3'),
        ('{"a": 1, "a": 2}', '1:10: the key "a" stands twice, first on line 1'),
        ("[" * 100_000, f"1:{DEEPEST + 1}: nested more than {DEEPEST} levels deep"),
        ("\n" + "]" * 10, "2:1: not JSON: expecting value"),
        ('{"a": "\\ud800"}', "1:7: a word holds the character U+D800, which no program can be given"),
    ],
)  # fmt: skip
def test_what_is_not_json_is_told(text, fault):
    assert faults(text, as_json=True) == [fault]


PRINTABLE = st.text(r"""abc {}[]:,#'"\/~!&*-?|>%@`1.5e""", max_size=12)


@given(
    st.dictionaries(
        PRINTABLE,
        st.recursive(
            st.none() | st.booleans() | st.integers() | PRINTABLE,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
            max_leaves=8,
        ),
    ),
    st.sampled_from([None, 0, 2]),
)
def test_yaml_that_is_json_means_the_same_to_both_readers(value, indent):
    text = json.dumps(value, indent=indent)
    planter = Planter()
    from_yaml.plant(planter, text, "f")
    assert parse(text.encode(), "f").root == planter.root


def test_words_of_json_know_their_places_also_behind_escapes():
    root = tree('{"a\\u00e9": [1,\n  true, "x"]}', as_json=True)
    assert [str(word.place) for word in root.get("aé").nodes] == ["f:1:14", "f:2:3", "f:2:9"]
    assert isinstance(root.get("aé").nodes[2], Scalar)


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(alphabet="ab:-[]{}*&!|>'\"\\\n\t #,<?%@`~$", max_size=60).map(str.encode)
)
def test_no_bytes_make_a_reader_raise(data):
    for as_json in (False, True):
        loaded = parse(data, "f", as_json=as_json)
        assert loaded.root is not None or loaded.problems
