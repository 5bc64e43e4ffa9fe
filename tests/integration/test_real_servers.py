"""PostgreSQL, Redis and nginx as services: initialised, started in order, asked, migrated, restarted and stopped."""

import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from stacks import PATIENCE

from aura_stack.system import processes

CI = os.environ.get("CI", "") not in {"", "false"}
NOBODY = 65534
# PostgreSQL refuses root
APART = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


def program(name):
    """Where it is, also where Debian keeps it off PATH; a machine without it skips, continuous integration does not."""
    places = ["/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *places]))
    if found is None:
        assert not CI, f"{name} is missing: continuous integration installs it"
        pytest.skip(f"no {name} on this machine")
    return found


@pytest.fixture
def folder(tmp_path):
    """Where whoever runs PostgreSQL may write; its socket's path has to be short."""
    made = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    for part in (made, made / "data"):
        part.mkdir(exist_ok=True)
        if APART:
            os.chown(part, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def postgres(folder, port):
    """A service and what is given to psql to reach it."""
    initdb, server, client = program("initdb"), program("postgres"), program("psql")
    where = f"-h 127.0.0.1 -p {port} -U stack"
    return {
        "service": {
            "command": [*APART, server, "-D", "data", "-p", "${port}", "-h", "127.0.0.1", "-k", str(folder)],
            "cwd": str(folder),
            "port": port,
            "prepare": [
                {
                    "command": [*APART, initdb, "-D", "data", "-U", "stack", "-A", "trust", "--no-sync"],
                    "outputs": ["data/PG_VERSION"],
                }
            ],
            "ready": {"exec": f"{program('pg_isready')} -q {where}"},
            "stop": {"signal": "INT"},  # its fast shutdown; TERM waits for its clients
        },
        "ask": f"{client} {where} -d postgres -v ON_ERROR_STOP=1 -Atc",
    }


def test_a_migration_runs_on_a_real_database_that_a_restart_leaves_whole(stack, postgres):
    create = f"{postgres['ask']} \"create table items (name text); insert into items values ('kept')\""
    made = stack(
        {
            "db": postgres["service"],
            "app": {"command": "echo app; sleep 1000", "depends_on": {"migrate": "completed"}},
        },
        tasks={"migrate": {"command": create, "needs": ["db"]}},
    )
    up = made.up()
    assert re.search(
        r"db +· ready in .*\nmigrate · started [\s\S]*migrate · completed[\s\S]*app +· started", up.output
    )
    code, output = made.run("restart", "db")
    assert (code, output[:24]) == (0, "db restarted, ready in 0"), output
    asked = subprocess.run(
        f'{postgres["ask"]} "select name from items"',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout == "kept\n", asked.stderr
    assert made.run("down")[0] == 0
    assert up.finish() == 0
    assert "database system is shut down" in up.output
    assert "SIGKILL" not in up.output


def test_redis_serves_and_keeps_what_it_was_given_over_a_restart(stack, tmp_path, port):
    server, client = program("redis-server"), program("redis-cli")
    command = [server, "--port", "${port}", "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", "60 1"]
    made = stack(
        {"cache": {"command": command, "port": port, "ready": {"log": "Ready to accept connections"}}}
    )
    up = made.up()

    def redis(*words):
        return subprocess.check_output([client, "-p", str(port), *words], text=True).strip()

    assert redis("set", "key", "value") == "OK"
    assert made.run("restart", "cache")[0] == 0
    assert redis("get", "key") == "value"
    assert made.run("down")[0] == 0
    assert up.finish() == 0


def test_nginx_takes_its_new_configuration_at_a_signal_and_ends_with_its_workers(stack, tmp_path, port):
    configuration = tmp_path / "nginx.conf"

    def configure(answer):
        paths = "".join(
            f"{name}_temp_path {tmp_path}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        server = f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 {answer}; }} }}"
        top = f"pid {tmp_path}/pid; error_log stderr notice; daemon off; events {{}}"
        configuration.write_text(f"{top} http {{ access_log off; {paths} {server} }}")

    def answer():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as got:
            return got.read()

    configure("first")
    command = [program("nginx"), "-c", str(configuration)]
    made = stack(
        {"web": {"command": command, "port": port, "ready": {"http": "/"}, "stop": {"signal": "QUIT"}}}
    )
    up = made.up()
    assert answer() == b"first"
    # a master and its workers, which write over their environment: nobody would find them by that
    ours = [processes.identify(pid) for pid in processes.descendants(made.engine())]
    assert len(ours) > 1
    configure("second")
    assert made.run("kill", "-s", "HUP", "--main-only", "web")[0] == 0
    up.expect(r"reconfiguring[\s\S]*start worker process[\s\S]*exited with code 0")
    assert answer() == b"second"
    assert made.run("down")[0] == 0
    assert up.finish() == 0
    assert [one for one in ours if processes.is_alive(one)] == []


def test_real_databases_that_run_elsewhere_are_asked_and_left_alone(stack, tmp_path, port):
    server = program("redis-server")
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("Ready to accept connections" in line for line in process.stdout)
        made = stack(
            {
                "redis": {
                    "external": True,
                    "port": port,
                    "ready": {"exec": f"{program('redis-cli')} -p {port} ping"},
                },
                "job": {"command": "echo done", "restart": "no", "depends_on": ["redis"]},
            }
        )
        code, output = made.run("up")
        assert (code, "done" in output) == (0, True), output
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
