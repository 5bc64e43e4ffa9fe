"""Changes of files: what is written and what is refused, and that a hostile project does no harm."""

import errno
import json
import os
import subprocess
import threading

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli
from aura_stack.errors import AuraError
from aura_stack.mending import planning, writing
from aura_stack.mending.edits import Edit, apply, diff
from aura_stack.mending.planning import Change

STACK = """\
name: shop
ports: ports.json
services:
  backend: {command: [node, server.js], cwd: backend, port: backend}
  web: {command: [node, vite.js], cwd: web, port: web, env: {BACKEND_URL: "${services.backend.url}"}}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    for folder in ("backend", "web"):
        (tmp_path / folder).mkdir()
    (tmp_path / "stack.yaml").write_text(STACK)
    (tmp_path / "ports.json").write_text(
        json.dumps({"ports": {"backend": {"port": 4010}, "web": {"port": 5173}}})
    )
    (tmp_path / "backend/server.js").write_text("app.listen(3000);\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fix(*words):
    """Exit code, standard output and standard error of `ports fix`."""
    done = CliRunner().invoke(cli, ["ports", "fix", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def git(project, *words):
    command = [
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@localhost",
        "-c",
        "commit.gpgsign=false",
        *words,
    ]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


def changed(project, path, text):
    """What a file comes to."""
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(text)
    fix("--apply")
    return (project / path).read_text()


# --- what is written ---


ROWS = {
    "an argument among others": (
        "backend/server.js",
        "server.listen(4010, '127.0.0.1', () => {});",
        "server.listen(Number(process.env.PORT ?? 4010), '127.0.0.1', () => {});",
    ),
    "a text beside an operator": (
        "backend/server.js",
        "app.listen(argv.port || '4010');",
        "app.listen(argv.port || (process.env.PORT ?? '4010'));",
    ),
    "an address in quotes with quotes in it": (
        "web/vite.config.js",
        "export const a = 'it\\'s http://localhost:4010/`x`';",
        "export const a = `it\\'s http://localhost:${process.env.AURA_PORT_BACKEND ?? 4010}/\\`x\\``;",
    ),
    "an address whose variable the stack sets": (
        "web/vite.config.js",
        'export default { server: { proxy: { "/api": "http://localhost:4010" } } };',
        'export default { server: { proxy: { "/api": process.env.BACKEND_URL ?? "http://localhost:4010" } } };',
    ),
    "an address that is imported": (
        "web/vite.config.js",
        "import x from 'http://localhost:4010/x.js';",
        "import x from 'http://localhost:4010/x.js';",
    ),
    "a fall-back that differs": (
        "backend/server.js",
        "app.listen(process.env.PORT || 3000);",
        "app.listen(process.env.PORT || 4010);",
    ),
    "a program that cannot be read": ("backend/server.js", "app.listen(3000;\n}", "app.listen(3000;\n}"),
    "two servers in one program of one port": (
        "backend/server.js",
        "a.listen(3000);\nb.listen(3001);",
        "a.listen(3000);\nb.listen(3001);",
    ),
    "a second server": (
        "backend/server.js",
        "a.listen(4010);\nb.listen(9100);",
        "a.listen(Number(process.env.PORT ?? 4010));\nb.listen(9100);",
    ),
    "a number in groups": ("tool/t.js", "s.listen(21_987)", "s.listen(Number(process.env.PORT ?? 21_987))"),
    "two servers of nobody": (
        "tool/t.js",
        "a.listen(3001); b.listen(3002)",
        "a.listen(3001); b.listen(3002)",
    ),
    "Python with a docstring and the future": (
        "tool/t.py",
        '"""Doc."""\nfrom __future__ import annotations\nimport json, sys\nimport re\n\nHTTPServer(("", 9000), H)\n',
        (
            '"""Doc."""\nfrom __future__ import annotations\nimport json, sys\nimport os\nimport re\n\n'
            'HTTPServer(("", int(os.environ.get("PORT", "9000"))), H)\n'
        ),
    ),
    "Python where os is something else": (
        "tool/t.py",
        'os = "linux"\nHTTPServer(("", 9000), H)\n',
        'os = "linux"\nHTTPServer(("", 9000), H)\n',
    ),
    "Python that has os already": (
        "tool/t.py",
        'import sys, os\nHTTPServer(("", 9000), H)\n',
        'import sys, os\nHTTPServer(("", int(os.environ.get("PORT", "9000"))), H)\n',
    ),
    "an f-string": (
        "tool/t.py",
        "import os\nget(f'http://localhost:4010/{x}')\n",
        'import os\nget(f\'http://localhost:{os.environ.get("AURA_PORT_BACKEND", "4010")}/{x}\')\n',
    ),
    "braces in a text": (
        "tool/t.py",
        "import os\nget('http://localhost:4010/{x}')\n",
        'import os\nget(f\'http://localhost:{os.environ.get("AURA_PORT_BACKEND", "4010")}/{{x}}\')\n',
    ),
    "bytes": ("tool/t.py", "get(b'http://localhost:4010/')\n", "get(b'http://localhost:4010/')\n"),
    "a script in single quotes": (
        "backend/package.json",
        '{"scripts": {"dev": "sh -c \'PORT=4010 node .\'"}}',
        '{"scripts": {"dev": "sh -c \'PORT=4010 node .\'"}}',
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_becomes_of_a_file(name, project):
    path, text, expected = ROWS[name]
    assert changed(project, path, text) == expected
    assert fix()[0] == 0


def test_without_apply_nothing_is_written_and_the_code_says_that_there_is_something(project):
    code, out, _ = fix()
    assert code == 1
    assert "-app.listen(3000);\n+app.listen(Number(process.env.PORT ?? 4010));\n" in out
    assert (project / "backend/server.js").read_text() == "app.listen(3000);\n"


def test_only_what_is_about_one_service(project):
    (project / "web/vite.config.js").write_text("export default { server: { port: 3001 } }")
    assert "backend" not in fix("--only", "web")[1]
    assert fix("--only", "none")[0] == 4


def test_json_names_the_changes_and_what_is_left(project):
    (project / "web/a.jsx").write_text("fetch('http://localhost:4010')")
    code, out, _ = fix("--json")
    found = json.loads(out)
    assert (code, found["applied"], [one["path"] for one in found["changes"]]) == (
        1,
        False,
        ["backend/server.js"],
    )
    assert [(one["file"], one["port"]) for one in found["left"]] == [("web/a.jsx", 4010)]


def test_permissions_stay(project):
    (project / "backend/server.js").chmod(0o775)
    fix("--apply")
    assert (project / "backend/server.js").stat().st_mode & 0o777 == 0o775


# --- what is refused ---


def test_a_file_that_git_says_is_changed_is_not_written_without_force(project):
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")
    (project / "backend/server.js").write_text("app.listen(3001);\n")
    (project / "web/vite.config.js").write_text(
        "export default { server: { port: 3001 } }"
    )  # not kept by git at all
    code, _, err = fix("--apply")
    assert code == 1
    assert "backend/server.js" in err
    assert "web/vite.config.js" in err
    assert "--force" in err
    assert (project / "backend/server.js").read_text() == "app.listen(3001);\n"
    assert fix("--apply", "--force")[0] == 0
    assert "PORT" in (project / "backend/server.js").read_text()


def test_a_file_as_git_has_it_is_written_also_in_a_folder_of_the_repository(project, monkeypatch):
    (project / "inside").mkdir()
    for name in ("stack.yaml", "ports.json", "backend", "web"):
        (project / name).rename(project / "inside" / name)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")
    monkeypatch.chdir(project / "inside")
    assert fix("--apply")[0] == 0
    (project / "inside/backend/server.js").write_text("app.listen(3001);\n")
    assert fix("--apply")[0] == 1


def test_what_git_ignores_is_left_alone_by_rules_above_below_and_against_each_other(project):
    (project / ".gitignore").write_text("*.gen.js\n/made/\n!keep.gen.js\n")
    (project / "backend/.gitignore").write_text("local.js\n")
    for path in ("a.gen.js", "keep.gen.js", "made/b.js", "backend/local.js", "local.js"):
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text("s.listen(3999)")
    out = fix()[1]
    assert {line.removeprefix("+++ b/") for line in out.splitlines() if line.startswith("+++")} == {
        "backend/server.js",
        "keep.gen.js",
        "local.js",
    }


def test_a_hostile_project_does_no_harm(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "server.js").write_text("app.listen(3000);\n")
    (project / "backend/link.js").symlink_to(elsewhere / "server.js")
    (project / "backend/linked").symlink_to(elsewhere)
    (project / "backend/loop").symlink_to(project)
    (project / "backend/bundle.js").write_text("var a=1;" * 5000 + "app.listen(3000)")
    (project / "backend/image.js").write_bytes(b"app.listen(3000)\0\1\2\3")
    with (project / "backend/huge.js").open("wb") as stream:
        stream.write(b"app.listen(3000);\n")
        stream.truncate(50 * 1024 * 1024)
    os.mkfifo(project / "backend/pipe.js")
    (project / "backend/latin.js").write_bytes("// caf\xe9\napp.listen(4010);\n".encode("latin-1"))
    (project / "backend/deep.json").write_text("[" * 20_000 + "]" * 20_000)
    (project / "backend/deep.js").write_text("app.listen(4010, " + "(" * 2000 + ")" * 2000 + ")")
    (project / "backend/\ud8ff.js".encode("utf-8", "surrogatepass").decode("utf-8", "replace")).write_text("")
    locked = project / "backend/locked.js"
    locked.write_text("app.listen(3000)")
    locked.chmod(0)
    code, _, err = fix("--apply")
    assert code == 0
    assert (elsewhere / "server.js").read_text() == "app.listen(3000);\n"
    assert b"caf\xe9" in (project / "backend/latin.js").read_bytes()
    assert b"process.env.PORT" in (project / "backend/latin.js").read_bytes()
    assert (project / "backend/huge.js").stat().st_size == 50 * 1024 * 1024
    assert "Traceback" not in err


def test_a_file_that_changed_meanwhile_is_not_written(project, monkeypatch):
    def meanwhile(_directory, _changes):
        (project / "backend/server.js").write_text("app.listen(3002);\n")

    monkeypatch.setattr(writing, "require_clean", meanwhile)
    code, _, err = fix("--apply")
    assert code == 1
    assert "changed meanwhile" in err
    assert (project / "backend/server.js").read_text() == "app.listen(3002);\n"


def test_a_link_that_took_the_place_of_a_file_is_not_followed(project, monkeypatch, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "server.js"
    target.write_text("app.listen(3000);\n")

    def meanwhile(_directory, _changes):
        (project / "backend/server.js").unlink()
        (project / "backend/server.js").symlink_to(target)

    monkeypatch.setattr(writing, "require_clean", meanwhile)
    assert fix("--apply")[0] == 1
    assert target.read_text() == "app.listen(3000);\n"


def test_whoever_reads_sees_the_old_file_or_the_new_one(project):
    path = project / "backend/server.js"
    path.write_text("app.listen(3000);\n" + "// some line\n" * 10_000)
    old, seen, done = path.read_text(), set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.add(path.read_text())

    watcher = threading.Thread(target=watch)
    watcher.start()
    fix("--apply")
    done.set()
    watcher.join()
    assert seen <= {old, path.read_text()}
    assert old != path.read_text()


def test_a_file_that_changed_while_the_others_were_read_is_left_alone(project, monkeypatch):
    real = planning.read

    def read(path, name, language):
        found = real(path, name, language)
        return found._replace(data=b"// a new line\n" + found.data)

    monkeypatch.setattr(planning, "read", read)
    code, output, error = fix()
    assert (code, output) == (0, "nothing to change\n")
    assert "left backend/server.js:1:12 app.listen(3000): was changed meanwhile" in error


# --- edits ---


SHARED = {
    "backend/server.js": "app.listen(3000);\n",
    "web/vite.js": "app.listen(3000);\n",
    "tool/ask.js": 'fetch("http://localhost:3000/api");\n',
}
BROKEN = {**SHARED, "backend/server.js": "app.listen(3000);\nfunction a( {\n"}


def _put(project, files):
    for path, text in files.items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)


def _files(project, paths):
    return {path: (project / path).read_text() for path in paths}


@pytest.mark.parametrize(("files", "words"), [(BROKEN, ()), (SHARED, ("--only", "web"))])
def test_a_number_that_two_servers_share_and_somebody_asks_for_is_given_up_by_both_or_by_none(
    project, files, words
):
    _put(project, files)
    for _ in range(2):
        _, _, err = fix("--apply", *words)
        assert "left web/vite.js:1:12 app.listen(3000): backend/server.js listens on 3000 as well" in err
        which = (
            'left tool/ask.js:1:25 "http://localhost:3000/api": backend and web listen on 3000: which of them'
        )
        assert words or which in err
        assert _files(project, files) == files
    _put(project, SHARED)
    fix("--apply")
    fix("--apply")
    after = _files(project, SHARED)
    assert [path for path, text in after.items() if text != SHARED[path]] == [
        "backend/server.js",
        "web/vite.js",
    ]


def test_a_number_for_which_nobody_asks_is_given_up_by_whoever_can(project):
    _put(project, {path: text for path, text in BROKEN.items() if path != "tool/ask.js"})
    fix("--apply")
    assert "?? 5173" in (project / "web/vite.js").read_text()


def test_edits_are_made_from_the_front_each_once_and_none_over_another():
    assert (
        apply(b"abcdef", [Edit(4, 5, b"E"), Edit(1, 3, b"-"), Edit(2, 4, b"x"), Edit(4, 5, b"E")]) == b"a-dEf"
    )
    assert apply(b"ab", [Edit(1, 1, b"+"), Edit(1, 1, b"+")]) == b"a+b"


def test_a_diff_says_where_there_is_no_last_line_ending():
    assert list(diff("a", b"1", b"2")) == [
        "--- a/a",
        "+++ b/a",
        "@@ -1 +1 @@",
        "-1",
        "\\ No newline at end of file",
        "+2",
        "\\ No newline at end of file",
    ]
    assert list(diff("a", b"1\n", b"1\n")) == []


def test_a_diff_names_files_as_git_does():
    names = {
        "a b.js": "--- a/a b.js\t",
        "é/x.js": "--- a/é/x.js",
        'new\nline"\\.js': '--- "a/new\\012line\\042\\134.js"',
        "esc\x1b[31m.js": '--- "a/esc\\033[31m.js"',
        os.fsdecode(b"caf\xe9.js"): '--- "a/caf\\351.js"',
    }
    assert {name: next(diff(name, b"1\n", b"2\n")) for name in names} == names


# --- all or none ---


def changes(project, *names):
    for name in names:
        (project / name).write_text("old\n")
    return [Change(name, b"old\n", b"new\n") for name in names]


def test_nothing_is_written_if_one_of_the_files_is_another_by_now(project):
    made = changes(project, "a.js", "b.js")
    (project / "b.js").write_text("mine\n")
    with pytest.raises(AuraError, match=r"^b\.js was changed meanwhile"):
        writing.put(str(project), made)
    assert (project / "a.js").read_text() == "old\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_nothing_is_written_if_one_of_the_files_is_read_only(project):
    made = changes(project, "a.js", "b.js")
    (project / "b.js").chmod(0o444)
    with pytest.raises(AuraError, match=r"^b\.js cannot be written"):
        writing.put(str(project), made)
    assert (project / "a.js").read_text() == "old\n"


def test_what_was_written_before_a_disk_was_full_is_named(project, monkeypatch):
    made = changes(project, "a.js", "b.js")
    real = writing.rewrite

    def full(path, data):
        if path.endswith("b.js"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    monkeypatch.setattr(writing, "rewrite", full)
    with pytest.raises(AuraError, match=r"^b\.js cannot be written: No space left") as caught:
        writing.put(str(project), made)
    assert caught.value.hint == "written: a.js"
    assert [(project / name).read_text() for name in ("a.js", "b.js")] == ["new\n", "old\n"]
