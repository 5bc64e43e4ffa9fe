"""Sockets that are held: who can reach them, when they are closed, and whether a service takes them."""

import os
import socket

import pytest

from aura_stack.errors import Place
from aura_stack.stack.model import By, Command, Handover, Host, Mode, Port, Service
from aura_stack.supervision.sockets import PATIENCE, Sockets, Way, ways
from aura_stack.supervision.verdict import NotExecutable

HERE = Place("stack.yaml", 1, 1)


@pytest.fixture
def number():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def service(*numbers, host=Host.LOOPBACK, mode=Mode.OVERLAP, by=By.TRIED, command=("server",)):
    ports = tuple(Port("" if n == 0 else f"p{n}", one, "PORT", "", "", HERE) for n, one in enumerate(numbers))
    return Service("web", HERE, Command(command, "x", HERE), ports=ports, handover=Handover(mode, host, by))


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def hold(number):
    """The sockets of a service, and the clock they look at."""
    made = []

    def make(*args, **options):
        clock = Clock()
        made.append(Sockets(service(*(args or (number,)), **options), clock))
        return made[-1], clock

    yield make
    for one in made:
        one.close()


def refused(number, host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        return client.connect_ex((host, number)) != 0


def test_clients_of_both_families_wait_in_the_queue_until_it_is_closed(hold, number):
    held, _ = hold()
    held.give()
    assert held.ports == {number}
    assert not refused(number)
    assert not refused(number, "::1")
    held.close()
    assert refused(number)
    assert refused(number, "::1")


def test_nobody_else_can_have_the_number_meanwhile(hold, number):
    held, _ = hold()
    held.give()
    for family, address in (
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::1"),
    ):
        with socket.socket(family) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind((address, number))


@pytest.mark.parametrize(("host", "device"), [(Host.LOOPBACK, b"lo"), (Host.ANY, b"")])
def test_from_elsewhere_only_whom_the_definition_lets_in(hold, host, device):
    held, _ = hold(host=host)
    held.give()
    (given,) = held.held
    with socket.socket(fileno=os.dup(given.descriptors[0])) as listener:
        name = listener.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")
        bound_to_loopback = name == b"lo" or listener.getsockname()[0] == "127.0.0.1"
    assert bound_to_loopback is bool(device)


def test_no_descriptor_reaches_a_process_to_which_it_was_not_given(hold):
    held, _ = hold()
    held.give()
    (given,) = held.held
    assert all(not os.get_inheritable(one) and one >= 64 for one in given.descriptors)
    assert len(set(given.descriptors)) == 5
    assert {os.fstat(one).st_ino for one in given.descriptors} == {given.inode}


def test_every_run_gets_the_same_ones(hold):
    held, _ = hold()
    held.give()
    first = held.held
    held.give()
    assert held.held == first


def test_a_port_that_is_taken_is_told_and_nothing_is_left_open(hold, number):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        held, _ = hold(number, taken)
        with pytest.raises(
            NotExecutable, match=f"port {taken} cannot be held for it: address already in use"
        ):
            held.give()
    assert refused(number)


def test_another_number_is_another_socket(hold, number):
    held, _ = hold()
    held.give()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    held.redefine(service(other))
    held.give()
    assert held.ports == {other}
    assert refused(number)


# --- how long clients wait ---


def test_clients_wait_as_long_as_a_run_is_ready_or_on_its_way(hold):
    held, clock = hold()
    held.give()
    assert held.seconds_left(alive=True) is None
    held.got_ready(1, Way.SOCKET)
    clock.time += 1000
    assert held.seconds_left(alive=False) is None


def test_they_are_refused_when_none_was_ready_for_too_long(hold):
    held, clock = hold()
    held.give()
    held.got_ready(1, Way.SOCKET)
    clock.time += 1000
    held.ended(1)
    assert held.seconds_left(alive=False) == PATIENCE
    clock.time += 7
    held.ended(2)  # one that was never ready gives no more time
    assert held.seconds_left(alive=False) == PATIENCE - 7


def test_in_a_hand_over_the_time_begins_when_the_last_ready_one_has_gone(hold):
    held, _ = hold()
    held.give()
    held.got_ready(1, Way.SOCKET)
    held.got_ready(2, Way.SOCKET)
    held.ended(1)
    assert held.seconds_left(alive=False) is None


# --- in which way a service is served ---


def tried(held, count):
    """The ways of so many runs of which none gets ready."""
    found = []
    for _ in range(count):
        found.append(held.give())
        held.try_next()
    return found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, [Way.SOCKET, Way.FRONT, Way.NONE, Way.SOCKET]),
        ({"by": By.FRONT}, [Way.FRONT, Way.FRONT]),
        ({"by": By.SOCKET}, [Way.SOCKET, Way.SOCKET]),
        ({"command": ("uvicorn", "--fd", "{fd}")}, [Way.SOCKET, Way.SOCKET]),
        ({"mode": Mode.STOP_FIRST}, [Way.NONE, Way.NONE]),
    ],
)
def test_who_does_not_get_ready_is_served_in_another_way_the_next_time(hold, options, found):
    held, _ = hold(**options)
    assert tried(held, len(found)) == found


@pytest.mark.parametrize("way", [Way.FRONT, Way.NONE])
def test_the_way_in_which_it_gets_ready_is_its_own_from_then_on_and_news_where_it_is_not_the_first(hold, way):
    held, _ = hold()
    while held.give() is not way:
        held.try_next()
    assert held.got_ready(3, way)
    assert not held.got_ready(4, way)
    assert held.give() is way
    assert not held.may_try_next
    assert bool(held.ports) is (way is not Way.NONE)


def test_the_first_way_is_no_news(hold):
    held, _ = hold()
    held.give()
    assert held.may_try_next
    assert not held.got_ready(1, Way.SOCKET)
    assert not held.may_try_next


def test_an_order_begins_with_the_first_way_again(hold):
    held, _ = hold()
    held.give()
    held.try_next()
    assert held.give() is Way.FRONT
    assert held.give() is Way.SOCKET


def test_the_last_way_is_no_reason_for_not_getting_ready(hold):
    held, _ = hold()
    tried(held, 2)
    assert held.give() is Way.NONE
    assert not held.may_try_next


def test_a_service_that_is_served_in_no_way_can_have_its_port_itself(hold, number):
    held, _ = hold()
    tried(held, 2)
    held.give()
    assert refused(number)


def test_one_that_has_shown_that_it_lost_its_socket_is_served_in_another_way(hold):
    held, _ = hold()
    held.give()
    held.got_ready(1, Way.SOCKET)
    held.lost()
    assert held.give() is Way.FRONT


def test_another_command_is_tried_anew(hold, number):
    held, _ = hold()
    held.give()
    held.try_next()
    held.got_ready(2, held.give())
    held.redefine(service(number, command=("other",)))
    assert held.give() is Way.SOCKET


def test_whoever_has_a_descriptor_hears_of_each_port_that_is_let_go(number):
    told = []
    held = Sockets(service(number), Clock(), told.append)
    held.give()
    held.close()
    held.close()
    assert told == [number]


def test_a_task_has_no_way():
    assert ways(Service("web", HERE)) == (Way.NONE,)


def test_a_second_run_shares_only_what_serves_a_ready_one(hold, number):
    held, _ = hold()
    held.give()
    assert not held.are_shared(service(number))
    held.got_ready(1, Way.SOCKET)
    assert held.are_shared(service(number))
    assert not held.are_shared(service(number, command=("other",)))
    assert not held.are_shared(service(number + 1))
