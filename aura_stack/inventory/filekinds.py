"""Which files are read and how, and which of them count for nothing: tests, histories, what others wrote."""

import re

from .findings import Language

NEVER_ENTERED = frozenset(
    (".git", ".hg", ".svn", ".aura", "node_modules", "bower_components", "jspm_packages", "vendor", "third_party",
     "site-packages",
     "venv", ".venv", ".tox", ".nox", "__pycache__", "__pypackages__", ".mypy_cache", ".ruff_cache",
     ".pytest_cache", ".next",
     ".nuxt", ".output", ".svelte-kit", ".astro", ".turbo", ".cache", ".parcel-cache", ".vite", ".yarn",
     ".pnpm-store", ".gradle",
     ".terraform", ".idea", "dist", "build", "out", "target", "coverage", ".vercel", ".netlify", ".angular", "tmp")
)  # fmt: skip
"""Folders of what was installed, built or kept by tools."""

_BY_ENDING = {
    ".js": Language.JAVASCRIPT, ".mjs": Language.JAVASCRIPT, ".cjs": Language.JAVASCRIPT, ".jsx": Language.JAVASCRIPT,
    ".ts": Language.TYPESCRIPT, ".mts": Language.TYPESCRIPT, ".cts": Language.TYPESCRIPT, ".tsx": Language.TSX,
    ".py": Language.PYTHON, ".json": Language.JSON, ".jsonc": Language.JSON, ".json5": Language.JSON,
    ".yaml": Language.YAML, ".yml": Language.YAML, ".env": Language.DOTENV,
    ".sh": Language.SHELL, ".bash": Language.SHELL, ".zsh": Language.SHELL, ".mk": Language.MAKEFILE,
    ".md": Language.DOCUMENT, ".mdx": Language.DOCUMENT, ".markdown": Language.DOCUMENT, ".rst": Language.DOCUMENT,
    ".adoc": Language.DOCUMENT, ".txt": Language.DOCUMENT,
    ".html": Language.PAGE, ".htm": Language.PAGE, ".vue": Language.PAGE, ".svelte": Language.PAGE,
    ".dockerfile": Language.DOCKERFILE, ".nginx": Language.NGINX,
}  # fmt: skip
_BY_NAME = {
    "Makefile": Language.MAKEFILE, "makefile": Language.MAKEFILE, "GNUmakefile": Language.MAKEFILE,
    "justfile": Language.MAKEFILE,
    "Justfile": Language.MAKEFILE, "Dockerfile": Language.DOCKERFILE, "Containerfile": Language.DOCKERFILE,
    "Procfile": Language.PROCFILE,
    "nginx.conf": Language.NGINX, ".env": Language.DOTENV, ".flaskenv": Language.DOTENV,
}  # fmt: skip
_BY_BEGINNING = {
    "Dockerfile.": Language.DOCKERFILE, "Procfile.": Language.PROCFILE, ".env.": Language.DOTENV,
    "nginx.": Language.NGINX,
}  # fmt: skip
_BY_INTERPRETER = {
    "node": Language.JAVASCRIPT, "bun": Language.TYPESCRIPT, "deno": Language.TYPESCRIPT, "tsx": Language.TYPESCRIPT,
    "python": Language.PYTHON, "python3": Language.PYTHON, "sh": Language.SHELL, "bash": Language.SHELL,
}  # fmt: skip
_INTERPRETER = re.compile(rb"#!\S*/(?:env\s+(?:-S\s+)?)?(node|bun|deno|tsx|python3?|sh|bash)\b")
_MADE = re.compile(
    r"(?:^|[.-])lock(?:\.|$)|-lock\.|^(?:pnpm-lock|composer\.lock|Cargo\.lock|npm-shrinkwrap)|\.min\.[cm]?js$|\.d\.[cm]?ts$|"
    r"\.map$|\.bundle\.js$|^requirements[\w.-]*\.txt$|^robots\.txt$|^LICEN[CS]E|^CMakeLists\.txt$|\.generated\.|_pb2?\.(?:py|js|ts)$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?|e2e|cypress|fixtures|__fixtures__|__mocks__|mocks|testdata)/"
    r"|(?:^|/)(?:test_[^/]*\.py|[^/]*_test\.py|conftest\.py|[^/]*[.-](?:test|spec|e2e-spec|stories)\.[^/]+|(?:jest|vitest|playwright|cypress)\.[^/]*)$"
)
_HISTORY = re.compile(
    r"(?i)(?:^|/)(?:change_?log|changes|history|releases?|news|migrations?|adr|decisions)(?:[._-][^/]*)?(?:\.\w+|/.*)$"
)
_EXAMPLES = b"aura-stack"
_TOLD = re.compile(rb"\baura-stack: ports are examples\b")
_BEGINNING = 1000
_SERVED = re.compile(r"(?:^|/)nginx[^/]*/(?:[^/]+/)*[^/]+(?:\.conf|\.template)?$")


def language_of(path: str) -> Language | None:
    """How a file is read; None for one that is not.

    Args:
        path: with slashes.
    """
    name = path.rsplit("/", 1)[-1]
    if _MADE.search(name):
        return None
    if name in _BY_NAME:
        return _BY_NAME[name]
    for beginning, language in _BY_BEGINNING.items():
        if name.startswith(beginning):
            return language
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot > 0 else ""
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if ending in {".conf", ".template", ""} and _SERVED.search(path):
        return Language.NGINX
    return None


def language_of_program(beginning: bytes) -> Language | None:
    """How a file without an ending is read, from its first line: `#!/usr/bin/env node`."""
    match = _INTERPRETER.match(beginning)
    return _BY_INTERPRETER[match[1].decode()] if match else None


def aside(path: str, data: bytes = b"") -> str:
    """Why what is found in a file is neither right nor wrong: `test`, `history`, `example`; "" where it is.

    Args:
        path: with slashes.
        data: what the file holds, which may say so itself.
    """
    if _EXAMPLES in data[:_BEGINNING] and _TOLD.search(data[:_BEGINNING]):
        return "example"
    if _TEST.search(path):
        return "test"
    return "history" if _HISTORY.search(path) else ""
