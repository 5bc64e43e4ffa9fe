"""How held sockets reach a run: by a word of its command, by the variables of sd_listen_fds(3), by Node's preload."""

import json
import shlex

from aura_stack.supervision.delivery import Held, asks_by_word, deliver

HTTP, METRICS = Held("", 4010, 71, (64, 65, 66)), Held("metrics", 4011, 72, (70, 71))


def delivered(*argv, held=(HTTP,), node_options="", preload="/a/preload.cjs"):
    return deliver(argv, held, node_options, preload, "/run/lost")


def test_a_word_of_the_command_becomes_the_number_of_the_descriptor():
    found = delivered("uvicorn", "--fd", "{fd}", "app:app")
    assert found.argv == ("uvicorn", "--fd", "3", "app:app")
    assert (found.through, found.variables, found.descriptors) == ((), {}, (64,))


def test_a_port_has_its_own_word():
    found = delivered("server", "fd://{fd}", "--metrics={fd:metrics}", "{fd:else}", held=(HTTP, METRICS))
    assert found.argv == ("server", "fd://3", "--metrics=4", "{fd:else}")
    assert found.descriptors == (64, 70)


def test_words_in_braces_of_other_kinds_are_nobodys():
    assert not asks_by_word(["{fds}", "${fd", "{ fd }", "fd"])
    assert asks_by_word(["sh", "-c", "exec uvicorn --fd {fd}"])


def test_without_a_word_the_variables_of_systemd_tell():
    found = delivered("gunicorn", "app", held=(HTTP, METRICS))
    assert found.argv == ("gunicorn", "app")
    assert found.variables["LISTEN_FDS"] == "2"
    assert found.variables["LISTEN_FDNAMES"] == "main:metrics"
    assert "LISTEN_PID" not in found.variables
    assert found.through[:2] == ("/bin/sh", "-c")


def test_node_is_told_all_descriptors_of_each_port():
    found = delivered("node", "server.js", held=(HTTP, METRICS))
    assert found.descriptors == (64, 70, 65, 66, 71)
    assert json.loads(found.variables["AURA_HELD"]) == {
        "ports": {"4010": {"inode": 71, "fds": [3, 5, 6]}, "4011": {"inode": 72, "fds": [4, 7]}},
        "lost": "/run/lost",
    }


def test_what_node_was_told_before_stays_and_a_path_may_have_any_name():
    found = delivered("node", node_options="--max-old-space-size=99", preload='/my "own" \\ folder/p.cjs')
    said = found.variables["NODE_OPTIONS"]
    assert shlex.split(said) == ["--max-old-space-size=99", "--require", '/my "own" \\ folder/p.cjs']
