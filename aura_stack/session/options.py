"""What an order to bring a stack up says besides the stack file."""

from enum import StrEnum

from aura_stack.frozen import Frozen
from aura_stack.stack.variant import Variant


class Aborts(StrEnum):
    """Whose end is the end of all: that of any service, of one that failed for good, or nobody's."""

    EXIT = "exit"
    FAILURE = "failure"
    NEVER = "never"


class Options(Frozen):
    """The services asked for, none for all.

    Args:
        services: their names.
        coloured: whether the reader of the logs sees colours.
        dependencies: whether what they depend on comes with them.
        watch: whether saves are acted on.
        variant: which variant of the definition is meant.
        excepted: names of services that are not meant, unless others depend on them.
        aborts: what else ends the stack than its own end; None for what the definition says of each service.
        code_from: the service whose exit code is the stack's, and whose end ends it; "" for none.
        idle: bring nothing up: services are started as long as somebody holds them.
        tty: names of services that get terminals of their own, whatever the definition says.
        size: rows and columns of these; None for the usual.
        port_shift: whether ports that are taken are exchanged for others.
        attach: names of services whose logs are to be shown, none for all.
        no_attach: names of services whose logs are not to be shown.
    """

    services: tuple[str, ...] = ()
    coloured: bool = False
    dependencies: bool = True
    watch: bool = True
    variant: Variant = Variant()
    excepted: tuple[str, ...] = ()
    aborts: Aborts | None = None
    code_from: str = ""
    idle: bool = False
    tty: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    port_shift: bool = False
    attach: tuple[str, ...] = ()
    no_attach: tuple[str, ...] = ()
