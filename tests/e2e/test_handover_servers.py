"""Real, unmodified servers that are restarted again and again under four hammering clients: nobody is refused.

SERVERS names a folder in which they are installed already; RESTARTS says how often each is restarted.
"""

import os
from pathlib import Path

import pytest
import servers
from clients import hammering
from stacks import Stack

RESTARTS = int(os.environ.get("RESTARTS", "6"))
DRAINS = {"express", "nest", "gunicorn"}  # they finish what they have accepted; the others drop it
PORT = 4390

pytestmark = [pytest.mark.long, pytest.mark.timeout(300 + 10 * RESTARTS)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = Path(os.environ.get("SERVERS") or tmp_path_factory.mktemp("servers"))
    servers.install(folder)
    return folder


@pytest.mark.parametrize("mode", ["overlap", "hold"])
@pytest.mark.parametrize("name", ["express", "nest", "gunicorn", "uvicorn", "vite", "next"])
def test_no_connection_is_refused_while_it_is_restarted(installed, tmp_path, name, mode):
    service, path = servers.services(installed)[name]
    keys = {"cwd": str(installed / name), **service, "port": PORT, "handover": mode}
    made = Stack(tmp_path, {"web": keys})
    try:
        made.up()
        with hammering(PORT, path) as clients:
            clients.await_more(20)
            for _ in range(RESTARTS if mode == "overlap" else max(RESTARTS // 4, 2)):
                code, output = made.run("restart", "web")
                assert code == 0, output
                clients.await_more(4)
        notices = made.run("events", "--json", "--kind", "notice")[1]
    finally:
        leaked = made.close()
    print(name, mode, dict(clients.counts))
    assert leaked == []
    assert "does not take" not in notices
    assert clients.counts["refused"] == clients.counts["hangs"] == 0, clients.counts
    if name in DRAINS:
        assert set(clients.counts) == {"ok"}, clients.counts
