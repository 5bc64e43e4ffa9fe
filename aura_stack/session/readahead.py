"""A process of its own reads the definition while the engine still loads what it runs services with.

Two processors then do at once what would take one of them twice as long. What reading needs, PyYAML for one, goes with
that process: the engine loads it when it reads a definition again. Whatever goes wrong there goes wrong in silence,
for the engine then reads by itself, and says what there is to say.
"""

try:  # what pickle is made of (CPython): three quarters of that module are the same once more, in Python
    import _pickle as pickle
except ImportError:
    import pickle  # type: ignore[no-redef]

import copyreg
import io
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO

from aura_stack.stack.variant import Variant
from aura_stack.supervision.guardian import ORDERS

from .defined import Definition, Source
from .definition import source
from .variables import EnvFiles

_SIZE = 8  # bytes in which the length of what follows stands
_NEWEST = -1  # of the ways in which pickle writes


class ReadAhead:
    """The files of a definition of which one variant has been read ahead; see `defined.Source`.

    Args:
        file: the stack file.
        env_files: its files of variables.
        definition: the variant.
        pipe: where the files themselves come from, packed: other variants are made of them.
        read: reads them as they are, should they not come.
    """

    def __init__(
        self,
        file: str,
        env_files: EnvFiles,
        definition: Definition,
        pipe: BinaryIO,
        read: Callable[[], Source],
    ) -> None:
        self.file = file
        self.env_files = env_files
        self._definition = definition
        self._pipe = pipe
        self._read = read
        self._packed = b""
        self._unpacked: Source | None = None

    def again(self) -> Source:
        """The same files as they are now."""
        return self._files.again()

    def definition(self, variant: Variant) -> Definition:
        """One variant."""
        return self._definition if variant == self._definition.variant else self._files.definition(variant)

    def variables(self, variant: Variant) -> dict[str, str]:
        """What `${NAME}` stands for now."""
        return self._files.variables(variant)

    def instance(self, profiles: tuple[str, ...]) -> str:
        """The name of the stack of its own that these profiles make."""
        return self._files.instance(profiles)

    def complete(self) -> None:
        """See `complete`."""
        if self._pipe.closed:
            return
        with self._pipe:
            self._packed = _part(self._pipe)
        if not self._packed:
            self._unpacked = self._read()

    @property
    def _files(self) -> Source:
        self.complete()
        if self._unpacked is None:
            self._unpacked = pickle.loads(self._packed)  # noqa: S301 - see `taken`
            self._packed = b""
        return self._unpacked


def read_ahead(writing: int, file: str, environ: Mapping[str, str], variant: Variant) -> None:
    """Read a definition, and write it into a pipe; from now on an order ends this process at once.

    Args:
        writing: the pipe's end; nothing else that is open here matters to anybody.
        file: the stack file.
        environ: the variables that `${NAME}` stands for.
        variant: which one is read.

    Raises:
        AuraError: something is wrong with it.
        BrokenPipeError: nobody waits for it any more.
    """
    for order in ORDERS:
        signal.signal(order, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with open(writing, "wb") as pipe:
        files = source(file, dict(environ))
        definition = files.definition(variant)
        for part in ((files.file, files.env_files, definition), files):
            packed = _packed(part)
            pipe.write(len(packed).to_bytes(_SIZE, "big") + packed)
            pipe.flush()  # the engine waits for the first


def taken(reading: int, file: str, environ: Mapping[str, str]) -> Source:
    """The files of a definition as they were read ahead; or, where they were not, as they are.

    Args:
        reading: the end of the pipe into which `read_ahead` writes. Nobody but that process, forked by the one that
            forked us, has ever had the other one, so what comes out of it is unpacked unseen.
        file: the stack file.
        environ: as for `read_ahead`.

    Raises:
        InvalidDefinition: it is no file of its kind.
        AuraError: it cannot be read (exit code 5).
    """
    pipe = open(reading, "rb")  # noqa: SIM115 - the rest of it is read later
    read = partial(source, file, environ, os.getcwd())
    if packed := _part(pipe):
        file, env_files, definition = pickle.loads(packed)  # noqa: S301 - see above
        return ReadAhead(file, env_files, definition, pipe, read)
    pipe.close()
    return read()


def complete(files: Source) -> None:
    """Take what is still to come of files that were read ahead, so that whoever read them can end."""
    if isinstance(files, ReadAhead):
        files.complete()


def _part(pipe: BinaryIO) -> bytes:
    """What was written at once; nothing if whoever wrote did not come to the end of it."""
    size = int.from_bytes(pipe.read(_SIZE), "big")
    packed = pipe.read(size)
    return packed if len(packed) == size else b""


def _packed(thing: object) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, _NEWEST)
    pickler.dispatch_table = {**copyreg.dispatch_table, MappingProxyType: _taken_apart}
    pickler.dump(thing)
    return buffer.getvalue()


def _taken_apart(proxy: Mapping[Any, Any]) -> tuple[Any, ...]:
    """What pickle has no way of its own for."""
    return _read_only, (dict(proxy),)


def _read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(mapping)
