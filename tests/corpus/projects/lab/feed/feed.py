import argparse
import os
from aiohttp import web

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=8004)
parser.add_argument("--batch", type=int, default=5000)


async def hello(request):
    return web.Response(text="x" * 1000, status=200)


if __name__ == "__main__":
    args = parser.parse_args()
    app = web.Application(client_max_size=1024**2)
    app.router.add_get("/", hello)
    web.run_app(app, host="127.0.0.1", port=args.port)
