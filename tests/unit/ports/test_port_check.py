"""All taken ports in one message, word for word."""

import os
import socket
import subprocess
import sys

import pytest

from aura_stack.errors import AuraError, ExitCode, Place
from aura_stack.ports import check, owners
from aura_stack.ports.check import conflicts, require_free
from aura_stack.ports.owners import Kind, Owner, describe
from aura_stack.ports.refusal import Conflict, refusal
from aura_stack.stack.model import Port, Service

HERE = Place("stack.yaml", 1, 1)
NODE = Owner(4711, "node server.js", "u", "/home/u/shop", 7300.0)
FREE = """
import sys
from aura_stack.errors import Place
from aura_stack.ports.check import require_free
from aura_stack.ports.probe import is_free
from aura_stack.ports.refusal import Conflict, refusal
from aura_stack.stack.model import Port, Service
here = Place("stack.yaml", 1, 1)
number = next(number for number in range(20_000, 32_000) if is_free(number))
port = Port("", number, "PORT", "", "", here)
require_free([Service("backend", here, ports=(port,))], lambda number: None)
print(sorted({"asyncio", "pathlib", "psutil", "shutil", "socket", "subprocess"} & set(sys.modules)))
"""
SHIFT = " (aura-stack up --port-shift, for now)"


def hint(*numbers, shift=SHIFT):
    free = f"aura-stack ports free {' '.join(map(str, numbers))}"
    return f"stop what holds the port ({free}), or give the service another number{shift}"


def port(number, key="", within="backend"):
    return Port(key, number, "PORT", "entry", within, HERE)


def service(name, *ports, external=False):
    return Service(name, HERE, ports=ports, external=external)


@pytest.fixture
def taken(monkeypatch):
    """Says which ports are busy, and by whom."""

    def taken(held):
        monkeypatch.setattr(check, "busy", lambda numbers: tuple(n for n in numbers if n in held))
        monkeypatch.setattr(owners, "owners", lambda numbers, _leases: {n: held[n] for n in numbers})

    return taken


def test_the_owner_and_the_next_free_number_are_told():
    error = refusal([Conflict("backend", port(4010), (NODE,), 4012)], "/home/u")
    assert error.message == (
        "backend: port 4010 is taken by pid 4711 (node server.js, ~/shop, up 2 h); next free in backend: 4012"
    )
    assert error.hint == hint(4010)
    assert error.exit_code == ExitCode.PORT_CONFLICT == 6


def test_all_conflicts_are_told_at_once():
    several = tuple(Owner(pid, "nginx", "u", "/") for pid in (7, 8, 9, 10))
    error = refusal(
        [
            Conflict("backend", port(4010), (NODE._replace(cwd="/srv"),), 4012),
            Conflict("backend", port(4011, "metrics"), several, None),
            Conflict("gateway", port(4001, within=""), (Owner(None, user="ann", foreign=True),), 4002),
            Conflict("web", port(4003, within=""), (Owner(None, kind=Kind.UNKNOWN),), None),
            Conflict(
                "frontend",
                port(54112, within="frontend"),
                (Owner(None, kind=Kind.CONNECTION, remote="10.0.0.1:80", state="TIME_WAIT"),),
                3000,
            ),
        ]
    )
    assert error.message.splitlines() == [
        "backend: port 4010 is taken by pid 4711 (node server.js, /srv, up 2 h); next free in backend: 4012",
        (
            "backend: port 4011 (metrics) is taken by pid 7 (nginx, /) and pid 8 (nginx, /) and 2 more; "
            "none is free in backend"
        ),
        "gateway: port 4001 is taken by a process of user ann; next free: 4002",
        "web: port 4003 is taken by " + describe(Owner(None, kind=Kind.UNKNOWN)),
        (
            "frontend: port 54112 is taken by what is left for a minute of a connection to 10.0.0.1:80; "
            "next free in frontend: 3000"
        ),
    ]
    assert error.hint == (
        f"{hint(4010, 4011, 4001, 4003)}; "
        "a connection gives its number back by itself when it has ended, within a minute; "
        "root sees more: sudo lsof -nP -iTCP:4001,4003"
    )


def test_what_another_stack_has_is_stopped_by_its_own_command():
    ours = NODE._replace(stack="shop", service="api", file="/home/u/shop/stack.yaml")
    promised = Owner(7, kind=Kind.LEASE, stack="shop", service="", file="/home/u/shop/stack.yaml")
    error = refusal(
        [
            Conflict("backend", port(4010), (ours,), None),
            Conflict("gateway", port(4001), (promised,), None),
            Conflict("web", port(4003), (NODE,), None),
        ]
    )
    assert error.hint == (
        "stop what holds the port (aura-stack -C /home/u/shop stop api and aura-stack -C /home/u/shop down "
        "and aura-stack ports free 4003), or give the service another number"
    )


def test_only_connections_need_no_killing():
    owner = Owner(9, "curl x", kind=Kind.CONNECTION, remote="10.0.0.1:443", state="ESTABLISHED")
    error = refusal([Conflict("frontend", port(54112), (owner,), None)])
    assert error.hint == "a connection gives its number back by itself when it has ended, within a minute"


def test_conflicts_come_in_the_order_of_the_services(taken):
    taken({4010: (NODE,), 4001: (NODE,), 4012: (NODE,)})
    found = conflicts(
        [
            service("gateway", port(4001)),
            service("free", port(4002)),
            service("backend", port(4012, "metrics"), port(4010)),
        ],
        lambda _number: None,
    )
    assert [(conflict.service, conflict.port.number) for conflict in found] == [
        ("gateway", 4001),
        ("backend", 4012),
        ("backend", 4010),
    ]


def test_the_port_of_an_external_service_is_meant_to_be_taken(taken):
    taken({5432: (NODE,)})
    assert (
        conflicts([service("postgres", port(5432), external=True), service("idle")], lambda _number: 1) == []
    )


def test_two_services_are_never_offered_one_number(taken):
    taken({4010: (NODE,), 4001: (NODE,)})
    found = conflicts(
        [service("gateway", port(4001)), service("backend", port(4010)), service("other", port(4020))],
        lambda number: 4020 if number < 4020 else number + 1,
    )
    assert [conflict.next_free for conflict in found] == [4021, 4022], "4020 is another service's own"


@pytest.mark.parametrize("answer", [4020, None])
def test_where_there_is_no_second_number_none_is_offered(taken, answer):
    taken({4010: (NODE,), 4001: (NODE,)})
    found = conflicts([service("a", port(4001)), service("b", port(4010))], lambda _number: answer)
    assert [conflict.next_free for conflict in found] == [answer, None]


def test_free_ports_let_the_start_go_on_and_cost_no_psutil():
    told = subprocess.run([sys.executable, "-c", FREE], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"


def test_a_real_listener_is_refused_with_its_pid():
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(AuraError) as caught:
            require_free([service("backend", port(number))], lambda _number: 4012)
    message = caught.value.message
    assert message.startswith(f"backend: port {number} is taken by pid {os.getpid()} (")
    assert message.endswith("; next free in backend: 4012")
