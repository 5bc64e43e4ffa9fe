"""Whether the kernel lets the stack have its ports: always, or only when nobody was quicker."""

from collections.abc import Iterable, Iterator, Sequence

from aura_stack.stack.model import Port, Service

from .findings import Finding, note, ok, trouble

_CHECK = "ports"


def check_ports(
    services: Iterable[Service], ephemeral: range, reserved: Sequence[range], lowest: int, *, reservable: bool
) -> Iterator[Finding]:
    """Look at the numbers of our own services; those of external ones are for others to choose.

    Args:
        services: of the stack.
        ephemeral: what the kernel gives to outgoing connections. While one has a number, nobody can listen on it,
            and no listener is to be seen.
        reserved: parts of that range that it does not give away.
        lowest: below this number we may not listen.
        reservable: whether numbers can be reserved on this system.
    """
    own = [(service.name, port) for service in services if not service.external for port in service.ports]
    low = [(name, port) for name, port in own if port.number < lowest]
    lent = [
        (name, port)
        for name, port in own
        if port.number in ephemeral and not any(port.number in span for span in reserved)
    ]
    if low:
        yield trouble(_CHECK, f"{_listed(low)}: only root may listen below {lowest}", _cure_low(low, lowest))
    if lent:
        span = f"{ephemeral.start}-{ephemeral.stop - 1}"
        yield note(
            _CHECK,
            f"{_listed(lent)}: the kernel gives {span} to outgoing connections, and one that has the number "
            "keeps the service from it",
            _cure_lent([port for _, port in lent], ephemeral, reserved if reservable else None),
        )
    if not (low or lent):
        yield ok(_CHECK, f"{len(own)}, none of them one that the kernel gives away or keeps from you")


def _listed(ports: Sequence[tuple[str, Port]]) -> str:
    return ", ".join(f"{port.number} ({_called(name, port)})" for name, port in ports)


def _called(service: str, port: Port) -> str:
    """The entry of the manifest says where the number stands; without one it stands with the service."""
    return port.entry or (f"{service}, {port.key}" if port.key else service)


def _cure_low(ports: Sequence[tuple[str, Port]], lowest: int) -> str:
    first = min(port.number for _, port in ports)
    return f"choose numbers from {max(lowest, 1024)} on, or: sudo sysctl net.ipv4.ip_unprivileged_port_start={first}"


def _cure_lent(ports: Sequence[Port], ephemeral: range, reserved: Sequence[range] | None) -> str:
    """A smaller number, or a reservation: of these besides what is reserved already, as the kernel keeps one list."""
    smaller = (
        f"choose numbers below {ephemeral.start}"
        if len(ports) > 1
        else f"choose a number below {ephemeral.start}"
    )
    if reserved is None:
        return smaller
    spans = sorted(
        {(span.start, span.stop - 1) for span in reserved} | {(port.number,) * 2 for port in ports}
    )
    value = ",".join(f"{low}-{high}" if high > low else f"{low}" for low, high in spans)
    setting = f"net.ipv4.ip_local_reserved_ports={value}"
    return f"{smaller}, or: sudo sysctl {setting} (for good: that line in a file in /etc/sysctl.d)"
