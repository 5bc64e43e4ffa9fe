"""The AURA stack from a fresh clone, as a newcomer meets it: `make up`, the page, Ctrl-C, and every way to die."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request

import page
import pytest
from conftest import PORTS, Clone, binds, path_without_node, plain_path
from terminal import CTRL_C

from aura_stack.system import places as where
from aura_stack.system import processes

pytestmark = pytest.mark.timeout(240)

BACKEND, FRONTEND = "http://localhost:4010", "http://localhost:54112"
INSTALL = 150  # seconds that the first `make up` may take: it installs everything
PATIENCE = 30


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def first_metric():
    with urllib.request.urlopen(f"{FRONTEND}/api/metrics/stream", timeout=PATIENCE) as stream:
        assert stream.headers.get_content_type() == "text/event-stream"
        while not (line := stream.readline().decode()).startswith("data: "):
            assert line, "the stream ended before the first metric"
    return json.loads(line.removeprefix("data: "))


def use_it(title):
    """Everything a user would do with the running stack, but for looking at it."""
    made = ask(f"{FRONTEND}/api/items", {"title": title})
    assert made in ask(f"{BACKEND}/api/items")
    assert first_metric()["rss"] > 1
    prompt = {"prompt": "why native?"}
    answer = ask(f"{BACKEND}/api/ai/complete", prompt)
    assert "why native?" in answer["text"]
    assert answer == ask(f"{BACKEND}/api/ai/complete", prompt)
    assert page.check_scripts(FRONTEND) > 5


def members():
    """The processes of the stack, wherever they went."""
    found = []
    for pid in processes.pids():
        environment = processes.environment(pid) or {}
        if environment.get("AURA_PROJECT") == "aura" and not processes.is_zombie(pid):
            found.append(pid)
    return found


def expect_nothing_left():
    deadline = time.monotonic() + PATIENCE
    while left := members() or [port for port in PORTS if not binds(port)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)  # a process of somebody else's has no event to wait for


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    made = Clone(tmp_path_factory.mktemp("clone"), plain_path())
    yield made
    made.close()


@pytest.fixture(scope="module")
def run_file(clone):
    return where.places(str(clone.folder / "stack.yaml"), clone.env).run


def stop(terminal):
    terminal.type(CTRL_C)
    terminal.finish(PATIENCE)
    assert "***" not in terminal.output  # make's own word for an error
    expect_nothing_left()


def test_make_up_brings_a_fresh_clone_to_a_stack_that_works_and_ctrl_c_ends_it(clone):
    terminal = clone.terminal("make", "up")
    terminal.expect("all ready", INSTALL)
    use_it("from a fresh clone")
    stop(terminal)
    assert "frontend · stopped" in re.sub("\x1b\\[[0-9;]*m", "", terminal.output)


def test_the_page_shows_the_item_and_a_live_metric_in_a_browser(clone, chromium):
    terminal = clone.terminal("make", "up")
    terminal.expect("all ready", INSTALL)
    page.check_page(FRONTEND, "from a fresh clone", chromium)
    stop(terminal)


def test_make_up_again_prepares_nothing_twice(clone):
    terminal = clone.terminal("make", "up")
    terminal.expect("all ready", PATIENCE)
    stop(terminal)
    assert "npm ci" not in terminal.output


def pids(clone):
    code, output = clone.run("status", "--json")
    assert code == 0
    return {view["service"]: view["pid"] for view in json.loads(output)}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def append(path, text):
    path.write_text(path.read_text() + text)


def test_a_day_with_the_stack(clone):
    """Restart, leave, come back, save in each of the three services, stop."""
    terminal = clone.terminal("make", "up")
    terminal.expect("all ready; Ctrl-C stops, d leaves it running", PATIENCE)
    before = pids(clone)
    code, output = clone.run("restart", "backend")
    assert (code, bool(re.fullmatch(r"backend restarted, ready in \d+\.\d\d s\n", output))) == (0, True), (
        output
    )
    after = pids(clone)
    assert changed(before, after) == {"backend"}
    terminal.type(b"d")
    assert terminal.finish(PATIENCE) == 0
    assert pids(clone) == after

    back = clone.terminal("make", "up")
    back.expect("back to a stack that runs already", PATIENCE)
    back.expect("all ready; Ctrl-C stops, d leaves it running", PATIENCE)
    example = clone.folder / "examples/aura"
    append(example / "backend/src/app.js", "// saved\n")
    back.expect(r"backend.*src/app\.js saved[\s\S]*backend.*ready in", PATIENCE)
    assert changed(after, pids(clone)) == {"backend"}
    after = pids(clone)
    append(example / "gateway/src/main.ts", "// saved\n")
    back.expect(
        r"gateway.*src/main\.ts saved[\s\S]*tsc \(src/main\.ts changed\)[\s\S]*gateway.*ready in", PATIENCE
    )
    assert changed(after, pids(clone)) == {"gateway"}
    after = pids(clone)
    page.check_scripts(FRONTEND)  # Vite tells of changes in what somebody has asked for
    append(example / "frontend/src/App.jsx", "// saved\n")
    back.expect(r"hmr update .*src/App\.jsx", PATIENCE)
    assert pids(clone) == after
    use_it("after a day")
    stop(back)


@pytest.mark.parametrize("whom", ["terminated face", "face", "guardian", "engine", "shell job"])
def test_nothing_of_the_stack_survives_a_death(clone, run_file, whom):
    terminal = clone.terminal(
        "env", f"PATH={clone.folder / '.venv/bin'}:{clone.env['PATH']}", *clone.aura_stack("up")
    )
    terminal.expect("all ready", PATIENCE)
    with open(run_file, encoding="utf-8") as file:
        run = json.load(file)
    face = terminal.process.pid
    match whom:
        case "terminated face":
            os.kill(face, signal.SIGTERM)
        case "face":
            os.kill(face, signal.SIGKILL)
        case "shell job":
            os.killpg(face, signal.SIGKILL)
        case _:
            os.kill(run[whom]["pid"], signal.SIGKILL)
    expect_nothing_left()
    terminal.finish(PATIENCE)


@pytest.fixture(scope="module")
def clone_without_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without-node")
    made = Clone(folder / "clone", path_without_node(folder / "bin"))
    yield made
    made.close()


def test_make_up_works_with_no_node_on_path(clone_without_node):
    terminal = clone_without_node.terminal("make", "up")
    terminal.expect("all ready", INSTALL)
    use_it("without Node")
    stop(terminal)


def test_the_page_works_in_a_browser_with_no_node_on_path(clone_without_node, chromium):
    terminal = clone_without_node.terminal("make", "up")
    terminal.expect("all ready", INSTALL)
    page.check_page(FRONTEND, "without Node", chromium)
    stop(terminal)


HARD_CODED = {
    "backend/mvp-server.js": [("const server = app.listen(Number(PORT),", "const server = app.listen(3001,")],
    "gateway/src/main.ts": [("await app.listen(Number(port));", "await app.listen(3002);")],
    "frontend/vite.config.js": [
        ("port: Number(required('PORT')),", "port: 5174,"),
        ("target: required('BACKEND_URL')", "target: 'http://localhost:3001'"),
    ],
}


@pytest.mark.long
def test_the_example_with_hard_coded_ports_is_put_right(clone):
    """Last, since it changes the example: servers that listen anywhere, a document that says so, and one command."""
    subprocess.run(["make", "setup"], cwd=clone.folder, env=clone.env, check=True)
    example = clone.folder / "examples/aura"
    for path, changes in HARD_CODED.items():
        text = (example / path).read_text()
        for old, new in changes:
            assert old in text, f"{path} has changed: this test has to follow"
            text = text.replace(old, new)
        (example / path).write_text(text)
    document = clone.folder / "docs/deployment.md"
    document.write_text("The stack: Frontend (54111), backend: http://localhost:3001, gateway (4001).\n")

    code, told = clone.run("ports", "inventory")
    assert (code, "pip install 'aura-stack[scan]'" in told, "Traceback" in told) == (1, True, False)
    pip = [
        ".venv/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-e",
        ".[scan]",
    ]
    subprocess.run(pip, cwd=clone.folder, check=True)
    code, told = clone.run("ports", "inventory", "--no-live")
    assert code == 1
    assert "docs/deployment.md:1:22 has 54111" in told
    code, told = clone.run("ports", "fix", "--apply", "--force")
    assert code == 0, told
    assert "Frontend (54112), backend: http://localhost:4010" in document.read_text()

    terminal = clone.terminal("make", "up")
    terminal.expect("all ready", INSTALL)
    assert clone.run("ports", "inventory")[0] == 0
    listed = json.loads(clone.run("ports", "inventory", "--json")[1])["ports"]
    assert {one["verdict"] for one in listed if one["services"]} == {"ok"}
    use_it("put right")
    stop(terminal)
