"""Reads a file into a placed tree: bytes, then text, then the events of a parser, then the tree."""

from aura_stack.errors import Place, Problem
from aura_stack.frozen import Frozen
from aura_stack.system.plain import opened

from . import from_json
from .plant import Planter, Refused
from .tree import Node, Scalar

LARGEST = 1024 * 1024  # bytes; a stack of 300 services has 60,000


class Loaded(Frozen):
    """What was read. `root` is None when nothing could be; then there is at least one problem."""

    root: Node | None
    problems: tuple[Problem, ...]


def load(path: str, label: str) -> Loaded:
    """Read a file: as JSON where its name ends so, else as YAML.

    Args:
        path: which file.
        label: what the file is called in places.

    Raises:
        NotAFileError: it is a folder, a pipe or the like.
        OSError: it cannot be read.
    """
    with opened(path) as stream:
        return parse(stream.read(LARGEST + 1), label, as_json=path.endswith(".json"))


def parse(data: bytes, label: str, *, as_json: bool = False) -> Loaded:
    """The tree of what a file holds, and all that is wrong with it as a file. It raises nothing."""
    planter = Planter()
    try:
        text = _text(data, label)
        if not as_json and text.lstrip()[:1] == "{":
            planter = _as_json(text, label)
        if planter.root is None:
            _plant(planter, text, label, as_json=as_json)
    except Refused as refused:
        return Loaded(None, (*planter.problems, refused.problem))
    root = planter.root
    if root is None or (isinstance(root, Scalar) and root.is_nothing):
        return Loaded(None, (Problem(Place(label, 1, 1), "the file is empty"),))
    return Loaded(root, tuple(planter.problems))


def _as_json(text: str, label: str) -> Planter:
    """What grows of YAML that is JSON: programs write it, and it is read in a fifth of the time; else an empty one."""
    planter = Planter()
    try:
        _plant(planter, text, label, as_json=True)
    except Refused:
        return Planter()
    return planter


def _plant(planter: Planter, text: str, label: str, *, as_json: bool) -> None:
    if as_json:
        from_json.plant(planter, text, label)
        return
    from . import from_yaml  # noqa: PLC0415 - PyYAML is as much to load as twenty modules of ours

    from_yaml.plant(planter, text, label)


def _text(data: bytes, label: str) -> str:
    if len(data) > LARGEST:
        raise Refused.at(Place(label, 1, 1), f"the file is larger than {LARGEST:,} bytes")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        place = Place(label, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8 text"
        raise Refused.at(place, message, "save the file as UTF-8") from None
