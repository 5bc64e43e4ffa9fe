"""Finds services in package.json files, each with what installs it."""

from . import installs, unscripted
from .commands import Command, command, in_folder
from .findings import Found, Step
from .project import SCRIPTS, Path, Project, base, depth, joined
from .scripts import SERVING, followed, is_no_service, script, starts_several
from .services import service

_DEEPEST = 2  # folders; those of a workspace may lie deeper
_BUILT = ("dist", "build", "lib", "out")
_EXECUTES = {"npm": ("npx",), "pnpm": ("pnpm", "exec"), "yarn": ("yarn",), "bun": ("bunx",)}


def find(project: Project) -> tuple[list[Found], list[str]]:
    """The services of all packages and of programs without one, and what is to be told of the others."""
    folders = [folder for folder in project.folders_with("package.json", 4) if _counts(project, folder)]
    found: list[Found] = []
    notes: list[str] = []
    for folder in sorted(folders, key=lambda folder: (not folder, folder)):  # the root comes last
        several = "" if folder or not found else _several(project)
        if several:
            notes.append(f"{several} starts several programs; each of them is a service here instead")
        elif one := _service(project, folder):
            found.append(one)
    return [*_installed_once(project, found), *_loose(project)], notes


def _counts(project: Project, folder: Path) -> bool:
    if project.tree(folder, "package.json") is None:
        return False
    if depth(folder) <= _DEEPEST:
        return True
    return any(installs.is_member(project, root, folder) for root in project.folders_with("package.json", 1))


def _several(project: Project) -> str:
    """The script of the root that starts other packages, with its place; "" if it starts itself."""
    name = next((name for name in SERVING if script(project, "", name)), "")
    return f'"{name}" in package.json' if name and starts_several(script(project, "", name)) else ""


def _service(project: Project, folder: Path) -> Found | None:
    scripted = (of_script(project, folder, name) for name in SERVING)
    return next(filter(None, scripted), None) or _without_script(project, folder)


def of_script(project: Project, folder: Path, name: str) -> Found | None:
    """The service that a script of a package starts; None if there is no such script, or it is no service."""
    text = script(project, folder, name)
    if not text or is_no_service(text):
        return None
    path = joined(folder, "package.json")
    why, place = f'{path}: "{name}": {text}', f'{path} "{name}"'
    lead = followed(project, folder, name)
    made = command(project, folder, lead.line, place, on_path=False, alone=lead.alone) if lead else None
    if made and made.program.direct:
        return service(_name(project, folder), why, folder, made, _prepare(project, folder, made.words))
    manager = installs.manager_of(project, folder)
    told = made.words if made else ()
    words = (manager, "run", name, *(("--",) if told and manager == "npm" else ()), *told)
    found = _through(project, folder, why, words, made, alone=lead is not None and lead.alone)
    several = "it starts several programs: make each of them a service, and this one is not needed"
    return found.but(remark=several) if starts_several(text) else found


def _through(
    project: Project,
    folder: Path,
    why: str,
    words: tuple[str, ...],
    made: Command | None,
    *,
    alone: bool = True,
) -> Found:
    """A service that the package manager starts, since only it knows how."""
    name, prepare = _name(project, folder), _prepare(project, folder, words)
    remark = f"{words[0]} stays in between, which is slower; a command that names the program is better"
    if made is None:
        listening = in_folder(project, folder, SCRIPTS)
        return Found(name, why, words, folder, remark, listening, prepare=prepare)
    tool = made.program.tool
    if alone and tool and tool.package and (folder, made.program.name) not in project.programs:
        remark = (
            f"{words[0]} stays in between; once {made.program.name} is installed, init --force goes without"
        )
    return service(name, why, folder, made, prepare).but(command=words, remark=remark, watch=())


def _without_script(project: Project, folder: Path) -> Found | None:
    start = unscripted.start(project, folder)
    if start is None:
        return None
    path = joined(folder, "package.json")
    made = command(project, folder, start.line, path, on_path=False)
    why = f"{path}: {start.why}"
    if made.program.direct:
        prepare = _prepare(project, folder, made.words)
        found = service(_name(project, folder), why, folder, made, prepare)
    else:
        words = (*_EXECUTES[installs.manager_of(project, folder)], *start.line.words, *made.words)
        found = _through(project, folder, why, words, made)
    return found.but(hints=(*found.hints, *start.hints))


def _loose(project: Project) -> list[Found]:
    """Programs for Node in folders without a package."""
    return [
        service(name, start.why, folder, command(project, folder, start.line, start.why, on_path=True))
        for folder, name, start in unscripted.loose(project)
    ]


def _prepare(project: Project, folder: Path, words: tuple[str, ...]) -> tuple[Step, ...]:
    """Install, and build what is run if it lies where builds lie."""
    steps = [step for step in (installs.install(project, folder),) if step]
    entry = next((word for word in words[1:] if not word.startswith("-")), "")
    top = entry.removeprefix("./").partition("/")[0]
    if (
        top in _BUILT
        and script(project, folder, "build")
        and not project.sources(joined(folder, top), SCRIPTS)
    ):
        manager = installs.manager_of(project, folder)
        inputs = tuple(name for name in ("src", "package.json", "tsconfig.json") if project.has(folder, name))
        steps.append(Step(f"{manager} run build", inputs, (top,)))
    return tuple(steps)


def _name(project: Project, folder: Path) -> str:
    if folder:
        return base(folder)
    tree = project.tree("", "package.json")
    word = tree.scalar("name") if tree else None
    return base(word.text) if word and word.text.strip() else "app"


def _installed_once(project: Project, found: list[Found]) -> list[Found]:
    """One service of a workspace installs for all: steps of different services run side by side."""
    done: dict[Path, str] = {}
    return [_sharing(project, one, done) for one in found]


def _sharing(project: Project, one: Found, done: dict[Path, str]) -> Found:
    lock, step = installs.lock_of(project, one.folder), installs.install(project, one.folder)
    if lock is None or step not in one.prepare:
        return one
    if lock.folder not in done:
        done[lock.folder] = one.name
        return one
    hint = f"what it depends on is installed by the step of {done[lock.folder]}"
    return one.but(prepare=tuple(each for each in one.prepare if each != step), hints=(*one.hints, hint))
