"""What the file says of a variant: which services its profiles mean, and how many there are of each."""

from collections.abc import Mapping

from aura_stack.errors import AuraError, ExitCode
from aura_stack.frozen import Frozen
from aura_stack.reading.suggest import did_you_mean
from aura_stack.reading.tree import Scalar, Table, whole
from aura_stack.reading.words import quoted

from .outline import is_external, profiles, says_how, services
from .variant import replica


class Chosen(Frozen):
    """What the chosen profiles say.

    `tables` are those that say how services run, in the order in which they were chosen; `services` are the ones
    that are meant, None for all; `instance` is the name of the stack of its own that they make, "" for none.
    """

    tables: tuple[Table, ...]
    services: tuple[str, ...] | None
    instance: str


def chosen(root: Table, names: tuple[str, ...]) -> Chosen:
    """The profiles of those names; several that name services name all of these.

    Raises:
        AuraError: there is no such profile (exit code 4).
    """
    known = {name.text: (table, words) for name, table, words in profiles(root)}
    for name in names:
        if name not in known and name not in root.table("profiles").entries:
            hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "")
            raise AuraError(f"there is no profile {quoted(name)}", hint, ExitCode.UNKNOWN)
    picked = [known[name] for name in dict.fromkeys(names) if name in known]
    named = [word.text for _, words in picked for word in words or ()]
    return Chosen(
        tuple(table for table, _ in picked if table is not None),
        tuple(dict.fromkeys(named)) if any(words is not None for _, words in picked) else None,
        "+".join(sorted({name for name in names if name in known and says_how(known[name][0])})),
    )


def replicas(root: Table, scale: Mapping[str, int]) -> dict[str, int]:
    """How many there are of each service.

    Raises:
        AuraError: `scale` names what is no service of ours (exit code 4).
    """
    counts = {}
    for name, table in services(root):
        word = table.scalar("replicas")
        counts[name.text] = whole(word) if word else 1
    own = [name.text for name, table in services(root) if not is_external(table)]
    for scaled, count in scale.items():
        if scaled in counts and scaled not in own:
            raise AuraError(f"{scaled} is external: it is not ours to start", exit_code=ExitCode.UNKNOWN)
        if scaled not in own:
            message = f"there is no service {quoted(scaled)} in this stack"
            raise AuraError(message, did_you_mean(scaled, own), ExitCode.UNKNOWN)
        counts[scaled] = count
    return counts


def clashes(root: Table, counts: Mapping[str, int]) -> list[tuple[Scalar, str]]:
    """Services that bear the name of another one's replica: where they stand, and whose."""
    taken = {replica(name, number): name for name, count in counts.items() for number in range(2, count + 1)}
    return [(name, taken[name.text]) for name, _ in services(root) if name.text in taken]
