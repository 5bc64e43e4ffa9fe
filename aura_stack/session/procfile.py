"""Reads a Procfile and the files of variables beside it, as honcho, foreman and overmind do."""

import os
from collections.abc import Iterable, Mapping

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Place, Problem
from aura_stack.reading import from_procfile
from aura_stack.reading.words import listed
from aura_stack.stack import procfile as shape
from aura_stack.stack.environment import stack_variables
from aura_stack.stack.model import EnvFile
from aura_stack.stack.resolve import Meant, Surroundings, resolve
from aura_stack.stack.selection import Chosen, replicas
from aura_stack.stack.validate import validate
from aura_stack.stack.variant import Variant

from .defined import Definition, label, signals
from .variables import NO_DOTENV, EnvFiles, named

_OVERMIND = ".overmind.env"


class Procfile:
    """A Procfile, of which any formation can be made.

    Args:
        path: of the file.
        environ: the shell's variables.
        directory: whose files are called by their relative paths in messages; the current one if not given.

    Raises:
        InvalidDefinition: nothing in it can be run, or a name stands twice.
        AuraError: it cannot be read (exit code 5).
    """

    def __init__(self, path: str, environ: Mapping[str, str], directory: str = "") -> None:
        self._directory = directory or os.getcwd()
        self._environ = environ
        self._label = label(path, self._directory)
        self.file = os.path.abspath(path)
        self._folder = os.path.dirname(self.file)
        try:
            self._read = from_procfile.read(path, self._label)
        except OSError as error:
            message = f"the Procfile {self._label} cannot be read: {error.strerror}"
            raise AuraError(message, exit_code=ExitCode.INVALID) from error
        if self._read.problems:
            raise InvalidDefinition(self._read.problems)
        self._place = Place(self._label, 1, 1)
        self.env_files = EnvFiles(self._directory, ignored=bool(environ.get(NO_DOTENV)))

    def again(self) -> "Procfile":
        """The same file as it is now."""
        return Procfile(self.file, self._environ, self._directory)

    def definition(self, variant: Variant) -> Definition:
        """One formation; see `defined.Source`."""
        self.instance(variant.profiles)
        files, variables = self._files(variant), self.variables(variant)
        valid = validate(shape.tree(self._read.processes, self._place), signals())
        how = shape.formation(tuple(name.text for name, _ in self._read.processes), variables, signals())
        counts = replicas(valid.root, {**how.counts, **variant.scale})
        around = Surroundings(self.file, self._folder, os.path.isdir, signals())
        resolved = resolve(valid.root, {}, around, Meant(Chosen((), None, ""), counts))
        if problems := (*valid.problems, *resolved.problems):
            raise InvalidDefinition(problems)
        return Definition(
            self._label,
            shape.formed(resolved.stack, how, counts, files),
            None,
            (*self._read.notices, *self._others(), *self._unheeded(variant)),
            {},
            (self.file,),
            variant,
            None if len(how.meant) == len(self._read.processes) else how.meant,
            common=files,
            counts=counts,
        )

    def variables(self, variant: Variant) -> dict[str, str]:
        """The shell's variables, and what the files beside the Procfile say; see `defined.Source`."""
        return stack_variables((), self._files(variant), self._environ, self.env_files.read)

    def instance(self, profiles: tuple[str, ...]) -> str:
        """A Procfile has no profiles."""
        if profiles:
            message = f"a Procfile has no profiles such as {profiles[0]}"
            raise AuraError(
                message, "aura-stack init writes a stack file, which can have some", ExitCode.UNKNOWN
            )
        return ""

    def _files(self, variant: Variant) -> tuple[EnvFile, ...]:
        """The files that overmind reads, in its order, the last one winning; all win over the shell."""
        if variant.env_files is not None:
            return named(variant.env_files, self._directory)
        places = [
            os.path.join(self._environ.get("HOME", "/"), _OVERMIND),
            os.path.join(self._folder, _OVERMIND),
        ]
        if "OVERMIND_SKIP_ENV" not in self._environ:
            places.append(os.path.join(self._folder, ".env"))
        found = [EnvFile(path, required=False, place=self._place) for path in places]
        if further := self._environ.get("OVERMIND_ENV"):
            path = os.path.join(self._folder, further)
            found.append(EnvFile(path, required=True, place=Place("OVERMIND_ENV", 1, 1)))
        return tuple(found)

    def _others(self) -> Iterable[Problem]:
        """Procfiles beside the one that goes by the plain name: people have one for each place it runs."""
        if os.path.basename(self.file) != "Procfile":
            return
        names = sorted(name for name in os.listdir(self._folder) if name.startswith("Procfile."))
        if names:
            message = f"{listed(names, 'and')} {'is' if len(names) == 1 else 'are'} here as well"
            yield Problem(self._place, message, f"aura-stack -f {names[0]} up runs that one")

    def _unheeded(self, variant: Variant) -> Iterable[Problem]:
        """What overmind is told here, and nobody follows."""
        for file in self._files(variant):
            for name, said in self.env_files.read(file, self._environ, True).items():
                if shape.unheeded([name]):
                    yield Problem(self._place, f"{name} is not acted on ({said.origin})")
