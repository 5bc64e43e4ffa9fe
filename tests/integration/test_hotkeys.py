"""The keys of a face, pressed in a terminal, and what its screen shows then."""

import os
import sys
import termios

import pytest
from stacks import PATIENCE, child
from terminal import CTRL_C, Terminal, expect

TALKER = {"command": child("talker"), "ready": {"log": "hello"}}


@pytest.fixture
def up(stack):
    """An `up` in a terminal; what is waited for has to come after all that was waited for before."""
    opened = []

    def bring_up(services, *words, ready="all ready", **environ):
        made = stack(services)
        env = {**made.env, "NO_COLOR": "1", "TERM": "xterm-256color", **environ}
        one = Terminal([sys.executable, "-m", "aura_stack", "up", *words], made.folder, env)
        termios.tcsetwinsize(one.master, (40, 120))
        opened.append(one)
        one.made = made
        expect(one, ready)
        return one

    yield bring_up
    for one in opened:
        one.close()


@pytest.fixture
def printing(up):
    """An `up` with the services web and db; the second value makes one of them print."""
    command = (
        "mkfifo $AURA_SERVICE; exec 3<>$AURA_SERVICE; echo up; while read -r l <&3; do "
        'case $l in err*) echo "$l" >&2;; *) echo "$l";; esac; done'
    )
    one = {"command": command, "ready": {"log": "up"}}

    def begin(*words, **environ):
        terminal = up({"web": one, "db": one}, *words, **environ)

        def say(service, text):
            (terminal.made.folder / service).write_text(f"{text}\n")

        return terminal, say

    return begin


def test_r_restarts_the_service_whose_name_begins_as_it_is_typed(up):
    terminal = up({"web": TALKER, "worker": TALKER, "db": TALKER})
    terminal.type(b"r")
    expect(terminal, "restart: _   web worker db")
    terminal.type(b"wo")
    expect(terminal, "→ worker")
    terminal.type(b"\r")
    expect(terminal, r"── worker restarted: asked to ──")
    expect(terminal, r"worker · ready in")
    assert "web restarted" not in terminal.output


def test_a_beginning_that_several_names_have_restarts_nothing(up):
    terminal = up({"web": TALKER, "worker": TALKER})
    terminal.type(b"rw\r")
    expect(terminal, r'there is no service w; there are "?web"?')
    terminal.type(b"rx\x1b")
    terminal.type(b"s")
    expect(terminal, "NAME +STATE")
    assert "restarted" not in terminal.output


def test_upper_r_restarts_all(up):
    terminal = up({"web": TALKER, "db": TALKER})
    terminal.type(b"R")
    expect(terminal, r"── \w+ restarted: asked to ──")
    expect(terminal, r"── \w+ restarted: asked to ──")


def test_l_hides_the_lines_of_a_service_and_shows_them_again(printing):
    terminal, say = printing()
    terminal.type(b"lweb\r")
    expect(terminal, "lines of web are hidden; l shows them again")
    say("web", "hidden line")
    while "hidden line" not in terminal.made.run("logs", "web")[1]:
        pass
    say("db", "line of db")  # stands behind it in the record
    expect(terminal, r"db +\| line of db")
    terminal.type(b"lweb\r")
    expect(terminal, "lines of web are shown again")
    say("web", "line of web")
    expect(terminal, r"web +\| line of web")
    assert "hidden line" not in terminal.output


def test_e_shows_only_errors_and_all_again(printing):
    terminal, say = printing()
    terminal.type(b"e")
    expect(terminal, "only errors are shown; e shows all")
    say("web", "all well")
    say("web", "Error: not well")
    say("web", "err on the other stream")
    expect(terminal, r"web +\| Error: not well")
    expect(terminal, r"web +\| err on the other stream")
    terminal.type(b"e")
    expect(terminal, "all lines are shown")
    assert "all well" not in terminal.output


def test_f_shows_only_lines_with_a_text(printing):
    terminal, say = printing()
    terminal.type(b"fneed")
    expect(terminal, "only lines with: need_")
    say("db", "comes while somebody types")
    expect(terminal, r"db +\| comes while somebody types")
    expect(terminal, "only lines with: need_")  # drawn again below it
    terminal.type(b"le\r")
    expect(terminal, 'only lines with "needle" are shown')
    say("web", "hay")
    say("web", "a NEEDLE in it")
    expect(terminal, "a NEEDLE in it")
    terminal.type(b"f\r")
    expect(terminal, "all lines are shown")
    assert "hay" not in terminal.output


def test_ctrl_c_leaves_what_is_typed_and_not_the_stack(printing):
    terminal, say = printing()
    terminal.type(b"rwe")
    expect(terminal, "→ web")
    terminal.type(CTRL_C)
    say("db", "still here")
    expect(terminal, r"db +\| still here")
    assert "stopping all" not in terminal.output
    terminal.type(CTRL_C)
    expect(terminal, "stopping all: Ctrl-C")
    assert terminal.finish(PATIENCE) == 130


def test_o_opens_the_address_in_the_browser(up, tmp_path, port):
    browser = tmp_path / "browser"
    os.mkfifo(tmp_path / "opened")
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    serving = {"command": [sys.executable, "-m", "http.server", str(port)], "port": port}
    terminal = up({"web": serving}, BROWSER=str(browser))
    terminal.type(b"o")
    assert (tmp_path / "opened").read_text() == f"http://localhost:{port}\n"
    expect(terminal, f"http://localhost:{port} is opened")


def test_o_says_the_address_where_there_is_no_browser(up):
    terminal = up({"web": TALKER})
    terminal.type(b"o")
    expect(terminal, "no service that runs has an address")


def test_c_clears_the_screen_and_question_mark_shows_the_keys(up):
    terminal = up({"web": TALKER})
    terminal.type(b"c?")
    expect(terminal, r"\x1b\[H\x1b\[2J\x1b\[3J")
    expect(terminal, "r restarts a service, R all of them")
    expect(terminal, "d leaves the stack running, q or Ctrl-C stops it")


def test_arrows_and_function_keys_do_nothing(up):
    terminal = up({"web": TALKER})
    terminal.type(b"\x1b[A\x1b[B\x1bOd\x1bOR\x1b[1;5q\x1b[15~")
    terminal.type(b"s")
    expect(terminal, "NAME +STATE")
    assert "left running" not in terminal.output
    assert "stopping" not in terminal.output


def test_no_keys_leaves_the_keyboard_alone(up):
    terminal = up({"web": TALKER}, "--no-keys")
    assert termios.tcgetattr(terminal.master)[3] & termios.ICANON
    assert "d leaves it running" not in terminal.output
    terminal.type(b"d\rq\r")
    terminal.type(CTRL_C)
    expect(terminal, "stopping all: Ctrl-C")
    assert terminal.finish(PATIENCE) == 130


def test_a_prompt_is_seen_and_a_spinner_stays_in_its_row(up):
    command = 'mkfifo go; exec 3<>go; echo up; while IFS= read -r l <&3; do printf "$l"; done'
    terminal = up({"web": {"command": command, "ready": {"log": "up"}}})

    def say(text):
        (terminal.made.folder / "go").write_text(f"{text}\n")

    say(r"\rstep 1")
    expect(terminal, r"\r\nweb  \| step 1$")
    for step in (2, 3):
        say(rf"\rstep {step}")
        expect(terminal, rf"\rweb  \| step {step}\x1b\[K$")
    say(r"\rall steps\nname? ")
    expect(terminal, r"\rweb  \| all steps\x1b\[K\r\nweb  \| name\? $")
    say(r"Ada\n")
    expect(terminal, r"Ada\r\n")
    assert terminal.output.count("name?") == 1


def test_a_crash_shows_what_was_changed_before_and_the_restart_says_why(up):
    services = {
        "web": {
            "command": "cat src/app.js; grep -q broken src/app.js && exit 3; sleep 1000",
            "ready": {"log": "code"},
            "watch": {"paths": ["src"]},
            "backoff": {"first": "1h", "max": "1h"},
        }
    }
    terminal = up(services, ready="web  · started")
    source = terminal.made.folder / "src/app.js"
    source.parent.mkdir()
    source.write_text("code\n")
    expect(terminal, r"── web restarted: src/app.js changed ──")
    expect(terminal, r"web  · ready in")
    source.write_text("broken code\n")
    expect(terminal, r"── web restarted: src/app.js changed ──")
    expect(terminal, r"web  · exited 3")
    expect(terminal, r"web  · src/app.js changed [0-9.]+ s before")


def test_attach_and_no_attach_choose_whose_lines_are_shown(stack):
    made = stack({"web": {**TALKER}, "db": TALKER, "worker": TALKER})
    for words in (("--attach", "web"), ("--no-attach", "db", "--no-attach", "w*r")):
        first = made.up(*words)
        assert "web    | hello" in first.output
        assert "db     | hello" not in first.output
        assert "worker | hello" not in first.output
        second = made.start("up", *words, start_new_session=True)
        second.expect("all ready")
        made.run("restart", "web", "db")
        second.expect(r"web    \| hello")
        assert "db     | hello" not in second.output
        second.signal(15)
        second.finish()
        first.signal(2)
        first.finish()


def test_a_name_that_nothing_has_is_no_name_to_attach(stack):
    made = stack({"web": TALKER})
    code, output = made.run("up", "--attach", "wab")
    assert (code, 'did you mean "web"?' in output) == (4, True)
    assert made.members() == []


def test_times_errors_and_no_prefixes(stack):
    command = "echo fine; echo Error: bad; echo on stderr >&2"
    made = stack({"web": {"command": command, "restart": "no"}})
    code, output = made.run("up", "-t", "--no-prefix", "--only-errors")
    assert code == 0
    lines = [line[13:] for line in output.splitlines() if line[2:3] == ":" and line[12:13] == " "]
    assert sorted(lines) == ["Error: bad", "on stderr"]
    assert "fine" not in output


def test_who_holds_back_its_output_is_told_of_after_a_while(stack):
    """The while is made short."""
    made = stack({"web": {"command": "while :; do echo POST; sleep 0.05; done | grep POST"}})
    sooner = (
        "import sys, aura_stack.cli.silence as silence; silence.LONG = 0.3\n"
        "from aura_stack.__main__ import main; sys.exit(main())"
    )
    terminal = Terminal([sys.executable, "-c", sooner, "up"], made.folder, {**made.env, "NO_COLOR": "1"})
    terminal.expect("web has printed nothing yet: grep holds back what it prints into a pipe", PATIENCE)
    terminal.type(CTRL_C)
    assert terminal.finish(PATIENCE) == 130
    terminal.close()
