"""What the flags before the command say, resolved once; every command finds it in `ctx.obj`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aura_stack.frozen import Frozen

if TYPE_CHECKING:
    from aura_stack.stack.variant import Variant


class Settings(Frozen):
    """The global flags; `color` is None where nobody asked for or against it.

    `env_files` is None where the stack's own files of variables are meant.
    """

    file: str | None = None
    quiet: bool = False
    verbose: int = 0
    color: bool | None = None
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] | None = None

    @property
    def variant(self) -> "Variant":
        """Which variant of the definition is meant."""
        from aura_stack.stack.variant import Variant  # noqa: PLC0415 - most commands need none

        return Variant(profiles=self.profiles, env_files=self.env_files)


PROFILES, ENV_FILE = "AURA_PROFILES", "AURA_ENV_FILE"
"""The variables that stand for `--profile` and `--env-file`: several with commas between."""


def chosen(flags: Sequence[str], variable: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What flags say, or else a variable: each may name several, with commas between."""
    words = flags or (environ.get(variable, ""),)
    return tuple(dict.fromkeys(filter(None, (part.strip() for word in words for part in word.split(",")))))


def resolve_color(flag: str, environ: Mapping[str, str]) -> bool | None:
    """Whether to colour: True, False, or None for "where it is a terminal".

    Args:
        flag: of `--color`, it beats the environment.
        environ: NO_COLOR (no-color.org), FORCE_COLOR (force-color.org) and TERM count, in this order.
    """
    if flag != "auto":
        return flag == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return False if environ.get("TERM") == "dumb" else None
