import pytest

from aura_stack.errors import Place
from aura_stack.ports.entries import State, spelled
from aura_stack.ports.manifest import read

MENTION = Place("stack.yaml", 2, 8)
GOOD = """\
{
  "$schema": "https://example.com/schema.json",
  "version": 1,
  "ranges": {"frontend": ["3000-3099", 5173, " 54112 - 54112 "], "backend": ["4000-4099"]},
  "ports": {
    "backend-mvp": {"port": 4010, "range": "backend", "description": "REST, costs $5 ${A}", "owner": "platform"},
    "loose": {"port": 7000}
  },
  "external": {"postgresql": {"port": 5432}}
}
"""


@pytest.fixture
def written(tmp_path):
    """Writes a manifest and reads it."""

    def write(text, name="ports.json"):
        (tmp_path / name).write_text(text)
        return read(str(tmp_path / name), "m", MENTION)

    return write


def told(found):
    return [str(problem).removeprefix("m:") for problem in sorted(found.problems)]


def test_ranges_are_spans_and_single_numbers(written):
    manifest, problems = written(GOOD)
    assert problems == ()
    assert manifest.ranges == {
        "frontend": (range(3000, 3100), range(5173, 5174), range(54112, 54113)),
        "backend": (range(4000, 4100),),
    }
    assert spelled(manifest.ranges["frontend"]) == "3000-3099, 5173, 54112"


def test_entries_are_found_by_name_and_know_their_places(written):
    entry = written(GOOD).manifest.entries["backend-mvp"]
    assert (entry.number, entry.range, entry.external, entry.owner) == (4010, "backend", False, "platform")
    assert entry.description == "REST, costs $5 ${A}"
    assert str(entry.place) == "m:6:29"
    assert written(GOOD).manifest.entries["postgresql"].external


def test_a_manifest_may_be_yaml(written):
    manifest, problems = written("ports: {web: {port: 8080}}  # the only one\n", "ports.yaml")
    assert problems == ()
    assert manifest.entries["web"].number == 8080


def test_an_empty_manifest_has_no_entries(written):
    assert written("{}").manifest.entries == {}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1: the file is empty"]),
        ("[]", ["1:1: the port manifest should be a mapping, not a list"]),
        ('{"version": 2}', ['1:13: "version" should be 1, not 2']),
        ('{"prots": {}}', ['1:2: unknown key "prots" in the port manifest (did you mean "ports"?)']),
        ('{"ports": []}', ['1:11: "ports" should be a mapping, not a list']),
        ('{"ports": {"a": 4010}}', ['1:17: "a" should be a mapping, not 4010']),
        ('{"ports": {"a": {}}}', ['1:17: a port entry lacks the key "port"']),
        ('{"ports": {"a": {"port": 0}}}', ['1:26: "port" should be a number from 1 to 65535, not 0']),
        ('{"ports": {"a": {"port": "80"}}}', ['1:26: "port" should be a number from 1 to 65535, not "80"']),
        ('{"ports": {"a": {"number": 80}}}', [
            '1:17: a port entry lacks the key "port"',
            '1:18: unknown key "number" in a port entry (did you mean "port"?)',
        ]),
        ('{"ports": {"a": {"port": 4080}, "a": {"port": 81}}}', ['1:33: the key "a" stands twice, first on line 1']),
        ('{"ports": {"a": {"port": 4080}}, "external": {"a": {"port": 81}}}', [
            '1:47: "a" is already one of our ports, on line 1'
        ]),
        ('{"ranges": {"r": "1-2"}}', ['1:18: "r" should be a list, not "1-2"']),
        ('{"ranges": {"r": []}}', ['1:18: "r" is empty']),
        ('{"ranges": {"r": ["x"]}}', [
            '1:19: an item of "r" should be a number from 1 to 65535 or a span such as "3000-3099", not "x"'
        ]),
        ('{"ranges": {"r": ["2-1"]}}', ['1:19: "2-1" should go from a lower port to a higher one, 65535 at most']),
        ('{"ranges": {"r": ["1-70000"]}}', [
            '1:19: "1-70000" should go from a lower port to a higher one, 65535 at most'
        ]),
        ('{"ranges": {"back": [1]}, "ports": {"a": {"port": 4001, "range": "bakc"}}}', [
            '1:66: there is no range called "bakc" (did you mean "back"?)'
        ]),
        ('{"ranges": {"r": ["4010-4020", 4005]}, "ports": {"a": {"port": 4006, "range": "r"}}}', [
            '1:64: port 4006 of "a" is outside of its range [out-of-range] (r is 4010-4020, 4005)'
        ]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_places(written, text, problems):
    assert told(written(text)) == problems


@pytest.mark.parametrize("ranges", ['{"r": ["2-1"]}', '{"r": 5}', '{"r": []}', "5"])
def test_a_range_with_a_mistake_has_nothing_outside_of_it(written, ranges):
    assert (
        len(told(written(f'{{"ranges": {ranges}, "ports": {{"a": {{"port": 4006, "range": "r"}}}}}}'))) == 1
    )


def test_a_name_with_a_mistake_is_known_but_unusable(written):
    manifest = written('{"ports": {"a": {"port": 0}, "b": {"port": 4001}}, "external": {"c": 5}}').manifest
    assert manifest.unusable == {"a", "c"}
    assert manifest.entries.keys() == {"b"}


def test_a_missing_manifest_is_told_where_it_is_named(tmp_path):
    manifest, problems = read(str(tmp_path / "nix.json"), "config/nix.json", MENTION)
    assert manifest is None
    assert [str(problem) for problem in problems] == [
        "stack.yaml:2:8: there is no port manifest config/nix.json"
    ]


def test_a_manifest_that_is_a_folder_is_told_where_it_is_named(tmp_path):
    problems = read(str(tmp_path), "config", MENTION).problems
    assert [str(problem) for problem in problems] == [
        "stack.yaml:2:8: the port manifest config cannot be read: this is a folder, not a file"
    ]


FULL = """\
{"reserved": [4003, "4005-4006"], "ports": {"a": {"port": 4003, "purpose": "tests", "state": "retired", "note": "gone",
  "waive": {"reserved": "ours since ever"}}}}
"""


def test_an_entry_says_what_it_is_for_and_what_it_need_not_keep(written):
    manifest, problems = written(FULL)
    assert problems == ()
    assert manifest.reserved == (range(4003, 4004), range(4005, 4007))
    (entry,) = manifest.entries.values()
    assert (entry.purpose, entry.state, entry.note) == ("tests", State.RETIRED, "gone")
    assert entry.waived == {"reserved": "ours since ever"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('"state": "old"', '1:41: "state" should be active, reserved or retired, not "old"'),
        ('"waive": {"reserved": ""}', '1:54: "reserved" should be a reason, not ""'),
        (
            '"waive": {"x": "y"}',
            (
                '1:42: "x" should be the name of a rule '
                "(duplicate, out-of-range, reserved, privileged, blocked-by-browsers or ephemeral)"
            ),
        ),
    ],
)
def test_a_state_or_a_rule_that_there_is_not_is_told(written, entry, problem):
    assert told(written(f'{{"ports": {{"a": {{"port": 4001, {entry}}}}}}}')) == [problem]


def test_a_number_that_breaks_a_rule_is_a_problem_unless_the_rules_are_left_aside(tmp_path):
    (tmp_path / "m.json").write_text('{"ports": {"a": {"port": 6000}}}')
    (problem,) = read(str(tmp_path / "m.json"), "m", MENTION).problems
    assert problem.message == 'port 6000 of "a" is one that browsers refuse to talk to [blocked-by-browsers]'
    assert read(str(tmp_path / "m.json"), "m", MENTION, policy=False).problems == ()
