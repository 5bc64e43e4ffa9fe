#!/usr/bin/env python3
# Serves what lies here.
from http.server import HTTPServer, SimpleHTTPRequestHandler

PORT = 8000
BUFFER = 65536

if __name__ == "__main__":
    HTTPServer(("127.0.0.1", PORT), SimpleHTTPRequestHandler).serve_forever()
