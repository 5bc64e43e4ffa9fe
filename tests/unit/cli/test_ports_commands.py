"""`aura-stack ports ...` where no stack is needed."""

import json
import os
import socket

import jsonschema
import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_number():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def run(*words):
    done = CliRunner().invoke(cli, ["ports", *map(str, words)])
    return done.exit_code, done.output


def test_who_holds_a_port_is_named(listener):
    code, output = run("who", listener)
    assert code == 0
    assert output.startswith(f"{listener}: pid {os.getpid()} (")


def test_a_port_that_nobody_holds_is_free_and_the_code_is_1(listener):
    number = free_number()
    code, output = run("who", listener, number)
    assert (code, output.splitlines()[1]) == (1, f"{number}: free")


def test_who_answers_programs_for_each_port_that_was_asked(listener):
    number = free_number()
    code, output = run("who", number, listener, "--json")
    free, held = json.loads(output)
    assert (code, free) == (1, {"port": number, "free": True, "shared": [], "notes": [], "held_by": []})
    assert [one["pid"] for one in held["held_by"]] == [os.getpid()]


def test_an_unknown_sub_command_is_answered_with_the_nearest():
    code, output = run("wo")
    assert code == 2
    assert 'did you mean "who"?' in output


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A stack with a manifest, in the current folder."""
    (tmp_path / "ports.json").write_text(
        '{"ranges": {"back": ["4044-4047"]}, "ports": {"api": {"port": 4044}}}'
    )
    (tmp_path / "stack.yaml").write_text("ports: ports.json\nservices: {api: {command: x, port: api}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return tmp_path


def test_ports_alone_lists_them(project):
    assert run() == run("ls")
    assert run("ls")[1].splitlines()[1] == "4044  api   api      free   -"


def test_no_number_is_offered_that_browsers_refuse(project):
    assert run("next", "--range", "back", "--count", 2) == (0, "4046\n4047\n")


def test_a_worktree_takes_the_numbers_of_the_manifest_and_the_main_one_takes_them_back(project):
    own = project / "main/.git/worktrees/topic"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..")
    assert run("leases") == (0, "no stack has a lease\n")
    (project / ".git").write_text(f"gitdir: {own}")
    assert run("ls")[1].splitlines()[1].startswith("4046 (for 4044)  api")
    code, output = run("leases", "--take")
    assert (code, "topic (takes the manifest's)" in output) == (0, True)
    assert run("ls")[1].splitlines()[1].startswith("4044  api")
    (project / ".git").unlink()
    code, output = run("leases", "--take", "--json")
    assert code == 0


def test_the_schema_of_the_manifest_is_that_of_the_check(project):
    done = CliRunner().invoke(cli, ["config", "schema", "--manifest"])
    found = json.loads(done.output)
    manifest = json.loads((project / "ports.json").read_text())
    jsonschema.validate(manifest, found)
    manifest["ports"]["api"]["state"] = "new"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, found)


YAML = """\
# the numbers of this team
ranges:
  back: ["4044-4047"]   # gateway and services
ports:
  api: {port: 4044, range: back}  # the only one so far
"""


@pytest.fixture
def manifest(project):
    """The same stack with a manifest in YAML."""
    (project / "ports.json").unlink()
    (project / "stack.yaml").write_text("ports: ports.yaml\nservices: {api: {command: x, port: api}}")
    (project / "ports.yaml").write_text(YAML)
    return project / "ports.yaml"


def test_an_entry_goes_into_a_manifest_in_yaml_and_out_again(manifest):
    code, output = run("reserve", "more", "--range", "back", "--note", "from May on", "--json")
    assert (code, json.loads(output)["port"]) == (0, 4046)  # 4045 is one that browsers refuse
    line = '  more: {port: 4046, range: back, state: reserved, note: "from May on"}\n'
    assert manifest.read_text() == YAML + line
    assert run("ls")[1].splitlines()[2].split() == ["4046", "more", "-", "reserved", "-"]
    code, output = run("release", "more", "--json")
    assert (code, json.loads(output)) == (0, {"name": "more", "port": 4046, "file": "ports.yaml"})
    assert manifest.read_text() == YAML


def test_what_breaks_a_rule_is_not_written_into_yaml_either(manifest):
    code, output = run("reserve", "more", 4044)
    assert (code, manifest.read_text()) == (6, YAML)
    assert 'port 4044 of "more" is already that of "api"' in output
    assert [name for name in os.listdir(manifest.parent) if name.startswith(("ports", "."))] == ["ports.yaml"]


def test_a_manifest_that_cannot_be_edited_stays_as_it_is_and_is_named(manifest):
    manifest.write_text("x-all: &all {api: {port: 4044}}\nports: *all\n")
    code, output = run("reserve", "more", 4046)
    assert (code, "is no mapping of its own" in output) == (1, True)
    assert manifest.read_text().endswith("ports: *all\n")


def test_an_edit_that_would_say_more_than_it_should_is_not_written(manifest):
    manifest.write_text("ports: &all\n  api: {port: 4044}\nx-again: *all\n")
    code, output = run("reserve", "more", 4046)
    assert (code, "in a way that this change would harm" in output) == (1, True)
    assert "more" not in manifest.read_text()


@pytest.mark.parametrize("name", ["ports.json", "ports.yaml"])
def test_marks_ends_of_lines_permissions_and_links_stay(project, name):
    text = '{"ports": {\r\n  "api": {\r\n    "port": 4044\r\n  }\r\n}}\r\n'
    real = project / "kept" / name
    real.parent.mkdir()
    real.write_bytes(b"\xef\xbb\xbf" + text.encode())
    real.chmod(0o664)
    (project / name).unlink(missing_ok=True)
    (project / name).symlink_to(real)
    (project / "stack.yaml").write_text(f"ports: {name}\nservices: {{api: {{command: x, port: api}}}}")
    assert run("reserve", "more", 4046)[0] == 0
    after = real.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf{")
    assert after.count(b"\n") == after.count(b"\r\n")
    assert b"more" in after
    assert (project / name).is_symlink()
    assert real.stat().st_mode & 0o777 == 0o664
    assert run("release", "more")[0] == 0
    assert real.read_bytes() == b"\xef\xbb\xbf" + text.encode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_is_read_only_is_not_replaced_behind_its_back(project):
    before = (project / "ports.json").read_bytes()
    (project / "ports.json").chmod(0o444)
    code, output = run("reserve", "more", 4046)
    assert (code, "ports.json cannot be written: Permission denied" in output) == (8, True)
    assert (project / "ports.json").read_bytes() == before


def test_a_stack_of_a_procfile_has_no_manifest_to_change(project):
    (project / "stack.yaml").unlink()
    (project / "Procfile").write_text("web: echo a: b\n")
    for words in (["reserve", "more", 4046], ["release", "more"], ["adopt"]):
        code, output = run(*words)
        assert (code, "the stack has no port manifest" in output) == (1, True), output
