"""`aura-stack config`: what the definition says, and whether it can be read."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import AuraError
from aura_stack.session import definition
from aura_stack.session.defined import Definition, signals
from aura_stack.stack import find

from .arguments import complete_service, json_option, profile_option, remember_json
from .lazy import Group
from .report import for_programs, show_notices
from .settings import Settings
from .target import coloured, found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_stack.session.defined import Source
    from aura_stack.stack.environment import Assignment, Origin
    from aura_stack.stack.model import Service


@click.group(cls=Group)
def config() -> None:
    """Check and show the definition: the stack file and the port manifest."""


@config.command()
@click.option("--requires", is_flag=True, help="Also look for the programs that the stack requires.")
@click.option("-q", "--quiet", is_flag=True, help="Print mistakes only.")
@json_option
@profile_option
@click.pass_context
def check(context: click.Context, requires: bool, quiet: bool, as_json: bool) -> None:
    r"""Look for mistakes; all of them are printed, with their places.

    \b
    Examples:
      aura-stack config check
      aura-stack config check --requires -q
      aura-stack config check --json

    \b
    Keys of --json:
      ok, file (null where there is none), notices, error, hint, exit_code,
      problems (file, line, column, message, hint)
    """
    settings: Settings = context.obj
    if as_json:
        context.exit(_check_for_programs(settings, requires=requires))
    found = _checked(settings, requires=requires)
    if not (quiet or settings.quiet):
        show_notices(found.notices)
        if settings.verbose:
            show_notices(_sources(found))
        click.echo(_summary(found))


def _checked(settings: Settings, *, requires: bool) -> Definition:
    """The definition, if there is nothing wrong with it."""
    files = definition.source(find.stack_file(settings.file, os.getcwd(), os.environ), os.environ)
    found = files.definition(settings.variant)
    _read_variables(files, found)
    if requires:
        _require_programs(found)
    return found


def _check_for_programs(settings: Settings, *, requires: bool) -> int:
    """What is wrong is the answer here, and no error; the code says it as well."""
    answer: dict[str, Any] = {"ok": False, "file": None, "notices": []}
    try:
        answer["file"] = find.stack_file(settings.file, os.getcwd(), os.environ)
        answer["notices"] = list(map(str, _checked(settings, requires=requires).notices))
        answer["ok"] = True
        click.echo(_json({**answer, "error": None, "hint": None, "exit_code": 0, "problems": []}))
    except AuraError as error:
        click.echo(_json({**answer, **for_programs(error)}))
        return error.exit_code
    return 0


@config.command()
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", help="YAML or JSON.")
@click.option("--json", "as_json", is_flag=True, callback=remember_json, help="The same as --format json.")
@profile_option
@click.pass_obj
def show(settings: Settings, form: str, as_json: bool) -> None:
    r"""Print the definition as it is understood: every default filled in, secrets masked.

    \b
    Examples:
      aura-stack config show
      aura-stack config show --json
    """
    from aura_stack.stack.dump import dump  # noqa: PLC0415 - `check` needs none of it
    from aura_stack.stack.secrets import masked, secret_values  # noqa: PLC0415 - the same

    _, found = _as_it_is(settings)
    show_notices(_moved(found))
    data = masked(dump(found.stack, signals()), secret_values(found.variables))
    click.echo(_json(data) if as_json or form == "json" else _yaml(data))


@config.command()
@click.option("--manifest", is_flag=True, help="That of the port manifest.")
def schema(manifest: bool) -> None:
    r"""Print the JSON Schema of the stack file, for editors.

    \b
    Examples:
      aura-stack config schema > stack.schema.json
      aura-stack config schema --manifest > ports.schema.json
    """
    from aura_stack.ports.manifest import MANIFEST  # noqa: PLC0415 - no other command needs it
    from aura_stack.stack.schema import document  # noqa: PLC0415 - the same

    click.echo(_json(document(MANIFEST, "the port manifest") if manifest else document()))


@config.command()
@click.pass_obj
def path(settings: Settings) -> None:
    r"""Print which stack file is used.

    \b
    Examples:
      aura-stack config path
    """
    click.echo(find.stack_file(settings.file, os.getcwd(), os.environ))


@config.command()
@click.argument("service", shell_complete=complete_service)
@click.option(
    "--explain", is_flag=True, help="Also where each value comes from, and what it stands in front of."
)
@json_option
@profile_option
@click.pass_obj
def env(settings: Settings, service: str, explain: bool, as_json: bool) -> None:
    r"""Print the variables that a SERVICE or a task gets, as files are now; secrets are masked.

    \b
    Examples:
      aura-stack config env backend
      aura-stack config env backend --explain

    \b
    Keys of --json, one object for each variable:
      name, value (null where it is taken away), origin, over (what does not hold
      because of it, the next one first: value, origin)
    """
    from aura_stack.session.environment import Environment  # noqa: PLC0415 - no other command needs it

    files, found = _as_it_is(settings)
    environment = Environment(files, found, os.environ, coloured=coloured(settings))
    rows = _masked(environment.explain(_of_that_name(service, found)), explain=explain or as_json)
    if as_json:
        click.echo(_json(rows))
        return
    for row in rows:
        if row["value"] is None and not explain:
            continue
        value = "(taken away)" if row["value"] is None else row["value"]
        click.echo(f"{row['name']}={value}" + (f"  # {_origins(row)}" if explain else ""))


def _read_variables(files: "Source", found: Definition) -> None:
    """Files of variables are part of the definition; InvalidDefinition with the mistakes of all."""
    from aura_stack.session.environment import Environment  # noqa: PLC0415 - not all commands need it
    from aura_stack.session.preflight import read_variables  # noqa: PLC0415 - the same

    stack = found.stack
    environment = Environment(files, found, os.environ, coloured=False)
    read_variables(environment, (*stack.services, *stack.tasks), shared=bool(stack.env_files))


def _of_that_name(name: str, found: Definition) -> "Service":
    """The service, replica or task that is meant."""
    from aura_stack.session.preflight import meant_by  # noqa: PLC0415 - no other command needs it

    tasks = {task.name: task for task in found.stack.tasks}
    return tasks[name] if name in tasks else found.stack.service(meant_by([name], found.stack)[0])


def _masked(variables: "Mapping[str, Origin]", *, explain: bool) -> list[dict[str, Any]]:
    """The variables by name, with nothing in them that others should not see."""
    from aura_stack.stack.secrets import masked, secret_values  # noqa: PLC0415 - the same

    every = [(name, each.value) for name, one in variables.items() for each in (one.holds, *one.over)]
    # a value that does not hold may still stand in others that were made of it
    secret = [word for name, value in every if value is not None for word in secret_values({name: value})]
    secret.sort(key=len, reverse=True)

    def shown(name: str, assignment: "Assignment") -> dict[str, Any]:
        return {"value": masked(assignment.value, secret, name), "origin": assignment.origin}

    rows = []
    for name in sorted(variables):
        row = {"name": name, **shown(name, variables[name].holds)}
        rows.append({**row, "over": [shown(name, one) for one in variables[name].over]} if explain else row)
    return rows


def _origins(row: "Mapping[str, Any]") -> str:
    over = "; ".join(
        f"not {one['value']} of {one['origin']}" for one in row["over"] if one["value"] != row["value"]
    )
    return f"{row['origin']}{f' ({over})' if over else ''}"


def _as_it_is(settings: Settings) -> "tuple[Source, Definition]":
    """The definition with the numbers that its stack has in this checkout."""
    from aura_stack.session.numbers import as_it_is  # noqa: PLC0415 - `check` needs none of it

    file, places = found(settings)
    files = definition.source(file, os.environ)
    return files, as_it_is(files, settings.variant, places, os.environ)


def _moved(found: Definition) -> Iterator[str]:
    """The ports that have other numbers in this checkout than the file says."""
    for service in found.stack.services:
        for port in service.ports:
            if port.written:
                yield f"{service.name} has port {port.number} in this checkout, for {port.written}"


def _require_programs(found: Definition) -> None:
    from aura_stack.session.requires import require  # noqa: PLC0415 - only asked for here

    require(found.stack.requires, os.environ.get("PATH", os.defpath), directory=found.stack.directory)


def _summary(found: Definition) -> str:
    stack = found.stack
    external = len(stack.services) - len(stack.own)
    counts = [_counted(len(stack.own), "service"), f"{external} external" if external else ""]
    counts.append(_counted(sum(len(service.ports) for service in stack.services), "port"))
    return f"{found.label}: ok, {', '.join(filter(None, counts))}"


def _sources(found: Definition) -> Iterator[str]:
    """What else the definition was made of besides the stack file."""
    if found.manifest:
        yield f"ports are those of {found.manifest.file}"
    if found.variables:
        yield f"taken from the environment: {', '.join(sorted(found.variables))}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _json(data: object) -> str:
    import json  # noqa: PLC0415 - only what prints JSON needs it

    return json.dumps(data, indent=2)


def _yaml(data: object) -> str:
    import yaml  # noqa: PLC0415 - only what prints YAML needs it

    from aura_stack.reading.words import meaning  # noqa: PLC0415 - the same

    class Dumper(yaml.SafeDumper):
        """Puts text in quotes that a reader of YAML 1.2 would take for something else."""

    def text(dumper: yaml.SafeDumper, word: str) -> yaml.ScalarNode:
        style = "|" if "\n" in word else None if isinstance(meaning(word), str) else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", word, style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return dumped.rstrip("\n")
