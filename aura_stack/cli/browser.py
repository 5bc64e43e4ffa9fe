"""Opening an address in the browser of whoever sits here."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_opened: list["subprocess.Popen[bytes]"] = []
"""Those that nobody waits for: each is reaped when the next one is opened, or by the system when we are gone."""


def opener(environ: Mapping[str, str]) -> list[str] | None:
    """The command that opens an address, None where there is nothing to open it in: over ssh, in a container.

    BROWSER counts first. A browser that would run in our own terminal is none.
    """
    if chosen := environ.get("BROWSER", "").split(os.pathsep)[0]:
        return [chosen]
    if sys.platform == "darwin":
        return ["open"]
    if "WSL_DISTRO_NAME" in environ:
        return _found("wslview") or _found("explorer.exe")
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return _found("xdg-open") or _found("gio", "open")
    return None


def open_address(address: str, environ: Mapping[str, str]) -> bool:
    """Open it, and wait for nothing; False where that cannot be done."""
    command = opener(environ)
    if command is None:
        return False
    import subprocess  # noqa: PLC0415 - every face has the key for it, few use it

    try:
        browser = subprocess.Popen(
            [*command, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    _opened.append(browser)
    return True


def _found(program: str, *words: str) -> list[str] | None:
    import shutil  # noqa: PLC0415 - as above

    path = shutil.which(program)
    return [path, *words] if path else None
