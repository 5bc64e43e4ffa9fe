"""Reads a stack file and all it names, and reports every mistake in them at once."""

import os
from collections.abc import Mapping
from types import MappingProxyType

from aura_stack.errors import AuraError, ExitCode, InvalidDefinition, Problem
from aura_stack.ports import rules
from aura_stack.ports.entries import Manifest
from aura_stack.ports.manifest import ManifestRead
from aura_stack.ports.manifest import read as read_manifest
from aura_stack.ports.moving import exchanged, relocated, spans, spread
from aura_stack.ports.policy import Assigned, assign
from aura_stack.reading.load import Loaded, load
from aura_stack.reading.tree import Node, Scalar, Table
from aura_stack.reading.words import quoted
from aura_stack.stack.environment import stack_variables
from aura_stack.stack.expand import expand
from aura_stack.stack.model import EnvFile, Port, Stack
from aura_stack.stack.outline import env_files_of, is_external, services
from aura_stack.stack.resolve import Meant, Surroundings, resolve
from aura_stack.stack.selection import chosen, clashes, replicas
from aura_stack.stack.validate import Valid, validate
from aura_stack.stack.variant import Variant
from aura_stack.system.plain import NotAFileError

from .defined import Definition, label, signals
from .variables import NO_DOTENV, EnvFiles, named

_NOTHING: Mapping[str, str] = MappingProxyType({})


class StackFile:
    """A stack file and the manifest it names, of which any variant can be made.

    Args:
        path: of the stack file.
        environ: the shell's variables.
        directory: whose files are called by their relative paths in messages; the current one if not given.

    Raises:
        InvalidDefinition: it is no file of its kind.
        AuraError: it cannot be read (exit code 5).
    """

    def __init__(self, path: str, environ: Mapping[str, str], directory: str = "") -> None:
        self._path = path
        self._directory = directory or os.getcwd()
        self._environ = environ
        self._label = label(path, self._directory)
        self._loaded = _load(path, self._label)
        if self._loaded.root is None:
            raise InvalidDefinition(self._loaded.problems)
        root: Node = self._loaded.root
        self.root = root if isinstance(root, Table) else Table(root.place, {})
        self.file = os.path.abspath(path)
        self._manifests: dict[Scalar, ManifestRead] = {}
        self.env_files = EnvFiles(self._directory, ignored=bool(environ.get(NO_DOTENV)))

    def again(self) -> "StackFile":
        """The same file as it is now, and what it names then; raises as when it is made."""
        return StackFile(self.file, self._environ, self._directory)

    def definition(self, variant: Variant) -> Definition:
        """One variant; raises as `read`."""
        loaded = self._loaded
        assert loaded.root is not None
        picked = chosen(self.root, variant.profiles)
        variables = self.variables(variant)
        expanded = expand(loaded.root, variables)
        valid = validate(expanded.root, signals())
        manifest = self._manifest(valid.root)
        # with a manifest that could not be read, no name can be called unknown
        unreadable = "ports" in valid.root.entries and manifest.manifest is None
        assigned = Assigned({}, ()) if unreadable else assign(valid.claims, manifest.manifest)
        meant = Meant(chosen(valid.root, variant.profiles), replicas(valid.root, variant.scale))
        ports, misfits, within = self._ports(valid, assigned, manifest.manifest, meant, variant)
        around = Surroundings(self.file, os.path.dirname(self.file), os.path.isdir, signals())
        resolved = resolve(valid.root, ports, around, meant)
        steps = (loaded, expanded, valid, manifest, assigned, resolved)
        problems = [problem for step in steps for problem in step.problems] + misfits
        problems += rules.problems(manifest.manifest) if manifest.manifest else ()
        if problems:
            raise InvalidDefinition(problems)
        word = valid.root.scalar("ports")
        files = (self.file, os.path.join(os.path.dirname(self.file), word.text)) if word else (self.file,)
        stack = resolved.stack
        if variant.env_files is not None:
            stack = stack.but(env_files=named(variant.env_files, self._directory))
        return Definition(
            self._label,
            stack,
            manifest.manifest,
            tuple(sorted(valid.notices)),
            expanded.variables,
            files,
            variant,
            picked.services,
            picked.instance,
            variables if variables != self._environ else _NOTHING,
            counts=_ours(meant.counts, stack),
            within=within,
        )

    def variables(self, variant: Variant) -> dict[str, str]:
        """What `${NAME}` stands for now: the shell's variables, and what files of the stack and of profiles say.

        Raises:
            InvalidDefinition: one of the files has mistakes, or is missing.
        """
        tables = chosen(self.root, variant.profiles).tables
        files = variant.env_files
        own = self._files_of(self.root) if files is None else named(files, self._directory)
        of_profiles = [file for table in tables for file in self._files_of(table)]
        return stack_variables(own, of_profiles, self._environ, self.env_files.read)

    def instance(self, profiles: tuple[str, ...]) -> str:
        """The name of the stack of its own that these profiles make; see `defined.Source`."""
        return chosen(self.root, profiles).instance

    def manifest(self) -> Manifest | None:
        """The manifest that it names, whatever rules that breaks; None if it names none.

        Raises:
            InvalidDefinition: with the mistakes for which the manifest cannot be understood.
        """
        found = self._manifest(self.root)
        if found.problems:
            raise InvalidDefinition(found.problems)
        return found.manifest

    def _manifest(self, root: Table) -> ManifestRead:
        """The same with its mistakes, relative to the folder of this file; read once for all variants."""
        word = root.scalar("ports")
        if word is None:
            return ManifestRead(None, ())
        if word not in self._manifests:
            file = os.path.join(os.path.dirname(self._path), word.text)
            self._manifests[word] = read_manifest(
                file, label(file, self._directory), word.place, policy=False
            )
        return self._manifests[word]

    def _files_of(self, table: Table) -> tuple[EnvFile, ...]:
        """Files of variables that a mapping names; in their names only the shell's variables can stand."""
        entry = table.entries.get("env_file")
        if entry is None:
            return ()
        bare = Table(table.place, {"env_file": entry})
        root = expand(bare, self._environ).root
        return env_files_of(root, os.path.dirname(self.file)) if isinstance(root, Table) else ()

    def _ports(
        self, valid: Valid, assigned: Assigned, manifest: Manifest | None, meant: Meant, variant: Variant
    ) -> tuple[Mapping[str, tuple[Port, ...]], list[Problem], tuple[range, ...]]:
        """The numbers of all services and replicas, where the profiles have them, and where these take them from."""
        problems = []
        within: tuple[range, ...] = ()
        ports = assigned.ports
        for name, service in clashes(valid.root, meant.counts):
            message = f"a replica of service {quoted(service)} is called {quoted(name.text)}, too"
            problems.append(Problem(name.place, message))
        words = [word for table in meant.chosen.tables for word in table.items("range")]
        if words:
            within, wrong = spans([word for word in words if isinstance(word, Scalar)], manifest)
            external = [name.text for name, table in services(valid.root) if is_external(table)]
            moved = relocated(ports, external, within, manifest)
            ports = moved.ports
            problems += [*wrong, *(() if wrong else moved.problems)]
        ports = exchanged(ports, variant.numbers)
        names = {name: meant.names(name) for name in meant.counts}
        more = spread(ports, meant.counts, names, manifest, variant.spared)
        return more.ports, [*problems, *more.problems], within


def _ours(counts: Mapping[str, int], stack: Stack) -> dict[str, int]:
    external = {service.name for service in stack.services if service.external}
    return {name: count for name, count in counts.items() if name not in external}


def _load(path: str, label: str) -> Loaded:
    try:
        return load(path, label)
    except NotAFileError as error:
        message = f"the stack file {label} cannot be read: {error.words}"
        raise AuraError(message, error.hint, ExitCode.INVALID) from error
    except OSError as error:
        message = f"the stack file {label} cannot be read: {error.strerror}"
        raise AuraError(message, exit_code=ExitCode.INVALID) from error
