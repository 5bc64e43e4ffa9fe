"""The words of one service with their references filled in, and the commands made of them."""

import shlex
from collections.abc import Sequence

from aura_stack.errors import Place, Problem
from aura_stack.reading.tree import Items, Node, Scalar
from aura_stack.reading.words import quoted

from .addresses import Addresses
from .behind import mark
from .model import Command
from .template import BadTemplate, Reference, fill_references

SHELL = ("/bin/sh", "-c")


class Filled:
    """Reads the words of one service; what goes wrong is added to `problems`."""

    def __init__(self, service: str, addresses: Addresses, problems: list[Problem]) -> None:
        self.service = service
        self._addresses = addresses
        self._problems = problems

    def text(self, word: Scalar) -> str:
        """What the user meant by a word that may hold references; "" where that cannot be said."""
        if "$" not in word.text:
            return word.text
        try:
            return self._fill(word.text)
        except BadTemplate as bad:
            self.report(word.place, bad.message, bad.hint)
            return ""

    def _fill(self, text: str) -> str:
        return fill_references(text, lambda reference: self._addresses.value(reference, self.service))

    def _masked(self, words: Sequence[Scalar], argv: Sequence[str]) -> list[str]:
        """The words without the secrets that variables have brought into them; none where there are none."""
        if not (all(argv) and any(word.masked for word in words)):
            return []
        pairs = zip(words, argv, strict=True)
        return [self._fill(word.masked) if word.masked else text for word, text in pairs]

    def marking(self) -> "Filled":
        """The same words with marks for its own ports (see `behind`); mistakes are told once, and not here."""
        return _Marked(self.service, self._addresses, [])

    def command(self, node: Node | None) -> Command | None:
        """A list is executed as it stands, text by /bin/sh; None where there is nothing to execute."""
        if isinstance(node, Scalar):
            text = self.text(node)
            return Command((*SHELL, text), text, node.place, "".join(self._masked([node], [text])))
        if not isinstance(node, Items):
            return None
        words = [each for each in node.nodes if isinstance(each, Scalar)]
        if words and not words[0].text.strip():
            self.report(words[0].place, "the program to execute has no name")
        argv = tuple(map(self.text, words))
        return Command(argv, shlex.join(argv), node.place, shlex.join(self._masked(words, argv)))

    def port(self, place: Place, what: str, key: str = "") -> int:
        """The number of a port of this service, the main one for no key; 0, and a problem, if it has none.

        Args:
            place: where it is asked for.
            what: what asks for it, for the message.
            key: its name under `ports`.
        """
        try:
            return int(self._addresses.value(Reference("", "port", key), self.service))
        except BadTemplate as bad:
            called = f" called {quoted(key)}" if key else ""
            self.report(
                place, f"{what} asks a port{called}, and service {quoted(self.service)} has none", bad.hint
            )
            return 0

    def report(self, place: Place, message: str, hint: str = "") -> None:
        """Add a problem."""
        self._problems.append(Problem(place, message, hint))


class _Marked(Filled):
    """Words of a service whose runs get numbers of their own."""

    def _fill(self, text: str) -> str:
        def value(reference: Reference) -> str:
            if reference.service in ("", self.service) and reference.what == "port":
                return mark(self._addresses.key(reference, self.service))
            return self._addresses.value(reference, self.service)

        return fill_references(text, value)
