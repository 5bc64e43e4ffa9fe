"""Which package manager installs a Node package, and the prepare step that lets it do so."""

import re

from aura_stack.frozen import NamedTuple
from aura_stack.reading.tree import Items, Scalar, Table

from .findings import Step
from .project import Path, Project, inside, is_below, upwards

_LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
_INSTALL = {
    "npm": "npm ci",
    "pnpm": "pnpm install --frozen-lockfile",
    "yarn": "yarn install --frozen-lockfile",
    "bun": "bun install --frozen-lockfile",
}
_BERRY = "yarn install --immutable"
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies")


class Lock(NamedTuple):
    """A lock file: the folder that is installed by it, the way there, its name, and who reads it."""

    folder: Path
    way: str
    file: str
    manager: str


def manager_of(project: Project, folder: Path) -> str:
    """The package manager of a package: the one its package.json names, else that of the lock file, else npm."""
    for above, _ in upwards(folder):
        tree = project.tree(above, "package.json")
        named = tree.scalar("packageManager") if tree else None
        name = named.text.partition("@")[0] if named else ""
        if name in _INSTALL:
            return name
    lock = lock_of(project, folder)
    return lock.manager if lock else "npm"


def lock_of(project: Project, folder: Path) -> Lock | None:
    """The lock file by which a package is installed: its own, or that of the workspace it belongs to."""
    for above, way in upwards(folder):
        if above != folder and not is_member(project, above, folder):
            continue
        for file, manager in _LOCKS.items():
            if project.has(above, file):
                return Lock(above, way, file, manager)
    return None


def is_member(project: Project, root: Path, folder: Path) -> bool:
    """Whether a folder is a package of the workspace whose root is another one."""
    patterns = workspaces(project, root)
    path = inside(folder, root) if is_below(folder, root) else ""
    wanted = any(_matches(path, pattern) for pattern in patterns if not pattern.startswith("!"))
    return wanted and not any(_matches(path, pattern[1:]) for pattern in patterns if pattern.startswith("!"))


def workspaces(project: Project, root: Path) -> list[str]:
    """The patterns of a workspace's folders, from package.json (npm, yarn, bun) or pnpm-workspace.yaml."""
    found: list[str] = []
    for tree, key in (
        (project.tree(root, "package.json"), "workspaces"),
        (project.tree(root, "pnpm-workspace.yaml"), "packages"),
    ):
        node = tree.get(key) if tree else None
        if isinstance(node, Table):  # yarn's other form
            node = node.get("packages")
        if isinstance(node, Items):
            found += [item.text for item in node.nodes if isinstance(item, Scalar)]
    return found


def _matches(path: str, pattern: str) -> bool:
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    form = "/".join(".*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*") for part in parts)
    return bool(path) and re.fullmatch(form, path) is not None


def install(project: Project, folder: Path) -> Step | None:
    """The step that installs what a package depends on; None for one that depends on nothing."""
    lock = lock_of(project, folder)
    if not any(_depends(project, place) for place in {folder, lock.folder if lock else folder}):
        return None
    if lock is None:
        manager = manager_of(project, folder)
        remark = "without a lock file, versions are another every time"
        return Step(f"{manager} install", ("package.json",), ("node_modules",), sure=False, remark=remark)
    command, outputs = _installing(project, lock)
    step = Step(
        command,
        (f"{lock.way}package.json", f"{lock.way}{lock.file}"),
        tuple(f"{lock.way}{output}" for output in outputs),
    )
    if not lock.way:
        return step
    return step.but(command=f"cd {lock.way.rstrip('/')} && {command}", remark="the whole workspace")


def _installing(project: Project, lock: Lock) -> tuple[str, tuple[str, ...]]:
    """The command, and what it makes."""
    if (
        lock.manager == "yarn"
        and project.text(lock.folder, lock.file).lstrip("#\n ").find("__metadata:") >= 0
    ):
        modules = "node-modules" in project.text(lock.folder, ".yarnrc.yml")
        return _BERRY, ("node_modules",) if modules else (".pnp.cjs",)
    return _INSTALL[lock.manager], ("node_modules",)


def _depends(project: Project, folder: Path) -> bool:
    tree = project.tree(folder, "package.json")
    return tree is not None and any(tree.table(kind).entries for kind in _DEPENDENCIES)


def engines(project: Project, folder: Path) -> str:
    """The versions of Node that a package asks for, as it writes them; "" if it does not say."""
    tree = project.tree(folder, "package.json")
    word = tree.table("engines").scalar("node") if tree else None
    return word.text.strip() if word else ""
