"""The environment of a service: whose word counts for a variable, as one pure function."""

from collections.abc import Mapping

from .model import Service, Stack


def child_environment(
    stack: Stack, service: Service, shell: Mapping[str, str], *, coloured: bool
) -> dict[str, str]:
    """All variables of one service.

    The highest first: what the service sets itself (None unsets), what we inject, the shell's own.

    Args:
        stack: names the project and the ports of the others (`AURA_PORT_<SERVICE>`).
        service: whose environment it is.
        shell: the variables of the shell that gave the order.
        coloured: whether our own output is coloured, so that a program whose output is a pipe may colour too.
    """
    variables = {**shell, **_injected(stack, service)}
    if coloured and "NO_COLOR" not in variables:
        variables.setdefault("FORCE_COLOR", "1")
    for name, value in service.env.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    return variables


def _injected(stack: Stack, service: Service) -> dict[str, str]:
    others = {
        f"AURA_PORT_{other.name.upper().replace('-', '_')}": str(other.port)
        for other in stack.services
        if other.port is not None
    }
    return {
        **others,
        "AURA_PROJECT": stack.name,
        "AURA_SERVICE": service.name,
        "PYTHONUNBUFFERED": "1",  # Python holds output to a pipe back, and one would wait for it
        **{port.variable: str(port.number) for port in service.ports},
    }
