"""Ctrl-C at every line that is executed around a command: nothing is printed, and nothing goes on."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import aura_stack

# Forks a process for each line at which SIGINT can come, so that Python and click are loaded once.
SCRIPT = """
import os, signal, sys, types
import re, typing  # what Python loads is not ours
AROUND = ("/aura_stack/__main__.py", "/cli/quick.py", "/cli/main.py", "/cli/lazy.py", "/cli/interrupt.py")
words, called = sys.argv[1].split(), False

def command(*_, **__):
    global called
    called = True
    return 0

if words[0] == "wait":
    import click
    sys.modules["aura_stack.cli.status"] = types.SimpleNamespace(wait=click.command(lambda: command()))
else:
    sys.modules["aura_stack.cli.running"] = types.SimpleNamespace(status=command)

def run(nth):  # line by line, and at the nth SIGINT
    sys.argv = ["aura-stack", *words]
    unheeded = heeded = early = 0
    def trace(frame, event, _):
        nonlocal unheeded, heeded, early
        if not frame.f_code.co_filename.endswith(AROUND):
            return None
        if event == "line":
            if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
                unheeded += 1
            elif not unheeded:
                early += 1
            else:
                heeded += 1
                if heeded == nth:
                    os.write(1, f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} ".encode())
                    os.kill(os.getpid(), signal.SIGINT)
        return trace
    sys.settrace(trace)
    try:
        from aura_stack.__main__ import main
        main()
    finally:
        sys.settrace(None)
        if nth == 0:
            os.write(1, f"{early} {unheeded} {heeded} {called} ".encode())

def child(nth):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os._exit = lambda code: sys.exit(code)  # so that a quick command ends here as well
        run(nth)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

for nth in range(int(sys.argv[2]), int(sys.argv[3])):
    print(child(nth), flush=True)
"""


def _run(line, first, last):
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, line, str(first), str(last)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert done.stderr.strip() == ""
    return done.stdout.split()


@pytest.mark.parametrize("line", ["status", "wait"])
def test_ctrl_c_at_any_line_around_a_command_ends_it_without_a_word(line):
    early, unheeded, heeded, called, code = _run(line, 0, 1)
    assert (called, code) == ("True", "0")
    assert int(early) <= 4
    assert int(unheeded) > 20
    said = _run(line, 1, int(heeded) + 1)
    codes = dict(zip(said[::2], map(int, said[1::2]), strict=True))
    assert len(codes) > 5
    assert {place: code for place, code in codes.items() if code not in (-signal.SIGINT, 130)} == {}


def test_nothing_is_loaded_before_ctrl_c_has_its_own_meaning():
    tree = ast.parse(Path(aura_stack.__path__[0], "__main__.py").read_text())
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    taken = next(place for place, node in enumerate(tree.body) if isinstance(node, ast.If))
    assert tree.body.index(imported[0]) < taken < tree.body.index(imported[1])
    assert imported[0].names[0].name in sys.builtin_module_names
