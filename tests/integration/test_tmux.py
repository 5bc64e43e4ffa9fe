"""A real terminal, tmux: what its screen shows after keys, a resize, Ctrl-S, Ctrl-Z and `fg`."""

import os
import shutil
import subprocess
import sys
import time

import pytest
from stacks import PATIENCE

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(
    not TMUX and not os.environ.get("CI"), reason="tmux is not installed; continuous integration has it"
)
WEB = {
    "command": (
        "mkfifo $AURA_SERVICE; exec 3<>$AURA_SERVICE; echo up; "
        'while IFS= read -r l <&3; do printf "$l\\n"; done'
    ),
    "ready": {"log": "up"},
}


class Pane:
    """A shell in a tmux of its own."""

    def __init__(self, made):
        self.made = made
        self.socket = str(made.folder / "tmux")
        env = {**made.env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        env.pop("TMUX", None)
        options = ("-x", "100", "-y", "30", "bash --norc --noprofile -i")
        subprocess.run(
            [TMUX, "-S", self.socket, "-f", "/dev/null", "new-session", "-d", *options],
            env=env,
            cwd=made.folder,
            check=True,
        )

    def tmux(self, *words):
        done = subprocess.run([TMUX, "-S", self.socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    @property
    def screen(self):
        """The rows of the screen, without blanks at their ends."""
        return [row.rstrip() for row in self.tmux("capture-pane", "-p", "-S", "-1500").splitlines()]

    def expect(self, *texts):
        """Wait until all of these are parts of rows of the screen."""
        return self._await(lambda rows: all(any(text in row for row in rows) for text in texts), texts)

    def expect_prompt(self):
        """Wait until the shell asks for a line: whoever types before that may type for somebody else."""
        self._await(lambda rows: [row for row in rows if row][-1][-1] in "$#", "a prompt")

    def _await(self, is_there, what):
        deadline = time.monotonic() + PATIENCE
        while not is_there(rows := self.screen):
            assert time.monotonic() < deadline, f"{what} did not come; on the screen was:\n" + "\n".join(rows)
        return rows

    def say(self, service, text):
        (self.made.folder / service).write_text(f"{text}\n")

    def close(self):
        subprocess.run([TMUX, "-S", self.socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def pane(stack):
    """A shell in which `up` has been typed and all is ready."""
    made = stack({"web": WEB, "db": WEB})
    one = Pane(made)
    one.type(f"{sys.executable} -m aura_stack up")
    one.keys("Enter")
    one.expect("all ready")
    yield one
    one.close()
    made.run("down")


def test_keys_act_and_their_line_goes_without_a_trace(pane):
    pane.type("r")
    pane.expect("restart: _   web db")
    pane.say("db", "while somebody types")
    pane.expect("db   | while somebody types", "restart: _   web db")
    pane.type("w")
    pane.expect("→ web")
    pane.keys("Enter")
    rows = pane.expect("── web restarted: asked to ──")
    assert not any("restart: w" in row for row in rows)
    pane.type("f")
    pane.expect("only lines with: _")
    pane.keys("C-c")
    pane.say("db", "still runs")
    rows = pane.expect("still runs")
    assert not any("only lines with" in row for row in rows)


def test_nothing_that_a_service_prints_moves_the_lines_of_another(pane):
    pane.say("db", "before")
    pane.expect("db   | before")
    pane.say("web", r"\033[2J\033[H\033[?1049h\033(0\033[31mred\033]0;title\007\rover\033[5A")
    pane.expect("web  | over")
    pane.say("db", "after")
    rows = pane.expect("db   | after")
    mine = [row for row in rows if row.startswith(("db   | before", "web  | over", "db   | after"))]
    assert mine == ["db   | before", "web  | over", "db   | after"]
    assert pane.tmux("display-message", "-p", "#{pane_title} #{alternate_on}").strip() != "title 0"
    assert pane.tmux("display-message", "-p", "#{alternate_on}").strip() == "0"


def test_a_narrower_terminal_keeps_lines_whole(pane):
    pane.tmux("resize-window", "-x", "60", "-y", "20")
    pane.say("web", "a line behind the change")
    pane.expect("web  | a line behind the change")
    pane.type("r")
    pane.expect("restart: _")
    pane.keys("Escape")
    pane.say("web", "and another")
    rows = pane.expect("web  | and another")
    assert not any("restart: _" in row for row in rows)


def test_ctrl_z_gives_a_usable_shell_and_fg_comes_back(pane):
    pane.keys("C-z")
    pane.expect("Stopped")
    pane.type("echo the shell sees $((40 + 2))")
    pane.keys("Enter")
    pane.expect("the shell sees 42")
    pane.say("web", "while we were away")
    pane.type("fg")
    pane.keys("Enter")
    pane.expect("web  | while we were away")
    pane.type("s")
    pane.expect("NAME  STATE")
    pane.type("q")
    pane.expect_prompt()
    pane.type("echo and again $((1 + 1))")
    pane.keys("Enter")
    pane.expect("and again 2")


def test_ctrl_s_holds_nothing_up_and_what_was_too_much_is_counted(stack):
    """The terminal takes nothing while a service prints 20 MB: it ends all the same, and the screen shows its end."""
    script = (
        "import os\n"
        "open('go').read()\n"
        "block = b''.join(b'block %d of what follows it, and more\\n' % n for n in range(500_000))\n"
        "while block: block = block[os.write(1, block):]\n"
        "print('the last line', flush=True)\n"
        "open('done', 'w')\n"
        "import time; time.sleep(1000)"
    )
    made = stack({"web": {"command": [sys.executable, "-c", script]}, "db": WEB})
    os.mkfifo(made.folder / "go")
    one = Pane(made)
    try:
        one.type(f"{sys.executable} -m aura_stack up")
        one.keys("Enter")
        one.expect("all ready")
        one.keys("C-s")
        (made.folder / "go").write_text("\n")
        deadline = time.monotonic() + PATIENCE
        while not (made.folder / "done").exists():
            assert time.monotonic() < deadline
        one.say("db", "quiet")
        while "the last line" not in made.run("logs", "-n", "1", "web")[1]:
            assert time.monotonic() < deadline
        one.keys("C-q")
        one.expect("not shown; aura-stack logs web has them", "web  | the last line", "db   | quiet")
    finally:
        one.close()
        made.run("down")
