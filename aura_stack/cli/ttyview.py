"""A service's terminal in the place of ours: what is typed goes to it, what it prints appears as it is.

- The engine reads the terminal into the record, and so do we see what comes: nobody else reads it. We hold its other
  end (its master, which the engine has handed over) to type into it and to tell it our size.
- What is on the screen follows the record: from the event that a run began to the event that nothing of it will begin
  again. Typing follows the master, which comes a moment later; what is typed until then waits for it.
- While a run has ended and the next one has not begun nobody hears what is typed; Ctrl-C is ours then.
- Ctrl-P Ctrl-Q gives the terminal back, and later runs leave it alone until somebody asks for it again.
"""

import contextlib
import os
import select
import termios
from enum import Enum, auto

from aura_stack.messages import events

from .keys import Keys, named_as, typed_as

CTRL_C = b"\x03"
DETACH = "ctrl-p,ctrl-q"
MOST = 1 << 16  # bytes typed ahead: what is typed beyond that is lost, as at any terminal


class State(Enum):
    """Who has our terminal."""

    WAITING = auto()  # we, until a run of the service begins or its terminal comes
    TAKEN = auto()  # the service
    LEFT = auto()  # we, until somebody asks


class TtyView:
    """The view of one service's terminal.

    Args:
        service: its name; "" for none, then nothing is ever taken.
        keys: our keyboard.
        screen: descriptor of our terminal, whose size counts.
        leave: what is typed to have it back.
        resizes: whether the service's terminal is made as large as ours.
    """

    def __init__(
        self,
        service: str,
        keys: Keys,
        screen: int,
        *,
        leave: bytes = typed_as(DETACH),
        resizes: bool = True,
    ) -> None:
        self.service = service
        self.resizes = resizes
        self._leave = leave
        self.state = State.WAITING
        self._keys = keys
        self._screen = screen
        self._run = 0  # whose terminal it is
        self._over = 0  # no run up to this one is there any more
        self._master: int | None = None
        self._unsent = b""
        self._held = b""  # what may be the first part of the way out
        self._whole = True  # whether the cursor stands at the beginning of a line
        self._polled: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the service has our terminal."""
        return self.state is State.TAKEN

    # --- what happens ---

    def see(self, event: events.Event) -> bool:
        """Take an event into account; True when the master of a run that began is to be asked for."""
        match event:
            case events.Started(self.service, run) if self.state is not State.LEFT:
                begun = run != self._run or self._master is None
                if begun:
                    self._let_go()
                self._run = run
                self._take()
                return begun
            case events.Exited(self.service, run):
                self._end(run)
            case (
                events.Completed(self.service, run)
                | events.Failed(self.service, run)
                | events.Stopped(self.service, run)
            ):
                self._end(run)
                if self.taken:
                    self.give_back(State.WAITING)
            case events.StackStopping() if self.taken:
                self.give_back(State.LEFT)
        return False

    def adopt(self, run: int, master: int) -> bool:
        """Type into this terminal from now on; False when it comes too late, and is closed."""
        if self.state is State.LEFT or run <= self._over or (self.taken and run < self._run):
            os.close(master)
            return False
        if self._master is not None:
            os.close(self._master)
        self._run, self._master = run, master
        self._take()
        self.resize()
        self.send()
        return True

    def give_back(self, state: State) -> None:
        """Our terminal is ours again."""
        if self.taken:
            self._keys.make_raw(raw=False)
        self.state = state
        self._let_go()

    def wait(self) -> None:
        """The next terminal that comes is taken."""
        if self.state is State.LEFT:
            self.state = State.WAITING

    def _take(self) -> None:
        if not self.taken:
            self.state, self._whole = State.TAKEN, True
            self._keys.make_raw(raw=True)

    def _end(self, run: int) -> None:
        self._over = max(self._over, run)
        if self._run <= run:
            self._let_go()

    def _let_go(self) -> None:
        """What was typed for a run is not for the next one."""
        master, self._master = self._master, None
        self._unsent = self._held = b""
        if master is not None:
            os.close(master)

    # --- what is typed ---

    def type(self, data: bytes) -> bytes:
        """Pass on what was typed; the answer is what was typed for us, behind Ctrl-P Ctrl-Q or into the void."""
        typed, leave, rest = (self._held + data).partition(self._leave)
        self._held = b"" if leave else self._begun(typed)
        typed = typed.removesuffix(self._held)
        if self._run <= self._over:  # nobody hears it
            rest = CTRL_C if CTRL_C in typed else rest
        else:
            self._unsent = (self._unsent + typed)[:MOST]
            self.send()
        if leave:
            self.give_back(State.LEFT)
        return rest

    def _begun(self, typed: bytes) -> bytes:
        """The longest end of what was typed with which the way out begins."""
        parts = (self._leave[:size] for size in range(len(self._leave) - 1, 0, -1))
        return next((part for part in parts if typed.endswith(part)), b"")

    @property
    def leaves_by(self) -> str:
        """The keys that give the terminal back, in words."""
        return named_as(self._leave)

    def send(self) -> None:
        """Type what is to be typed, as far as it is taken."""
        if self._master is None:
            return
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._master, self._unsent) :]
        except BlockingIOError:
            pass  # poll tells when it is read
        except OSError:  # nobody has it open any more
            self._unsent = b""

    def listen(self, poll: select.poll) -> None:
        """Be woken when the service reads what it has been typed, if something is left to be typed."""
        wanted = self._master if self._unsent else None
        if wanted == self._polled:
            return
        if self._polled is not None:
            poll.unregister(self._polled)
        if wanted is not None:
            poll.register(wanted, select.POLLOUT)
        self._polled = wanted

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of our terminal; 0 where it does not know them."""
        try:
            size = os.get_terminal_size(self._screen)
        except OSError:
            return 0, 0
        return size.lines, size.columns

    def resize(self) -> None:
        """Make the service's terminal as large as ours."""
        rows, columns = self.size
        if self.resizes and self._master is not None and rows and columns:
            with contextlib.suppress(termios.error):  # nobody has it open any more
                termios.tcsetwinsize(self._master, (rows, columns))

    # --- what is printed ---

    def shown(self, data: bytes) -> bytes:
        """What the service printed, as it is."""
        if data:
            self._whole = data.endswith(b"\n")
        return data

    def beside(self, lines: bytes) -> bytes:
        """Lines of ours in between, which begin and end as lines."""
        if not lines:
            return b""
        begin = b"" if self._whole else b"\r\n"
        self._whole = True
        return begin + lines.replace(b"\n", b"\r\n")

    def closed(self) -> bytes:
        """What ends the last line of the service, once our terminal is ours again."""
        end = b"" if self._whole else b"\n"
        self._whole = True
        return end
