"""Answers GET on the port it is given, badly after USR1 and well after USR2; `traced PID` is attached to PID instead.

With `background` it goes there: its first process starts another one and ends.
"""

import ctypes
import http.server
import os
import signal
import sys

state = {"well": True}
PTRACE_SEIZE = 0x4206  # <sys/ptrace.h>


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if state["well"] else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def attach(pid):
    """Attach to it as a debugger that hands no signal on, and stay."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, ctypes.c_long(pid), ctypes.c_long(0), ctypes.c_long(0)) != 0:
        sys.exit(f"not permitted: {os.strerror(ctypes.get_errno())}")
    print("attached", flush=True)
    signal.pause()


def main(word, *options):
    if word == "traced":
        attach(int(options[0]))
    if "background" in options:
        if os.fork():
            os._exit(0)
        if "apart" in options:
            os.setsid()
            if os.fork():
                os._exit(0)
    signal.signal(signal.SIGUSR1, lambda *_: state.update(well=False))
    signal.signal(signal.SIGUSR2, lambda *_: state.update(well=True))
    if "deaf" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with http.server.ThreadingHTTPServer(("127.0.0.1", int(word)), Answer) as server:
        print(f"serving {os.getpid()}", flush=True)
        server.serve_forever()


main(*sys.argv[1:])
