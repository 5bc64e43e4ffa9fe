"""Who holds a port: real sockets of our own, and rows as other systems and users would see them."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from aura_stack.ports import owners as module
from aura_stack.ports.owners import Kind, Owner, describe, duration, owners
from aura_stack.system import processes

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
    assert describe(owner) == f"what is left for a minute of a connection to 127.0.0.1:{number_of(server)}"


def test_a_socket_that_does_not_listen_yet_is_unknown():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert owners([number_of(bound)])[number_of(bound)] == (Owner(None, kind=Kind.UNKNOWN),)


def row(port, status="LISTEN", pid=None, remote=None, ip="127.0.0.1"):
    """A row of psutil's, of which nothing but attributes can be had."""
    return SimpleNamespace(
        laddr=SimpleNamespace(ip=ip, port=port),
        raddr=SimpleNamespace(ip=remote[0], port=remote[1]) if remote else (),
        status=status,
        pid=pid,
    )


@pytest.fixture
def table(monkeypatch):
    """Puts rows in the place of the system's table."""
    return lambda *rows: monkeypatch.setattr(psutil, "net_connections", lambda _kind: list(rows))


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not tell the user")
def test_of_another_users_listener_the_user_is_told(table, monkeypatch):
    from aura_stack.system import procfs  # noqa: PLC0415 - this system alone has it

    table(row(5432), row(5432, ip="::1"))
    monkeypatch.setattr(procfs, "listeners", lambda: {5432: {os.getuid()}, 80: {7}})
    name = processes.user_name(os.getuid())
    assert owners([5432])[5432] == (Owner(None, user=name, foreign=True),)
    assert describe(owners([5432])[5432][0]) == f"a process of user {name}"


def test_a_hidden_listener_without_a_user_is_still_told(table, monkeypatch):
    table(row(5432))
    monkeypatch.setattr(module, "_listening_user", lambda _port: "")
    assert describe(owners([5432])[5432][0]) == "a process of another user"


def test_many_connections_of_one_process_are_one_owner(table):
    table(*(row(54112, "ESTABLISHED", os.getpid(), ("::1", port)) for port in (443, 444, 445)))
    (owner,) = owners([54112])[54112]
    assert owner.remote == "[::1]:443"


def test_a_row_without_an_address_is_passed_over(table):
    table(SimpleNamespace(laddr=(), raddr=(), status="NONE", pid=7))
    assert owners([4010])[4010] == (Owner(None, kind=Kind.UNKNOWN),)


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


def test_where_the_table_is_closed_each_process_is_asked(monkeypatch):
    """The way of macOS: one process is another user's, one has gone, one is a zombie, one answers."""

    def closed(kind):
        raise psutil.AccessDenied

    class Process:
        def __init__(self, pid, answer):
            self.pid, self.answer = pid, answer

        def net_connections(self, kind):
            assert kind == "tcp"
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    every = [
        Process(1, psutil.AccessDenied(1)),
        Process(2, psutil.NoSuchProcess(2)),
        Process(3, psutil.ZombieProcess(3)),
        Process(os.getpid(), [row(4010)]),
    ]
    monkeypatch.setattr(psutil, "net_connections", closed)
    monkeypatch.setattr(psutil, "process_iter", lambda: every)
    found = owners([4010, 4001])
    assert [owner.pid for owner in found[4010]] == [os.getpid()]
    assert found[4001] == (Owner(None, kind=Kind.UNKNOWN),)


def test_asked_one_by_one_the_processes_tell_the_same(server, monkeypatch):
    def closed(kind):
        raise psutil.AccessDenied

    expected = owners([number_of(server)])[number_of(server)][0].pid
    monkeypatch.setattr(psutil, "net_connections", closed)
    assert owners([number_of(server)])[number_of(server)][0].pid == expected == os.getpid()


AS_ANOTHER = """
import os, sys, psutil
from aura_stack.ports.owners import describe, owners
from aura_stack.system import procfs
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
