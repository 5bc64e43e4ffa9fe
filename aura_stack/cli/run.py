"""`run` and `exec`: tasks and commands in front of the user, with true pass-through."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

from aura_stack.errors import AuraError, ExitCode, Place

from . import target
from .arguments import complete_service, profile_option
from .settings import Settings

if TYPE_CHECKING:
    from aura_stack.control.client import Client
    from aura_stack.session.defined import Definition, Source
    from aura_stack.stack.model import Service

_TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK")
"""Variables about where a command is typed, which are not those of where the stack was started."""

_OURS = (ExitCode.NOT_EXECUTABLE, ExitCode.NOT_FOUND, ExitCode.INTERRUPTED)


class _Verbatim(click.Command):
    """A command whose words are somebody else's command line; `literal` tells that a `--` stood before them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the flags in front; what follows the first word is left as it is."""
        given = list(args)
        rest = super().parse_args(ctx, args)
        words = ctx.params["words"] or ()  # none while a line is completed
        before = len(given) - len(words) - 1
        ctx.meta["literal"] = before >= 0 and given[before] == "--"
        return rest


_VERBATIM = {"ignore_unknown_options": False, "allow_interspersed_args": False}


def _complete_tasks(context: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    from .names import complete_tasks  # noqa: PLC0415 - only the completion of a line needs it

    return list(complete_tasks(context, incomplete))


@click.command(cls=_Verbatim, context_settings=_VERBATIM)
@click.option(
    "--service",
    metavar="SVC",
    shell_complete=complete_service,
    help="Use the folder and variables of this service.",
)
@click.option("--force", is_flag=True, help="Run tasks also when they are up to date.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, shell_complete=_complete_tasks)
@profile_option
@click.pass_context
def run(context: click.Context, service: str | None, force: bool, words: tuple[str, ...]) -> None:
    r"""Run tasks of the stack file one after the other, or a command with the stack's variables.

    WORDS are names of tasks, or a command if the first is no task. What a task needs is started, and stopped
    behind it unless it ran before. The terminal, standard input, signals and the exit code are the command's own;
    125 means that aura-stack itself failed. Words behind -- are for the last task; a -- in front makes all of them
    a command.

    \b
    Examples:
      aura-stack run db:migrate
      aura-stack run db:migrate db:seed
      aura-stack run db:migrate -- --dry-run
      aura-stack run --service backend -- node -e "console.log(process.env.PORT)"
    """
    with _own_failures():
        context.exit(_run(context.obj, service, words, force=force, literal=context.meta["literal"]))


@click.command("exec", cls=_Verbatim, context_settings=_VERBATIM)
@click.argument("service", shell_complete=complete_service)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
@profile_option
@click.pass_context
def execute(context: click.Context, service: str, words: tuple[str, ...]) -> None:
    r"""Run a command with the folder and the variables of a running SERVICE.

    \b
    Examples:
      aura-stack exec backend env
      aura-stack exec backend sh -c 'curl -s localhost:$PORT/health'
    """
    with _own_failures(ExitCode.NOT_RUNNING, ExitCode.UNKNOWN):
        engine = target.engine(context.obj)
        found = engine.call("environment", service=service)
        (view,) = engine.call("status", services=[found["service"]])
        if view["pid"] is None:
            message = f"{found['service']} is not running"
            raise AuraError(message, f"aura-stack start {found['service']}", ExitCode.NOT_RUNNING)
        here = {name: os.environ[name] for name in _TERMINAL if name in os.environ}
        context.exit(_in_front(words, {**found["variables"], **here}, found["cwd"]))


@contextmanager
def _own_failures(*plain: ExitCode) -> Iterator[None]:
    """What goes wrong on our side ends with 125, so that nobody takes it for the command's own code."""
    try:
        yield
    except AuraError as error:
        if error.exit_code not in (*_OURS, *plain):
            error.exit_code = ExitCode.OURS
        raise


def _run(settings: Settings, service: str | None, words: Sequence[str], *, force: bool, literal: bool) -> int:
    from aura_stack.session.definition import source  # noqa: PLC0415 - `--help` needs none of it
    from aura_stack.session.numbers import as_it_is  # noqa: PLC0415 - likewise
    from aura_stack.session.works import unknown, work  # noqa: PLC0415 - likewise

    file, places = target.found(settings)
    files = source(file, os.environ)
    definition = as_it_is(files, settings.variant, places, os.environ)
    stack = definition.stack
    asked = [] if literal or service else work(stack, words)
    if not asked:
        return _command(files, definition, service, words, unknown(words[0], stack))
    with _Tasks(settings, files, definition, words) as tasks:
        return next((code for task in asked if (code := tasks.run(task, force=force))), 0)


def _command(
    files: "Source", definition: "Definition", service: str | None, words: Sequence[str], hint: str
) -> int:
    from aura_stack.session.environment import Environment  # noqa: PLC0415 - as above
    from aura_stack.session.preflight import meant_by  # noqa: PLC0415 - as above
    from aura_stack.stack.model import Service  # noqa: PLC0415 - as above

    stack = definition.stack
    whose = Service("", Place(definition.label, 1, 1), cwd=os.getcwd(), env_files=definition.common)
    if service:
        whose = stack.service(meant_by([service], stack)[0])
        if whose.external:
            raise AuraError(f"{service} is external: it has no folder and no variables here")
    variables = Environment(files, definition, os.environ, coloured=os.isatty(1))(whose)
    if not service:
        del variables["AURA_SERVICE"], variables["AURA_REPLICA"]
    try:
        return _in_front(words, variables, whose.cwd)
    except AuraError as error:
        error.hint = error.hint or hint
        raise


def _in_front(words: Sequence[str], variables: dict[str, str], cwd: str) -> int:
    from aura_stack.supervision import foreground  # noqa: PLC0415 - as above
    from aura_stack.supervision.verdict import NotExecutable  # noqa: PLC0415 - as above

    sys.stdout.flush()
    try:
        return foreground.run(words, variables, cwd)
    except NotExecutable as error:
        raise AuraError(error.verdict.words, exit_code=error.verdict.code) from error


class _Tasks:
    """Runs tasks of a definition, and has up meanwhile what they need.

    Args:
        settings: the global flags.
        files: of the definition.
        definition: read.
        words: of the command line.
    """

    def __init__(
        self, settings: Settings, files: "Source", definition: "Definition", words: Sequence[str]
    ) -> None:
        from aura_stack.session.environment import Environment  # noqa: PLC0415 - `--help` needs none of it
        from aura_stack.session.tasks import Tasks  # noqa: PLC0415 - likewise
        from aura_stack.system import places as where  # noqa: PLC0415 - likewise
        from aura_stack.system.plain import require_kept  # noqa: PLC0415 - likewise

        self._settings = settings
        self._files = files
        self._definition = definition
        self._words = words
        self._environment = Environment(files, definition, os.environ, coloured=os.isatty(1))
        self._file, self._places = target.found(settings)
        require_kept([self._file])
        where.create(self._places)
        self._client: Client | None = None
        self._tasks = Tasks(
            self._places.fingerprints, lambda event: self._say(str(getattr(event, "text", event)))
        )

    def run(self, task: "Service", *, force: bool) -> int:
        """Run one, unless it is up to date; the answer is its code."""
        from aura_stack.supervision.process import judge  # noqa: PLC0415 - as above
        from aura_stack.supervision.verdict import Verdict  # noqa: PLC0415 - as above

        if not force and self._tasks.up_to_date(task):
            self._say(f"{task.name} is up to date")
            return 0
        self._need(task)
        task = self._renewed(task)
        assert task.command is not None
        self._tasks.began(task)
        code = _in_front(task.command.argv, self._environment(task), task.cwd)
        if code:
            self._say(f"{task.name} failed: {judge(128 - code if code > 128 else code).words}")  # noqa: PLR2004 - POSIX
            return code
        verdict = self._tasks.succeeded(task, Verdict(ok=True, words="", code=0))
        if not verdict.ok:
            self._say(f"{task.name} failed: it {verdict.words}")
        return verdict.code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what was started for the tasks."""
        if self._client:
            self._let_go(self._client)

    def _need(self, task: "Service") -> None:
        """Have up what a task needs, until we leave; what was not up before is stopped then."""
        needed = [
            one for one in self._definition.stack.services if one.name in task.depends_on and not one.task
        ]
        self._require_externals(needed)
        names = [service.name for service in needed if not service.external]
        if names:
            self._hold(names)

    def _renewed(self, task: "Service") -> "Service":
        """The task with the numbers that the stack has which runs now: it may have been given others than written."""
        from aura_stack.session.numbers import as_it_is  # noqa: PLC0415 - as above
        from aura_stack.session.works import work  # noqa: PLC0415 - as above

        if self._client is None:
            return task
        now = as_it_is(self._files, self._settings.variant, self._places, os.environ)
        if now.variant == self._definition.variant:
            return task
        self._definition = now
        self._environment.redefine(now)
        return next(one for one in work(now.stack, self._words) if one.name == task.name)

    def _hold(self, names: Sequence[str]) -> None:
        from aura_stack.session.lock import wait_until_free  # noqa: PLC0415 - as above

        if self._client is None:
            self._client = self._engine()
            try:
                self._bring_up(self._client, names)
            except AuraError as error:
                if error.exit_code != ExitCode.NOT_RUNNING:
                    raise
                wait_until_free(self._places.lock)  # it was just stopping: ours is the next one
                self._client = self._engine()
            else:
                return
        self._bring_up(self._client, names)

    def _require_externals(self, services: Iterable["Service"]) -> None:
        from aura_stack.session.externals import require  # noqa: PLC0415 - as above

        require([service.but(required=True) for service in services], self._environment)

    def _engine(self) -> "Client":
        """The running one, or one that is launched for as long as we are there."""
        client = target.running(self._file, self._places)
        if client:
            return client
        from aura_stack.control.client import Client  # noqa: PLC0415 - as above
        from aura_stack.control.protocol import Request  # noqa: PLC0415 - as above
        from aura_stack.session.launch import launch_apart  # noqa: PLC0415 - as above
        from aura_stack.session.options import Options  # noqa: PLC0415 - as above
        from aura_stack.system.plain import require_kept  # noqa: PLC0415 - as above

        from .face import refusal  # noqa: PLC0415 - as above

        require_kept(self._settings.variant.env_files or ())
        options = Options(variant=self._settings.variant, idle=True, watch=False)
        client = Client(launch_apart(self._file, self._places, options, os.environ))
        try:
            message = next(client.receive())
        except ConnectionError:
            raise AuraError("the engine died before it had started anything") from None
        if isinstance(message, Request) and message.method == "refused":
            error = refusal(message.params)
            # another `run` was quicker by a moment
            running = target.running(self._file, self._places) if error.exit_code == ExitCode.LOCKED else None
            if running is None:
                raise error
            return running
        return client

    def _bring_up(self, client: "Client", names: Sequence[str]) -> None:
        from aura_stack.logs.render import Style  # noqa: PLC0415 - as above

        from .failed import last_words, sentence  # noqa: PLC0415 - as above
        from .tables import duration  # noqa: PLC0415 - as above

        outcomes = client.call("hold", services=list(names))
        failed = [one for one in outcomes if not one["ok"]]
        for one in outcomes:
            if one["ok"] and one["before"] not in ("ready", "completed") and one["ready_seconds"] is not None:
                self._say(f"{one['service']} ready in {duration(one['ready_seconds'])}")
        if not failed:
            return
        style = Style([one["service"] for one in failed], colour=target.coloured(self._settings, 2))
        where = client.call("attach", own=False)
        for one in failed:
            sys.stderr.buffer.write(last_words(where["logs"], one, style, where["began"]))
        sys.stderr.flush()
        raise AuraError("\n".join(map(sentence, failed)))

    def _let_go(self, client: "Client") -> None:
        """Stop what we brought up, and see a stack to its end that was up for us alone."""
        from aura_stack.session.lock import wait_until_free  # noqa: PLC0415 - as above

        try:
            over = client.call("let_go")["over"]
        except AuraError as error:
            if error.exit_code != ExitCode.NOT_RUNNING:
                raise
            over = True  # somebody else has stopped it
        client.close()
        if over:
            wait_until_free(self._places.lock)

    def _say(self, text: str) -> None:
        if not self._settings.quiet:
            click.echo(text, err=True)
