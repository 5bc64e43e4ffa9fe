"""The hard cases: what the services are, what is done to the tool that runs them, and what has to hold.

A case answers "" where it held, and else what was seen instead.
"""

import re
import signal
import socket
from collections.abc import Callable
from typing import NamedTuple

from torture.tools import PATIENCE, Trial, program, wait_for_end

from aura_stack.system import processes

DEAF, PLAIN, HELPER, SLOW = program("deaf"), program("plain"), program("helper"), program("slow")
PORT = 21_987


class Case(NamedTuple):
    """A sentence that has to be true of a tool.

    `orders`: it takes a tool that can be given orders.
    """

    sentence: str
    services: dict[str, str]
    check: Callable[[Trial], str]
    grace: str = "1s"
    reads: bool = True
    orders: bool = False


CASES: list[Case] = []


def case(sentence, services, **options):
    """Enter a function as a case."""

    def enter(check):
        CASES.append(Case(sentence, services, check, **options))
        return check

    return enter


def ended(trial, code=None, patience=PATIENCE):
    """It ended, with that code if it matters, and nothing is left."""
    found = trial.code(patience)
    left = trial.survivors()
    seen = ["never ends"] if found is None else []
    seen += [f"exit {found}"] if found is not None and code is not None and found != code else []
    seen += [f"{len(left)} left"] if left else []
    return ", ".join(seen)


def up(trial, times=1):
    """Wait until programs have said that they are up."""
    assert trial.expect(rb"\bup\b", times), trial.printed


# --- stops ---


@case("A SIGTERM ends a lone service that ignores it", {"deaf": DEAF})
def deaf_alone(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("Ctrl-C ends a lone service that ignores it", {"deaf": DEAF})
def deaf_ctrl_c(trial):
    up(trial)
    trial.press(signal.SIGINT)
    return ended(trial)


@case("A second Ctrl-C does not wait for the grace period", {"deaf": DEAF}, grace="1000s")
def ctrl_c_twice(trial):
    up(trial)
    trial.press(signal.SIGINT)
    wait_for_end(trial.process.pid, 1.0)  # two that are pending together are one (signal(7))
    trial.press(signal.SIGINT)
    return ended(trial)


@case("Of two services one ignores SIGTERM: both end", {"deaf": DEAF, "plain": PLAIN})
def deaf_and_plain(trial):
    up(trial, 2)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("A shell that stands between the tool and the service leaves nothing", {"shell": f"{PLAIN}; true"})
def shell_between(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("A helper in a session of its own ends with its service", {"helper": HELPER})
def helper(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("A daemon that a service forks when it is asked to end, ends", {"heir": program("heir")})
def heir(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("Two hundred processes in as many sessions end", {"swarm": program("swarm")})
def swarm(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case(
    "A service that forks on and on, each in a session of its own, ends", {"nomad": program("wanderer", 1500)}
)
def wanderer(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("A stopped service (SIGSTOP) ends", {"plain": PLAIN})
def stopped(trial):
    up(trial)
    for pid in trial.marked():
        if "plain.py" in " ".join(processes.command_line(pid) or ()):
            processes.signal(processes.identify(pid), signal.SIGSTOP)
    trial.signal(signal.SIGTERM)
    return ended(trial)


@case("When it has ended the port is free", {"holder": program("holder", PORT)})
def port_free(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    seen = ended(trial)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken = probe.connect_ex(("127.0.0.1", PORT)) == 0
    return f"{seen}, port taken".lstrip(", ") if taken else seen


@case("The exit code tells of the SIGTERM", {"plain": PLAIN})
def code_of_a_stop(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    return ended(trial, 128 + signal.SIGTERM)


@case("Nobody reads what it prints: its services end", {"flood": program("flood")}, reads=False)
def unread(trial):
    trial.wait_until_full()
    trial.signal(signal.SIGTERM)
    left = trial.survivors(PATIENCE)
    return f"{len(left)} left" if left else ""


@case("Nobody reads what it prints: it ends", {"flood": program("flood")}, reads=False)
def unread_itself(trial):
    trial.wait_until_full()
    trial.signal(signal.SIGTERM)
    return ended(trial)


# --- deaths of the tool ---


@case("SIGKILL of the tool leaves nothing", {"plain": PLAIN})
def killed(trial):
    up(trial)
    trial.signal(signal.SIGKILL)
    return ended(trial)


@case("SIGKILL of the tool leaves nothing that ignores signals behind a shell", {"shell": f"{DEAF}; true"})
def killed_deaf(trial):
    up(trial)
    trial.signal(signal.SIGKILL)
    return ended(trial)


@case("SIGKILL of the tool leaves no helper in a session of its own", {"helper": HELPER})
def killed_helper(trial):
    up(trial)
    trial.signal(signal.SIGKILL)
    return ended(trial)


@case(
    "The terminal is closed (SIGHUP to the job): nothing is left", {"plain": PLAIN, "shell": f"{DEAF}; true"}
)
def hang_up(trial):
    up(trial, 2)
    trial.press(signal.SIGHUP)
    return ended(trial)


# --- ends of services ---


@case("A lone service that exits 0 ends the tool with 0", {"brief": "true"})
def exits_0(trial):
    return ended(trial, 0)


@case("A lone service that exits 3 ends the tool with 3", {"brief": "exit 3"})
def exits_3(trial):
    return ended(trial, 3)


@case("A service that dies of SIGSEGV ends the tool with 139", {"brief": program("segv")})
def segfaults(trial):
    return ended(trial, 128 + signal.SIGSEGV)


@case(
    "A service that has ended is noticed, though a helper of it keeps its streams open",
    {"helper": program("helper", "leave")},
)
def streams_kept(trial):
    return ended(trial)


# --- what is printed ---


@case(
    "Half a line of one holds up no line of another",
    {"half": program("partial"), "after": program("after", "half")},
)
def half_a_line(trial):
    came = trial.expect(rb"line 99\b", patience=5)
    trial.signal(signal.SIGTERM)
    seen = ended(trial)
    seen += "" if came else ", others held up"
    return (seen + ("" if b"half a line" in trial.printed else ", half line never shown")).lstrip(", ")


@case("50,000 lines and then its end: all are shown, in order", {"many": program("many", 50_000)})
def many_lines(trial):
    trial.code()
    numbers = [int(number) for number in re.findall(rb"number (\d+)", trial.printed)]
    return "" if numbers == list(range(50_000)) else f"{50_000 - len(numbers)} lost"


@case("A line of 1,000,000 bytes stays one", {"long": program("raw", "x", 1_000_000)})
def long_line(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    whole = trial.code() is not None and b"x" * 1_000_000 in trial.printed
    return "" if whole else "torn"


@case("Bytes that are no UTF-8 are passed on", {"bytes": program("raw", r"[\xff\xfe\x80]", 1)})
def no_utf8(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    trial.code()
    return "" if b"[\xff\xfe\x80]" in trial.printed else "changed"


@case("A form feed or U+2028 ends no line", {"feed": program("raw", r"a\x0cb\xe2\x80\xa8c\xc2\x85d", 1)})
def no_line_ends(trial):
    up(trial)
    trial.signal(signal.SIGTERM)
    trial.code()
    return "" if "a\x0cb\u2028c\x85d".encode() in trial.printed else "split"


@case("The last line, printed while it ends, is shown", {"slow": SLOW}, grace="5s")
def last_words(trial):
    trial.expect(rb"run \d")
    trial.signal(signal.SIGTERM)
    seen = ended(trial)
    return seen if b"last words" in trial.printed else f"{seen}, last line lost".lstrip(", ")


# --- orders ---


@case("A restart waits for the old run", {"slow": SLOW}, grace="5s", orders=True)
def restart(trial):
    trial.expect(rb"run \d")
    trial.order("restart", "slow")
    trial.expect(rb"run \d", 2)
    trial.signal(signal.SIGTERM)
    seen = ended(trial)
    return f"{seen}, two at a time".lstrip(", ") if b"overlap" in trial.printed else seen


@case("A second restart during the first shortens nobody's end", {"slow": SLOW}, grace="5s", orders=True)
def restart_twice(trial):
    trial.expect(rb"run \d")
    first = trial.start("restart", "slow")
    trial.expect(rb"ending")
    trial.order("restart", "slow")
    first.communicate(timeout=PATIENCE)
    trial.expect(rb"run \d", 2)
    trial.signal(signal.SIGTERM)
    seen = ended(trial)
    if b"overlap" in trial.printed:
        return f"{seen}, two at a time".lstrip(", ")
    runs, words = (len(re.findall(each, trial.printed)) for each in (rb"\brun \d", rb"last words"))
    return seen if runs == words else f"{seen}, last line lost".lstrip(", ")


@case("SIGTERM during a restart ends all", {"slow": SLOW}, grace="5s", orders=True)
def term_during_restart(trial):
    trial.expect(rb"run \d")
    order = trial.start("restart", "slow")
    trial.expect(rb"ending")
    trial.signal(signal.SIGTERM)
    order.communicate(timeout=PATIENCE)
    return ended(trial)


@case(
    "A child that is killed (SIGKILL) leaves no zombie below the tool",
    {"shell": f"{PLAIN} & echo up; wait; wait"},
)
def no_zombie(trial):
    up(trial, 2)
    for pid in trial.marked():
        if "plain.py" in " ".join(processes.command_line(pid) or ()):
            processes.signal(processes.identify(pid), signal.SIGKILL)
            wait_for_end(pid, PATIENCE)
    trial.signal(signal.SIGTERM)
    return ended(trial)
