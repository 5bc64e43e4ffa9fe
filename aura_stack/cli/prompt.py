"""A line that somebody types at the bottom of the screen: text, or the beginning of a name."""

from collections.abc import Callable, Sequence

ENTER, ESCAPE, TAB = "\r\n", "\x1b", "\t"
_BACKSPACE, _KILL, _WORD = (
    "\x08\x7f",
    "\x15",
    "\x17",
)  # as a terminal edits a line itself (stty(1)): ^H, ^U, ^W


class Prompt:
    """A question, and what is typed so far.

    Args:
        question: what stands before it.
        then: called with what was typed, once Enter is pressed.
        names: what can be meant, if it is a name.
    """

    def __init__(self, question: str, then: Callable[[str], None], names: Sequence[str] = ()) -> None:
        self._question = question
        self._then = then
        self._names = names
        self._typed = ""

    @property
    def text(self) -> str:
        """The line as it is to be shown."""
        return f"{self._question}: {self._typed}_" + (f"   {self._offer()}" if self._names else "")

    def press(self, key: str) -> bool:
        """Take a key; False when the line is over."""
        if key in ENTER:
            self._then(self.meant() if self._names else self._typed)
            return False
        if key == ESCAPE:
            return False
        if key == TAB:
            self._typed = _in_common(self._matching()) or self._typed
        elif key in _BACKSPACE:
            self._typed = self._typed[:-1]
        elif key == _KILL:
            self._typed = ""
        elif key == _WORD:
            self._typed = self._typed.rstrip().rpartition(" ")[0]
        elif key.isprintable():
            self._typed += key
        return True

    def meant(self) -> str:
        """The name that begins so, or is exactly that; as it was typed where none is, or several are."""
        found = self._matching()
        return found[0] if self._typed and len(found) == 1 else self._typed

    def _matching(self) -> list[str]:
        if self._typed in self._names:
            return [self._typed]
        return [name for name in self._names if name.startswith(self._typed)]

    def _offer(self) -> str:
        found = self._matching()
        if not found:
            return "there is none"
        return f"→ {found[0]}" if len(found) == 1 else " ".join(found)


def _in_common(names: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(names, default=""), max(names, default="")
    size = 0
    while size < min(len(first), len(last)) and first[size] == last[size]:
        size += 1
    return first[:size]
