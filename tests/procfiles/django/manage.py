"""The commands of a project: what it was given, then a server that works until TERM."""

import importlib
import os
import signal
import sys


def leave(signum, frame):
    signal.signal(signum, signal.SIG_IGN)
    print("Quit the server.")
    sys.exit(0)


settings = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
signal.signal(signal.SIGTERM, leave)
print(f"manage.py {sys.argv[1:]}")
print(f"in {os.path.realpath('.')}")
print(f"PORT={os.environ['PORT']}")
print(f"{settings.__name__}: DEBUG is {settings.DEBUG}, the database {settings.DATABASE}")
with open(os.environ["MEETING"], "w", encoding="utf-8") as meeting:
    meeting.write("here\n")
while True:
    signal.pause()
