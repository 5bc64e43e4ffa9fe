"""Takes over what compose files say of programs of ours, those that are built here: commands, variables, order."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from aura_stack.frozen import Frozen
from aura_stack.reading.tree import Items, Node, Scalar, Table
from aura_stack.stack.outline import as_variable

from . import compose, packages, scripts, shell
from .commands import command
from .findings import External, Found, Hold, Listening, escaped
from .naming import cleaned
from .project import Path, Project, folder_of, joined
from .services import service

DOTENV = ".env"
COMPLETED = "completed"
_CONDITIONS = {"service_completed_successfully": COMPLETED, "service_started": "started"}
_VARIABLE = re.compile(r"[^=\s\0]+")  # as the stack file takes it
_REFERENCE = re.compile(r"\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])([^{}]*))?\})")
_PUBLISHED = re.compile(r"\b(?:localhost|127\.0\.0\.1):(\d{1,5})\b")
_HERE = "localhost"
_HOSTS, _EVERYWHERE = ("--host", "--hostname", "--bind", "-H"), "0.0.0.0"  # noqa: S104 - it is taken away
_TO_EVERYBODY = re.compile(r"(?:^|(?<==))0\.0\.0\.0(?=:\d+$)")
_COUNT = re.compile(r"[0-9]{1,9}")
_MOST_REPLICAS = 100


class Taken(Frozen):
    """What there is to run, once compose files were heard.

    Attributes:
        services: those that were found, with what compose says of them, and those that it alone knows.
        notes: what was left out, and why.
        env_files: files from which values of variables come.
    """

    services: tuple[Found, ...]
    notes: tuple[str, ...] = ()
    env_files: tuple[Path, ...] = ()


class _Ours(Frozen):
    """A service of a compose file that is built here.

    Attributes:
        at: where it stands.
        folder: where it is built, and so runs.
        command: as it stands; None where the image knows it.
        env: as compose gives it, texts of compose.
        env_files: from the folder of the stack file.
        after: what it depends on, with how far that has to be.
        ports: numbers on this machine and in the container.
        replicas: how many.
    """

    name: str
    at: str
    folder: Path
    command: str | tuple[str, ...] | None
    env: Mapping[str, str] = MappingProxyType({})
    env_files: tuple[Path, ...] = ()
    after: Mapping[str, str] = MappingProxyType({})
    ports: tuple[int, int] | None = None
    replicas: int = 1


def take_over(project: Project, found: Sequence[Found], externals: Sequence[External]) -> Taken:
    """Join what was found in folders with what compose files say of the same.

    Args:
        project: where files are looked up.
        found: by looking at folders.
        externals: what compose runs and we do not.
    """
    ours = _apart(one for path, tree in compose.files(project) for one in _ours(project, path, tree, found))
    partners = _partners(ours, found)
    services = [one for one in found if not any(one is other for other in partners.values())]
    notes = list(_left_out(project, externals, ours))
    taken: list[tuple[_Ours, Found]] = []
    for one in ours:
        made = _made(project, one, partners.get(one.name))
        if made is None:
            notes.append(
                f"{one.at}: {one.name} is built in {one.folder or '.'}, and what it runs is not known"
            )
        else:
            taken.append((one, made))
    places = _places(externals, taken, [one.listening.number for one in services if one.listening])
    orders = _orders([one for one, _ in taken])
    waited_for = {name for order in orders.values() for name, how in order.items() if how == COMPLETED}
    read = any("${" in value for one, _ in taken for value in map(_filled, one.env.values()))
    env_files = (DOTENV,) if read and DOTENV in project.texts else ()
    done = [_told(one, made, places, orders[one.name], once=one.name in waited_for) for one, made in taken]
    done = [one.but(env_files=tuple(each for each in one.env_files if each not in env_files)) for one in done]
    return Taken((*_installed_once(done), *services), tuple(notes), env_files)


# --- what a compose file says ---


def _ours(project: Project, path: Path, tree: Table, found: Sequence[Found]) -> Iterator[_Ours]:
    for key, node in tree.table("services").entries.values():
        if not isinstance(node, Table) or "build" not in node.entries or not compose.NAME.fullmatch(key.text):
            continue
        folder = _folder(project, path, node, {one.folder for one in found})
        if folder is None:
            continue
        yield _Ours(
            name=key.text,
            at=f"{path}:{key.place.line}",
            folder=folder,
            command=_command(node),
            env=dict(_environment(node)),
            env_files=tuple(_env_files(project, path, node)),
            after=dict(_after(node)),
            ports=next(filter(None, map(compose.pair, node.items("ports"))), None),
            replicas=_replicas(node),
        )


def _folder(project: Project, path: Path, node: Table, known: set[Path]) -> Path | None:
    """Where it is built; with one context for several, where its Dockerfile lies, if something runs there.

    None for a folder that is not here.
    """
    build = node.get("build")
    words = build if isinstance(build, Table) else None
    said = words.scalar("context") if words else build
    context = _inside(path, said.text if isinstance(said, Scalar) else ".")
    file = words.scalar("dockerfile") if words else None
    beside = folder_of(posixpath.normpath(joined(context, file.text))) if file else context
    if context not in known and beside in known:
        return beside
    return context if not context or context in project.present else None


def _inside(path: Path, said: str) -> Path:
    """A path of a compose file, from the folder that was looked at."""
    whole = posixpath.normpath(joined(folder_of(path), said))
    return "" if whole == "." else whole


def _command(node: Table) -> str | tuple[str, ...] | None:
    said = node.get("command")
    if isinstance(said, Scalar) and not said.is_nothing:
        return said.text.strip() or None
    return tuple(_words(said)) or None


def _environment(node: Table) -> Iterator[tuple[str, str]]:
    """Names and values, of a mapping or of a list; one without a value is the shell's, as it is with us."""
    for key, value in node.table("environment").entries.values():
        if isinstance(value, Scalar) and not value.is_nothing:
            yield key.text, value.text
    for word in _words(node.get("environment")):
        name, equals, text = word.partition("=")
        if equals:
            yield name, text


def _words(node: Node | None) -> list[str]:
    """The words of a list."""
    return [word.text for word in node.nodes if isinstance(word, Scalar)] if isinstance(node, Items) else []


def _env_files(project: Project, path: Path, node: Table) -> Iterator[Path]:
    """Those that are there; what is not there yet compose would refuse, and so would we."""
    for item in node.items("env_file"):
        word = item.scalar("path") if isinstance(item, Table) else item
        if isinstance(word, Scalar) and _inside(path, word.text) in project.present:
            yield _inside(path, word.text)


def _after(node: Table) -> Iterator[tuple[str, str]]:
    for key, how in node.table("depends_on").entries.values():
        said = how.scalar("condition") if isinstance(how, Table) else None
        yield key.text, _CONDITIONS.get(said.text if said else "", "ready")
    for name in _words(node.get("depends_on")):
        yield name, "ready"


def _replicas(node: Table) -> int:
    said = node.scalar("scale") or node.table("deploy").scalar("replicas")
    count = int(said.text) if said and _COUNT.fullmatch(said.text) else 1
    return count if 1 <= count <= _MOST_REPLICAS else 1


def _left_out(project: Project, externals: Sequence[External], ours: Sequence[_Ours]) -> Iterator[str]:
    """Services of which nothing stands in the stack file."""
    known = {one.name for one in externals} | {one.name for one in ours}
    for path, tree in compose.files(project):
        for key, node in tree.table("services").entries.values():
            if key.text not in known and isinstance(node, Table):
                yield f"{path}:{key.place.line}: {key.text} is left out: {_why_not(node)}"


def _why_not(node: Table) -> str:
    image = node.scalar("image")
    if "build" in node.entries:
        return "it is built in a folder that is not here, or another service has its name"
    if image is None:
        return "it has neither image nor build"
    return (
        f"image {image.text} publishes no port, so no program of this machine reaches it: give it ports there"
    )


# --- what becomes of it ---


def _partners(ours: Sequence[_Ours], found: Sequence[Found]) -> dict[str, Found]:
    """By the names of compose, what was found in the same folder: for one of a name, else for the first that serves."""
    partners: dict[str, Found] = {}
    for one in found:
        there = [each for each in ours if each.folder == one.folder and each.name not in partners]
        there.sort(key=lambda each: (each.name != one.name, each.ports is None))
        several = sum(other.folder == one.folder for other in found) > 1
        if there and (there[0].name == one.name or not several):
            partners[there[0].name] = one
    return partners


def _apart(ours: Iterable[_Ours]) -> list[_Ours]:
    """Of several with one name, as different files have them, the first one."""
    first: dict[str, _Ours] = {}
    for one in ours:
        first.setdefault(as_variable(cleaned(one.name)), one)
    return list(first.values())


def _orders(ours: Sequence[_Ours]) -> dict[str, dict[str, str]]:
    """By name, what of ours comes before it; what would close a circle, which compose refuses, is left out."""
    orders: dict[str, dict[str, str]] = {one.name: {} for one in ours}

    def leads(name: str, end: str) -> bool:
        seen, below = {name}, [name]
        while below:
            further = set(orders[below.pop()]) - seen
            seen |= further
            below += further
        return end in seen

    for one in ours:
        for name, how in one.after.items():
            if name in orders and not leads(name, one.name):
                orders[one.name][name] = how
    return orders


def _places(
    externals: Sequence[External], taken: Sequence[tuple[_Ours, Found]], others: Iterable[int | None]
) -> dict[str, int]:
    """The names under which programs find each other in containers, and their numbers on this machine.

    Only those that keep the name and get a number: a reference to any other would be a mistake.
    """
    numbers: dict[str, int] = {}
    for one, made in taken:
        listening = _listening(one, made)
        if listening and (listening.number or listening.hold is Hold.INJECTED):
            numbers[cleaned(one.name)] = listening.number or 0
    names, used = {as_variable(cleaned(one.name)) for one, _ in taken}, {*numbers.values(), *others}
    for each in externals:
        name = cleaned(each.name)
        if as_variable(name) not in names and each.number not in used:
            numbers[name] = each.number
            names.add(as_variable(name))
            used.add(each.number)
    return numbers


def _made(project: Project, one: _Ours, partner: Found | None) -> Found | None:
    """The service that compose's command is, or else what was found in its folder."""
    if one.command is None:
        return partner
    line = shell.read(one.command) if isinstance(one.command, str) else shell.Line(one.command)
    line = line and line._replace(words=_for_this_machine(line.words))
    why = f"{one.at}: {one.command if isinstance(one.command, str) else ' '.join(one.command)}"
    if line is None:
        return Found(one.name, why, escaped(str(one.command)), one.folder)
    script = scripts.alias(line.words)
    made = packages.of_script(project, one.folder, script) if script and not line.folder else None
    if made is None:
        folder = joined(one.folder, line.folder) if line.folder else one.folder
        made = service("", why, folder, command(project, folder, line, one.at, on_path=True))
    return made.but(prepare=made.prepare or (partner.prepare if partner else ()))


def _for_this_machine(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without what opens a program to the world outside of its container: here it is reached as it is."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--host" and (not rest or rest[0].startswith("-")):
            continue
        if word in _HOSTS and rest[:1] == [_EVERYWHERE]:
            rest.pop(0)
            continue
        if not (word.startswith(tuple(f"{flag}=" for flag in _HOSTS)) and word.endswith(f"={_EVERYWHERE}")):
            kept.append(_TO_EVERYBODY.sub("127.0.0.1", word))
    return tuple(kept[:-1] if kept[-1:] == ["--"] else kept) or words


def _told(
    one: _Ours, made: Found, places: Mapping[str, int], after: Mapping[str, str], *, once: bool
) -> Found:
    """With all else that compose says."""
    env = {
        name: _local(_filled(value), places)
        for name, value in one.env.items()
        if name != "PORT" and _VARIABLE.fullmatch(name) and "\0" not in value
    }
    return made.but(
        name=one.name,
        why=made.why if made.why.startswith(one.at) else f"{made.why}; {one.at}",
        listening=(listening := _listening(one, made)),
        hints=made.hints if listening else (),
        env={**env, **made.env},
        env_files=one.env_files,
        after=after,
        replicas=one.replicas,
        once=made.once or once,
        watch=() if once else made.watch,
        command=made.command if isinstance(made.command, str) else tuple(_addressed(made.command, places)),
    )


def _listening(one: _Ours, made: Found) -> Listening | None:
    """The number that compose publishes is the one that people know; in the container it may be another."""
    if one.ports is None:
        # of several programs in a folder this one publishes nothing: what another file listens on is another's
        its_own = not (made.listening and made.entry) or made.listening.said.startswith(made.entry)
        return made.listening if its_own else None
    published, inside = one.ports
    if made.listening and made.listening.hold is Hold.INJECTED:
        return made.listening.but(number=published, said=one.at)
    if made.listening:
        return made.listening
    moves = one.env.get("PORT") == str(inside)
    return Listening(published if moves else inside, one.at, Hold.INJECTED if moves else Hold.FIXED)


def _installed_once(services: Sequence[Found]) -> list[Found]:
    """Of several in one folder the first one installs: steps of different services run side by side."""
    first: dict[Path, str] = {}
    done = []
    for one in services:
        name = first.setdefault(one.folder, one.name)
        done.append(one if name == one.name else one.but(prepare=()))
    return done


def _filled(text: str) -> str:
    """A value of compose with its references as ours: what is not set is empty there, and a mistake here."""

    def ours(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not name:
            return "$$"
        default = match[4] if (match[3] or "").endswith("-") else ""
        return f"${{{name}:-{default}}}"

    return _REFERENCE.sub(ours, text)


def _local(text: str, places: Mapping[str, int]) -> str:
    """A value in which programs are named by their services, as containers find each other: here all are local."""
    return _HERE if text in places else next(_addressed((text,), places))


def _addressed(texts: Iterable[str], places: Mapping[str, int]) -> Iterator[str]:
    """Texts with addresses of this machine: of `http://api:3000/x`, `me@db/shop`, `db:5432,redis:6379`."""
    names = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
    whole = re.compile(rf"(?:(?<=://)|(?<=@))({names})(?::\d+)?(?=[/?,]|$)")
    bare = re.compile(rf"(?:^|(?<=,))({names}):\d+(?=,|$)")
    by_number = {number: name for name, number in places.items()}

    def named(match: re.Match[str]) -> str:
        return f"{_HERE}:${{services.{match[1]}.port}}"

    def published(match: re.Match[str]) -> str:
        name = by_number.get(int(match[1]))
        return f"{_HERE}:${{services.{name}.port}}" if name else match[0]

    for text in texts:
        if places:
            found = whole.sub(named, text) if "://" in text else bare.sub(named, text)
            yield _PUBLISHED.sub(published, found)
        else:
            yield text
