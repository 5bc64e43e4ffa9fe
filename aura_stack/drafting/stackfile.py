"""Writes the draft of a stack file: every line with where it comes from, and what else could stand there."""

from collections.abc import Iterable, Iterator, Mapping

from aura_stack.reading.yamltext import comment, kept, line, pairs, row, word

from .account import shortened
from .findings import Found, Step
from .numbers import Draft, Named, NamedExternal

_LONG = 118  # characters of a line

_HEAD = """\
# What `aura-stack up` runs here. Drafted by `aura-stack init` from the files of this folder, and yours to change:
# `aura-stack config check` tells mistakes, `aura-stack config show` prints all of it with every default filled in.
"""

_STARTER = """\
services:
  hello: # an example that works; put a program of yours in its place
    command: while :; do echo "hello from aura-stack"; sleep 5; done

  # What a service can look like; it needs nothing but a command:
  #
  # backend:
  #   command: [node, server.js] # a list is executed as it stands, text is run by /bin/sh
  #   cwd: backend # where it runs, from this folder
  #   port: 4010 # checked to be free before anything starts; the service gets it as PORT
  #   prepare: # runs before the start if an input changed or an output is missing
  #     - {command: npm ci, inputs: [package.json, package-lock.json], outputs: [node_modules]}
  #   ready: {http: /health, timeout: 30s} # without it: when the port accepts a connection
  #   env: {DATABASE_URL: "postgres://localhost:${services.postgres.port}/shop"}
  #   depends_on: [postgres] # started once that one is ready
  #   watch: {paths: [server.js, src]} # restarted when one of these is saved
  #   handover: overlap # a new version is ready before the old one is stopped
  #
  # postgres: {external: true, port: 5432, hint: docker compose up -d postgres} # not ours: only looked for
"""


def starter(name: str) -> str:
    """The file for a folder in which nothing was found."""
    return f"{_HEAD}name: {word(name)}\n\n{_STARTER}"


def text(name: str, draft: Draft, manifest: str) -> str:
    """The whole file.

    Args:
        name: of the stack.
        draft: what goes into it.
        manifest: the path of the port manifest, from the folder of the stack file.
    """
    lines = [*_HEAD.splitlines(), f"name: {word(name)}"]
    if draft.ports:
        lines += line(0, f"ports: {word(manifest)}", "where port numbers stand; services name entries of it")
    if draft.env_files:
        lines += line(
            0, f"env_file: {_files(draft.env_files)}", "for ${NAME} in this file, and for all services"
        )
    if draft.requires:
        requires = pairs({word(program): _version(version) for program, version in draft.requires.items()})
        lines += line(0, f"requires: {requires}", "looked for on PATH before anything starts")
    lines += ["", "services:"]
    for one in draft.services:
        lines += [*_service(one), ""]
    if draft.externals:
        lines += comment(
            2,
            "Not ours: looked for at the start, never started or stopped. required: true makes `up` refuse without.",
        )
        for external in draft.externals:
            lines += _external(external)
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _version(version: str) -> str:
    return f'"{version}"' if version == "*" else word(version)


def _service(one: Named) -> Iterator[str]:
    found = one.found
    yield from line(2, f"{word(one.name)}:", shortened(found.why))
    command = word(found.command) if isinstance(found.command, str) else row(found.command)
    yield from line(4, f"command: {command}", found.remark)
    if found.folder:
        yield f"    cwd: {word(found.folder)}"
    yield from _port(one)
    yield from _prepare(found)
    env = _env(one)
    if env:
        yield from _mapping("env", env)
    yield from _composed(found)
    if found.once:
        yield from line(4, "restart: no", "it ends by itself")
    if found.watch:
        yield from line(
            4, f"watch: {pairs({'paths': row(found.watch)})}", "restarted when one of these is saved"
        )
    if _can_be_handed_over(one):
        yield from line(4, "handover: overlap", "a new version is ready before the old one is stopped")
    if one.urls:
        yield from kept(4, _with_addresses(one, env))
    yield from _order(one)
    for hint in found.hints:
        yield from kept(4, hint)


def _mapping(key: str, values: Mapping[str, str]) -> Iterator[str]:
    """On one line, or, where that would be long, a line for each."""
    written = {word(name): value for name, value in values.items()}
    whole = f"    {key}: {pairs(written)}"
    if len(whole) <= _LONG:
        yield whole
        return
    yield f"    {key}:"
    for name, value in written.items():
        yield f"      {name}: {value}"


def _order(one: Named) -> Iterator[str]:
    """What comes first, and what its code seems to need besides."""
    if one.after:
        yield f"    depends_on: {_after(one)}"
    if one.needs:
        needed = row(one.needs)
        yield from kept(4, f"depends_on: {needed} # {'; '.join(one.needs.values())}")


def _composed(found: Found) -> Iterator[str]:
    """What only a compose file says."""
    if found.env_files:
        yield f"    env_file: {_files(found.env_files)}"
    if found.replicas != 1:
        yield f"    replicas: {found.replicas}"


def _files(paths: Iterable[str]) -> str:
    """Files of variables, which git mostly leaves out: a fresh clone has none."""
    return f"[{', '.join(pairs({'path': word(path), 'required': 'false'}) for path in paths)}]"


def _after(one: Named) -> str:
    """What comes first: a list where all have to be ready, else with how far each has to be."""
    if set(one.after.values()) == {"ready"}:
        return row(one.after)
    return pairs({word(name): how for name, how in one.after.items()})


def _can_be_handed_over(one: Named) -> bool:
    """Whether it is a server that a save restarts and that takes a held socket as it is: a program of Node."""
    command = one.found.command
    return bool(one.found.watch and one.number) and not isinstance(command, str) and command[0] == "node"


def _port(one: Named) -> Iterator[str]:
    listening = one.found.listening
    if one.number:
        yield from line(4, f"port: {word(one.entry)}", *one.remarks)
    elif listening:
        yield from comment(
            4, f"it listens ({listening.said}) on a number that could not be read: give it a port here"
        )


def _env(one: Named) -> dict[str, str]:
    """What the service needs, and its number under the name by which it asks for it."""
    env = {name: word(value) for name, value in one.found.env.items()}
    listening = one.found.listening
    if listening and one.number and listening.variable != "PORT":
        env[listening.variable] = '"${port}"'
    return env


def _with_addresses(one: Named, env: dict[str, str]) -> str:
    """Variables that seem to stand for the addresses of other services, as a line to take out of its comment."""
    addresses = {variable: f'"${{services.{name}.url}}"' for variable, name in one.urls.items()}
    instead = " # instead of the line above" if env else ""
    return f"env: {pairs({word(name): value for name, value in (env | addresses).items()})}{instead}"


def _prepare(found: Found) -> Iterator[str]:
    """All steps in their order; what is only suggested is a comment, where it would stand."""
    sure = any(step.sure for step in found.prepare)
    if sure:
        yield from line(4, "prepare:", "runs before the start if an input changed or an output is missing")
    for step in found.prepare:
        if step.sure:
            yield from line(6, f"- {_step(step)}", step.remark)
        else:
            said = f" # {step.remark}" if step.remark else ""
            yield from (
                kept(6, f"- {_step(step)}{said}") if sure else kept(4, f"prepare: [{_step(step)}]{said}")
            )


def _step(step: Step) -> str:
    fields = {"command": step.command if _is_bare(step.command) else word(step.command)}
    fields |= {"inputs": row(step.inputs)} if step.inputs else {}
    return pairs(fields | ({"outputs": row(step.outputs)} if step.outputs else {}))


def _is_bare(command: str) -> bool:
    """Whether a command of several words may stand without quotes between braces."""
    return (
        all(word(part) == part for part in command.split(" ")) and command.split(" ", maxsplit=1)[0].isalpha()
    )


def _external(one: NamedExternal) -> list[str]:
    fields = {"external": "true", "port": word(one.entry), "required": "false"}
    hint = one.found.hint
    fields["hint"] = hint if _is_bare(hint) else word(hint)
    return line(2, f"{word(one.name)}: {pairs(fields)}", f"{one.found.number}, from {one.found.why}")
