"""Prints numbered lines: printer.py NAME COUNT [END]. END is how it goes: `stay` (until it is stopped), `kill` (by its
own SIGKILL), `exit` (with 1), `late` (what it has left behind prints once more, when `go` is there)."""

import os
import signal
import sys
import time

name, count, end = sys.argv[1], int(sys.argv[2]), (sys.argv[3] if len(sys.argv) > 3 else "exit")
ODD = (b"", b"\x00\xff\xfe", b"a\rb", b"form\x0cfeed", "\u2028\u0085".encode(), b"x" * 100_000, b"windows\r")


def lines():
    """What it prints: every line says whose and which one it is."""
    return [b"%s:%d:%s" % (name.encode(), number, ODD[number % len(ODD)]) for number in range(count)]


def write(data):
    while data:
        data = data[os.write(1, data[:70_001]) :]


if __name__ == "__main__":
    if end == "stay":
        signal.signal(signal.SIGTERM, lambda *_: (write(b"bye, without an end"), os._exit(0)))
    write(b"\n".join(lines()))
    match end:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stay":
            write(b"\nhere\n")
            while True:
                signal.pause()
        case "late":
            if os.fork() == 0:
                os.setsid()
                while not os.path.exists("go"):
                    time.sleep(0.01)
                write(b"\nfrom a grandchild")
                os._exit(0)
    sys.exit(1)
