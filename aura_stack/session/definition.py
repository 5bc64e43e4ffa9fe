"""Finds out which kind of file a definition stands in, and reads it."""

from collections.abc import Iterable, Mapping

from aura_stack.stack.find import is_procfile
from aura_stack.stack.variant import Variant
from aura_stack.system.digest import sha256
from aura_stack.system.plain import opened

from .defined import Definition, Source


def read(
    path: str, environ: Mapping[str, str], directory: str = "", variant: Variant | None = None
) -> Definition:
    """Read a stack file, the manifest it names, and its files of variables; or a Procfile.

    Args:
        path: of the stack file.
        environ: the variables that `${NAME}` stands for.
        directory: whose files are called by their relative paths in messages; the current one if not given.
        variant: which variant is meant; the plain one if not given.

    Raises:
        InvalidDefinition: with all mistakes of all files.
        AuraError: the stack file cannot be read (exit code 5); there is no such profile or service (exit code 4).
    """
    return source(path, environ, directory).definition(variant or Variant())


def source(path: str, environ: Mapping[str, str], directory: str = "") -> Source:
    """The files of a definition, to be made variants of; arguments and faults as for `read`."""
    if is_procfile(path):
        from .procfile import Procfile  # noqa: PLC0415 - each kind is loaded where it is read

        return Procfile(path, environ, directory)
    from .stackfile import StackFile  # noqa: PLC0415 - likewise

    return StackFile(path, environ, directory)


def digest(files: Iterable[str]) -> str:
    """A word for the content of these files as they are now; one that cannot be read counts as empty."""
    return " ".join(_content(path) for path in files)


def _content(path: str) -> str:
    try:
        with opened(path) as stream:
            content = stream.read()
    except OSError:
        content = b""
    return str(sha256(content).hexdigest())
