"""`ports free`, `next`, `reserve`, `release`, `leases`: what changes who has a number."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aura_stack.errors import AuraError, ExitCode

from . import tables, target
from .arguments import json_option, seconds_option
from .ports_live import NUMBER
from .ports_offered import manifest, offered, offers, spans
from .ports_told import owner_object, told
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.ports.free import Freed
    from aura_stack.ports.freeing import Kill, Refusal
    from aura_stack.ports.leases import Lease
    from aura_stack.session.options import Options
    from aura_stack.system.places import Places

_PATIENCE = 5.0
_SIGNALS = {each.name.removeprefix("SIG"): each for each in signal.Signals}


@click.command
@click.argument("numbers", metavar="PORT...", nargs=-1, required=True, type=NUMBER)
@click.option("--signal", "name", metavar="SIGNAL", default="TERM", help="What they are asked to end with.")
@click.option("--force", is_flag=True, help="Also what the manifest has as an external system.")
@seconds_option("--timeout", help="How long they have before KILL; 5 s, if not given.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def free(
    context: click.Context,
    numbers: tuple[int, ...],
    name: str,
    force: bool,
    timeout: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    r"""End what holds each PORT: show who it is, ask, and wait until the port can be bound.

    Refused, each with what to do instead: services of a stack that runs, other users' processes, the first process
    of the machine, what stands for a container or forwards to another machine, and external systems of the manifest.

    \b
    Examples:
      aura-stack ports free 4010
      aura-stack ports free 4001 4010 -y
      aura-stack ports free 5432 --force

    \b
    Keys of --json, one object for each port:
      port, freed, was_free, by (the signal that did it, null if none did), reason and
      instead (why it was not, and what to do), held_by (as in ports who)
    """
    signum = _SIGNALS.get(name.upper().removeprefix("SIG"))
    if signum is None:
        raise click.UsageError(f"there is no signal {name!r}", context)
    patience = _PATIENCE if timeout is None else timeout
    rows, code = freed(context, numbers, signum, patience, force=force, yes=yes, silent=as_json)
    if as_json:
        tables.print_json(rows)
    context.exit(code)


def freed(
    context: click.Context,
    numbers: Sequence[int],
    signum: int,
    patience: float,
    *,
    force: bool = False,
    yes: bool = False,
    silent: bool = False,
) -> tuple[list[dict[str, Any]], int]:
    """End what holds the ports; what became of each, and the exit code."""
    from aura_stack.ports import free as rim  # noqa: PLC0415 - `--help` needs none of it
    from aura_stack.ports.freeing import Refusal, decide  # noqa: PLC0415 - likewise
    from aura_stack.ports.owners import holders  # noqa: PLC0415 - likewise
    from aura_stack.ports.probe import can_be_had  # noqa: PLC0415 - likewise
    from aura_stack.ports.register import Register  # noqa: PLC0415 - likewise
    from aura_stack.system import places as where  # noqa: PLC0415 - likewise

    held = holders(numbers, Register(where.leases(os.environ)).living())
    externals = _externals(context.obj)
    asker = rim.asker([one for those in held.values() for one in those])
    rows, code = [], int(ExitCode.OK)
    last = ""  # what ended somebody; whoever it was may have had more of the ports
    for number in dict.fromkeys(numbers):
        those = held.get(number, ())
        row: dict[str, Any] = {
            "port": number,
            "freed": False,
            "was_free": not those,
            "by": None,
            "reason": None,
        }
        row |= {"instead": None, "held_by": [owner_object(one) for one in those]}
        rows.append(row)
        if not those:
            _say(f"{number}: free already", silent=silent)
            continue
        if last and can_be_had(number):
            row |= {"freed": True, "by": last}
            _say(f"{number}: free, with that", silent=silent)
            continue
        plan = decide(number, those, asker, externals, force=force)
        if isinstance(plan, Refusal):
            row |= {"reason": plan.reason, "instead": plan.instead or None}
            _tell_refusal(plan, silent=silent)
            code = max(code, plan.code)
            continue
        whom = rim.identities(those)
        if not _may(context, plan, yes=yes):
            row["reason"] = "left alone"
            _say(f"{number}: left alone", silent=silent)
            code = max(code, int(ExitCode.FAILED))
            continue
        done = rim.end(number, whom, signum, patience)
        row |= {"freed": bool(done.by), "by": done.by or None}
        last = done.by or last
        if not done.by:
            row["reason"] = f"held by {told(done.left, asker.home)}"
            code = max(code, int(ExitCode.FAILED))
        _say(_outcome(done, asker.home), silent=silent)
    return rows, code


def free_for(context: click.Context, file: str, places: "Places", options: "Options", *, yes: bool) -> None:
    """End what holds the ports of the services that are about to start; what is refused here `up` refuses as well.

    Raises:
        AuraError: the definition has mistakes, or no service is called that.
    """
    from aura_stack.ports.probe import busy  # noqa: PLC0415 - `up` needs it only here
    from aura_stack.session.definition import source  # noqa: PLC0415 - likewise
    from aura_stack.session.numbers import as_it_is  # noqa: PLC0415 - likewise
    from aura_stack.session.preflight import meant  # noqa: PLC0415 - likewise

    definition = as_it_is(source(file, os.environ), options.variant, places, os.environ)
    own = [service for service in meant(definition, options) if not service.external]
    taken = busy(port.number for service in own for port in service.ports)
    if taken:
        freed(context, taken, signal.SIGTERM, _PATIENCE, yes=yes)


def _say(text: str, *, silent: bool) -> None:
    if not silent:
        click.echo(text)


def _tell_refusal(plan: "Refusal", *, silent: bool) -> None:
    if silent:
        return
    click.echo(f"{click.style('refused:', fg='red', bold=True)} {plan.reason}", err=True)
    if plan.instead:
        click.echo(f"{click.style('instead:', fg='cyan', bold=True)} {plan.instead}", err=True)


def _may(context: click.Context, plan: "Kill", *, yes: bool) -> bool:
    if yes:
        return True
    who = told(plan.owners, os.path.expanduser("~"))
    if not sys.stdin.isatty():
        words = f"there is no terminal to ask on whether to end {who}, which holds {plan.port}; -y does it unasked"
        raise click.UsageError(words, context)
    return click.confirm(f"{plan.port} is held by {who}; end it?", err=True)


def _outcome(done: "Freed", home: str) -> str:
    if done.by:
        return f"{done.port}: free, after {done.by}"
    return (
        f"{done.port}: still held, by {told(done.left, home)}; whoever starts it again has to be ended first"
    )


def _externals(settings: Settings) -> dict[int, str]:
    """The external systems of the manifest, where there is a stack with one."""
    found = manifest(settings, required=False)
    return {one.number: one.name for one in found.entries.values() if one.external} if found else {}


@click.command("next")
@click.option("--from", "first", type=NUMBER, help="Begin here instead of at the beginning of the range.")
@click.option("--count", type=click.IntRange(1, 1000), default=1, help="So many.")
@click.option("--range", "name", metavar="NAME", help="From this range of the manifest.")
@json_option
@click.pass_obj
def next_(settings: Settings, first: int | None, count: int, name: str | None, as_json: bool) -> None:
    r"""Print port numbers that can be had, one a line; 1 if there are not so many.

    None of them has a name in the manifest, is another stack's, is refused by browsers or given away by the kernel.

    \b
    Examples:
      aura-stack ports next
      aura-stack ports next --range backend --count 3
      aura-stack ports next --from 8000 --json

    \b
    Keys of --json: none, it is a list of numbers.
    """
    offered(settings, first=first, count=count, name=name, as_json=as_json)


@click.command
@click.argument("name")
@click.argument("number", metavar="[PORT]", required=False, type=NUMBER)
@click.option(
    "--range", "within", metavar="NAME", help="The range it belongs to; without PORT, its next free number."
)
@click.option("--owner", help="Who is asked about it.")
@click.option("--purpose", help="What it is for.")
@click.option("--note", help="What else is worth knowing.")
@json_option
@click.pass_obj
def reserve(
    settings: Settings,
    name: str,
    number: int | None,
    within: str | None,
    owner: str | None,
    purpose: str | None,
    note: str | None,
    as_json: bool,
) -> None:
    r"""Put an entry NAME into the manifest, with the state reserved; the rest of the file stays as it is written.

    6 if the number is another entry's, or breaks a rule.

    \b
    Examples:
      aura-stack ports reserve artifacts 4012 --range backend
      aura-stack ports reserve artifacts --range backend --note "from May on"

    \b
    Keys of --json:
      name, and what the entry says: port, state, range, owner, purpose, note
    """
    from aura_stack.session.manifestfile import reserved  # noqa: PLC0415 - as above

    found = manifest(settings, required=True)
    if number is None:
        if within is None:
            raise click.UsageError("name a PORT, or a --range to take the next one from")
        number = next(offers(iter(n for span in spans(found, within) for n in span), found), None)
        if number is None:
            raise AuraError(f"{within} has no number left", "make it wider", ExitCode.PORT_CONFLICT)
    facts = {
        "port": number,
        "range": within,
        "state": "reserved",
        "owner": owner,
        "purpose": purpose,
        "note": note,
    }
    entry = {key: value for key, value in facts.items() if value is not None}
    file, _ = target.found(settings)
    path = reserved(file, name, entry, os.environ)
    if as_json:
        tables.print_json({"name": name, **entry})
    else:
        click.echo(f"{name} has port {number} in {os.path.relpath(path)}")


@click.command
@click.argument("name")
@json_option
@click.pass_obj
def release(settings: Settings, name: str, as_json: bool) -> None:
    r"""Take the entry NAME out of the manifest; the rest of the file stays as it is written.

    One that a service uses stays.

    \b
    Examples:
      aura-stack ports release artifacts
      aura-stack ports release artifacts --json

    \b
    Keys of --json:
      name, port (the number that it had), file (the manifest)
    """
    from aura_stack.session.manifestfile import released  # noqa: PLC0415 - as above

    file, _ = target.found(settings)
    path, number = released(file, name, os.environ)
    if as_json:
        tables.print_json({"name": name, "port": number, "file": os.path.relpath(path)})
    else:
        click.echo(f"{name} is no longer in {os.path.relpath(path)}")


@click.command
@click.option("--take", is_flag=True, help="This checkout has the numbers of the manifest from now on.")
@json_option
@click.pass_obj
def leases(settings: Settings, take: bool, as_json: bool) -> None:
    r"""Show which stack and checkout has which numbers, and which a worktree had when it ran last.

    A linked worktree has numbers of its own. With --take it has those of the manifest, as the main working tree has
    them; --take there takes them back. 6 while another checkout of the stack runs that has them.

    \b
    Examples:
      aura-stack ports leases
      aura-stack ports leases --json
      aura-stack ports leases --take

    \b
    Keys of --json, one object for each stack:
      stack, file, worktree (null for a main working tree), runs, elsewhere (whether
      that is in the network of another container), takes (whether a worktree has the
      manifest's numbers), pid, ports (service, key, written, number)
    """
    from aura_stack.ports.register import Register, is_living  # noqa: PLC0415 - as above
    from aura_stack.system import places as where  # noqa: PLC0415 - as above

    register = Register(where.leases(os.environ))
    if take:
        from aura_stack.session.numbers import take as take_numbers  # noqa: PLC0415 - as above

        file, places = target.found(settings)
        click.echo(take_numbers(file, settings.variant, places, os.environ), err=as_json)
    every = [(lease, is_living(lease)) for lease in register.leases()]
    # what a stack had when it died counts for nothing, unless it gets it again
    found = [(lease, runs) for lease, runs in every if runs or lease.moved or lease.takes]
    if as_json:
        tables.print_json([_lease_object(lease, runs=runs) for lease, runs in found])
    elif found:
        rows = [_lease_row(lease, runs=runs) for lease, runs in found]
        tables.print_lines(tables.table([("STACK", "STATE", "WORKTREE", "PORTS", "FILE"), *rows]))
    elif not take:
        click.echo("no stack has a lease")


def _lease_object(lease: "Lease", *, runs: bool) -> dict[str, Any]:
    return {
        "stack": lease.stack,
        "file": lease.file,
        "worktree": lease.worktree or None,
        "runs": runs,
        "elsewhere": _is_elsewhere(lease, runs=runs),
        "takes": lease.takes,
        "pid": lease.pid if runs else None,
        "ports": [one.fields() for one in lease.given],
    }


def _is_elsewhere(lease: "Lease", *, runs: bool) -> bool:
    """Whether its numbers are taken, and not here."""
    from aura_stack.ports.register import is_near  # noqa: PLC0415 - as above

    return runs and not is_near(lease)


def _lease_row(lease: "Lease", *, runs: bool) -> tuple[str, ...]:
    from aura_stack.ports.owners import short  # noqa: PLC0415 - as above

    ports = ", ".join(tables.port(one.number, one.written) for one in lease.given) or "-"
    worktree = (lease.worktree or "-") + (" (takes the manifest's)" if lease.takes else "")
    state = "runs in another network" if _is_elsewhere(lease, runs=runs) else "runs" if runs else "remembered"
    return (lease.stack, state, worktree, ports, short(lease.file, os.path.expanduser("~")))
