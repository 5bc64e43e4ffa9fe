import os
import string
import subprocess
import sys

import pytest
import yaml
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura_stack.errors import AuraError, InvalidDefinition
from aura_stack.session.definition import read
from aura_stack.stack.kinds import Either, MapOf, Record
from aura_stack.stack.shape import STACK

# one folder for all examples will do, and a busy disk is no fault
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
TWENTY = "".join(
    f"  s{n}: {{command: [x], port: {4000 + n}, env: {{A: '${{services.s0.url}}'}}}}\n" for n in range(20)
)


def names(kind):
    """All keys that may stand anywhere within a kind."""
    if isinstance(kind, Record):
        for name, key in kind.keys.items():
            yield name
            yield from names(key.kind)
    elif isinstance(kind, Either):
        for each in kind.kinds:
            yield from names(each)
    elif isinstance(kind, MapOf) or hasattr(kind, "item"):
        yield from names(kind.item)


WORDS = st.sampled_from([
    "x", "a", "b", "/health", "30s", "10 in 5m", "never", "ready", "${A}", "${NONE:-b}", "${port}", "$$",
    "${services.a.url}", "${services.b.port}", "${", "TERM", "p.json", ".", "no",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000) | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted(set(names(STACK)))) | st.sampled_from("ab"), inner, max_size=4
        )
    ),
    max_leaves=25,
)
SERVICES = st.dictionaries(st.sampled_from("ab"), st.dictionaries(
    st.sampled_from(sorted(STACK.keys["services"].kind.item.keys)), VALUES, max_size=6), max_size=2)  # fmt: skip
OTHERS = {name: VALUES for name in STACK.keys if name != "services"}
STACKS = st.fixed_dictionaries({"services": SERVICES}, optional=OTHERS)
NOISE = st.text(alphabet=string.ascii_lowercase + ":-[]{}*&!|>'\"\\\n\t #,<?%@`~$", max_size=80)


def outcome(folder, data):
    """A definition, or whether all its mistakes have places; whatever else is raised goes up."""
    file = folder / "stack.yaml"
    file.write_bytes(data)
    try:
        return read(str(file), {"A": "1"}, str(folder))
    except InvalidDefinition as invalid:
        return min(min(problem.place.line, problem.place.column) for problem in invalid.problems) >= 1


@settings(QUIET)
@given(st.binary(max_size=300) | NOISE.map(str.encode))
def test_no_bytes_raise_anything_but_their_mistakes(tmp_path, data):
    assert outcome(tmp_path, data)


@settings(QUIET, max_examples=examples(300))
@given(
    VALUES
    | st.fixed_dictionaries(
        {"services": SERVICES}, optional=dict.fromkeys(STACK.keys.keys() - {"services"}, VALUES)
    )
)
def test_no_yaml_raises_anything_but_its_mistakes(tmp_path, value):
    assert outcome(tmp_path, yaml.dump(value, allow_unicode=True).encode("utf-8", "surrogatepass"))


@settings(QUIET)
@given(
    st.binary(max_size=100)
    | VALUES.map(lambda value: yaml.dump(value, default_flow_style=True).encode("utf-8", "ignore"))
)
def test_no_manifest_raises_anything_but_its_mistakes(tmp_path, data):
    (tmp_path / "p.json").write_bytes(data)
    assert outcome(tmp_path, b"ports: p.json\nservices: {a: {command: x, port: a}}\n")


def test_a_definition_names_its_files_and_what_it_took_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stack.yaml").write_text(
        "ports: p.json\nservices: {a: {command: 'x ${A} ${B:-}', port: web}}\n"
    )
    (tmp_path / "p.json").write_text('{"ports": {"web": {"port": 4010}}}')
    found = read("stack.yaml", {"A": "1", "C": "3"})
    assert (found.label, found.manifest.file, found.variables) == ("stack.yaml", "p.json", {"A": "1"})
    assert (found.stack.file, found.stack.directory) == (f"{tmp_path}/stack.yaml", str(tmp_path))


@pytest.mark.parametrize(
    ("path", "directory", "label"),
    [
        ("{}/proj/stack.yaml", "{}/proj", "stack.yaml"),
        ("{}/proj/stack.yaml", "{}", "proj/stack.yaml"),
        ("{}/proj/stack.yaml", "{}/pro", "{}/proj/stack.yaml"),
        ("{}/proj/stack.yaml", "/", None),
    ],
)
def test_files_are_called_as_they_are_seen_from_the_current_directory(tmp_path, path, directory, label):
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj/stack.yaml").write_text("ports: p.json\nservices: {a: {command: x}}\n")
    with pytest.raises(InvalidDefinition) as caught:
        read(path.format(tmp_path), {}, directory.format(tmp_path))
    label = label.format(tmp_path) if label else f"{tmp_path}/proj/stack.yaml".lstrip("/")
    manifest = label.replace("stack.yaml", "p.json")
    assert str(caught.value) == f"{label}:1:8: there is no port manifest {manifest}"


def test_a_file_outside_is_called_as_it_was_named(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    (tmp_path / "stack.yaml").write_text("services: {}\n")
    with pytest.raises(InvalidDefinition, match=r"^\.\./stack\.yaml:1:11: "):
        read("../stack.yaml", {})


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path):
    (tmp_path / "stack.yaml").mkdir()
    with pytest.raises(
        AuraError, match=r"the stack file stack\.yaml cannot be read: this is a folder"
    ) as caught:
        read(str(tmp_path / "stack.yaml"), {}, str(tmp_path))
    assert caught.value.exit_code == 5


def test_reading_loads_nothing_that_a_first_start_could_do_without(tmp_path):
    (tmp_path / "stack.yaml").write_text("name: x\nservices:\n" + TWENTY)
    heavy = ["asyncio", "subprocess", "pathlib", "shutil", "tempfile", "socket", "urllib", "http", "difflib"]
    code = (
        "import sys, yaml, json; before = set(sys.modules)\n"
        "from aura_stack.session.definition import read\n"
        f"assert len(read({str(tmp_path / 'stack.yaml')!r}, {{}}).stack.services) == 20\n"
        f"print(*sorted(set({heavy!r}) & (set(sys.modules) - before)))"
    )
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("\n", "")
