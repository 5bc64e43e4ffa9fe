"""Descriptors that travel with messages: in order, each once, whatever else is being said."""

import asyncio
import os
import socket

from aura_stack.control.client import Client
from aura_stack.control.protocol import Request
from aura_stack.control.server import Connection

MESSAGES = 20
PAD = "x" * 600_000  # more than a socket takes at once


def inode(descriptor):
    return os.fstat(descriptor).st_ino


async def talk(link, descriptors):
    """Two at a time: one says much, the other hands descriptors over."""
    reader, writer = await asyncio.open_connection(sock=link)
    connection = Connection(reader, writer)

    async def chatter():
        for _ in range(MESSAGES):
            await connection.say(Request("said", {"pad": PAD}))

    async def hand_over():
        for descriptor in descriptors:
            await connection.say(Request("handed", {"inode": inode(descriptor)}), descriptor)

    await asyncio.gather(chatter(), hand_over())
    connection.close()
    await writer.wait_closed()


def heard(client):
    """All messages, and the inode of what came with each that something came with."""
    said, handed = 0, []
    try:
        while True:
            for message in client.receive():
                if message.method == "said":
                    said += 1
                    continue
                descriptor = client.descriptors.pop(0)
                assert not os.get_inheritable(descriptor)
                handed.append((message.params["inode"], inode(descriptor)))
                os.close(descriptor)
    except ConnectionError:
        return said, handed


def test_descriptors_come_with_their_messages_however_full_the_connection_is(tmp_path):
    files = [os.open(tmp_path / str(number), os.O_CREAT | os.O_RDWR) for number in range(MESSAGES)]
    ours, theirs = socket.socketpair()
    client = Client(theirs)

    async def main():
        listening = asyncio.create_task(asyncio.to_thread(heard, client))
        async with asyncio.timeout(30):
            await talk(ours, files)
            return await listening

    said, handed = asyncio.run(main())
    assert said == MESSAGES
    assert handed == [(inode(file), inode(file)) for file in files]
    assert client.descriptors == []
    client.close()
    for file in files:
        os.close(file)


def test_what_nobody_took_is_closed_with_the_connection():
    ours, theirs = socket.socketpair()
    client = Client(theirs)
    reading, writing = os.pipe()
    socket.send_fds(ours, [b'{"jsonrpc": "2.0", "method": "x"}\n'], [writing])
    os.close(writing)
    assert len(list(client.receive())) == 1
    client.close()
    assert os.read(reading, 1) == b""
    os.close(reading)
    ours.close()
