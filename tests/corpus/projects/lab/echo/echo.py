import asyncio

LIMIT = 65536


async def echo(reader, writer):
    writer.write(await reader.read(1024))
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 8888, limit=LIMIT)
    async with server:
        await server.serve_forever()


asyncio.run(main())
