"""What `run` is to do: which tasks in which order, or a command."""

from collections.abc import Sequence

from aura_stack.errors import AuraError, ExitCode
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.words import listed, quoted
from aura_stack.stack import graph
from aura_stack.stack.filled import SHELL
from aura_stack.stack.model import Service, Stack


def work(stack: Stack, words: Sequence[str]) -> list[Service]:
    """What the words ask for: tasks one after the other, each behind the tasks that it needs; none for a command.

    What stands behind `--` is for the last task.

    Raises:
        AuraError: behind a task stands what is none (exit code 4).
    """
    tasks = {task.name: task for task in stack.tasks}
    if words[0] not in tasks:
        return []
    names, further = _parted(words)
    for name in names:
        if name not in tasks:
            hint = did_you_mean(name, tasks) or f"words for {names[0]} stand behind --"
            raise AuraError(f"there is no task {quoted(name)}", hint, ExitCode.UNKNOWN)
    needs = {task.name: tuple(need for need in task.depends_on if need in tasks) for task in stack.tasks}
    order = dict.fromkeys(one for name in names for one in graph.closure([name], needs))
    chain = [tasks[name] for name in order]
    if further:
        chain = [_with_words(task, further) if task.name == names[-1] else task for task in chain]
    return chain


def unknown(word: str, stack: Stack) -> str:
    """The hint for a word that is neither a task nor a program."""
    if any(service.family == word for service in stack.services):
        return f"{word} is a service: aura-stack up {word}"
    names = [task.name for task in stack.tasks]
    return did_you_mean(word, names) or (f"the tasks are {listed(names, 'and')}" if names else "")


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    words = list(words)
    if "--" not in words:
        return words, []
    position = words.index("--")
    return words[:position], words[position + 1 :]


def _with_words(task: Service, further: Sequence[str]) -> Service:
    """The task with words behind its own; the shell gets them as its parameters."""
    command = task.command
    assert command is not None
    if command.argv == (*SHELL, command.text):
        text = command.text.strip()
        if "\n" in text or "#" in text:
            message = f"no words can be put behind the command of {task.name}: it has several lines or a #"
            raise AuraError(message, 'write them into it, as "$1", or make the command a list')
        argv = (*SHELL, f'{text} "$@"', command.argv[0], *further)
    else:
        argv = (*command.argv, *further)
    return task.but(command=command.but(argv=argv), inputs=(), outputs=())
