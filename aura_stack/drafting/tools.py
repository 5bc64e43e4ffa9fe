"""Development servers by name: the number they listen on if nobody says another, and how they are told one."""

from aura_stack.frozen import NamedTuple

from .findings import PORT


class Tool(NamedTuple):
    """A program that is known.

    Attributes:
        package: the npm package that it comes with; "" for one that is found on PATH.
        number: what it listens on if nothing is said; None if that depends on the code it runs.
        flags: the words behind which a number stands, alone or after an address and a colon.
        tell: what to add to its words so that it listens on another number; nothing if it reads PORT.
        serves: the sub-commands that listen; "" if it does so without one, nothing if there are none.
        reloads: whether it looks for saves itself: always, or only with one of these words.
        env: what it needs so as to keep from things that nobody wants of a service.
    """

    package: str = ""
    number: int | None = None
    flags: tuple[str, ...] = ("--port",)
    tell: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    reloads: bool | tuple[str, ...] = True
    env: tuple[tuple[str, str], ...] = ()


_SHORT = ("--port", "-p")
_TOLD = ("--port", PORT)

NODE = {
    "vite": Tool("vite", 5173, tell=(*_TOLD, "--strictPort"), serves=("dev", "serve", "")),
    "next": Tool("next", 3000, _SHORT, serves=("dev", "start", "")),
    "nuxt": Tool("nuxt", 3000, _SHORT, _TOLD, serves=("dev",)),
    "nuxi": Tool("nuxi", 3000, _SHORT, _TOLD, serves=("dev",)),
    "astro": Tool("astro", 4321, tell=_TOLD, serves=("dev",)),
    "react-scripts": Tool("react-scripts", 3000, serves=("start",), env=(("BROWSER", "none"),)),
    "react-router": Tool("@react-router/dev", 5173, tell=_TOLD, serves=("dev",)),
    "ng": Tool("@angular/cli", 4200, tell=_TOLD, serves=("serve", "s"), env=(("NG_CLI_ANALYTICS", "false"),)),
    "nest": Tool("@nestjs/cli", serves=("start",), reloads=("--watch", "-w")),
    "vue-cli-service": Tool("@vue/cli-service", 8080, tell=_TOLD, serves=("serve",)),
    "webpack": Tool("webpack-cli", 8080, tell=_TOLD, serves=("serve", "server", "s")),
    "webpack-dev-server": Tool("webpack-dev-server", 8080, tell=_TOLD),
    "parcel": Tool("parcel", 1234, _SHORT, _TOLD, serves=("serve", "")),
    "gatsby": Tool("gatsby", 8000, _SHORT, _TOLD, serves=("develop",)),
    "storybook": Tool("storybook", 6006, _SHORT, _TOLD, serves=("dev",)),
    "wrangler": Tool("wrangler", 8787, tell=_TOLD, serves=("dev",)),
    "http-server": Tool("http-server", 8080, _SHORT, ("-p", PORT), reloads=False),
    "live-server": Tool("live-server", 8080, tell=(f"--port={PORT}",), env=()),
    "serve": Tool("serve", 3000, ("--listen", "-l", "-p"), ("-l", PORT), reloads=False),
    "json-server": Tool("json-server", 3000, _SHORT, _TOLD),
    "tsx": Tool("tsx", reloads=("watch",)),
    "ts-node": Tool("ts-node", reloads=False),
    "ts-node-dev": Tool("ts-node-dev"),
    "tsnd": Tool("ts-node-dev"),
    "nodemon": Tool("nodemon"),
}
"""Programs of npm packages. One that starts others by their names in node_modules/.bin is none of these."""

PROGRAMS = {
    "node": Tool(reloads=("--watch", "--watch-path")),
    "deno": Tool(reloads=("--watch",)),
    "bun": Tool(reloads=("--watch", "--hot")),
    "uvicorn": Tool(number=8000, tell=_TOLD, reloads=("--reload",)),
    "hypercorn": Tool(
        number=8000, flags=("--bind", "-b"), tell=("--bind", f"127.0.0.1:{PORT}"), reloads=("--reload",)
    ),
    "gunicorn": Tool(number=8000, flags=("--bind", "-b"), reloads=("--reload",)),
    "flask": Tool(number=5000, flags=_SHORT, tell=_TOLD, serves=("run",), reloads=("--debug", "--reload")),
    "fastapi": Tool(number=8000, tell=_TOLD, serves=("dev", "run")),
    "manage.py": Tool(number=8000, flags=("runserver",), tell=(PORT,), serves=("runserver",)),
    "http.server": Tool(number=8000, flags=("http.server",), tell=(PORT,), reloads=False),
    "rails": Tool(number=3000, flags=_SHORT, serves=("server", "s")),
    "php": Tool(flags=("-S",)),
}
"""Programs that are found on PATH, and modules that Python is told to run."""

WATCHERS = ("--watch", "-w", "watch")
"""What marks a build that goes on for ever; one without is no service."""

RUNNERS = frozenset(
    (
        "concurrently",
        "npm-run-all",
        "npm-run-all2",
        "run-p",
        "run-s",
        "turbo",
        "nx",
        "lerna",
        "wireit",
        "make",
        "moon",
    )
)
"""Programs that start several others, which a stack does itself."""


def serves(tool: Tool, words: tuple[str, ...]) -> bool:
    """Whether the words behind a program's name make it listen."""
    if not tool.serves or any(word in tool.serves for word in words):
        return True
    return "" in tool.serves and not (words and words[0].isalpha())


def reloads(tool: Tool, words: tuple[str, ...]) -> bool:
    """Whether a program looks for saves itself."""
    if isinstance(tool.reloads, bool):
        return tool.reloads
    return any(word.partition("=")[0] in tool.reloads for word in words)
