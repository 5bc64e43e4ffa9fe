"""Whether a port can be had, asked of the real kernel on loopback; what it cannot be made to say is faked."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from aura_stack.errors import AuraError, ExitCode
from aura_stack.ports import probe
from aura_stack.ports.probe import busy, is_free

HAS_V6 = socket.has_ipv6 and os.path.exists("/proc/net/if_inet6" if sys.platform == "linux" else "/")


@pytest.fixture
def number():
    """A port that nobody has, outside the numbers that the kernel hands out."""
    return next(number for number in range(20_000 + os.getpid() % 5_000, 32_000) if is_free(number))


@pytest.fixture
def listen():
    """Listens on an address until the test ends."""
    sockets = []

    def listen(host, number, *, backlog=1):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        sockets.append(server)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not host.startswith("::ffff:"):
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind((host, number))
        server.listen(backlog)
        return server

    yield listen
    for server in sockets:
        server.close()


def test_a_port_that_nobody_has_is_free_and_stays_so(number):
    assert is_free(number)
    assert is_free(number)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "127.9.9.9", "::", "::1", "::ffff:127.0.0.1"])
def test_a_listener_on_any_one_address_makes_it_busy(listen, number, host, at_once, monkeypatch):
    if ":" in host and not HAS_V6:
        pytest.skip("this machine has no IPv6")
    monkeypatch.setattr(probe, "_AT_ONCE", at_once and probe._AT_ONCE)
    if host == "127.9.9.9" and sys.platform != "linux":
        pytest.skip("one address of the loopback")
    server = listen(host, number)
    assert not is_free(number)
    server.close()
    assert is_free(number)


@pytest.mark.skipif(sys.platform != "linux" or not HAS_V6, reason="elsewhere each address is asked")
def test_where_one_socket_stands_for_all_addresses_a_free_port_costs_no_other(number, monkeypatch):
    opened = []

    class Counted(probe._socket.socket):
        def __init__(self, family, kind):
            opened.append(family)
            super().__init__(family, kind)

    monkeypatch.setattr(probe._socket, "socket", Counted)
    assert busy([number]) == ()
    assert opened == [socket.AF_INET6]


def test_all_busy_ones_are_told_in_the_order_asked_for(listen, number):
    third = next(other for other in range(number + 2, 32_000) if is_free(other))
    listen("127.0.0.1", third)
    listen("127.0.0.1", number)
    free = next(other for other in range(third + 1, 32_000) if is_free(other))
    assert busy([third, free, number]) == (third, number)
    assert busy([]) == ()


def test_a_connection_that_goes_out_from_the_number_makes_it_busy(listen, number):
    server = listen("127.0.0.1", number)
    with socket.create_connection(("127.0.0.1", number)) as client:
        accepted, _ = server.accept()
        local = client.getsockname()[1]
        assert not is_free(local)
        client.shutdown(socket.SHUT_RDWR)  # the one who closes first keeps the number for a while
        accepted.recv(1)
        accepted.close()
    assert not is_free(local), "TIME_WAIT"


def test_what_is_left_of_a_server_that_has_ended_is_no_obstacle(listen, number):
    server = listen("127.0.0.1", number)
    with socket.create_connection(("127.0.0.1", number)) as client:
        accepted, _ = server.accept()
        accepted.shutdown(socket.SHUT_RDWR)
        client.recv(1)
        accepted.close()
    server.close()
    assert is_free(number)


def test_looking_binds_as_servers_do_never_listens_and_leaves_no_descriptor(number, monkeypatch):
    class Watched(probe._socket.socket):
        def bind(self, address):
            assert self.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
            super().bind(address)

        def listen(self, *_backlog):
            pytest.fail("a client could have been taken in")

    monkeypatch.setattr(probe._socket, "socket", Watched)
    before = sorted(os.listdir("/dev/fd"))
    busy(range(number, number + 20))
    assert sorted(os.listdir("/dev/fd")) == before


def test_the_socket_module_stays_where_it_is():
    script = "import sys, aura_stack.ports.probe as p; p.is_free(20001); print('socket' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"


@pytest.fixture
def answers(monkeypatch):
    """Lets a test say what bind(2) answers for each address."""

    def answers(**codes):
        names = {"0.0.0.0": "any4", "127.0.0.1": "loop4", "::": "any6", "::1": "loop6"}
        monkeypatch.setattr(probe, "_AT_ONCE", False)
        monkeypatch.setattr(
            probe, "_bind", lambda _family, address, _port: codes.get(names[address], codes.get("every", 0))
        )

    return answers


@pytest.mark.parametrize("address", ["any4", "loop4", "any6", "loop6"])
def test_each_address_alone_can_make_it_busy(answers, address):
    """On macOS a server on one address keeps nobody from binding all of them."""
    answers(**{address: errno.EADDRINUSE})
    assert not is_free(4010)


@pytest.mark.parametrize("code", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT])
def test_a_family_the_machine_lacks_counts_as_free(answers, code):
    answers(any6=code, loop6=code)
    assert is_free(4010)
    answers(any4=errno.EADDRINUSE, any6=code, loop6=code)
    assert not is_free(4010)


def test_a_family_that_has_no_sockets_at_all_counts_as_free(monkeypatch):
    real = probe._socket.socket

    def without_v6(family, kind):
        if family == probe._socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, kind)

    number = next(number for number in range(30_000, 32_000) if is_free(number))
    monkeypatch.setattr(probe._socket, "socket", without_v6)
    assert is_free(number)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_port_that_is_kept_from_us_is_not_called_busy(answers, code):
    answers(every=code)
    with pytest.raises(AuraError) as caught:
        is_free(80)
    assert caught.value.message == "port 80: not permitted to this user; numbers below 1024 are kept for root"
    assert caught.value.hint == (
        "choose a number from 1024 up, or move the limit (on Linux: "
        "sudo sysctl net.ipv4.ip_unprivileged_port_start=80)"
    )
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED == 8


def test_all_that_are_kept_from_us_are_told_at_once(answers):
    answers(every=errno.EACCES)
    with pytest.raises(AuraError, match=r"^ports 443, 80: not permitted") as caught:
        busy([443, 80])
    assert "choose numbers from 1024 up" in caught.value.hint
    assert "ip_unprivileged_port_start=80" in caught.value.hint


def test_where_all_addresses_together_are_allowed_one_that_is_not_does_not_count(answers):
    answers(loop4=errno.EACCES, loop6=errno.EACCES)
    assert is_free(80)


def test_another_answer_is_told_as_it_is(answers):
    answers(every=errno.EMFILE)
    with pytest.raises(AuraError, match=r"^cannot find out whether port 4010 is free: EMFILE$"):
        is_free(4010)


@pytest.mark.skipif(os.geteuid() == 0 or sys.platform != "linux", reason="root may bind every port")
def test_the_kernel_keeps_low_ports_from_an_ordinary_user():
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
        limit = int(file.read())
    if limit <= 81:
        pytest.skip("this machine lets everybody bind every port")
    with pytest.raises(AuraError, match=r"^port 81: not permitted"):
        is_free(81)
