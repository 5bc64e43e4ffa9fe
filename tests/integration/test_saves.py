"""A save in a running stack: whose it is, what runs again, and that one save is one restart."""

import json
import os
import random
import subprocess
import sys
import time

import pytest
from stacks import child

SERVER = "import time; print('serving', open('word.txt').read().strip(), flush=True); time.sleep(1000)"
WEB = {
    "command": [sys.executable, "-c", SERVER],
    "cwd": "web",
    "ready": {"log": "serving"},
    "watch": {"paths": ["."], "ignore": ["*.md"]},
}
OTHER = {"command": child("talker"), "ready": {"log": "hello"}}


@pytest.fixture
def made(stack, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "word.txt").write_text("one\n")
    return stack({"web": WEB, "other": OTHER})


def started(made):
    """How often each service was started, by the record."""
    with open(made.places.events, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    return {
        name: sum(event["kind"] == "started" and event["service"] == name for event in events)
        for name in ("web", "other")
    }


def save_plainly(path, text):
    path.write_text(text)


def save_as_vim_does(path, text):
    commands = f"%s/.*/{text.strip()}/|wq"
    subprocess.run(["vim", "-u", "NONE", "-es", "-c", commands, str(path)], check=True, timeout=60)


def save_as_vs_code_does(path, text):
    """It opens the file as it is, cuts it to nothing, writes and syncs."""
    with open(path, "r+b", buffering=0) as file:
        file.truncate(0)
        file.write(text.encode())
        os.fsync(file.fileno())


def save_by_another_file(path, text):
    """Atomically, as many editors and formatters do."""
    beside = path.with_name(f"{path.name}.tmp.1234")
    beside.write_text(text)
    beside.rename(path)


@pytest.mark.parametrize("save", [save_plainly, save_as_vim_does, save_as_vs_code_does, save_by_another_file])
def test_one_save_is_one_restart_of_its_service_alone(made, save):
    up = made.up()
    for number, word in enumerate(("two", "three", "four"), 2):
        save(made.folder / "web" / "word.txt", f"{word}\n")
        up.expect(f"web +· word.txt saved[\\s\\S]*serving {word}")
        made.run("wait")
        assert started(made) == {"web": number, "other": 1}


def test_what_changes_nothing_restarts_nothing(made):
    up = made.up()
    word = made.folder / "web" / "word.txt"
    word.write_text("once\n")
    up.expect("serving once")  # from here on it is known what the file holds
    os.utime(word)
    word.write_text("once\n")
    (made.folder / "web" / "README.md").write_text("ignored")
    (made.folder / "web" / "node_modules").mkdir()
    (made.folder / "web" / "node_modules" / "x.js").write_text("ignored")
    (made.folder / "beside.txt").write_text("not watched")
    word.write_text("two\n")  # what came before has been seen when this is acted on
    up.expect("serving two")
    made.run("wait")
    assert started(made) == {"web": 3, "other": 1}
    assert "README" not in up.output


def test_nothing_is_watched_where_that_is_not_wanted(made):
    up = made.up("--no-watch")
    (made.folder / "web" / "word.txt").write_text("two\n")
    assert made.run("restart", "web")[0] == 0
    up.expect("serving two")
    assert "saved" not in up.output


def test_a_service_that_somebody_stopped_is_not_woken_by_a_save(made):
    up = made.up()
    made.run("stop", "web")
    (made.folder / "web" / "word.txt").write_text("two\n")
    (made.folder / "web" / "word.txt").write_text("three\n")
    made.run("start", "web")
    (made.folder / "web" / "word.txt").write_text("four\n")
    up.expect("serving four")
    made.run("wait")
    assert started(made) == {"web": 3, "other": 1}


def test_a_save_wakes_a_service_that_has_given_up(made):
    made.write({"web": {**WEB, "restart": "no"}, "other": OTHER})
    word = made.folder / "web" / "word.txt"
    word.unlink()
    up = made.start("up")
    up.expect("web +· failed")
    up.expect("not up: web")
    word.write_text("mended\n")
    up.expect("word.txt saved[\\s\\S]*serving mended")


def test_a_saved_input_runs_its_step_and_then_restarts(made):
    step = {"command": "cp input made", "inputs": ["input"], "outputs": ["made"]}
    made.write({"web": {**WEB, "watch": {"paths": ["word.txt"]}, "prepare": [step]}, "other": OTHER})
    (made.folder / "web" / "input").write_text("one")
    up = made.up()
    (made.folder / "web" / "input").write_text("two")
    up.expect(
        r"web +· input saved\n"
        r"web +· cp input made \(input changed\)\n"
        r"web +· cp input made done in .*\n"
        r"web +· stopping .*\n[\s\S]*"
        r"web +· ready in"
    )
    assert (made.folder / "web" / "made").read_text() == "two"
    made.run("wait")
    assert started(made) == {"web": 2, "other": 1}


def test_a_step_that_fails_after_a_save_leaves_the_run_that_serves(made):
    step = {"command": "grep -q good input", "inputs": ["input"]}
    made.write({"web": {**WEB, "watch": {"paths": ["word.txt"]}, "prepare": [step]}, "other": OTHER})
    (made.folder / "web" / "input").write_text("good")
    up = made.up()
    (made.folder / "web" / "input").write_text("bad")
    up.expect("grep -q good input failed: exited 1; what runs of it goes on")
    assert started(made) == {"web": 1, "other": 1}
    (made.folder / "web" / "input").write_text("good again")
    up.expect("ready in[\\s\\S]*input saved[\\s\\S]*ready in")
    assert started(made) == {"web": 2, "other": 1}


def test_an_input_of_a_step_that_no_service_watches_belongs_to_one_service(made):
    """`inputs` alone are enough: the frontend watches its own files, and still has its packages installed."""
    step = {"command": "cp lock modules", "inputs": ["lock"], "outputs": ["modules"]}
    made.write({"web": {**WEB, "watch": False, "prepare": [step]}, "other": OTHER})
    (made.folder / "web" / "lock").write_text("one")
    up = made.up()
    (made.folder / "web" / "word.txt").write_text("two\n")
    (made.folder / "web" / "lock").write_text("two")
    up.expect("lock saved[\\s\\S]*serving two")
    made.run("wait")
    assert started(made) == {"web": 2, "other": 1}
    assert "word.txt" not in up.output


def test_a_save_while_the_restart_of_an_earlier_one_runs_is_in_it_or_begins_one_more(made):
    up = made.up()
    word = made.folder / "web" / "word.txt"
    for number in range(20):
        word.write_text(f"burst {number}\n")
    up.expect("serving burst 19")
    made.run("wait")
    assert started(made)["web"] <= 4


def test_a_watched_folder_that_is_being_replaced_is_one_restart(made):
    """As `git checkout` does it: many files at once, folders that go and come."""
    source = made.folder / "web" / "src"
    source.mkdir()
    for number in range(200):
        (source / f"{number}.js").write_text("one")
    lock = made.folder / ".git/index.lock"  # git is not done, however long the machine takes
    lock.parent.mkdir()
    up = made.up()
    lock.touch()
    subprocess.run(["rm", "-r", str(source)], check=True)
    source.mkdir()
    for number in range(200):
        (source / f"{number}.js").write_text("two")
    lock.unlink()
    up.expect("saved[\\s\\S]*serving")
    made.run("wait")
    assert started(made)["web"] == 2


def test_the_engine_wakes_up_for_nothing_while_nobody_saves(made):
    """Watching costs nothing while nothing is saved: no voluntary switch of the engine, but by the clock of others."""
    made.up()
    made.run("wait")
    status = f"/proc/{made.engine()}/status"

    def switches():
        """How often it has gone to sleep; others that take its turn on a loaded machine are no matter of its own."""
        with open(status, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))

    def in_a_second():
        before = switches()
        subprocess.run(["sleep", "1"], check=True)
        return switches() - before

    # what is put in order once, a while after the start, falls into one of them
    assert any(in_a_second() <= 1 for _ in range(4))


def test_many_saves_at_any_moment_leave_nothing_behind_and_the_last_one_serves(made):
    made.up()
    word, engine, chance = made.folder / "web" / "word.txt", f"/proc/{made.engine()}/fd", random.Random(3)
    save_plainly(word, "first\n")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    before = len(os.listdir(engine)), len(made.members())
    for number in range(25):
        chance.choice((save_plainly, save_as_vs_code_does, save_by_another_file))(word, f"word {number}\n")
        time.sleep(chance.choice((0.0, 0.01, 0.1)))  # somebody thinks
    assert made.run("wait", "--for", "reloaded")[0] == 0
    _, told = made.run("logs", "-n", "1", "web")
    assert "serving word 24" in told
    assert (len(os.listdir(engine)), len(made.members())) == before
    assert started(made)["web"] <= 27


# --- rules, builds, dependents, circles ---


def events_of(made, kind):
    with open(made.places.events, encoding="utf-8") as file:
        return [event for line in file if (event := json.loads(line))["kind"] == kind]


def status_of(made, name):
    (view,) = json.loads(made.run("status", "--json", name)[1])
    return view


def test_rules_say_what_a_save_does(made):
    hup = "import signal, time; signal.signal(signal.SIGHUP, lambda *_: print('read again', flush=True))\n"
    rules = [
        {"match": "*.conf", "signal": "HUP"},
        {"match": "*.proto", "run": "cp a.proto made; echo generated"},
        {"match": "*.md", "ignore": True},
    ]
    command = [sys.executable, "-c", hup + SERVER]
    watch = {"paths": ["."], "ignore": ["made"], "rules": rules}
    made.write({"web": {**WEB, "command": command, "watch": watch}, "other": OTHER})
    up = made.up()
    web = made.folder / "web"
    (web / "README.md").write_text("nothing")
    (web / "a.conf").write_text("one")
    up.expect(r"web +· a.conf saved[\s\S]*web +· SIGHUP sent to[\s\S]*read again")
    (web / "a.proto").write_text("one")
    up.expect(r"web +· a.proto saved\nweb +· cp .* \(a.proto saved\)[\s\S]*generated[\s\S]*done in")
    assert started(made) == {"web": 1, "other": 1}
    (web / "word.txt").write_text("two\n")
    up.expect("serving two")
    assert "README" not in up.output
    assert (web / "made").read_text() == "one"


def test_a_build_runs_first_and_when_it_fails_what_runs_goes_on(made):
    build = "grep -v error word.txt > built || { echo 'word.txt(1,1): error: bad word'; exit 2; }"
    watch = {"paths": ["word.txt"], "build": build}
    made.write({"web": {**WEB, "watch": watch}, "other": OTHER})
    up = made.up()
    word = made.folder / "web" / "word.txt"
    pid = status_of(made, "web")["pid"]
    word.write_text("error\n")
    up.expect("failed: exited 2; what runs of it goes on")
    view = status_of(made, "web")
    assert (view["state"], view["pid"]) == ("ready", pid)
    assert view["stale"].endswith("failed: exited 2")
    assert view["last_error"] == "word.txt(1,1): error: bad word"
    code, table = made.run("status")
    assert code == 0
    assert "new version failed: " in table
    assert "error: bad word" in table
    code, told = made.run("why", "web")
    assert "new version failed: " in told
    assert "mend it and save" in told
    word.write_text("two\n")
    up.expect("serving two")
    made.run("wait")
    assert status_of(made, "web")["stale"] is None
    assert (made.folder / "web/built").read_text() == "two\n"
    assert started(made) == {"web": 2, "other": 1}


def test_a_save_during_a_build_is_built_as_well(made):
    build = "cat word.txt >> built; test -e go || { echo building; while ! test -e go; do sleep 0.01; done; }"
    watch = {"paths": ["word.txt"], "build": build}
    made.write({"web": {**WEB, "watch": watch}, "other": OTHER})
    up = made.up()
    web = made.folder / "web"
    (web / "word.txt").write_text("two\n")
    up.expect(r"\| building")
    (web / "word.txt").write_text("three\n")
    up.expect("(?:word.txt saved[\\s\\S]*){3}")
    (web / "go").touch()
    up.expect("serving three")
    made.run("wait")
    assert (web / "built").read_text() == "two\nthree\n"
    assert 2 <= started(made)["web"] <= 3


def test_what_depends_on_a_service_follows_where_that_is_wanted(made):
    watch = {"paths": ["word.txt"], "dependents": True}
    services = {"web": {**WEB, "watch": watch}, "other": {**OTHER, "depends_on": ["web"]}}
    made.write(services)
    up = made.up()
    (made.folder / "web" / "word.txt").write_text("two\n")
    up.expect(r"saved[\s\S]*web +· ready in[\s\S]*other +· stopping[\s\S]*other +· ready in")
    assert started(made) == {"web": 2, "other": 2}


def test_a_command_that_makes_itself_run_again_is_noticed_and_left_alone(made):
    rules = [{"match": "*.gen", "run": "date +%N > a.gen"}]
    made.write({"web": {**WEB, "watch": {"paths": ["."], "rules": rules}}, "other": OTHER})
    up = made.up()
    (made.folder / "web" / "a.gen").write_text("begin")
    up.expect("aura +· web goes round in a circle: a.gen was written")
    assert made.run("wait", "--for", "reloaded")[0] == 0
    assert started(made) == {"web": 1, "other": 1}


def test_a_service_that_writes_what_restarts_it_is_noticed_and_left_alone(made):
    script = "import time; open('count.txt', 'a').write('x' * 5000); " + SERVER
    made.write({"web": {**WEB, "command": [sys.executable, "-c", script]}, "other": OTHER})
    up = made.start("up", start_new_session=True)
    up.expect("aura +· web goes round in a circle: count.txt was written .* after each start")
    made.run("wait")
    before = started(made)["web"]
    (made.folder / "web" / "word.txt").write_text("two\n")
    up.expect("serving two")
    made.run("wait")
    assert started(made)["web"] == before + 1
