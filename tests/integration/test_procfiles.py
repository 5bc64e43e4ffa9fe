"""Procfiles as people write them: aura-stack against honcho, each in a copy of the same project.

Equal is what the processes print, the PORT that each is given, and the exit code, save for one that a signal ended: of
that ours is 128+N, as a shell has it, and honcho's 256-N. Where else the two are meant to differ, a test says in what.
"""

import os
import re
import signal
from contextlib import contextmanager

import psutil
import pytest
from procfiles.side_by_side import PROJECTS, TOOLS, Aura, Honcho, Side
from stacks import Running

pytestmark = pytest.mark.long

NAMED = {project.name: project for project in PROJECTS}
ANY = NAMED["release"]  # where a test writes a Procfile of its own
TERMS = """
import os, signal, threading
got = []
signal.signal(signal.SIGTERM, lambda *_: got.append("TERM"))
print("up", flush=True)
open(os.environ["MEETING"], "w").write("here\\n")
while not got:
    signal.pause()
threading.Event().wait(0.3)  # as a server that answers its last requests
print(*got, flush=True)
"""


@pytest.fixture
def side(tmp_path):
    """Makes the copy of a project for one tool; at the end nothing may be left of what it ran."""
    made = []

    def make(tool, project, **options):
        made.append(Side(tool, project, tmp_path, **options))
        return made[-1]

    yield make
    assert {one.tool.name: one.close() for one in made} == {one.tool.name: 0 for one in made}


@pytest.fixture
def both(side):
    """Runs a project by honcho and by ours, with `files` written into both copies."""

    def run(project, *names, files=(), counts=None, **options):
        sides = [side(tool, project, **options) for tool in TOOLS]
        for one in sides:
            one.write(dict(files))
        return [one.run(*names, counts=counts) for one in sides]

    return run


@contextmanager
def start(one):
    """Run a project, and go on beside it."""
    command = Running(one.argv(), one.folder, one.env)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()
        command.process.stdout.close()


def wait_until_idle(command):
    """Wait until it sleeps: a signal in the midst of a print is the end of honcho, whose handler prints as well."""
    while psutil.Process(command.pid).status() != psutil.STATUS_SLEEPING:
        os.sched_yield()


def lines(text):
    """A Procfile of these lines, and of a last process that ends when the others are there."""
    return {"Procfile": text + "\nend: finish 0\n"}


# --- the same ---


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_a_project_prints_the_same_and_ends_with_the_same_code(both, port, project):
    listens = project.name == "node"  # the others take no number, and need none that is free
    honcho, aura = both(project, env={"PORT": str(port)} if listens else {})
    assert aura.lines == honcho.lines
    assert sorted(aura.lines) == sorted(project.processes)
    base = port if listens else project.base
    numbers = {name: base + 100 * index for index, name in enumerate(project.processes)}
    assert aura.ports == honcho.ports == {name: numbers[name] for name in aura.ports}
    assert len(aura.ports) >= 3
    assert honcho.code == Honcho().code(project.ended)
    assert aura.code == Aura().code(project.ended)


@pytest.mark.parametrize(
    ("name", "counts", "numbers"),
    [
        ("release", {"web": 2}, {"web": 5000, "web-2": 5001, "worker": 5100, "clock": 5200, "release": 5300}),
        (
            "dotenv",
            {"web": 2, "worker": 3},
            {"web": 6100, "web-2": 6101, "worker": 6200, "worker-2": 6201, "worker-3": 6202, "mailer": 6300},
        ),
    ],
)
def test_several_of_a_process_get_the_numbers_that_follow(both, name, counts, numbers):
    honcho, aura = both(NAMED[name], counts=counts, audience=len(numbers) - 1)
    assert aura.lines == honcho.lines
    assert aura.ports == honcho.ports == numbers


def test_a_formation_in_the_environment_is_what_scale_says(side):
    honcho = side(Honcho(), ANY, audience=4).run(counts={"worker": 2})
    aura = side(Aura(), ANY, audience=4, env={"OVERMIND_FORMATION": "worker=2"}).run()
    assert aura.lines == honcho.lines
    assert aura.ports["worker-2"] == 5101


def test_the_file_of_variables_wins_over_the_shell(both):
    honcho, aura = both(NAMED["dotenv"], env={"PLAIN": "from the shell", "PORT": "7000"})
    assert aura.lines == honcho.lines
    assert "PLAIN=[plain]" in aura.lines["web"]
    assert aura.ports == {"web": 6100, "worker": 6200, "mailer": 6300}


def test_the_base_of_the_numbers_may_come_from_the_shell(both):
    honcho, aura = both(ANY, env={"PORT": "7000"})
    assert aura.lines == honcho.lines
    assert aura.ports == {"web": 7000, "worker": 7100, "clock": 7200, "release": 7300}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_are_an_orderly_stop(side, tool, signum, code):
    one = side(tool, NAMED["django"])
    procfile = (one.folder / "Procfile").read_text()
    one.write({"Procfile": procfile.partition("beat:")[0]})  # so nothing ends by itself
    with start(one) as command:
        for last in (
            r"web\b.* \| .* the database app$",
            r"api\b.* \| PORT=5100$",
            r"worker\b.* \| PORT=5200$",
        ):
            command.expect(last)
        one.hear(3)  # who is there heeds a signal
        wait_until_idle(command)
        command.signal(signum)
        ended = command.finish()
    ran = one.ran(command.output, ended)
    assert ran.lines["web"][-1] == "Quit the server."
    assert ran.lines["api"][-1] == "Handling signal: term"
    assert ran.lines["worker"][-1] == "worker: Warm shutdown (MainProcess)"
    assert ran.code == code


def test_a_process_behind_a_shell_is_asked_to_end_once(both):
    files = lines("web: python terms.py; exit\ndirect: exec python terms.py") | {"terms.py": TERMS}
    honcho, aura = both(ANY, files=files, audience=2)
    assert honcho.lines == {"web": ["up", "TERM"], "direct": ["up", "TERM"]}
    assert aura.lines == honcho.lines


def test_a_command_that_is_not_there_ends_all_with_127(both):
    honcho, aura = both(ANY, files={"Procfile": "web: exec linger\nworker: nosuch --command\n"})
    assert (honcho.code, aura.code) == (127, 127)
    assert aura.lines["worker"] == honcho.lines["worker"]
    assert "nosuch" in aura.lines["worker"][0]


# --- different, and meant to be ---


def test_a_line_that_is_no_process_is_told_with_its_place_and_the_rest_runs(both):
    odd = "web rails s\nweb: tell web; exec linger\n  worker: tell worker\nmail.er: tell mail\n# a comment"
    honcho, aura = both(ANY, files=lines(odd), audience=1)
    assert aura.lines == honcho.lines
    assert list(aura.lines) == ["web"]
    assert (aura.code, honcho.code) == (0, 0)
    told = "\n".join(aura.said)
    for place in ("Procfile:1:1:", "Procfile:3:3:", "Procfile:4:1:"):
        assert place in told
        assert place not in "\n".join(honcho.said)
    assert "Procfile:5" not in told


@pytest.mark.parametrize(
    ("line", "honcho_says", "ours"),
    [
        ("export VALUE=exported", "none", "exported"),
        ("VALUE=two words", "twowords", "two words"),
        ("VALUE=colour#fff", "colour", "colour#fff"),
        ("VALUE=", "none", ""),
        ('VALUE="${OTHER}/x"', "${OTHER}/x", "other/x"),
        (r"VALUE='one\ntwo'", "one\ntwo", r"one\ntwo"),
    ],
)
def test_a_file_of_variables_is_read_in_the_dialect_of_python_dotenv(both, line, honcho_says, ours):
    files = lines("web: printf '%s\\n' \"${VALUE-none}\"; exec linger") | {".env": f"OTHER=other\n{line}\n"}
    honcho, aura = both(ANY, files=files, audience=1)
    assert honcho.lines == {"web": honcho_says.split("\n")}
    assert aura.lines == {"web": ours.split("\n")}


def test_a_process_keeps_its_number_when_others_are_left_out(both):
    files = {
        "Procfile": "web: exec linger\nworker: tell worker; exec finish 0\nclock: tell clock; exec linger\n"
    }
    honcho, aura = both(ANY, "worker", "clock", files=files, audience=1)
    assert honcho.ports == {"worker": 5000, "clock": 5100}
    assert aura.ports == {"worker": 5100, "clock": 5200}


def test_a_watch_that_would_end_with_its_input_goes_on(side):
    files = {"Procfile": "css: cat; echo end of input\nweb: exec linger\n"}
    honcho, aura = (side(tool, ANY) for tool in TOOLS)
    honcho.write(files)
    assert honcho.run().lines == {"css": ["end of input"]}
    aura.write(files)
    with start(aura) as command:
        command.expect(r"all ready")
        aura.hear(1)
        command.signal(signal.SIGINT)
        ended = command.finish()
    ran = aura.ran(command.output, ended)
    assert ran.lines == {}
    assert re.search(r"^css +· stopping", command.output, re.MULTILINE)
    assert ran.code == 130
