from aura_stack.messages.past import past


def record(*rows):
    return [{"time": float(number), "kind": kind, **facts} for number, (kind, facts) in enumerate(rows, 1)]


def started(run, service="web", why=""):
    return "started", {"service": service, "run": run, "pid": 1, "why": why}


def exited(run, words="exited 3", code=3):
    return "exited", {"service": "web", "run": run, "pid": 1, "code": code, "words": words}


SAVED = ("saved", {"service": "web", "files": ["src/app.js"]})


def test_each_further_run_has_its_reason():
    rows = record(started(1), exited(1), started(2, why="exited 3"), SAVED, started(3), started(4))
    found = past(rows, "web")
    assert [(one["run"], one["why"]) for one in found.restarts] == [
        (2, "exited 3"),
        (3, "src/app.js saved"),
        (4, "ordered"),
    ]
    assert found.ends == ({"time": 2.0, "run": 1, "words": "exited 3", "exit_code": 3},)


def test_a_run_that_ended_and_then_failed_is_told_once_and_one_that_never_began_is_told():
    failed = ("failed", {"service": "web", "run": 1, "code": 3, "words": "exited 3; gave up"})
    assert [one["words"] for one in past(record(started(1), exited(1), failed), "web").ends] == ["exited 3"]
    never = ("failed", {"service": "web", "run": 0, "code": 1, "words": "db, which it needs, is down"})
    assert [one["words"] for one in past(record(never), "web").ends] == ["db, which it needs, is down"]


def test_others_are_left_out_and_a_save_is_one_of_all_replicas():
    rows = record(started(1, "api"), SAVED, started(2, "web-2"), started(2, "web-api"))
    assert past(rows, "web-2").restarts[0]["why"] == "src/app.js saved"
    assert past(rows, "web-api").restarts[0]["why"] == "ordered"
    assert not past(rows, "db").known
