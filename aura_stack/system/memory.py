"""How often the kernel has killed for want of memory: nobody who is killed so can say it himself."""

import sys

_COUNT = b"oom_kill "
_VERSION_1 = "/sys/fs/cgroup/memory"
_VERSION_2 = "/sys/fs/cgroup"


def kills() -> tuple[int, ...]:
    """The counts of our control group and of the machine, as far as they can be read; one that grew is a kill.

    They stand in memory.events (cgroups(7), version 2) or memory.oom_control (version 1), and in /proc/vmstat.
    None is to be seen on macOS.
    """
    if sys.platform != "linux":
        return ()
    paths = (*_files(_content("/proc/self/cgroup")), "/proc/vmstat")
    lines = (line for path in paths for line in _content(path).splitlines())
    return tuple(int(line.removeprefix(_COUNT)) for line in lines if line.startswith(_COUNT))


def _files(groups: bytes) -> list[str]:
    """Where our control groups keep their counts, from lines `hierarchy:controllers:path`."""
    found = []
    for line in groups.decode("utf-8", "surrogateescape").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found.append(f"{_VERSION_2}{path.rstrip('/')}/memory.events")
        elif "memory" in controllers.split(","):
            found.append(f"{_VERSION_1}{path.rstrip('/')}/memory.oom_control")
    return found


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
