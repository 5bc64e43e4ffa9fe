"""A server of lines at a terminal: tells what it was given, and what it is told."""

import os
import signal
import sys


def resized(*_):
    size = os.get_terminal_size(0)
    print(f"size {size.lines}x{size.columns}", flush=True)


def interrupted(*_):
    print("interrupted", flush=True)


def controlled():
    """Whether there is a terminal that controls us, whose foreground job we are."""
    terminal = os.open("/dev/tty", os.O_RDWR)
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp() and os.getsid(0) == os.getpid()
    finally:
        os.close(terminal)


signal.signal(signal.SIGWINCH, resized)
signal.signal(signal.SIGINT, interrupted)
print("terminals", os.isatty(0), os.isatty(1), os.isatty(2), "controlled", controlled(), flush=True)
resized()
for line in sys.stdin:
    match line.strip():
        case "debug":
            secret = 6 * 7
            breakpoint()  # noqa: T100 - what this is for
            print("went on with", secret, flush=True)
        case "end":
            print("goodbye", flush=True)
            break
        case "flood":
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                while True:
                    os.write(1, b"drops in a flood\n" * 1000)
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, before)
                interrupted()
        case "crash":
            sys.exit(3)
        case word:
            print(f"<{word}>", flush=True)
