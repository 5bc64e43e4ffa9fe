"""Which network we are in."""

import os
import sys

import pytest

from aura_stack.system import network, processes


@pytest.mark.skipif(sys.platform != "linux", reason="there is one network alone")
def test_it_is_the_same_for_who_is_in_one_and_another_one_on_another_machine(monkeypatch):
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writing, network.here().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    here = network.here()
    assert os.read(reading, 100).decode() == here
    os.close(reading)
    os.close(writing)
    monkeypatch.setattr(processes, "boot", lambda: "another")
    assert network.here() != here


@pytest.mark.root
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root makes networks")
def test_it_is_another_one_in_a_namespace():
    here, reading = network.here(), os.pipe()
    if (pid := os.fork()) == 0:
        os.write(reading[1], network.here().encode() if _alone() else b"not permitted")
        os._exit(0)
    os.waitpid(pid, 0)
    there = os.read(reading[0], 100).decode()
    for descriptor in reading:
        os.close(descriptor)
    if there == "not permitted":
        pytest.skip("a container that may not")
    assert there not in ("", here)
    assert there.split("-", 1)[1] == here.split("-", 1)[1]


def _alone():
    import ctypes  # noqa: PLC0415 - for root alone; Python has os.unshare from 3.12 on

    return ctypes.CDLL(None, use_errno=True).unshare(0x40000000) == 0  # CLONE_NEWNET


def test_where_there_is_one_alone_it_has_no_name(monkeypatch, tmp_path):
    monkeypatch.setattr(network, "_NAMESPACE", str(tmp_path / "none"))
    assert network.here() == ""
