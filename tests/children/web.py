"""Answers every request on PORT with the text in BODY."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["BODY"].encode())

    def log_message(self, *_):
        """Say nothing."""


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
