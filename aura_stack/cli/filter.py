"""Which lines of the logs a face shows: as the flags of `up` say to begin with, then as its keys do."""

import re

from aura_stack.logs import controls
from aura_stack.logs.follow import Piece

_ALARMING = re.compile(
    rb"\b(?:error|err!|fatal|panic|critical|exception|traceback|uncaught|unhandled)", re.IGNORECASE
)


class Filter:
    """Which lines are shown.

    Args:
        only_errors: what was printed on standard error, and lines that speak of an error.
    """

    def __init__(self, *, only_errors: bool) -> None:
        self.only_errors = only_errors
        self.hidden: set[str] = set()
        """Services whose lines are not shown."""
        self.text = ""
        """What a line has to contain; capitals count only where there are some."""

    @property
    def idle(self) -> bool:
        """Whether everything is shown."""
        return not (self.only_errors or self.hidden or self.text)

    def hides(self, service: str) -> bool:
        """Whether nothing of a service is shown; a replica that came later is as its service is."""
        return service in self.hidden or _family(service) in self.hidden

    def hides_parts(self, service: str, stream: str) -> bool:
        """Whether a line that is not finished cannot be shown yet."""
        return self.hides(service) or bool(self.text) or (self.only_errors and stream != "err")

    def toggle(self, service: str) -> bool:
        """Hide or show a service; the answer is whether it is hidden now."""
        if self.hides(service):
            self.hidden -= {service, _family(service)}
            return False
        self.hidden.add(service)
        return True

    def passed(self, piece: Piece, lines: bytes) -> bytes:
        """Those of the whole lines of a piece's stream that are shown."""
        if self.hides(piece.service):
            return b""
        if self.only_errors and piece.stream != "err":
            lines = _those_with(lines, _ALARMING)
        if self.text and lines:
            flags = re.IGNORECASE if self.text == self.text.lower() else 0
            lines = _those_with(lines, re.compile(re.escape(self.text.encode()), flags))
        return lines


def _those_with(lines: bytes, pattern: "re.Pattern[bytes]") -> bytes:
    """The lines in whose text, without its colours, something is found."""
    return b"".join(
        line + b"\n" for line in lines.split(b"\n")[:-1] if pattern.search(controls.safe(line, colour=False))
    )


def _family(service: str) -> str:
    family, dash, number = service.rpartition("-")
    return family if dash and number.isdecimal() else service
