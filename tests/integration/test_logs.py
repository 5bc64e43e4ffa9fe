"""Nothing that is printed is lost, torn or changed; and `logs` finds it again."""

import json
import os
import re
import resource
import runpy
import signal
import sys
import time

import pytest
from stacks import CHILDREN, PATIENCE, child

from aura_stack.logs import segments

TALKER = {"command": child("talker"), "ready": {"log": "^hello"}}


def printed(name, count):
    """What tests/children/printer.py prints."""
    before, sys.argv = sys.argv, ["printer", name, str(count)]
    try:
        return runpy.run_path(str(CHILDREN / "printer.py"), run_name="read")["lines"]()
    finally:
        sys.argv = before


def stored(made, file):
    live = os.path.join(made.places.logs, file)
    found = b""
    for path in segments.files(live):
        with open(path, "rb") as one:
            found += one.read()
    return found


@pytest.mark.parametrize("count", [3, 30])
def test_every_byte_arrives_in_its_order_in_files_and_in_the_merged_stream(stack, count, tmp_path):
    services = {
        f"s{number}": {"command": child("printer", f"s{number}", "60"), "restart": "no"}
        for number in range(count)
    }
    made = stack(services)
    with open(tmp_path / "out", "wb") as out:
        up = made.start("up", start_new_session=True)
        shown, _ = up.process.communicate(timeout=60)
        out.write(shown)
    width = len("aura")
    for name in services:
        lines = printed(name, 60)
        assert stored(made, f"{name}.out.log") == b"\n".join(lines)
        prefix = f"{name:<{width}} | ".encode()
        mine = [line for line in shown.split(b"\n") if line.startswith(prefix)]
        assert mine == [prefix + line.removesuffix(b"\r") for line in lines]


def test_what_a_killed_service_printed_last_is_there(stack):
    made = stack({"web": {"command": child("printer", "web", "50", "kill"), "restart": "no"}})
    made.start("up").finish()
    assert stored(made, "web.out.log") == b"\n".join(printed("web", 50))
    assert (
        made.run("logs", "-n", "1", "--no-prefix")[1]
        == printed("web", 50)[-1].decode().removesuffix("\r") + "\n"
    )


def test_what_is_printed_while_it_stops_is_there_and_no_restart_shortens_anything(stack):
    made = stack({"web": {"command": child("printer", "web", "3", "stay"), "ready": {"log": "^here"}}})
    up = made.up()
    assert made.run("restart", "web")[0] == 0
    assert made.run("down")[0] == 0
    up.finish()
    once = b"\n".join(printed("web", 3)) + b"\nhere\nbye, without an end"
    assert stored(made, "web.out.log") == once * 2
    code, output = made.run("logs", "--no-prefix", "--grep", "^bye")
    assert (code, output) == (0, "bye, without an end\n" * 2)


def test_a_grandchild_is_heard_until_it_is_gone(stack):
    made = stack({"web": {"command": child("printer", "web", "3", "late"), "restart": "no"}, "other": TALKER})
    up = made.start("up", start_new_session=True)
    up.expect("web · failed|web +· failed")
    (made.folder / "go").touch()
    made.run("wait", "other")
    up.signal(signal.SIGINT)
    up.finish()
    whole = stored(made, "web.out.log")
    assert whole.startswith(b"\n".join(printed("web", 3)))


def test_a_killed_engine_leaves_a_record_that_says_where_it_ends(stack):
    made = stack({"web": TALKER})
    up = made.up()
    os.kill(made.engine(), signal.SIGKILL)
    up.finish()
    assert "web | hello\n" in made.run("logs")[1]
    again = made.up()
    assert re.search(
        "the engine before this one was killed: what services printed after .* is not in the record",
        again.output,
    )
    assert made.run("logs", "web")[1].count("web | hello\n") == 2
    assert made.run("down")[0] == 0
    again.finish()


def test_following_goes_on_over_restarts_of_a_service_of_the_stack_and_of_a_killed_engine(stack):
    made = stack({"web": TALKER})
    first = made.up()
    following = made.start("logs", "-f", "-n", "1", "web")
    following.expect(r"web \| hello")
    made.run("restart", "web")
    following.expect(r"web \| hello\n── web restarted: asked to ──\nweb \| hello")
    stored = made.run("logs", "-n", "2")[1]
    assert re.search(r"^web \| hello\n── web restarted: asked to ──\nweb \| hello$", stored, re.MULTILINE)
    for flag in ("--no-marks", "--json", "--no-prefix", "-ghello"):
        assert "restarted" not in made.run("logs", flag)[1]
    made.run("down")
    first.finish()
    second = made.up()
    following.expect(r"(web \| hello[\s\S]*){3}")
    os.kill(made.engine(), signal.SIGKILL)
    second.finish()
    third = made.up()
    following.expect(r"(web \| hello[\s\S]*){4}")
    following.signal(signal.SIGINT)
    assert following.finish() == 130
    made.run("down")
    third.finish()


def test_a_killed_follower_is_missed_by_nobody(stack):
    made = stack({"web": TALKER})
    up = made.up()
    following = made.start("logs", "-f")
    following.expect("hello")
    following.signal(signal.SIGKILL)
    following.finish()
    code, output = made.run("status", "--json")
    assert (code, json.loads(output)[0]["held_back_for"]) == (0, None)
    made.run("down")
    up.finish()


def test_a_full_disk_is_told_once_on_the_screen_and_the_stack_runs_on(stack):
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # EFBIG, which is met as ENOSPC is

    made = stack({"web": {"command": child("printer", "web", "60", "stay")}})
    up = made.start("up", start_new_session=True, preexec_fn=full)
    up.expect("output is being lost, the record cannot be written: File too large")
    code, output = made.run("status")
    assert code == 0
    assert "ready" in output
    assert "output is being lost" in output
    assert made.run("restart", "web")[0] == 0
    assert made.run("down")[0] == 0
    up.finish()
    assert up.output.count("output is being lost") == 1


SHELL = r"""
echo 'INFO up'; printf 'WARN \033[31msl\033[1mow\033[0m\n'; echo 'ERROR broken'; echo '    at f (a.js:1)'; echo fine
echo '{"level":50,"time":1700000000000,"msg":"by pino","code":7}'; echo to the other >&2; exit 3
"""


@pytest.fixture
def ended(stack):
    made = stack(
        {"web": {"command": SHELL, "restart": "no"}, "api": {"command": "echo from the api", "restart": "no"}}
    )
    made.start("up").finish()
    return made


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["web", "--stdout", "-n", "2"],
            ["fine", '{"level":50,"time":1700000000000,"msg":"by pino","code":7}'],
        ),
        (["--stderr"], ["to the other"]),
        (["-g", "slow|^fine"], ["WARN \x1b[31msl\x1b[1mow\x1b[0m", "fine"]),
        (
            ["-g", "broken", "--context", "1"],
            ["WARN \x1b[31msl\x1b[1mow\x1b[0m", "ERROR broken", "    at f (a.js:1)"],
        ),
        (["web", "--exclude", "o", "--exclude", "^ "], ["INFO up", "fine"]),
        (
            ["web", "--stdout", "--level", "error"],
            [
                "ERROR broken",
                "    at f (a.js:1)",
                '{"level":50,"time":1700000000000,"msg":"by pino","code":7}',
            ],
        ),
        (["api", "--since", "1h"], ["from the api"]),
        (["--until", "1h"], []),
        (["web", "--previous", "-g", "up"], ["INFO up"]),
        (["web", "--since", "last-restart", "--stderr"], ["to the other"]),
        (["-g", "nothing like it"], []),
        (["-g", "e", "-n", "1", "--stderr"], ["to the other"]),
    ],
)
def test_what_is_asked_for_is_found(ended, words, lines):
    code, output = ended.run("logs", "--no-prefix", *words)
    assert (code, output.split("\n")[:-1]) == (0, lines)


def test_a_time_stands_before_each_line(ended):
    lines = ended.run("logs", "-t", "web")[1].splitlines()
    assert len(lines) == 7
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} web \| ", line) for line in lines)


def test_bytes_that_are_no_text_are_safe_for_programs(stack):
    made = stack({"web": {"command": r"printf 'a\377\000b\r\n'", "restart": "no"}})
    made.start("up").finish()
    assert stored(made, "web.out.log") == b"a\xff\x00b\r\n"
    (line,) = made.run("logs", "--json")[1].splitlines()
    found = json.loads(line)
    assert (found["service"], found["stream"], found["run"], found["line"]) == (
        "web",
        "out",
        1,
        "a\ufffd\x00b",
    )
    assert abs(found["time"] - time.time()) < 600


def test_saving_and_clearing(ended):
    code, output = ended.run("logs", "--save", "kept.txt", "api")
    assert (code, output) == (0, "saved in kept.txt\n")
    assert (ended.folder / "kept.txt").read_text() == "api | from the api\n"
    assert ended.run("logs", "--clear", "api") == (0, "logs of api removed, 0 K freed\n")
    assert ended.run("logs", "api") == (0, "")
    assert ended.run("logs", "web")[1].count("\n") == 7
    assert ended.run("logs", "--clear")[0] == 0
    assert ended.run("logs") == (0, "")


def test_clearing_while_it_runs_lets_what_comes_be_seen(stack):
    made = stack({"web": TALKER})
    up = made.up()
    assert made.run("logs", "--clear")[0] == 0
    assert made.run("logs", "web") == (0, "")
    made.run("restart", "web")
    assert made.run("logs", "-n", "1", "web")[1] == "web | hello\n"
    made.run("down")
    up.finish()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-g", "("], 2, "is no regular expression"),
        (["--since", "tomorrowish"], 2, "is no time such as"),
        (["--until", "5m", "-f"], 2, "do not go together"),
        (["--level", "loud"], 2, "loud"),
        (["api", "--previous", "--save", "/nowhere/x"], 1, "cannot be written"),
        (["nobody"], 4, 'there are no logs of a service "nobody"'),
    ],
)
def test_what_cannot_be_is_refused(ended, words, code, said):
    found, output = ended.run("logs", *words)
    assert found == code
    assert said in output


@pytest.mark.parametrize("words", [("logs", "-f"), ("events", "-f", "--json")])
def test_whoever_follows_goes_with_the_one_who_reads_although_nothing_comes_any_more(stack, words):
    made = stack({"web": {"command": "echo hello; exec sleep 600"}})
    made.up()
    following = made.start(*words)
    following.expect("hello" if words[0] == "logs" else "settled")
    following.process.stdout.close()
    assert following.process.wait(PATIENCE) == 0


def test_who_waits_for_the_next_start_goes_with_the_one_who_reads(stack):
    made = stack({"web": {"command": "echo hello; exec sleep 600"}})
    made.up()
    following = made.start("logs", "-f")
    following.expect("hello")
    assert made.run("down")[0] == 0
    following.process.stdout.close()
    assert following.process.wait(PATIENCE) == 0


def test_the_last_words_of_a_run_come_before_its_end_and_once(stack):
    made = stack({"web": {"command": "echo starting; echo no such colour >&2; exit 3", "restart": "no"}})
    up = made.start("up")
    assert up.finish() == 1
    said = [line for line in up.output.splitlines() if line.startswith("web")]
    assert [re.sub(r"pid \d+", "pid", line) for line in said] == [
        "web  · started (pid)",
        "web  | starting",
        "web  | no such colour",
        "web  · exited 3 (pid)",
        "web  · failed: exited 3",
    ]
    first, *_ = [json.loads(line) for line in made.run("logs", "--json", "-n", "1")[1].splitlines()]
    exited = [json.loads(line) for line in made.run("events", "--json", "--kind", "exited")[1].splitlines()]
    assert first["time"] <= exited[0]["time"]
