"""What single keys do while a face shows the logs, and the lines that some of them ask for."""

import os
import re
from collections.abc import Callable
from typing import Any, Protocol

from aura_stack.reading.words import listed

from . import tables
from .browser import open_address
from .prompt import Prompt
from .shown import Shown

HELP = (
    "r restarts a service, R all of them; s shows their state, o opens an address in the browser",
    "l hides or shows the lines of a service, e only errors, f only lines with a text, c clears the screen",
    "d leaves the stack running, q or Ctrl-C stops it",
)
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)")
"""What arrows and other keys send (ECMA-48, 5.4 and 8.3.103): a letter at its end is no key."""


class Actions(Protocol):
    """What a face can do for whoever presses keys."""

    def ask(self, method: str, then: Callable[[Any], None], **params: Any) -> None:
        """Give an order, and go on showing until its answer comes."""

    def leave(self) -> None:
        """Let the stack run on."""

    def stop(self) -> None:
        """Stop it."""

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""

    def take_terminal(self) -> None:
        """Give the terminal to the service that had it."""

    @property
    def stopping(self) -> bool:
        """Whether the stack was told to stop already."""


class Hotkeys:
    """The keys.

    Args:
        shown: what they change.
        actions: what they order.
    """

    def __init__(self, shown: Shown, actions: Actions) -> None:
        self._shown = shown
        self._actions = actions
        self._prompt: Prompt | None = None

    def press(self, typed: str) -> None:
        """Do what was typed."""
        for key in _SEQUENCE.sub("", typed):
            if self._prompt:
                self._type(key)
            else:
                self._press(key)

    def _press(self, key: str) -> None:  # noqa: C901, PLR0912 - a line for each key
        actions, live = self._actions, not self._actions.stopping
        match key:
            case "t" if live:
                actions.take_terminal()
            case "d" if live:
                actions.leave()
            case "q" if live:
                actions.stop()
            case "r" if live:
                self._choose("restart", self._restart)
            case "R" if live:
                actions.ask("restart", self._ordered)
            case "s":
                actions.ask("status", self._show_status, usage=True)
            case "l":
                self._choose("hide or show", self._toggle)
            case "e":
                self._only_errors()
            case "f":
                self._begin(Prompt("only lines with", self._find))
            case "o":
                actions.ask("status", self._offer_addresses)
            case "c":
                self._shown.clear()
            case "\n" | "\r":
                self._shown.lines(b"\n")  # people part what was from what comes
            case "?" | "h":
                self._shown.ours(list(HELP))
            case "\x03":  # typed where no service was there to hear it
                actions.interrupt()

    @property
    def prompting(self) -> bool:
        """Whether a line is being typed."""
        return self._prompt is not None

    def cancel(self) -> None:
        """That line is not wanted after all."""
        self._end()

    # --- lines that are asked for ---

    def _begin(self, prompt: Prompt) -> None:
        if not self._shown.screen.redraws:
            self._shown.say("there is no place to type here: this terminal cannot draw over a line")
            return
        self._prompt = prompt
        self._shown.ask(prompt.text)

    def _choose(self, what: str, then: Callable[[str], None]) -> None:
        names = self._shown.services
        if len(names) == 1:
            then(names[0])
        else:
            self._begin(Prompt(what, then, names))

    def _type(self, key: str) -> None:
        prompt = self._prompt
        assert prompt
        if key == "\x03":
            self._end()
            self._actions.interrupt()
        elif key in "\r\n\x1b":
            self._end()
            prompt.press(key)
        else:
            prompt.press(key)
            self._shown.ask(prompt.text)

    def _end(self) -> None:
        self._prompt = None
        self._shown.ask("")

    def _known(self, name: str) -> bool:
        if name in self._shown.services:
            return True
        if name:
            self._shown.say(f"there is no service {name}; there are {listed(self._shown.services)}")
        return False

    # --- what they do ---

    def _restart(self, name: str) -> None:
        if self._known(name):
            self._actions.ask("restart", self._ordered, services=[name])

    def _ordered(self, outcomes: list[dict[str, Any]]) -> None:
        """What came of an order stands in the events already, unless nothing was to be done."""
        if not outcomes:
            self._shown.say("nothing is up, so there is nothing to restart")

    def _show_status(self, views: list[dict[str, Any]]) -> None:
        self._shown.ours(tables.table(tables.status_rows(views)))

    def _toggle(self, name: str) -> None:
        if self._known(name):
            hidden = self._shown.filter.toggle(name)
            self._shown.say(
                f"lines of {name} are {'hidden; l shows them again' if hidden else 'shown again'}"
            )

    def _only_errors(self) -> None:
        chosen = self._shown.filter
        chosen.only_errors = not chosen.only_errors
        self._shown.say("only errors are shown; e shows all" if chosen.only_errors else "all lines are shown")

    def _find(self, text: str) -> None:
        self._shown.filter.text = text
        what = f'only lines with "{text}" are shown; f and Enter shows all' if text else "all lines are shown"
        self._shown.say(what)

    def _offer_addresses(self, views: list[dict[str, Any]]) -> None:
        found = {view["service"]: view["address"] for view in views if view["address"] and view["pid"]}
        if not found:
            self._shown.say("no service that runs has an address")
        elif len(found) == 1:
            self._open(*found.values())
        else:

            def then(name: str) -> None:
                if name in found:
                    self._open(found[name])
                elif name:
                    self._shown.say(f"{name} has no address; {listed(list(found))} have")

            self._begin(Prompt("open", then, list(found)))

    def _open(self, address: str) -> None:
        opened = open_address(address, os.environ)
        self._shown.say(f"{address} is opened" if opened else f"no browser can be opened here: {address}")
