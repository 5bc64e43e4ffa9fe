"""Who may be ended to free a port, and what is said in every other case."""

import pytest

from aura_stack.errors import ExitCode
from aura_stack.ports.freeing import Asker, Kill, Refusal, decide
from aura_stack.ports.owners import Kind, Owner

NODE = Owner(812, "node server.js", "u", "/home/u/shop", 60.0)
ASKER = Asker(
    {1, 100, 200},
    {
        1: "systemd",
        812: "node",
        7: "docker-proxy",
        8: "ssh",
        9: "kubectl",
        10: "conmon",
        11: "com.docker.back",
    },
)


def decided(*owners, externals=(), force=False):
    return decide(4010, owners, ASKER, dict(externals), force=force)


def test_what_a_user_started_is_ended():
    assert decided(NODE) == Kill(4010, (NODE,))


@pytest.mark.parametrize(
    ("owner", "reason", "instead"),
    [
        (NODE._replace(pid=1), "the first process of this", "systemctl list-sockets shows whose socket it holds"),
        (NODE._replace(pid=200), "which started this command", ""),
        (NODE._replace(pid=7), "is a container's", "docker ps --filter publish=4010 shows which; docker stop"),
        (NODE._replace(pid=10), "is a container's", "podman ps --filter publish=4010 shows which"),
        (NODE._replace(pid=10, user="ann", foreign=True), "is a container's", "podman ps --filter publish=4010"),
        (NODE._replace(pid=11), "is a container's", "docker ps --filter publish=4010 shows which"),
        (NODE._replace(pid=8), "is forwarded", "ssh -O exit HOST where it is a master connection, else: kill 8"),
        (NODE._replace(pid=9), "is forwarded", "end kubectl where it was started, or: kill 9"),
        (
            NODE._replace(stack="shop", service="api", file="/home/u/shop/stack.yaml"),
            "belongs to pid 812",
            "aura-stack -C /home/u/shop stop api",
        ),
        (
            NODE._replace(stack="shop", service="api", file="/home/u/my shop/dev.yaml"),
            "belongs to pid 812",
            "aura-stack -f '/home/u/my shop/dev.yaml' stop api",
        ),
        (
            Owner(9, kind=Kind.LEASE, stack="shop", file="/home/u/shop/stack.yaml"),
            "belongs to the stack shop",
            "aura-stack -C /home/u/shop down",
        ),
        (
            Owner(None, kind=Kind.CONNECTION, remote="10.0.0.1:80", state="TIME_WAIT", left=12.0),
            "what is left for 12 s",
            "nobody has to be ended",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_whose_end_would_end_more_is_refused_with_another_way(owner, reason, instead):
    found = decided(owner)
    assert isinstance(found, Refusal)
    assert reason in found.reason
    assert found.instead.startswith(instead)
    assert found.code == ExitCode.FAILED


@pytest.mark.parametrize(
    ("owner", "instead"),
    [
        (Owner(None, user="ann", foreign=True), "sudo aura-stack ports who 4010"),
        (NODE._replace(user="ann", foreign=True), "sudo kill 812"),
        (Owner(None, kind=Kind.UNKNOWN), "sudo aura-stack ports who 4010"),
    ],
)
def test_what_is_not_ours_is_not_permitted(owner, instead):
    found = decided(owner)
    assert (found.code, found.instead) == (ExitCode.NOT_PERMITTED, instead)


def test_one_of_several_that_may_not_be_ended_keeps_all():
    assert isinstance(decided(NODE, NODE._replace(pid=7)), Refusal)


def test_an_external_system_of_the_manifest_is_ended_only_by_force():
    found = decided(NODE, externals={4010: "postgresql"}.items())
    assert "4010 is postgresql in the manifest, an external system" in found.reason
    assert found.instead == "--force ends it all the same"
    assert decided(NODE, externals={4010: "postgresql"}.items(), force=True) == Kill(4010, (NODE,))


def test_force_ends_nothing_else():
    assert isinstance(decided(NODE._replace(pid=1), force=True), Refusal)
    assert isinstance(decided(NODE._replace(foreign=True), force=True), Refusal)
