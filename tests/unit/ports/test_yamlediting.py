"""A YAML manifest after an edit: the entry is there or gone, and nothing else has changed, comments neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_stack.errors import AuraError
from aura_stack.ports.yamlediting import with_entry, without_entry
from aura_stack.reading.load import parse
from aura_stack.reading.tree import plain

ENTRY = {"port": 4003, "note": "from May on"}
SAID = '{port: 4003, note: "from May on"}'
ONE_A_LINE = """\
# the ports of the team
version: 1
ports:   # ours
  a:   {port: 4001,   range: back}   # the gateway
  # b used to be 4009
  b: {port: 4002} # é 🦊

# not ours
external:
  db: {port: 5432}
"""
SPREAD = """\
ports:
    a:
        port: 4001  # kept

    # about b
    b:
        port: 4002
        waive:
            duplicate: >
              it is
              told
    # the end
ranges: {back: [4000-4099]}
"""


def said(text):
    loaded = parse(text.encode(), "x.yaml")
    assert not loaded.problems, [str(problem) for problem in loaded.problems]
    return plain(loaded.root)


def test_an_entry_is_written_as_its_neighbours_are():
    assert with_entry(ONE_A_LINE, "ports", "c", ENTRY) == ONE_A_LINE.replace(
        "# é 🦊\n", f"# é 🦊\n  c: {SAID}\n"
    )
    assert with_entry(SPREAD, "ports", "c", ENTRY) == SPREAD.replace(
        "told\n", 'told\n    c:\n        port: 4003\n        note: "from May on"\n'
    )


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("version: 1\n", "version: 1\nports:\n  c: {port: 1}\n"),
        ("version: 1", "version: 1\nports:\n  c: {port: 1}"),
        ("version: 1 # one\n# end\n", "version: 1 # one\nports:\n  c: {port: 1}\n# end\n"),
        ("ports:\n", "ports:\n  c: {port: 1}\n"),
        ("ports:", "ports:\n  c: {port: 1}"),
        ("ports: # none yet\nversion: 1\n", "ports: # none yet\n  c: {port: 1}\nversion: 1\n"),
        ("ports: ~ # none yet\nversion: 1\n", "ports: # none yet\n  c: {port: 1}\nversion: 1\n"),
        ("ports: null\n", "ports:\n  c: {port: 1}\n"),
        ("ports: {}\n", "ports: {c: {port: 1}}\n"),
        ("ports: { }\n", "ports: {c: {port: 1} }\n"),
        ("{ports: }", "{ports: {c: {port: 1}}}"),
        ("{version: 1}", "{version: 1, ports: {c: {port: 1}}}"),
        ("ports: {a: {port: 2}}\n", "ports: {a: {port: 2}, c: {port: 1}}\n"),
        ("ports: {a: {port: 2},}\n", "ports: {a: {port: 2}, c: {port: 1},}\n"),
        (
            "ports: {\n  a: {port: 2} # the first\n}\n",
            "ports: {\n  a: {port: 2}, # the first\n  c: {port: 1}\n}\n",
        ),
        (
            "ports: {\n  a: {port: 2}, # the first\n}\n",
            "ports: {\n  a: {port: 2}, # the first\n  c: {port: 1},\n}\n",
        ),
        (
            "ports: {a: {port: 2},\n  b: {port: 3}}\n",
            "ports: {a: {port: 2},\n  b: {port: 3}, c: {port: 1}}\n",
        ),
        ("ports:\r\n  a: {port: 2}\r\n", "ports:\r\n  a: {port: 2}\r\n  c: {port: 1}\r\n"),
        ("ports:\r\n  a:\r\n    port: 2\r\n", "ports:\r\n  a:\r\n    port: 2\r\n  c:\r\n    port: 1\r\n"),
        ("---\nports:\n  a: {port: 2}\n...\n", "---\nports:\n  a: {port: 2}\n  c: {port: 1}\n...\n"),
        (
            'ports:\n  a: {port: 2, note: "a\n    b"}\n',
            'ports:\n  a: {port: 2, note: "a\n    b"}\n  c: {port: 1}\n',
        ),
        ("ports: &all\n  a: &one {port: 2}\n", "ports: &all\n  a: &one {port: 2}\n  c: {port: 1}\n"),
        ('"ports":\n  "a": {"port": 2}\n', '"ports":\n  "a": {"port": 2}\n  c: {port: 1}\n'),
    ],
)
def test_what_a_manifest_can_look_like(text, after):
    assert with_entry(text, "ports", "c", {"port": 1}) == after
    assert said(after)["ports"]["c"] == {"port": 1}


def test_what_could_mean_something_else_is_written_in_quotes():
    entry = {"port": 1, "note": 'no: "x" # y', "owner": "on", "purpose": "{a}, [b]\n\x7fé"}
    text = with_entry("ports:\n  a: {port: 2}\n", "ports", "4: {", entry)
    assert said(text)["ports"] == {"a": {"port": 2}, "4: {": entry}


@pytest.mark.parametrize(
    ("text", "name", "after"),
    [
        (ONE_A_LINE, "a", ONE_A_LINE.replace("  a:   {port: 4001,   range: back}   # the gateway\n", "")),
        (ONE_A_LINE, "b", ONE_A_LINE.replace("  b: {port: 4002} # é 🦊\n", "")),
        (SPREAD, "a", SPREAD.replace("    a:\n        port: 4001  # kept\n", "")),
        ("ports:\n  a: {port: 2}\n", "a", "ports:\n"),
        ("ports:\n  a: {port: 2}", "a", "ports:\n"),
        ("ports: {a: {port: 2}, b: {port: 3}, c: {port: 4}}\n", "a", "ports: {b: {port: 3}, c: {port: 4}}\n"),
        ("ports: {a: {port: 2}, b: {port: 3}, c: {port: 4}}\n", "b", "ports: {a: {port: 2}, c: {port: 4}}\n"),
        ("ports: {a: {port: 2}, b: {port: 3}, c: {port: 4}}\n", "c", "ports: {a: {port: 2}, b: {port: 3}}\n"),
        ("ports: {a: {port: 2}}\n", "a", "ports: {}\n"),
        ("ports: {a: {port: 2},}\n", "a", "ports: {}\n"),
        (
            "ports: {\n  # first\n  a: {port: 2}, # one\n  # then\n  b: {port: 3} # two\n}\n",
            "a",
            "ports: {\n  # first\n  # then\n  b: {port: 3} # two\n}\n",
        ),
        (
            "ports: {\n  a: {port: 2}, # one\n  b: {port: 3} # two\n}\n",
            "b",
            "ports: {\n  a: {port: 2} # one\n}\n",
        ),
    ],
)
def test_an_entry_is_taken_out_with_its_lines(text, name, after):
    assert without_entry(text, "ports", name) == after
    kept = said(text)["ports"]
    del kept[name]
    assert (said(after)["ports"] or {}) == kept


@pytest.mark.parametrize(
    "text",
    [
        "x-all: &all\n  a: {port: 2}\nports: *all\n",
        "x-all: &all {a: {port: 2}}\nports:\n  <<: *all\n  b: {port: 3}\n",
    ],
)
def test_what_comes_from_an_alias_is_not_taken_out(text):
    with pytest.raises(AuraError, match=r'^"a" comes from an alias'):
        without_entry(text, "ports", "a")


def test_nothing_is_put_into_an_alias():
    with pytest.raises(AuraError, match=r'^"ports" is no mapping of its own'):
        with_entry("x-all: &all\n  a: {port: 2}\nports: *all\n", "ports", "c", ENTRY)


WORDS = st.text("ab:#{}[],&*!|>'\"%@`- 1é🦊", min_size=1, max_size=6)
BLANKS = st.sampled_from(["", "\n", "  # a word, {or: two}\n", "# - at the edge\n", "\n\n"])
BEHIND = st.sampled_from(["", "  # behind it", " #"])


@st.composite
def manifests(draw):
    """A manifest with remarks, with entries on one line or on several, in braces or without."""
    names = draw(st.lists(WORDS, unique=True, max_size=4))
    style = draw(st.sampled_from(["lines", "rows", "braces", "open braces"]))
    lead = " " * draw(st.integers(1, 4))
    lines = ["version: 1" + draw(BEHIND) + "\n" + draw(BLANKS)]
    key = [quoted_key(name) for name in names]
    if style == "braces":
        lines += [f"ports: {{{', '.join(f'{each}: {{port: 1}}' for each in key)}}}{draw(BEHIND)}\n"]
    elif style == "open braces":
        comma = draw(st.sampled_from(["", ","]))
        lines += ["ports: {\n"]
        for at, each in enumerate(key):
            lines += [
                draw(BLANKS),
                f"{lead}{each}: {{port: 1}}{',' if at + 1 < len(key) else comma}{draw(BEHIND)}\n",
            ]
        lines += [" }\n"]
    else:
        lines += [f"ports:{draw(BEHIND)}\n"]
        for each in key:
            value = f"\n{lead}  port: 1" if style == "lines" else " {port: 1}"
            lines += [draw(BLANKS), f"{lead}{each}:{value}{draw(BEHIND)}\n"]
    lines += [draw(BLANKS), draw(st.sampled_from(["", "external:\n  db: {port: 5}\n"])), draw(BLANKS)]
    text = "".join(lines)
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def quoted_key(name):
    return "'" + name.replace("'", "''") + "'"


@given(manifests(), WORDS)
def test_what_is_put_in_and_taken_out_again_leaves_what_was_there(text, name):
    before = said(text)
    table = before["ports"] or {}
    if name in table:
        less = without_entry(text, "ports", name)
        left = said(less)
        assert (left.pop("ports") or {}) == {key: value for key, value in table.items() if key != name}
        assert remarks(text) - remarks(less) <= 1, "but for the remark on its own line"
        return
    more = with_entry(text, "ports", name, ENTRY)
    assert said(more) == {**before, "ports": {**table, name: ENTRY}}
    assert list(said(more)["ports"]) == [*table, name]
    assert remarks(more) == remarks(text)
    assert ("\r\n" in more) == ("\r\n" in text)
    less = without_entry(more, "ports", name)
    assert (said(less)["ports"] or {}) == table
    if table:
        assert less == text


def remarks(text):
    """How many comments there are; names hold none that begin with a blank."""
    return sum(
        line.count("  # ") + line.count(" #\n") + line.startswith("# ")
        for line in text.replace("\r", "").splitlines(keepends=True)
    )
