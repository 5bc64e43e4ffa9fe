"""What a datagram of sd_notify(3) says, as far as it means something here."""

from typing import NamedTuple

_LONGEST = 200  # characters of a status that are kept


class Notice(NamedTuple):
    """`ready`: READY=1 was among it. `status`: the last STATUS, in one line; None where there was none."""

    ready: bool = False
    status: str | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether all of it is accepted and means nothing here: STOPPING, MAINPID, WATCHDOG and the like."""
        return not self.ready and self.status is None


def read(datagram: bytes) -> Notice:
    """Read the assignments, one a line; what is none, or no text (UTF-8), is passed over."""
    notice = Notice()
    for line in datagram.split(b"\n"):
        name, _, value = line.partition(b"=")
        if name == b"READY":
            notice = notice._replace(ready=notice.ready or value == b"1")
        elif name == b"STATUS":
            notice = notice._replace(status=_text(value, notice.status))
    return notice


def _text(value: bytes, before: str | None) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return before
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_LONGEST]
