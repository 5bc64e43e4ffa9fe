"""What the flags before the command say, resolved once; every command finds it in `ctx.obj`."""

from collections.abc import Mapping

from aura_stack.frozen import Frozen


class Settings(Frozen):
    """The global flags; `color` is None where nobody asked for or against it."""

    file: str | None = None
    quiet: bool = False
    verbose: int = 0
    color: bool | None = None


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
