"""What a datagram of sd_notify(3) says, as far as it means something here."""

from aura_stack.frozen import NamedTuple

_LONGEST = 200  # characters of a status that are kept
_DIGITS = 18


class Notice(NamedTuple):
    """What was among it.

    `ready`: READY=1. `status`: the last STATUS, in one line; None where there was none. `leaving`: STOPPING=1.
    `alive`: WATCHDOG=1; `lost`: WATCHDOG=trigger, which asks to be ended as one that was silent. `period`: the
    seconds of WATCHDOG_USEC, and `main`: the pid of MAINPID, 0 where there was none.
    """

    ready: bool = False
    status: str | None = None
    leaving: bool = False
    alive: bool = False
    lost: bool = False
    period: float = 0.0
    main: int = 0

    @property
    def says_nothing(self) -> bool:
        """Whether all of it is accepted and means nothing here: FDSTORE, BARRIER and the like."""
        return self == Notice()


def read(datagram: bytes) -> Notice:
    """Read the assignments, one a line; what is none, or no text (UTF-8), is passed over."""
    notice = Notice()
    for line in datagram.split(b"\n"):
        name, _, value = line.partition(b"=")
        match name:
            case b"READY":
                notice = notice._replace(ready=notice.ready or value == b"1")
            case b"STATUS":
                notice = notice._replace(status=_text(value, notice.status))
            case b"STOPPING":
                notice = notice._replace(leaving=notice.leaving or value == b"1")
            case b"WATCHDOG":
                notice = notice._replace(
                    alive=notice.alive or value == b"1", lost=notice.lost or value == b"trigger"
                )
            case b"WATCHDOG_USEC":
                notice = notice._replace(period=_number(value) / 1_000_000)
            case b"MAINPID":
                notice = notice._replace(main=_number(value))
    return notice


def _number(value: bytes) -> int:
    """A number of at most 18 digits, 0 for anything else."""
    return int(value) if value.isdigit() and len(value) <= _DIGITS else 0


def _text(value: bytes, before: str | None) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return before
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_LONGEST]
