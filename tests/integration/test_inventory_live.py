"""The inventory of what listens now: services, whoever was started by hand, strangers, two on one number."""

import json
import os
import socket
import subprocess
import sys

LISTEN = "import socket,sys; s=socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET); \
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], int(sys.argv[2]))); s.listen(); \
print('listening', flush=True); sys.stdin.read()"
SERVICE = "import os,socket,time; s=socket.create_server(('127.0.0.1', int(os.environ['PORT']))); \
t=socket.create_server(('127.0.0.1', int(os.environ['PORT']) + 1)); time.sleep(1000)"


class Listener:
    """A process that listens, in a folder."""

    def __init__(self, cwd, address, port):
        self.process = subprocess.Popen(
            [sys.executable, "-c", LISTEN, address, str(port)],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        assert self.process.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=60)


def verdicts(made):
    """Verdicts and listeners of the inventory, by number."""
    code, out = made.run("ports", "inventory", "--json")
    found = json.loads(out[out.index("{") :])["ports"]
    return code, {one["port"]: (one["verdict"], one["listening"]) for one in found}


def test_services_of_the_stack_and_what_they_listen_on_besides(stack, port):
    made = stack({"web": {"command": [sys.executable, "-c", SERVICE], "port": port}})
    up = made.start("up")
    up.expect("all ready")
    code, found = verdicts(made)
    assert found[port][0] == "ok"
    assert [one["service"] for one in found[port][1]] == ["web"]
    assert found[port + 1][0] == "undeclared"
    assert code == 1


def test_strangers_and_those_who_were_started_by_hand(stack, tmp_path_factory, port):
    made = stack(
        {"web": {"command": "sleep 1000", "port": port}, "api": {"command": "sleep 1000", "port": port + 1}}
    )
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with Listener(elsewhere, "127.0.0.1", port) as stranger, Listener(made.folder, "127.0.0.1", port + 1):
        code, found = verdicts(made)
        assert code == 1
        assert (found[port][0], found[port + 1][0]) == ("squatted", "ok")
        assert [one["pid"] for one in found[port][1]] == [stranger.process.pid]


def test_two_servers_on_two_addresses_of_one_number(stack, port):
    made = stack({"web": {"command": "sleep 1000", "port": port}})
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
        return
    with Listener(made.folder, "127.0.0.1", port), Listener(made.folder, "::1", port):
        code, found = verdicts(made)
        assert (code, found[port][0]) == (1, "split")
        assert sorted(address for one in found[port][1] for address in one["addresses"]) == [
            "127.0.0.1",
            "::1",
        ]
