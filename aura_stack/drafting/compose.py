"""Finds programs that are not ours in compose files: images with a published port, such as databases."""

import re
from collections.abc import Iterator

from aura_stack.reading.tree import Node, Scalar, Table

from .findings import External
from .project import Path, Project, base, folder_of

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Of a service (compose-spec, services)."""

_PUBLISHED = re.compile(
    r"(?:\[?[\w.:]*\]?:)?(?:\$\{\w+:?-)?(\d{1,5})\}?:(?:\$\{\w+:?-)?(\d{1,5})\}?(?:/tcp)?"
)
_LAST_PORT = 65535


def find(project: Project) -> list[External]:
    """The services of all compose files that are images and publish a port."""
    return [external for path, tree in files(project) for external in _externals(path, tree)]


def files(project: Project) -> list[tuple[Path, Table]]:
    """All compose files."""
    return [(path, tree) for path, tree in project.trees.items() if base(path) in FILES]


def _externals(path: Path, tree: Table) -> Iterator[External]:
    for key, node in tree.table("services").entries.values():
        image = node.scalar("image") if isinstance(node, Table) else None
        if (
            image is None
            or not isinstance(node, Table)
            or "build" in node.entries
            or not NAME.fullmatch(key.text)
        ):
            continue
        number = next(filter(None, map(_published, node.items("ports"))), None)
        if number:
            at = f"{path}:{key.place.line}"
            yield External(
                key.text, f"{at}: image {image.text}", number, f"{_compose(path)} up -d {key.text}"
            )


def _compose(path: Path) -> str:
    return f"docker compose -f {path}" if folder_of(path) else "docker compose"


def _published(node: Node) -> int | None:
    found = pair(node)
    return found[0] if found else None


def pair(node: Node) -> tuple[int, int] | None:
    """The numbers on this machine and in the container, of a line `5433:5432` or of the long form.

    None where docker chooses one.
    """
    if isinstance(node, Table):
        words = [node.scalar("published"), node.scalar("target")]
        digits = [word.text if word else "" for word in words]
    else:
        match = _PUBLISHED.fullmatch(node.text) if isinstance(node, Scalar) else None
        digits = [match[1], match[2]] if match else []
    numbers = [int(one) for one in digits if one.isdecimal() and 1 <= int(one) <= _LAST_PORT]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None  # noqa: PLR2004 - a pair
