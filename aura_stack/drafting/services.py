"""Makes a service of a command that was understood."""

from .commands import Command
from .findings import Found, Step
from .project import Path


def service(name: str, why: str, folder: Path, made: Command, prepare: tuple[Step, ...] = ()) -> Found:
    """A service that executes the words of a command as they stand."""
    return Found(
        name=name,
        why=why,
        command=made.words,
        folder=folder,
        listening=made.listening,
        env=made.env,
        prepare=prepare,
        watch=made.watch,
        entry=made.program.entry or "",
        asks=made.asks,
        urls=made.urls,
        hints=_health(made),
    )


def _health(made: Command) -> tuple[str, ...]:
    """A readiness condition to consider, where the code answers such a path."""
    if made.health is None or made.listening is None:
        return ()
    path, place = made.health
    return (f"ready: {{http: {path}}} # {place} has this path; without it, ready is when the port accepts",)
