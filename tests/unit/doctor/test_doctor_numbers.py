"""Which port numbers a stack may have and keep."""

import pytest

from aura_stack.doctor.findings import Finding, Level
from aura_stack.doctor.numbers import check_ports
from aura_stack.errors import Place
from aura_stack.stack.model import Port, Service

PLACE = Place("stack.yaml", 1, 1)
EPHEMERAL = range(32768, 61000)


def service(name, *ports, external=False):
    made = [Port(key, number, "PORT", entry, "", PLACE) for key, number, entry in ports]
    return Service(name, PLACE, ports=tuple(made), external=external)


FRONTEND = service("frontend", ("", 54112, "web-react"))


def check(*services, ephemeral=EPHEMERAL, reserved=(), lowest=1024, reservable=True):
    return list(check_ports(services, ephemeral, reserved, lowest, reservable=reservable))


def test_numbers_that_are_nobody_elses_are_fine():
    assert check(service("a", ("", 1024, ""), ("metrics", 32767, "")), service("b", ("", 61000, "b"))) == [
        Finding("ports", Level.OK, "3, none of them one that the kernel gives away or keeps from you")
    ]


def test_a_number_that_outgoing_connections_get_is_noted_with_both_cures():
    assert check(service("a", ("", 4010, "")), FRONTEND) == [
        Finding(
            "ports",
            Level.NOTE,
            "54112 (web-react): the kernel gives 32768-60999 to outgoing connections, and one that has the number "
            "keeps the service from it",
            "choose a number below 32768, or: sudo sysctl net.ipv4.ip_local_reserved_ports=54112 "
            "(for good: that line in a file in /etc/sysctl.d)",
        )
    ]


def test_the_ends_of_the_range_belong_to_it():
    (finding,) = check(service("a", ("", 32768, "")), service("b", ("", 60999, "")))
    assert finding.found.startswith("32768 (a), 60999 (b): ")


@pytest.mark.parametrize("span", [range(54112, 54113), range(54000, 55000)])
def test_a_number_that_is_reserved_is_fine(span):
    (finding,) = check(FRONTEND, reserved=(range(40000, 40001), span))
    assert finding.level is Level.OK


def test_the_reservation_keeps_what_is_reserved_already():
    """The kernel has one list: whoever writes it replaces it."""
    services = FRONTEND, service("b", ("debug", 50000, ""))
    (finding,) = check(*services, reserved=(range(9148, 9151), range(8080, 8081)))
    assert "50000 (b, debug)" in finding.found
    assert finding.cure == (
        "choose numbers below 32768, or: sudo sysctl "
        "net.ipv4.ip_local_reserved_ports=8080,9148-9150,50000,54112 "
        "(for good: that line in a file in /etc/sysctl.d)"
    )


def test_where_nothing_can_be_reserved_only_the_number_can_change():
    (finding,) = check(FRONTEND, ephemeral=range(49152, 65536), reservable=False)
    assert finding.cure == "choose a number below 49152"


def test_a_number_that_only_root_may_have_is_trouble():
    assert check(service("web", ("", 443, "https"), ("", 80, "")), FRONTEND)[0] == Finding(
        "ports",
        Level.TROUBLE,
        "443 (https), 80 (web): only root may listen below 1024",
        "choose numbers from 1024 on, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=80",
    )
    assert [finding.level for finding in check(service("web", ("", 80, "")), FRONTEND)] == ["trouble", "note"]


def test_whoever_may_listen_anywhere_may_have_every_number():
    (finding,) = check(service("web", ("", 80, "")), lowest=0)
    assert finding.level is Level.OK


def test_the_numbers_of_external_services_are_for_others_to_choose():
    (finding,) = check(
        service("db", ("", 54321, ""), external=True), service("x", ("", 80, ""), external=True)
    )
    assert finding == Finding(
        "ports", Level.OK, "0, none of them one that the kernel gives away or keeps from you"
    )
