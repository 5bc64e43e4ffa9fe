"""Each kind of bad input, with the exit code and every word the user sees."""

# ruff: noqa: E501 - a message is one line, however long

import json
import textwrap

import pytest
from click.testing import CliRunner

from aura_stack.cli.main import cli

MANIFEST = """\
{
  "version": 1,
  "ranges": {"backend": ["4000-4099", 5173]},
  "ports": {
    "ai-gateway": {"port": 4001, "range": "backend"},
    "backend-mvp": {"port": 4010, "range": "backend"}
  },
  "external": {"postgresql": {"port": 5432}}
}
"""

STACK_WITH_MANIFEST = """\
ports: config/ports.json
services:
  backend: {command: [node, server.js], port: backend-mvp}
"""


# what stands in stack.yaml and, where there is one, in config/ports.json; then what `config check` says
ROWS = {
    "an empty file": (
        "",
        None,
        """\
        stack.yaml:1:1: the file is empty
        """,
    ),
    "a file of comments": (
        "# to be written\n",
        None,
        """\
        stack.yaml:1:1: the file is empty
            1 | # to be written
              | ^
        """,
    ),
    "a tab": (
        "services:\n  a:\n\tcommand: x\n",
        None,
        """\
        stack.yaml:3:1: a tab cannot indent YAML (use spaces)
            3 |     command: x
              | ^
        """,
    ),
    "bad YAML: a list that is not closed": (
        "services:\n  a:\n    command: [node, server.js\n    cwd: src\n",
        None,
        """\
        stack.yaml:3:14: this list lacks a "," or its "]"
            3 |     command: [node, server.js
              |              ^
        """,
    ),
    "bad YAML: indentation": (
        "services:\n    a:\n      command: x\n   b:\n      command: x\n",
        None,
        """\
        stack.yaml:4:4: this indentation fits none of the lines above
            4 |    b:
              |    ^
        """,
    ),
    "a duplicate key": (
        "services:\n  a:\n    command: x\n    cwd: .\n    command: y\n",
        None,
        """\
        stack.yaml:5:5: the key "command" stands twice, first on line 3
            5 |     command: y
              |     ^
        """,
    ),
    "not UTF-8": (
        b"services:\n  a:\n    command: caf\xe9\n",
        None,
        """\
        stack.yaml:3:17: the byte 0xE9 is not UTF-8 text (save the file as UTF-8)
            3 |     command: caf\N{REPLACEMENT CHARACTER}
              |                 ^
        """,
    ),
    "nested 3,000 deep": (
        "services:\n" + " [\n" * 3000,
        None,
        """\
        stack.yaml:51:2: nested more than 50 levels deep
           51 |  [
              |  ^
        """,
    ),
    "a second document": (
        "services: {a: {command: x}}\n---\nservices: {}\n",
        None,
        """\
        stack.yaml:2:1: a second document begins here, but a file holds one
            2 | ---
              | ^
        """,
    ),
    "a file that is no mapping": (
        "- a\n- b\n",
        None,
        """\
        stack.yaml:1:1: the stack file should be a mapping, not a list
            1 | - a
              | ^
        """,
    ),
    "an unknown key": (
        "services:\n  a:\n    command: x\n    restrat: always\n",
        None,
        """\
        stack.yaml:4:5: unknown key "restrat" in a service (did you mean "restart"?)
            4 |     restrat: always
              |     ^
        """,
    ),
    "an unknown key, known from elsewhere": (
        "services:\n  a:\n    command: x\n    environment: {A: 1}\n",
        None,
        """\
        stack.yaml:4:5: unknown key "environment" in a service (did you mean "env"?)
            4 |     environment: {A: 1}
              |     ^
        """,
    ),
    "keys of containers": (
        "version: '3'\nservices:\n  a:\n    command: x\n    image: redis\n    Volumes: [a]\n    deploy: {}\nprocesses: {}\n",
        None,
        """\
        stack.yaml:1:1: unknown key "version" in the stack file (the format has no version: leave it out)
            1 | version: '3'
              | ^
        stack.yaml:5:5: unknown key "image" in a service (there are no images: command says what runs, or external: true; aura-stack init reads a compose file)
            5 |     image: redis
              |     ^
        stack.yaml:6:5: unknown key "Volumes" in a service (there are no containers: programs see the files of this machine)
            6 |     Volumes: [a]
              |     ^
        stack.yaml:7:5: unknown key "deploy" in a service (replicas stands in the service itself)
            7 |     deploy: {}
              |     ^
        stack.yaml:8:1: unknown key "processes" in the stack file (did you mean "services"?)
            8 | processes: {}
              | ^
        """,
    ),
    "a wrong type": (
        "services:\n  a:\n    command: {run: x}\n",
        None,
        """\
        stack.yaml:3:14: "command" should be text or a list, not a mapping
            3 |     command: {run: x}
              |              ^
        """,
    ),
    "a number where text is asked for": (
        "services:\n  a: {command: x, cwd: 2024}\n",
        None,
        """\
        stack.yaml:2:24: "cwd" should be text, not 2024 (put it in quotes to make it text)
            2 |   a: {command: x, cwd: 2024}
              |                        ^
        """,
    ),
    "a bad duration": (
        "services:\n  a: {command: x, stop: {grace: 30}}\n",
        None,
        """\
        stack.yaml:2:33: "grace" should be a duration such as 250ms, 30s, 5m or 2h, not 30 (did you mean "30s"?)
            2 |   a: {command: x, stop: {grace: 30}}
              |                                 ^
        """,
    ),
    "a signal that does not exist": (
        "services:\n  a: {command: x, stop: {signal: TREM}}\n",
        None,
        """\
        stack.yaml:2:34: there is no signal called "TREM" here (did you mean "TERM"?)
            2 |   a: {command: x, stop: {signal: TREM}}
              |                                  ^
        """,
    ),
    "neither command nor external": (
        "services:\n  a: {cwd: .}\n",
        None,
        """\
        stack.yaml:2:3: service "a" lacks the key "command" (or external: true, if it runs without us)
            2 |   a: {cwd: .}
              |   ^
        """,
    ),
    "both command and external": (
        "services:\n  a: {external: true, port: 5432, command: x}\n",
        None,
        """\
        stack.yaml:2:35: "command" means nothing for an external service
            2 |   a: {external: true, port: 5432, command: x}
              |                                   ^
        """,
    ),
    "two mistakes at once": (
        "services:\n  a:\n    command: 5\n    depend_on: [b]\n  b: {command: x}\n",
        None,
        """\
        stack.yaml:3:14: "command" should be text or a list, not 5 (put it in quotes to make it text)
            3 |     command: 5
              |              ^
        stack.yaml:4:5: unknown key "depend_on" in a service (did you mean "depends_on"?)
            4 |     depend_on: [b]
              |     ^
        """,
    ),
    "an unknown service in depends_on": (
        "services:\n  backend:\n    command: x\n    depends_on: [gatewy]\n  gateway: {command: x}\n",
        None,
        """\
        stack.yaml:4:18: no service is called "gatewy" (did you mean "gateway"?)
            4 |     depends_on: [gatewy]
              |                  ^
        """,
    ),
    "a dependency cycle": (
        (
            "services:\n"
            "  a: {command: x, depends_on: [b]}\n"
            "  b: {command: x, depends_on: {c: started}}\n"
            "  c: {command: x, depends_on: [a]}\n"
        ),
        None,
        """\
        stack.yaml:4:32: a dependency cycle: a → b → c → a
            4 |   c: {command: x, depends_on: [a]}
              |                                ^
        """,
    ),
    "a service that waits for itself": (
        "services:\n  a: {command: x, depends_on: [a]}\n",
        None,
        """\
        stack.yaml:2:32: a dependency cycle: a → a
            2 |   a: {command: x, depends_on: [a]}
              |                                ^
        """,
    ),
    "an unset variable": (
        "services:\n  a:\n    command: x\n    env: {URL: '${DATABASE_URL}'}\n",
        None,
        """\
        stack.yaml:4:16: the variable DATABASE_URL is not set (set it, write ${DATABASE_URL:-value} for a default, or $${DATABASE_URL} for the text)
            4 |     env: {URL: '${DATABASE_URL}'}
              |                ^
        """,
    ),
    "a reference to a service that does not exist": (
        "services:\n  gateway: {command: x, port: 4001}\n  a: {command: 'x ${services.gatway.url}'}\n",
        None,
        """\
        stack.yaml:3:16: ${services.gatway.url}: no service is called "gatway" (did you mean "gateway"?)
            3 |   a: {command: 'x ${services.gatway.url}'}
              |                ^
        """,
    ),
    "a port name that the manifest lacks": (
        "ports: config/ports.json\nservices:\n  backend: {command: x, port: backend-mpv}\n",
        MANIFEST,
        """\
        stack.yaml:3:31: config/ports.json has no port called "backend-mpv" (did you mean "backend-mvp"?)
            3 |   backend: {command: x, port: backend-mpv}
              |                               ^
        """,
    ),
    "a port name without a manifest": (
        "services:\n  backend: {command: x, port: backend-mvp}\n",
        None,
        """\
        stack.yaml:2:31: "backend-mvp" is a name, and the stack has no port manifest (name one with ports: FILE at the top, or write a number)
            2 |   backend: {command: x, port: backend-mvp}
              |                               ^
        """,
    ),
    "a plain number beside a manifest": (
        "ports: config/ports.json\nservices:\n  backend: {command: x, port: 4010}\n",
        MANIFEST,
        """\
        stack.yaml:3:31: 4010 is a plain number, and the stack has a port manifest (did you mean "backend-mvp"?)
            3 |   backend: {command: x, port: 4010}
              |                               ^
        """,
    ),
    "a port that is none": (
        "services:\n  backend: {command: x, port: 70000}\n",
        None,
        """\
        stack.yaml:2:31: "port" should be the name of a port entry or a number from 1 to 65535, not 70000
            2 |   backend: {command: x, port: 70000}
              |                               ^
        """,
    ),
    "a port out of its range": (
        STACK_WITH_MANIFEST,
        MANIFEST.replace("4010", "4999"),
        """\
        config/ports.json:6:29: port 4999 of "backend-mvp" is outside of its range [out-of-range] (backend is 4000-4099, 5173)
            6 |     "backend-mvp": {"port": 4999, "range": "backend"}
              |                             ^
        """,
    ),
    "two services with one port": (
        "services:\n  a: {command: x, port: 4010}\n  b: {command: x, port: 4010}\n",
        None,
        """\
        stack.yaml:3:25: port 4010 is already that of service "a", on line 2
            3 |   b: {command: x, port: 4010}
              |                         ^
        """,
    ),
    "two services with one entry": (
        (
            "ports: config/ports.json\nservices:\n"
            "  a: {command: x, port: backend-mvp}\n  b: {command: x, port: backend-mvp}\n"
        ),
        MANIFEST,
        """\
        stack.yaml:4:25: port 4010 is already that of service "a", on line 3
            4 |   b: {command: x, port: backend-mvp}
              |                         ^
        """,
    ),
    "an external entry for a service of ours": (
        "ports: config/ports.json\nservices:\n  db: {command: x, port: postgresql}\n",
        MANIFEST,
        """\
        stack.yaml:3:26: "postgresql" is an external port, which only an external service can have (move it to ports in the manifest, or write external: true)
            3 |   db: {command: x, port: postgresql}
              |                          ^
        """,
    ),
    "a manifest that is missing": (
        STACK_WITH_MANIFEST,
        None,
        """\
        stack.yaml:1:8: there is no port manifest config/ports.json
            1 | ports: config/ports.json
              |        ^
        """,
    ),
    "a manifest that is not JSON": (
        STACK_WITH_MANIFEST,
        MANIFEST.replace('"ports": {', '"ports" {'),
        """\
        config/ports.json:4:11: not JSON: expecting ':' delimiter
            4 |   "ports" {
              |           ^
        """,
    ),
    "a manifest of a wrong shape": (
        STACK_WITH_MANIFEST,
        (
            '{\n  "ranges": {"backend": ["4000-3000"]},\n  "prots": {},\n'
            '  "ports": {"backend-mvp": {"port": "4010", "rnge": "x"}}\n}\n'
        ),
        """\
        config/ports.json:2:26: "4000-3000" should go from a lower port to a higher one, 65535 at most
            2 |   "ranges": {"backend": ["4000-3000"]},
              |                          ^
        config/ports.json:3:3: unknown key "prots" in the port manifest (did you mean "ports"?)
            3 |   "prots": {},
              |   ^
        config/ports.json:4:37: "port" should be a number from 1 to 65535, not "4010"
            4 |   "ports": {"backend-mvp": {"port": "4010", "rnge": "x"}}
              |                                     ^
        config/ports.json:4:45: unknown key "rnge" in a port entry (did you mean "range"?)
            4 |   "ports": {"backend-mvp": {"port": "4010", "rnge": "x"}}
              |                                             ^
        """,
    ),
    "a manifest that is a list": (
        STACK_WITH_MANIFEST,
        "[]",
        """\
        config/ports.json:1:1: the port manifest should be a mapping, not a list
            1 | []
              | ^
        """,
    ),
    "mistakes in both files": (
        STACK_WITH_MANIFEST.replace("command", "comand"),
        MANIFEST.replace("4010", "5010"),
        """\
        config/ports.json:6:29: port 5010 of "backend-mvp" is outside of its range [out-of-range] (backend is 4000-4099, 5173)
            6 |     "backend-mvp": {"port": 5010, "range": "backend"}
              |                             ^
        stack.yaml:3:3: service "backend" lacks the key "command" (or external: true, if it runs without us)
            3 |   backend: {comand: [node, server.js], port: backend-mvp}
              |   ^
        stack.yaml:3:13: unknown key "comand" in a service (did you mean "command"?)
            3 |   backend: {comand: [node, server.js], port: backend-mvp}
              |             ^
        """,
    ),
    "a cwd that is missing": (
        "services:\n  a: {command: x, cwd: examples/nix}\n",
        None,
        """\
        stack.yaml:2:24: there is no folder "examples/nix"
            2 |   a: {command: x, cwd: examples/nix}
              |                        ^
        """,
    ),
}


def checked(*flags):
    return CliRunner().invoke(cli, [*flags, "config", "check"], catch_exceptions=False)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """An empty folder to stand in, with nothing in the environment that a row would notice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    for name in ("AURA_FILE", "DATABASE_URL", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").mkdir()
    return tmp_path


@pytest.mark.parametrize("row", ROWS)
def test_bad_input_is_told_in_full_and_ends_with_5(row, project):
    stack, manifest, golden = ROWS[row]
    (project / "stack.yaml").write_bytes(stack if isinstance(stack, bytes) else stack.encode())
    if manifest is not None:
        (project / "config/ports.json").write_text(manifest)
    result = checked()
    assert result.stderr == textwrap.dedent(golden)
    assert (result.exit_code, result.stdout) == (5, "")


def test_the_base_of_these_rows_is_good(project):
    (project / "stack.yaml").write_text(STACK_WITH_MANIFEST)
    (project / "config/ports.json").write_text(MANIFEST)
    result = checked()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "stack.yaml: ok, 1 service, 1 port\n"


def test_without_a_stack_file_the_places_are_named(project):
    result = checked()
    assert result.stderr == (
        f"error: there is no stack.yaml, stack.yml, aura-stack.yaml or Procfile in {project} or {project.parent}\n"
        "hint: name one with -f FILE, or go to the folder of a stack\n"
    )
    assert (result.exit_code, result.stdout) == (5, "")


def test_a_named_stack_file_that_does_not_exist_is_named(project):
    result = checked("-f", "other.yaml")
    assert result.stderr == "error: the stack file other.yaml, named by -f, does not exist\n"
    assert result.exit_code == 5


def test_a_stack_file_larger_than_any_is_not_read(project):
    (project / "stack.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    result = checked()
    assert result.stderr.startswith("stack.yaml:1:1: the file is larger than 1,048,576 bytes\n")
    assert result.exit_code == 5


def test_a_billion_laughs_are_not_laughed(project):
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (project / "stack.yaml").write_text("\n".join(lines))
    result = checked()
    assert result.stderr.splitlines()[0] == (
        "stack.yaml:5:5: stands for more than 100,000 words, each alias counted as what it names"
    )
    assert result.exit_code == 5


def test_a_manifest_nested_too_deep_is_no_crash(project):
    (project / "stack.yaml").write_text(STACK_WITH_MANIFEST)
    (project / "config/ports.json").write_text(json.dumps({"ports": 1})[:-2] + "[" * 100_000)
    result = checked()
    assert result.stderr.splitlines()[0] == "config/ports.json:1:60: nested more than 50 levels deep"
    assert result.exit_code == 5


def test_places_are_relative_only_below_the_current_directory(project, monkeypatch):
    (project / "stack.yaml").write_text("services: []\n")
    monkeypatch.chdir(project / "config")
    result = checked()
    assert result.stderr == textwrap.dedent(f"""\
        {project}/stack.yaml:1:11: "services" should be a mapping, not a list
            1 | services: []
              |           ^
        """)
