import argparse
import asyncio

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=21512)


async def echo(reader, writer):
    writer.write(await reader.read(100))
    await writer.drain()
    writer.close()


async def main(port):
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main(parser.parse_args().port))
