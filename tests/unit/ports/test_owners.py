"""Who holds a port: real sockets of our own, and rows as other systems and users would see them."""

import os
import re
import socket
import subprocess
import sys

import pytest

from aura_stack.ports.leases import Given, Lease
from aura_stack.ports.owners import Kind, Owner, describe, duration, owners
from aura_stack.system import processes, sockets
from aura_stack.system.tcp import Socket

if sys.platform == "linux":
    from aura_stack.system import sockdiag

LISTENER = r"""
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
if len(sys.argv) > 2:
    os.setuid(int(sys.argv[2]))
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        break
os.write(1, b"%d\n" % server.getsockname()[1])
sys.stdin.read()
"""


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def connection(server):
    """A connection to the server: the client's end and the accepted one."""
    with socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            yield client, accepted


@pytest.fixture
def start():
    """Starts a listener of its own with so many forks; gives its pid and port."""
    started = []

    def start(forks=0, user=None, **keywords):
        more = [] if user is None else [str(user)]
        child = subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(forks), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **keywords,
        )
        started.append(child)
        numbers = {int(child.stdout.readline()) for _ in range(forks + 1)}
        return child.pid, numbers.pop()

    yield start
    for child in started:
        child.communicate()


def number_of(server):
    return server.getsockname()[1]


def test_a_listener_is_told_with_all_a_user_wants_to_know(start, tmp_path):
    pid, number = start(cwd=tmp_path)
    (owner,) = owners([number])[number]
    assert (owner.pid, owner.kind, owner.cwd) == (pid, Kind.LISTENER, str(tmp_path))
    assert owner.command.startswith(f"{sys.executable} -c ")
    assert owner.user == processes.user(os.getpid())
    assert 0 <= owner.age < 100
    assert not owner.foreign


def test_several_ports_are_answered_at_once(start, server):
    pid, number = start()
    found = owners([number_of(server), number])
    assert {port: [owner.pid for owner in those] for port, those in found.items()} == {
        number_of(server): [os.getpid()],
        number: [pid],
    }


def test_every_process_that_shares_a_listener_is_told_the_first_one_first(start):
    pid, number = start(forks=2)
    found = owners([number])[number]
    assert found[0].pid == pid
    assert len({owner.pid for owner in found}) == len(found) == 3


def test_a_listener_on_both_families_is_one_owner(server):
    with socket.create_server(("::1", number_of(server)), family=socket.AF_INET6):
        assert [owner.pid for owner in owners([number_of(server)])[number_of(server)]] == [os.getpid()]


def test_who_is_connected_to_a_listener_does_not_own_the_port(server, connection):
    assert [owner.kind for owner in owners([number_of(server)])[number_of(server)]] == [Kind.LISTENER]


def test_a_connection_that_goes_out_from_the_number_holds_it(server, connection):
    client, _ = connection
    number = client.getsockname()[1]
    (owner,) = owners([number])[number]
    assert (owner.pid, owner.kind) == (os.getpid(), Kind.CONNECTION)
    assert owner.remote == f"127.0.0.1:{number_of(server)}"
    assert describe(owner).startswith(f"a connection to 127.0.0.1:{number_of(server)} of pid {os.getpid()} (")


def test_what_is_left_of_a_connection_holds_it_too(server, connection):
    client, accepted = connection
    number = client.getsockname()[1]
    client.shutdown(socket.SHUT_RDWR)
    accepted.recv(1)
    accepted.close()
    client.close()
    (owner,) = owners([number])[number]
    assert (owner.pid, owner.kind, owner.state) == (None, Kind.CONNECTION, "TIME_WAIT")
    assert owner.left is None or 0 <= owner.left <= 61
    words = rf"what is left for (a minute|\d+ s) of a connection to 127\.0\.0\.1:{number_of(server)}"
    assert re.fullmatch(words, describe(owner))


def row(port, state="LISTEN", pid=None, remote="", host="127.0.0.1", **facts):
    """A socket as the system's table has it."""
    return Socket(4, host, port, state, remote, () if pid is None else (pid,), **facts)


@pytest.fixture
def table(monkeypatch):
    """Puts rows in the place of the system's table."""
    return lambda *rows: monkeypatch.setattr(sockets, "holding", lambda _ports: list(rows))


def test_of_another_users_listener_the_user_is_told(table):
    other = os.geteuid() + 1
    table(row(5432, uid=other), row(5432, host="::1", uid=other))
    (owner,) = owners([5432])[5432]
    assert (owner.pid, owner.user, owner.foreign) == (None, processes.user_name(other), True)
    assert describe(owner) == f"a process of user {processes.user_name(other)}"


def test_a_hidden_listener_without_a_user_is_still_told(table):
    table(row(5432))
    assert describe(owners([5432])[5432][0]) == "a process of another user"


def test_many_connections_of_one_process_are_one_owner(table):
    table(*(row(54112, "ESTABLISHED", os.getpid(), f"[::1]:{port}") for port in (443, 444, 445)))
    (owner,) = owners([54112])[54112]
    assert owner.remote == "[::1]:443"


def test_an_owner_that_has_gone_meanwhile_is_told_by_its_number(table, monkeypatch):
    child = subprocess.Popen(["true"])
    child.wait()
    table(row(4010, pid=child.pid))
    assert describe(owners([4010])[4010][0]) == f"pid {child.pid}"


def test_the_process_of_another_user_is_told_as_such(table, monkeypatch):
    table(row(4010, pid=os.getpid()))
    monkeypatch.setattr(processes, "user", lambda _pid: "postgres")
    (owner,) = owners([4010])[4010]
    assert owner.foreign
    assert ", of user postgres, up " in describe(owner)


AS_ANOTHER = """
import os, pwd, sys
from aura_stack.ports.owners import describe, owners
from aura_stack.system import tcptable
number, user = map(int, sys.argv[1:])
os.setgroups([])
os.setgid(user)
os.setuid(user)
(owner,) = owners([number])[number]
print(describe(owner))
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can be two users")
def test_an_ordinary_user_is_told_whose_the_listener_is(server):
    command = [sys.executable, "-c", AS_ANOTHER, str(number_of(server)), "65534"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    assert told.stdout == "a process of user root\n"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can be two users")
def test_root_is_told_the_process_and_its_user(start):
    pid, number = start(user=65534)
    (owner,) = owners([number])[number]
    assert (owner.pid, owner.user, owner.foreign) == (pid, processes.user_name(65534), True)
    assert f"of user {owner.user}, up " in describe(owner)


NODE = Owner(4711, "node server.js", "u", "/home/u/shop", 7300.0)


@pytest.mark.parametrize(
    ("owner", "home", "text"),
    [
        (NODE, "", "pid 4711 (node server.js, /home/u/shop, up 2 h)"),
        (NODE, "/home/u", "pid 4711 (node server.js, ~/shop, up 2 h)"),
        (NODE, "/home/u/", "pid 4711 (node server.js, ~/shop, up 2 h)"),
        (NODE, "/home/u/shop", "pid 4711 (node server.js, ~, up 2 h)"),
        (NODE, "/home/u/sh", "pid 4711 (node server.js, /home/u/shop, up 2 h)"),
        (
            Owner(7, "redis-server *:6379", "redis", foreign=True),
            "",
            "pid 7 (redis-server *:6379, of user redis)",
        ),
        (Owner(7), "", "pid 7"),
        (Owner(7, "a\x1b[31m\n b\u202e"), "", "pid 7 (a [31m b)"),
        (Owner(7, "x" * 61), "", f"pid 7 ({'x' * 59}…)"),
        (Owner(7, "x" * 60), "", f"pid 7 ({'x' * 60})"),
        (
            Owner(None, kind=Kind.UNKNOWN),
            "",
            "something that cannot be seen from here (another user's, or a container's)",
        ),
        (
            Owner(9, "curl x", kind=Kind.CONNECTION, remote="10.0.0.1:443", state="ESTABLISHED"),
            "",
            "a connection to 10.0.0.1:443 of pid 9 (curl x)",
        ),
        (
            Owner(None, kind=Kind.CONNECTION, remote="10.0.0.1:443", state="FIN_WAIT2"),
            "",
            "a connection to 10.0.0.1:443",
        ),
    ],
)
def test_an_owner_in_words(owner, home, text):
    assert describe(owner, home) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (172_799, "47 h"),
        (172_800, "2 d"),
        (1e7, "115 d"),
    ],
)
def test_a_duration_is_told_in_its_largest_whole_unit(seconds, text):
    assert duration(seconds) == text


def lease(pid, **facts):
    return Lease("0" * 10, "shop", "/home/u/shop/stack.yaml", "/run/lock", pid, **facts)


def test_a_process_below_an_engine_is_told_with_its_stack_service_and_checkout(start):
    _, number = start()
    (owner,) = owners([number], [lease(os.getpid(), given=(Given("api", "", number, number),))])[number]
    assert (owner.stack, owner.service, owner.file) == ("shop", "api", "/home/u/shop/stack.yaml")
    assert describe(owner, "/home/u").endswith("), api of the stack shop in ~/shop")


def test_the_engine_itself_and_strangers_are_no_services(server, start):
    _, number = start()
    assert owners([number_of(server)], [lease(os.getpid())])[number_of(server)][0].stack == ""
    assert owners([number], [lease(1_000_000_000)])[number][0].stack == ""


def test_a_listener_tells_on_which_addresses(server):
    with socket.create_server(("::1", number_of(server)), family=socket.AF_INET6):
        (owner,) = owners([number_of(server)])[number_of(server)]
    assert owner.hosts == ("127.0.0.1", "::1")


def knows_of_bound_sockets():
    """Whether this kernel tells of sockets that only hold a number (Linux 6.8)."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return sys.platform == "linux" and tuple(map(int, release.groups())) >= (6, 8)


@pytest.mark.skipif(not knows_of_bound_sockets(), reason="the kernel does not tell")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_holds_a_number_and_does_not_listen_is_named(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as held:
        held.bind((host, 0))
        number = held.getsockname()[1]
        (owner,) = owners([number])[number]
        assert (owner.kind, owner.pid) == (Kind.BOUND, os.getpid())
        assert describe(owner).endswith(", which has bound it and does not listen")
        held.listen()
        assert owners([number])[number][0].kind is Kind.LISTENER
    assert owners([number])[number][0].kind is Kind.UNKNOWN


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere psutil tells")
@pytest.mark.parametrize("error", [None, PermissionError])
def test_where_the_kernel_does_not_tell_who_holds_a_number_nobody_is_named(monkeypatch, error):
    def answer():
        if error:
            raise error
        return []

    monkeypatch.setattr(sockdiag, "bound", answer)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number = held.getsockname()[1]
        assert owners([number])[number][0].kind is Kind.UNKNOWN
