"""The pages say what the code does: keys and their defaults, exit codes, commands, targets, links."""

import re
from pathlib import Path

import pytest

from aura_stack.cli.main import COMMANDS
from aura_stack.errors import ExitCode
from aura_stack.ports.manifest import MANIFEST
from aura_stack.session.methods import Methods
from aura_stack.stack.kinds import Either, ListOf, MapOf, Record
from aura_stack.stack.shape import STACK

ROOT = Path(__file__).parents[2]
STACK_FILE = ROOT / "docs/stack-file.md"
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
LATER = "Accepted, not acted on yet"


def sections(page):
    """The tables of a page by the headings they stand under: rows of cells, without the head."""
    found = {}
    heading = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
        elif line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.setdefault(heading, []).append(cells)
    return {heading: rows[2:] for heading, rows in found.items()}


def code(cell):
    """The first thing in backquotes of a cell."""
    return re.match(r"`([^`]+)`", cell)[1]


def test_every_method_of_the_engine_is_on_the_page_of_its_socket():
    documented = {code(row[0]) for row in sections(ROOT / "docs/control.md")["Methods"]}
    assert documented == Methods(*[None] * 10).table().keys()


# --- the stack file ---


def keys(kind, path):
    """Every key of a record and of all that it holds, by its path: `services.NAME.ready.http`."""
    if isinstance(kind, Either):
        for each in kind.kinds:
            yield from keys(each, path)
    elif isinstance(kind, ListOf):
        yield from keys(kind.item, f"{path}[]")
    elif isinstance(kind, MapOf):
        yield from keys(kind.item, f"{path}.NAME")
    elif isinstance(kind, Record):
        for name, key in kind.keys.items():
            yield f"{path}.{name}".lstrip("."), key
            yield from keys(key.kind, f"{path}.{name}".lstrip("."))


KEYS = dict(keys(STACK, "")) | {f"manifest.{path}": key for path, key in keys(MANIFEST, "")}
NOT_YET = {path for path, key in KEYS.items() if key.later}
NOT_YET |= {path for path in KEYS if any(path.startswith((f"{above}.", f"{above}[")) for above in NOT_YET)}


def documented():
    """Path → row of every key in the tables of keys, but for those that are not acted on yet."""
    found = {}
    for heading, rows in sections(STACK_FILE).items():
        path = "" if heading == "At the top" else next(iter(re.findall(r"^`(.+)`$", heading)), None)
        if path is not None:
            found |= {f"{path}.{code(row[0])}".lstrip("."): row for row in rows}
    return found


def without_twins(paths):
    """External entries of the manifest are the same as its ports, files of variables alike: described once.

    So are the conditions in a list and those by themselves.
    """
    twins = ("manifest.external.NAME.", "env_file[]", "tasks.NAME.env_file[]", "profiles.NAME.env_file[]")
    twins += ("services.NAME.ready.all[]", "services.NAME.ready.any[]", "services.NAME.health.http.")
    twins += ("services.NAME.health.grpc.",)
    return {path for path in paths if not path.startswith(twins)}


def test_every_key_that_is_acted_on_is_documented_and_no_other():
    assert set(documented()) == without_twins(KEYS) - NOT_YET


def test_every_key_that_is_not_acted_on_yet_is_listed_as_such_and_no_other():
    text = STACK_FILE.read_text(encoding="utf-8").partition(f"## {LATER}")[2]
    rows = [row for row in text.splitlines() if row.startswith("| `")]
    listed = {
        path
        for row in rows
        for path in re.findall(r"`([a-zA-Z_.\[\]]+)`", row.rpartition("|")[0])
        if path in KEYS
    }
    assert listed == NOT_YET
    assert {code(row[2:]) for row in rows} == {path for path, key in KEYS.items() if key.later}


def shown(key):
    """How the tables write a default."""
    if key.required:
        return "required"
    if key.default is None:
        return "-"
    if key.default in ([], {}, ""):
        return "none"
    return f"`{str(key.default).lower() if isinstance(key.default, bool) else key.default}`"


def test_every_default_in_the_tables_is_the_one_in_the_code():
    tables = {path: row[2] for path, row in documented().items()}
    assert tables == {path: shown(KEYS[path]) for path in tables}


# --- the command line ---


def test_every_exit_code_is_in_the_table_of_the_readme_and_no_other():
    rows = sections(README)["Exit codes"]
    assert {int(number) for row in rows for number in re.findall(r"`(\d+)`", row[0])} == set(ExitCode)


def spoken(pages, pattern):
    """What a pattern finds in the code of the pages, blocks and backquotes alike."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL):
            for found in re.findall(pattern, block):
                yield f"{page.relative_to(ROOT)}: {found}"


def test_the_pages_name_no_command_that_is_not_there():
    named = list(spoken(PAGES, r"(?:^[`]|\n|\$ |&& )aura-stack ((?!-)[a-z]+)"))
    assert len(named) > len(COMMANDS)
    assert [one for one in named if one.rpartition(" ")[2] not in COMMANDS] == []


def test_every_command_is_in_the_readme():
    named = {one.rpartition(" ")[2] for one in spoken([README], r"aura-stack ((?!-)[a-z]+)")}
    assert set(COMMANDS) <= named


def test_the_pages_name_no_target_that_make_has_not():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    named = list(spoken(PAGES, r"(?:^[`]|\n|\$ )make ([a-z]+)"))
    assert named
    assert [one for one in named if one.rpartition(" ")[2] not in targets] == []


# --- links ---


def anchor(heading):
    """What a heading is called in a link: lower case, dashes for blanks, no other signs."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path) if path else page
        headings = (
            re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if fragment else []
        )
        if not target.exists() or (fragment and fragment not in map(anchor, headings)):
            broken.append(link)
    assert broken == []


TOP = "|".join(
    re.escape(each.name) for each in ROOT.iterdir() if each.is_dir() and each.name not in {".venv", ".git"}
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_of_the_checkout_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{TOP})/[\w./-]*)`", text)
    assert [path for path in named if not (ROOT / path).exists() and not path.startswith(".aura/")] == []
