"""Whatever lies in a folder, the draft for it is a good definition that says what was found."""

import json
import os

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imagined_folders import make, package

from aura_stack.drafting import drafts, writing
from aura_stack.drafting.detect import LOOKED_FOR, Source
from aura_stack.errors import AuraError, InvalidDefinition
from aura_stack.session import definition

# one folder for all examples will do, and a busy disk is no fault
QUIET = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(60)
)


def read(path):
    return definition.read(path, {}, os.path.dirname(path))


def drafted(folder, source=Source.DETECT):
    """The draft for a folder on disk, and the definition that it is."""
    made = drafts.draft(str(folder), "stack.yaml", source)
    found = []
    writing.rehearse(made.files, made.stack_file, made.folders, lambda path: found.append(read(path)))
    return made, found[0].stack


# --- generated folders ---

WORDS = st.sampled_from([
    "node", "server.js", "src/index.ts", "vite", "next", "dev", "--port", "3000", "-p", "${PORT}", "$PORT",
    "${PORT:-80}", "npm", "run", "start", "&&", "|", "$HOME", "${X}", "$$", "${", "'", '"', "a b", "PORT=3000",
    "X=${Y}", "cross-env", "cd", "api", ":", "#", "é", "\x07", "\u2028", "😀", "-", "yes", "null", "~", "*",
    "[", "{", "}", ",",
    "%", "@x", "!",
])  # fmt: skip
WORDED = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
LINES = WORDED | st.text(max_size=20)
NAMES = st.sampled_from(["dev", "start", "serve", "predev", "build", "start:dev"]) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PACKAGES = st.fixed_dictionaries(
    {"scripts": st.dictionaries(NAMES, LINES, max_size=4) | JSON},
    optional={
        "name": LINES | JSON,
        "main": LINES | JSON,
        "packageManager": st.sampled_from(["npm@10", "pnpm@9", "yarn@4"]) | LINES | JSON,
        "workspaces": st.lists(LINES, max_size=2) | JSON,
        "engines": st.fixed_dictionaries({"node": LINES | st.sampled_from([">=20", "^20 || ^22", "x"])})
        | JSON,
        "dependencies": st.dictionaries(LINES, LINES, max_size=2) | JSON,
    },
)
PIECES = st.sampled_from([
    "app.listen(3000)", "const port = process.env.PORT || 4010;", "server.listen(port)", "x.listen({ port: 99999 })",
    "server: { port: 5174, proxy: 'http://localhost:3000' }", "HTTPServer(('', 8000), H)", "app = Flask(__name__)",
    "app = FastAPI()", "uvicorn.run(app)", "process.env.API_URL", "'/health'", "x.listen(process.env.ODD_PORT)",
])  # fmt: skip
CODE = st.lists(PIECES | st.text(max_size=20), max_size=4).map("\n".join)
NAMED = st.sampled_from(["web", "api", "API", "a-b", "a_b", "release", "", "x.1"])
PROCFILES = st.lists(st.tuples(NAMED, LINES).map(": ".join), max_size=5).map("\n".join)
PUBLISHED = st.sampled_from(["5432:5432", "127.0.0.1:3000:80", "80", "${P:-6379}:6379", {"published": 3000}])
SERVICES = st.sampled_from(["postgres", "redis", "api", "web", "my.api", "my-api"]) | st.text(max_size=5)
CONDITIONS = st.sampled_from(["service_healthy", "service_completed_successfully", "service_started"]) | LINES
VALUES = LINES | st.sampled_from(
    ["postgres://a:${B:-c}@postgres:1/x", "http://api", "api:1,web:2", "localhost:3000"]
)
COMPOSE = st.dictionaries(
    SERVICES,
    st.fixed_dictionaries(
        {},
        optional={
            "image": st.sampled_from(["postgres:16", "${IMAGE}"]) | JSON,
            "build": st.sampled_from(
                [".", "api", "../api", {"context": ".", "dockerfile": "apps/web/Dockerfile"}]
            )
            | JSON,
            "command": LINES | st.lists(WORDS, max_size=4) | JSON,
            "environment": st.dictionaries(NAMED | LINES, VALUES, max_size=3)
            | st.lists(st.tuples(NAMED, VALUES).map("=".join), max_size=3)
            | JSON,
            "env_file": st.sampled_from([".env", ["api/.env", {"path": ".env"}]]) | JSON,
            "depends_on": st.lists(SERVICES, max_size=2)
            | st.dictionaries(SERVICES, st.fixed_dictionaries({"condition": CONDITIONS}), max_size=2)
            | JSON,
            "deploy": st.fixed_dictionaries({"replicas": st.integers(0, 200)}) | JSON,
            "ports": st.lists(PUBLISHED | JSON, max_size=2) | JSON,
        },
    )
    | JSON,
    max_size=3,
).map(lambda services: json.dumps({"services": services}))
FOLDERS = st.sampled_from(["", "api/", "apps/web/", "api-/", "API/"])
FILES = st.one_of(
    st.tuples(FOLDERS.map("{}package.json".format), PACKAGES.map(json.dumps) | st.text(max_size=20)),
    st.tuples(FOLDERS.map("{}server.js".format) | FOLDERS.map("{}src/index.ts".format), CODE),
    st.tuples(FOLDERS.map("{}app.py".format) | FOLDERS.map("{}manage.py".format), CODE),
    st.tuples(FOLDERS.map("{}vite.config.js".format), CODE),
    st.tuples(
        FOLDERS.map("{}package-lock.json".format) | FOLDERS.map("{}requirements.txt".format), st.just("")
    ),
    st.tuples(
        FOLDERS.map("{}pyproject.toml".format), LINES | st.just('[project]\nrequires-python = ">=3.11"')
    ),
    st.tuples(st.sampled_from(["Procfile", "Procfile.dev"]), PROCFILES),
    st.tuples(st.sampled_from(["compose.yaml", "api/docker-compose.yml"]), COMPOSE | st.text(max_size=20)),
    st.tuples(
        FOLDERS.map("{}.env".format), st.sampled_from(["PORT=4020", "PORT=0", "export PORT='99'", "X"])
    ),
)


@settings(QUIET, max_examples=examples(150))
@given(texts=st.lists(FILES, max_size=7).map(dict), source=st.sampled_from(Source))
def test_a_draft_of_anything_is_a_good_definition(tmp_path_factory, texts, source):
    folder = make(tmp_path_factory.mktemp("any", numbered=True), texts)
    try:
        made, stack = drafted(folder, source)
    except AuraError as error:
        nothing = error.message == f"nothing was found that could be run; looked for {LOOKED_FOR[source]}"
        if not nothing or source is Source.DETECT:
            raise
        return
    names = [one.name for one in made.draft.services] + [one.name for one in made.draft.externals]
    first = {service.family: service for service in reversed(stack.services)}  # of replicas
    assert [*reversed(first)] == (["hello"] if made.starter else names)
    for one, service in zip(made.draft.services, reversed(first.values()), strict=False):
        assert [port.number for port in service.ports] == ([one.number] if one.number else [])


SHELL_LINES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\n\r"), min_size=1, max_size=40
)


@QUIET
@given(SHELL_LINES | WORDED)
def test_a_line_of_a_procfile_comes_out_as_the_command_that_it_is(tmp_path, line):
    (tmp_path / "Procfile").write_text(f"web: x | {line}\n", encoding="utf-8", newline="")
    _, stack = drafted(tmp_path)
    assert stack.services[0].command.argv == ("/bin/sh", "-c", f"x | {line}".strip())


# --- a manifest that is there ---


def test_a_manifest_that_is_there_is_only_added_to(tmp_path):
    manifest = {
        "version": 1,
        "ranges": {"web": ["3000-3099"]},
        "ports": {"old": {"port": 4010, "range": "web"}},
    }
    manifest["ports"]["old"] = {"port": 3005, "range": "web", "owner": "me"}
    make(tmp_path, {
        "config/ports.manifest.json": json.dumps(manifest),
        "a.py": "HTTPServer(('', 3005), X)",
        "b.py": "HTTPServer(('', 3006), X)",
    })  # fmt: skip
    made, stack = drafted(tmp_path)
    assert made.changed == ("config/ports.manifest.json", "stack.yaml")
    added = json.loads(made.files["config/ports.manifest.json"])
    assert added == manifest | {"ports": {**manifest["ports"], "b": {"port": 3006}}}
    assert [service.ports[0].entry for service in stack.services] == ["old", "b"]


def test_a_manifest_that_has_all_of_it_is_not_written_again(tmp_path):
    text = '{"ports":\n\n {"a": {"port": 3005}}}'
    make(tmp_path, {"config/ports.manifest.json": text, "a.py": "HTTPServer(('', 3005), X)"})
    made, _ = drafted(tmp_path)
    assert made.changed == ("stack.yaml",)


def test_a_second_draft_gives_the_numbers_of_the_first(tmp_path):
    code = "const p = process.env.PORT || 3000; app.listen(p)"
    make(
        tmp_path,
        {f"{name}/server.js": code for name in "abc"} | {f"{name}/package.json": "{}" for name in "abc"},
    )
    first, _ = drafted(tmp_path)
    writing.put(str(tmp_path), first.files)
    second, _ = drafted(tmp_path)
    assert (
        [one.number for one in second.draft.services]
        == [one.number for one in first.draft.services]
        == [3000, 3001, 3002]
    )
    assert second.changed == ("stack.yaml",)


def test_a_number_of_a_program_that_is_not_ours_is_not_taken(tmp_path):
    make(tmp_path, {
        "config/ports.manifest.json": '{"external": {"db": {"port": 3000}}}',
        "package.json": package(scripts={"start": "node s.js"}, name="s"),
        "s.js": "app.listen(process.env.PORT || 3000)",
    })  # fmt: skip
    made, _ = drafted(tmp_path)
    assert made.draft.services[0].number == 3001


@pytest.mark.parametrize("text", ["{", '{"ports": {"a": 1}}', "[]"])
def test_a_manifest_with_mistakes_is_told_and_left_alone(tmp_path, text):
    make(tmp_path, {"config/ports.manifest.json": text, "a.py": "HTTPServer(('', 3005), X)"})
    with pytest.raises(InvalidDefinition, match=r"^config/ports\.manifest\.json:1:"):
        drafted(tmp_path)


# --- before anything is written ---


def test_a_draft_that_is_not_valid_is_a_mistake_of_ours_and_not_written(tmp_path):
    files = {"stack.yaml": "services: {a: {command: x, cwd: gone}}\n"}
    with pytest.raises(AuraError) as caught:
        writing.rehearse(files, "stack.yaml", frozenset(), read)
    assert caught.value.message == (
        'the draft would not be a valid definition: stack.yaml:1:33: there is no folder "gone"'
    )
    assert caught.value.hint == "this is a mistake of aura-stack; nothing was written"


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "config").write_text("a file where a folder should be")
    with pytest.raises(AuraError, match=r"^config/x\.json cannot be written: "):
        writing.put(str(tmp_path), {"config/x.json": "{}"})


def test_without_a_scratch_folder_nothing_is_checked_and_nothing_is_written(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(AuraError, match="no scratch folder can be made"):
        writing.rehearse({"stack.yaml": ""}, "stack.yaml", frozenset(), read)
