"""The AURA stack in two working trees of one repository at once: no flag, no conflict, no item of the other's."""

import json
import os
import subprocess
import urllib.request

import page
import pytest
from conftest import ROOT, binds, copy_checkout, plain_path
from terminal import Terminal

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

INSTALL = 200  # seconds that the first start may take: it installs everything, in both
PATIENCE = 30
MAIN = {"gateway": 4001, "backend": 4010, "frontend": 54112}


class Tree:
    """A working tree, and commands in it; both have one home."""

    def __init__(self, folder, home):
        self.folder = folder
        path = f"{ROOT / '.venv/bin'}:{plain_path()}"
        keep = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        self.env = {**keep, "HOME": str(home), "PATH": path, "TERM": "xterm-256color"}
        self.program = str(ROOT / ".venv/bin/aura-stack")
        self.terminals = []

    def up(self):
        self.terminals.append(Terminal((self.program, "up"), self.folder, self.env))
        return self.terminals[-1]

    def run(self, *words):
        done = subprocess.run(
            (self.program, *words), cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def ports(self):
        code, output = self.run("status", "--json")
        assert code == 0, output
        return {view["service"]: view["ports"][0] for view in json.loads(output)}


def ask(port, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://localhost:{port}/api/items", data, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A repository with a main working tree and one that is linked to it."""
    top = tmp_path_factory.mktemp("worktrees")
    (top / "home").mkdir()
    copy_checkout(top / "main")
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "everything"),
        ("worktree", "add", "-q", "../feature", "-b", "feature"),
    ):
        subprocess.run(("git", *words), cwd=top / "main", check=True, capture_output=True)
    made = Tree(top / "main", top / "home"), Tree(top / "feature", top / "home")
    yield made
    for tree in made:
        for terminal in tree.terminals:
            terminal.close()


@pytest.fixture(scope="module")
def both(trees):
    """Both stacks, up at the same time; the numbers of each."""
    main, feature = trees
    terminals = main.up(), feature.up()
    for terminal in terminals:
        terminal.expect("all ready; ", INSTALL)
    return main.ports(), feature.ports()


def test_each_has_ports_of_its_own_and_says_so(trees, both):
    main, feature = both
    assert main == MAIN
    assert not set(main.values()) & set(feature.values())
    assert 4000 <= feature["backend"] <= 4099
    assert 3000 <= feature["frontend"] <= 3099
    told = trees[1].terminals[0].output
    assert f"backend {feature['backend']} (for 4010)" in told
    code, output = trees[0].run("list")
    assert (code, f"{feature['frontend']} (for 54112)" in output) == (0, True)


def test_an_item_of_one_is_not_in_the_other_and_each_page_shows_its_own(both, chromium):
    main, feature = both
    mine, theirs = "made in the main tree", "made in the worktree"
    ask(main["frontend"], {"title": mine})
    ask(feature["frontend"], {"title": theirs})
    titles = [{item["title"] for item in ask(ports["backend"])} for ports in both]
    assert mine in titles[0] - titles[1]
    assert theirs in titles[1] - titles[0]
    page.check_page(f"http://localhost:{main['frontend']}", mine, chromium)
    page.check_page(f"http://localhost:{feature['frontend']}", theirs, chromium)


def test_after_a_stop_each_has_its_own_again_and_nothing_is_left(trees, both):
    before = both
    for tree in trees:
        assert tree.run("down")[0] == 0
    assert all(binds(port) for ports in before for port in ports.values())
    feature = trees[1]
    assert feature.run("up", "-d", "--wait")[0] == 0
    assert feature.ports() == before[1], "also when the main one does not run"
    assert feature.run("down", "--all")[0] == 0
