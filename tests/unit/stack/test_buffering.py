import pytest

from aura_stack.stack.buffering import advice


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("tail -f access.log | grep POST", "grep"),
        ("ruby worker.rb", "ruby"),
        ("PORT=1 exec /usr/bin/ruby worker.rb", "ruby"),
        ("bundle exec ruby worker.rb", "ruby"),
        ("tail -f log | sed s/a/b/", "sed"),
        ("(sleep 1; perl -e 1)", "perl"),
        ("tcpdump port 80", "tcpdump"),
        ("tail -f log\nawk '{print $1}'", "awk"),
    ],
)
def test_programs_that_hold_back_are_known_wherever_they_stand(command, program):
    assert advice(command, tty=False).startswith(
        f"{program} holds back what it prints into a pipe: tty: true or "
    )
    assert advice(command, tty=True) == ""


@pytest.mark.parametrize(
    "command",
    [
        "node server.js",
        "python -m http.server",
        "cargo run --bin grep-server",
        "tail -f log | grep --line-buffered POST",
        "tail -f log | sed -u s/a/b/",
        "tail -f log | sed -nu s/a/b/p",
        "tcpdump -l port 80",
        "stdbuf -oL grep x",
        "awk '{print; fflush()}'",
        "perl -e '$| = 1; print 1'",
        "tail -f log | jq --unbuffered .",
        "",
    ],
)
def test_who_prints_at_once_is_left_alone(command):
    assert advice(command, tty=False) == ""
