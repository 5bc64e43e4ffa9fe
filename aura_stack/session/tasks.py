"""Which tasks have something to do: those that say of what they make what are fingerprinted as prepare steps are.

What takes fingerprints is loaded for the first task: most stacks begin without one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aura_stack.errors import AuraError
from aura_stack.messages import events
from aura_stack.stack.model import Prepare, Service
from aura_stack.supervision.verdict import Verdict

if TYPE_CHECKING:
    from aura_stack.system.fingerprint import Fingerprint


class Tasks:
    """Remembers what tasks were run on, and what they made of it.

    Args:
        record: the file of fingerprints.
        publish: takes what is to be told.
    """

    def __init__(self, record: str, publish: Callable[[events.Event], None]) -> None:
        self._record = record
        self._publish = publish
        self._begun: dict[str, Fingerprint] = {}

    def up_to_date(self, task: Service) -> bool:
        """Whether all that it would make is there, and made of what is there; a task without either never is."""
        return bool(task.inputs or task.outputs) and not self.why(task)

    def why(self, task: Service) -> str:
        """Why a task with inputs or outputs has to run, in words; "" when it has not."""
        from aura_stack.system import fingerprint  # noqa: PLC0415 - see above

        from . import prepare  # noqa: PLC0415 - see above

        step = _step(task)
        before = fingerprint.load(self._record).get(prepare.key(task, step))
        now = prepare.take(task, step, before)
        why = prepare.reason(task, step, before, now)
        if not why and before != now:
            self._remember(task, now)
        return why

    def began(self, task: Service) -> None:
        """Keep what is there now: an input that is saved while the task runs makes it due again."""
        if task.inputs or task.outputs:
            from aura_stack.system import fingerprint  # noqa: PLC0415 - see above

            from . import prepare  # noqa: PLC0415 - see above

            step = _step(task)
            before = fingerprint.load(self._record).get(prepare.key(task, step))
            self._begun[task.name] = prepare.take(task, step, before)

    def succeeded(self, task: Service, verdict: Verdict) -> Verdict:
        """Remember what it was run on, unless it did not make what it should."""
        from aura_stack.system import fingerprint  # noqa: PLC0415 - see above

        absent = fingerprint.missing(task.cwd, task.outputs)
        begun = self._begun.pop(task.name, None)
        if absent:
            return Verdict(
                ok=False, words=f"succeeded but did not make {', '.join(absent)}", code=1, retry=False
            )
        if begun is not None:
            self._remember(task, begun)
        return verdict

    def _remember(self, task: Service, what: "Fingerprint") -> None:
        from aura_stack.system import fingerprint  # noqa: PLC0415 - see above

        from . import prepare  # noqa: PLC0415 - see above

        try:
            known = fingerprint.load(self._record)
            fingerprint.save(self._record, known.put(prepare.key(task, _step(task)), what))
        except AuraError as error:
            self._publish(events.Notice(f"{error.message}: {task.name} will run again", alarm=True))


def _step(task: Service) -> Prepare:
    assert task.command is not None
    return Prepare(task.command, task.inputs, task.outputs)
