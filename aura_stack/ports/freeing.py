"""Whether what holds a port may be ended, and what to do instead where it may not: decided before anybody is asked."""

import re
from collections.abc import Collection, Mapping, Sequence

from aura_stack.errors import ExitCode
from aura_stack.frozen import NamedTuple
from aura_stack.system.tcp import TIME_WAIT

from .owners import Kind, Owner, describe

_USUAL = "stack.yaml"
_BARE = re.compile(r"[\w@%+=:,./-]+")
_SEEN = 15  # bytes that Linux keeps of a program's name (proc(5), comm)

CONTAINERS = frozenset(
    [
        *(
            "docker-proxy",
            "com.docker.backend",
            "rootlesskit",
            "rootlessport",
            "slirp4netns",
            "pasta",
            "pasta.avx2",
        ),
        *("conmon", "gvproxy", "limactl", "vpnkit"),
    ]
)
"""Programs that listen in the place of a container."""

FORWARDERS = frozenset(["ssh", "sshd", "kubectl", "autossh", "cloudflared", "socat", "oc", "gcloud"])
"""Programs that listen in the place of another machine: what they are for ends with them."""


class Refusal(NamedTuple):
    """Why a port is not freed, what to do instead, and the exit code."""

    port: int
    reason: str
    instead: str = ""
    code: int = ExitCode.FAILED


class Kill(NamedTuple):
    """The processes to end, the one that started the others first."""

    port: int
    owners: tuple[Owner, ...]


class Asker(NamedTuple):
    """Who asks.

    `pid` and all that it descends from (`family`) are never ended; `names` are the programs of processes, by pid.
    """

    family: Collection[int]
    names: Mapping[int, str]
    home: str = ""


def decide(
    port: int,
    owners: Sequence[Owner],
    asker: Asker,
    externals: Mapping[int, str],
    *,
    force: bool = False,
) -> Kill | Refusal:
    """What to do about a port that is busy.

    Args:
        port: the number.
        owners: who holds it.
        asker: who asks.
        externals: the names of systems of the manifest that are not ours, by number.
        force: end also what stands in the manifest as an external system.
    """
    for owner in owners:
        refusal = _refused(port, owner, asker)
        if refusal:
            return refusal
    if port in externals and not force:
        reason = f"{port} is {externals[port]} in the manifest, an external system"
        return Refusal(port, f"{reason}: {describe(owners[0], asker.home)}", "--force ends it all the same")
    return Kill(port, tuple(owners))


def _refused(port: int, owner: Owner, asker: Asker) -> Refusal | None:
    who = describe(owner, asker.home)
    if owner.kind is Kind.LEASE or owner.stack:
        return Refusal(port, f"{port} belongs to {who}", stop_command(owner))
    return (
        _not_a_process(port, owner, who)
        or _not_a_server(port, owner, who, asker)
        or _not_ours(port, owner, who)
        or _not_to_be_ended(port, owner, who, asker)
    )


def _not_a_process(port: int, owner: Owner, who: str) -> Refusal | None:
    """What nobody's signal reaches."""
    if owner.kind is Kind.UNKNOWN:
        seen = f"sudo aura-stack ports who {port}"
        return Refusal(port, f"{port} is held by {who}", seen, ExitCode.NOT_PERMITTED)
    if owner.state == TIME_WAIT:
        return Refusal(port, f"{port} is held by {who}", "nobody has to be ended: it is free again then")
    return None


def _not_a_server(port: int, owner: Owner, who: str, asker: Asker) -> Refusal | None:
    """Who only stands for somebody else, whoever's it is."""
    if owner.pid is None:
        return None
    name = asker.names.get(owner.pid, "")
    if owner.pid == 1:
        instead = "systemctl list-sockets shows whose socket it holds" if name == "systemd" else ""
        return Refusal(port, f"{port} is held by the first process of this machine, {who}", instead)
    if any(name in {each, each[:_SEEN]} for each in CONTAINERS):
        return Refusal(port, f"{port} is a container's: {who}", _container_command(name, port))
    return None


def _not_ours(port: int, owner: Owner, who: str) -> Refusal | None:
    """Whom a signal of ours does not reach."""
    if owner.pid is None or owner.foreign:
        command = f"sudo kill {owner.pid}" if owner.pid else f"sudo aura-stack ports who {port}"
        return Refusal(port, f"{port} is held by {who}, another user's", command, ExitCode.NOT_PERMITTED)
    return None


def _not_to_be_ended(port: int, owner: Owner, who: str, asker: Asker) -> Refusal | None:
    """Whose end would end more than a server."""
    if owner.pid is None:
        return None
    name = asker.names.get(owner.pid, "")
    if owner.pid in asker.family:
        return Refusal(port, f"{port} is held by {who}, which started this command")
    if name in FORWARDERS:
        return Refusal(port, f"{port} is forwarded: {who}", _forwarder_command(name, owner.pid))
    return None


def stop_command(owner: Owner) -> str:
    """What ends a service of one of our stacks, or all of it."""
    folder, _, name = owner.file.rpartition("/")
    stack = f"-C {_word(folder)}" if name == _USUAL else f"-f {_word(owner.file)}"
    return f"aura-stack {stack} " + (f"stop {_word(owner.service)}" if owner.service else "down")


def _word(text: str) -> str:
    """As a shell takes it for one word."""
    return text if _BARE.fullmatch(text) else "'" + text.replace("'", "'\\''") + "'"


def _container_command(name: str, port: int) -> str:
    tool = "podman" if name in {"conmon", "rootlessport", "pasta", "pasta.avx2", "slirp4netns"} else "docker"
    return f"{tool} ps --filter publish={port} shows which; {tool} stop CONTAINER ends it"


def _forwarder_command(name: str, pid: int) -> str:
    if name in {"ssh", "autossh"}:
        return f"ssh -O exit HOST where it is a master connection, else: kill {pid}"
    return f"end {name} where it was started, or: kill {pid}"
