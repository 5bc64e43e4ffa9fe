"""`watch on`, `off` and `status`, the environment that turns it off, and waiting for what was just saved."""

import json
import sys

import pytest
from stacks import child

pytestmark = pytest.mark.long

SERVER = "import time; print('serving', open('word.txt').read().strip(), flush=True); time.sleep(1000)"
WEB = {
    "command": [sys.executable, "-c", SERVER],
    "cwd": "web",
    "ready": {"log": "serving"},
    "watch": {"paths": ["word.txt", "more.txt"]},
}
PLAIN = {"command": "sleep 1000"}


@pytest.fixture
def made(stack, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "word.txt").write_text("one\n")
    return stack({"web": WEB, "plain": PLAIN})


def save(made, text, name="word.txt"):
    (made.folder / "web" / name).write_text(f"{text}\n")


def watched(made, *words):
    return json.loads(made.run("watch", "status", "--json", *words)[1])


def run_of(made, name="web"):
    (view,) = json.loads(made.run("status", "--json", name)[1])
    return view["run"]


def test_what_was_just_saved_serves_when_the_wait_is_over(made):
    up = made.up()
    for number in range(2, 6):
        save(made, f"word {number}")
        assert made.run("wait", "--for", "reloaded")[0] == 0
        assert run_of(made) == number
    save(made, "word 5")  # the same again
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert run_of(made) == 5
    up.expect("serving word 5")


def test_the_wait_ends_with_the_error_of_what_was_just_saved(made):
    build = "grep -v wrong word.txt"
    watch = {**WEB["watch"], "build": build}
    made.write({"web": {**WEB, "watch": watch}, "plain": PLAIN})
    made.up()
    save(made, "wrong")
    code, told = made.run("wait", "--for", "reloaded")
    assert code == 1
    assert "web: grep -v wrong word.txt failed: exited 1" in told
    assert run_of(made) == 1
    save(made, "right")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert run_of(made) == 2


def test_a_run_that_ends_at_once_is_a_save_that_failed(made):
    script = f"assert 'wrong' not in open('word.txt').read(), 'a mistake'; {SERVER}"
    made.write({"web": {**WEB, "command": [sys.executable, "-c", script]}, "plain": PLAIN})
    made.up()
    save(made, "wrong")
    code, told = made.run("wait", "--for", "reloaded", "--json")
    assert code == 1
    answered, end = json.JSONDecoder().raw_decode(told)  # what stands behind it was written to stderr
    assert json.loads(told[end:])["error"] == "web: exited 1; starts again"
    found = {one["service"]: one for one in answered}
    assert not found["web"]["ok"]
    assert found["plain"]["ok"]
    save(made, "right")
    assert made.run("wait", "--for", "reloaded")[0] == 0


def test_a_service_is_left_alone_and_then_no_more(made):
    up = made.up()
    assert made.run("watch", "off", "web") == (0, "leaving alone web\n")
    save(made, "two")
    save(made, "three", "more.txt")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    (web,) = watched(made)["services"]
    assert (web["watch"], web["missed"], web["saves"]) == ("off", ["more.txt", "word.txt"], 0)
    assert run_of(made) == 1
    assert made.run("watch", "on", "web") == (0, "watching web\n")
    up.expect("web does not know of more.txt and word.txt, saved meanwhile: aura-stack restart web")
    save(made, "four")
    up.expect("serving four")
    (web,) = watched(made, "web")["services"]
    assert (web["watch"], web["missed"], web["saves"]) == ("on", [], 1)
    assert web["last"]["files"] == ["word.txt"]
    code, table = made.run("watch", "status")
    assert code == 0
    assert "word.txt, more.txt" in table
    assert "the kernel tells of them" in table or "looked at" in table


def test_the_whole_watch_is_turned_off_and_on(made):
    up = made.up()
    assert made.run("watch", "off")[0] == 0
    save(made, "two")
    made.write({"web": WEB, "plain": PLAIN, "new": PLAIN})
    code, told = made.run("wait", "--for", "reloaded")
    assert code == 1
    assert "the watch is off" in told
    assert not watched(made)["on"]
    assert made.run("watch", "on")[0] == 0
    save(made, "three")
    up.expect("serving three")
    assert run_of(made) == 2
    assert "new" not in up.output


def test_what_watches_nothing_cannot_be_watched(made):
    made.up()
    code, told = made.run("watch", "on", "plain")
    assert code == 1
    assert "plain watches nothing" in told


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_stack_that_began_without_a_watch_can_be_watched_later(made, how):
    if how == "variable":
        made.env["AURA_NO_WATCH"] = "1"
    up = made.up(*(["--no-watch"] if how == "flag" else []))
    assert not watched(made)["on"]
    save(made, "two")
    assert made.run("watch", "on", "web")[0] == 0
    save(made, "three")
    up.expect("serving three")
    assert "serving two" not in up.output


def test_a_service_that_is_paused_is_left_alone(made):
    up = made.up()
    assert made.run("pause", "web")[0] == 0
    save(made, "two")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert watched(made)["services"][0]["watch"] == "paused"
    assert run_of(made) == 1
    assert made.run("resume", "web")[0] == 0
    up.expect("web does not know of word.txt, saved meanwhile")
    save(made, "three")
    up.expect("serving three")


def test_a_new_version_that_fails_beside_the_old_one_is_a_save_that_failed(stack, tmp_path, port):
    (tmp_path / "version").write_text("one")
    web = {
        "command": child("versions"),
        "port": port,
        "ready": {"http": "/"},
        "handover": "overlap",
        "watch": {"paths": ["version"]},
    }
    made = stack({"web": web, "plain": PLAIN})
    made.up()
    (tmp_path / "version").write_text("two crash")
    code, told = made.run("wait", "--for", "reloaded")
    assert code == 1
    assert "the new version failed: exited 3" in told
    (tmp_path / "version").write_text("three")
    code, told = made.run("wait", "--for", "reloaded")
    assert (code, "version three" in made.run("logs", "web")[1]) == (0, True), told
