from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

ThreadingHTTPServer(("127.0.0.1", 21510), SimpleHTTPRequestHandler).serve_forever()
