import socketserver
from os import environ


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(1024)


with socketserver.TCPServer(("127.0.0.1", int(environ.get("PORT", 9006))), Handler) as server:
    server.serve_forever(poll_interval=1500)
