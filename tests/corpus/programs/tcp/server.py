import socketserver


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"tcp")


at = ("127.0.0.1", 21511)
with socketserver.TCPServer(at, Handler) as server:
    server.serve_forever()
