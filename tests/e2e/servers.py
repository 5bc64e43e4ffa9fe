"""The servers of which people's stacks are made, installed once into a folder; `python servers.py FOLDER` does that."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
AURA = {"express": "backend", "nest": "gateway", "vite": "frontend"}
PYTHON = ("uvicorn==0.38.0", "gunicorn==23.0.0")
NEXT = ("next@14", "react@18", "react-dom@18")

ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (said := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": said + ".complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
WSGI = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""
PAGE = """
export default () => 'hello';
export const getServerSideProps = () => ({ props: {} });
"""


def install(folder):
    """Everything that is not there yet."""
    for name, example in AURA.items():
        if not (folder / name).exists():
            shutil.copytree(ROOT / "examples/aura" / example, folder / name)
            run("npm", "ci", "--no-audit", "--no-fund", cwd=folder / name)
    if not (folder / "nest/dist").exists():
        run("node", "node_modules/typescript/bin/tsc", cwd=folder / "nest")
    if not (folder / "python").exists():
        venv.create(folder / "python", with_pip=True)
        run(
            str(folder / "python/bin/pip"),
            "install",
            "-q",
            "--disable-pip-version-check",
            *PYTHON,
            cwd=folder,
        )
        (folder / "python/asgi.py").write_text(ASGI)
        (folder / "python/wsgi.py").write_text(WSGI)
    if not (folder / "next").exists():
        (folder / "next/pages").mkdir(parents=True)
        (folder / "next/package.json").write_text('{"private": true}')
        (folder / "next/pages/index.js").write_text(PAGE)
        run("npm", "install", "--no-audit", "--no-fund", *NEXT, cwd=folder / "next")
        run("node", "node_modules/next/dist/bin/next", "build", cwd=folder / "next")


def run(*argv, cwd):
    subprocess.run(argv, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def services(folder):
    """What stands in a stack file for each, but for its port and its hand-over, and the path that clients ask."""
    python = str(folder / "python/bin")
    return {
        "express": ({"command": ["node", "mvp-server.js"], "ready": {"http": "/api/health"}}, "/api/health"),
        "nest": ({"command": ["node", "dist/main.js"], "ready": {"http": "/health"}}, "/health"),
        "vite": (
            {
                "command": ["node", "node_modules/vite/bin/vite.js"],
                "ready": {"http": "/"},
                "env": {"BACKEND_URL": "http://localhost:1"},
            },
            "/",
        ),
        "next": (
            {"command": ["node", "node_modules/next/dist/bin/next", "start"], "ready": {"http": "/"}},
            "/",
        ),
        "uvicorn": (
            {"command": [f"{python}/uvicorn", "--fd", "{fd}", "asgi:app"], "cwd": f"{folder}/python"},
            "/",
        ),
        "gunicorn": ({"command": [f"{python}/gunicorn", "wsgi:app"], "cwd": f"{folder}/python"}, "/"),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    install(Path(sys.argv[1]))
