"""Whether Python, its parser of YAML, the kernel and its limits will do."""

from aura_stack.system import limits

from .findings import Finding, note, ok, trouble

OLDEST = (3, 11)
"""The oldest Python that runs this."""

ABSENT = "not on this system"

_WATCHES = 65_536  # of one user; a kernel before 5.11 starts with 8,192, and an editor alone takes more
_INSTANCES = 128  # what kernels start with
_MOSTLY = 0.8  # of a limit: what is left is soon gone
_FILES = 1024  # what most systems start with
_FILES_OF_US, _FILES_OF_A_SERVICE = (
    64,
    8,
)  # descriptors of the engine; of them, per service: pipes of two runs, probes


def check_python(version: tuple[int, ...], executable: str) -> Finding:
    """The Python that runs this."""
    number = ".".join(map(str, version[:3]))
    if version[:2] < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        cure = f"install Python {oldest} or later, and aura-stack with it: pipx install --python python{oldest} …"
        return trouble("python", f"{number}, {executable}: aura-stack needs {oldest}", cure)
    return ok("python", f"{number}, {executable}")


def check_yaml(compiled: str | None) -> Finding:
    """The parser of the stack file; `compiled` is the version of libyaml, None where PyYAML is without it."""
    if compiled is None:
        cure = "pip install --force-reinstall --only-binary :all: PyYAML, in the environment of aura-stack"
        return note("libyaml", "PyYAML was built without it: stack files are read several times slower", cure)
    return ok("libyaml", compiled)


def check_system(name: str, release: str, *, subreaper: bool) -> Finding:
    """The kernel, and what is lost with one that lacks what Linux has."""
    wsl = ", under WSL" if "microsoft" in release.lower() else ""
    if subreaper:
        return ok("system", f"{name} {release}{wsl}")
    lost = "a daemon that forks twice and leaves its session is ended only if it was seen before"
    return note("system", f"{name} {release} has no child subreaper: {lost}")


def check_inotify(found: limits.Inotify | None) -> Finding:
    """Whether files can be watched, by us and by the programs we run, who share the limits."""
    if found is None:
        return ok("inotify", ABSENT)
    text = (
        f"{found.used_instances} of {found.instances} instances, "
        f"{found.used_watches} of {found.watches} watches taken by your programs"
    )
    if found.used_instances >= found.instances or found.used_watches >= found.watches:
        return trouble("inotify", f"{text}: nobody can watch anything more", _more_inotify(found))
    tight = found.used_instances > found.instances * _MOSTLY or found.used_watches > found.watches * _MOSTLY
    small = found.watches < _WATCHES or found.instances < _INSTANCES
    if tight or small:
        why = "little is left" if tight else "editors and bundlers take many"
        return note("inotify", f"{text}: {why}", _more_inotify(found))
    return ok("inotify", text)


def _more_inotify(found: limits.Inotify) -> str:
    watches = max(524_288, found.used_watches * 2)
    instances = max(1024, found.used_instances * 2)
    return (
        f"sudo sysctl fs.inotify.max_user_watches={watches} fs.inotify.max_user_instances={instances} "
        "(for good: these in a file in /etc/sysctl.d)"
    )


def check_open_files(found: limits.OpenFiles, services: int) -> Finding:
    """Whether so many services can have their pipes."""
    needed = _FILES_OF_US + _FILES_OF_A_SERVICE * services
    text = f"{_limit(found.soft)} for each process, {_limit(found.hard)} at most"
    soft = float("inf") if found.soft is None else found.soft
    if soft < needed:
        return trouble("open files", f"{text}: {services} services need {needed}", _more_files(found, needed))
    if soft < _FILES:
        return note("open files", f"{text}: servers need many", _more_files(found, _FILES))
    return ok("open files", text)


def _limit(value: int | None) -> str:
    return "unlimited" if value is None else str(value)


def _more_files(found: limits.OpenFiles, needed: int) -> str:
    if found.hard is None or found.hard >= needed:
        return f"ulimit -n {min(max(needed, 4096), found.hard or 4096)}, in the shell, before aura-stack up"
    return f"the limit of your login is {found.hard}: raise it in /etc/security/limits.conf (nofile), and log in again"
