"""What is found in the files of a project: a number, how sure it is that it is a port, and how it is written."""

from enum import StrEnum

from aura_stack.errors import Place
from aura_stack.frozen import NamedTuple

LAST_PORT = 65535
MOST = 1000
"""Numbers that are looked for in one file; more are data."""

SCRIPT = "script "
"""How `what` begins for a script of package.json, whose name follows."""


class Confidence(StrEnum):
    """What a number is to the file in which it stands."""

    LISTENER = "listener"  # something listens there
    CLIENT = "client"  # something asks there
    MENTION = "mention"  # it is said, or set for somebody


class Form(StrEnum):
    """How a number is written, which says what may be put in its place."""

    NUMBER = "number"  # a literal of a program
    TEXT = "text"  # the whole of a text literal: '4010'
    ADDRESS = "address"  # inside of a text literal: 'http://localhost:4010/items'
    TEMPLATE = "template"  # inside of a text that takes expressions: a template of JavaScript, an f-string
    DEFAULT = "default"  # what holds where a variable of the environment is not set
    ABSENT = "absent"  # nowhere: a library's habit, to be overruled by another argument
    FLAG = "flag"  # a word of a command line for the shell
    WORD = "word"  # digits in a file that is no program


class Language(StrEnum):
    """How a file is read."""

    JAVASCRIPT = "JavaScript"
    TYPESCRIPT = "TypeScript"
    TSX = "TSX"
    PYTHON = "Python"
    JSON = "JSON"
    YAML = "YAML"
    DOTENV = ".env"
    DOCKERFILE = "Dockerfile"
    SHELL = "shell"
    MAKEFILE = "Makefile"
    PROCFILE = "Procfile"
    NGINX = "nginx"
    DOCUMENT = "document"
    PAGE = "page"  # HTML and what contains it


SCRIPTS = frozenset((Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX))
CODE = SCRIPTS | {Language.PYTHON}
"""What is read by syntax, with the grammars of the extra `scan`."""


class Finding(NamedTuple):
    """One number in one place.

    Attributes:
        place: of the number, the file by its path from the project's folder.
        number: from 1 to 65535.
        expression: what stands there, on one line.
        confidence: what it is to the file.
        form: how it is written.
        language: of the file.
        start: offset in bytes of the first character that stands for the number; for ABSENT, of what is inserted.
        end: offset behind the last one.
        outer: offsets of the literal around an ADDRESS or TEMPLATE, with its quotes; else those of the number.
        what: what makes it a port, in a few words: `listen()`, `vite server.port`, `EXPOSE`.
        names: what it is called there, in lower-case words, the nearest first.
        variable: which variable of the environment is read or set there, "" for none.
        own: it speaks of the program in whose folder it stands.
        weak: it is a port only if its name or its number is known.
        aside: why it counts for nothing: `test`, `container`, `history`; "" where it counts.
        barrier: why nothing else can be put there, "" where that is possible.
    """

    place: Place
    number: int
    expression: str
    confidence: Confidence
    form: Form
    language: Language
    start: int
    end: int
    outer: tuple[int, int]
    what: str = ""
    names: tuple[str, ...] = ()
    variable: str = ""
    own: bool = False
    weak: bool = False
    aside: str = ""
    barrier: str = ""


def is_port(number: int) -> bool:
    """Whether a number can be one."""
    return 0 < number <= LAST_PORT
