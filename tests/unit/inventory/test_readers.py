"""What each reader finds in a file, and what it leaves alone."""

import pytest

from aura_stack.inventory import programs, pythons, scripts
from aura_stack.inventory.filekinds import aside, language_of
from aura_stack.inventory.findings import MOST, Confidence, Form, Language
from aura_stack.inventory.names import means_port, telling
from aura_stack.inventory.reading import in_source
from aura_stack.inventory.source import Source

LISTENER, CLIENT, MENTION = Confidence.LISTENER, Confidence.CLIENT, Confidence.MENTION


def found(path, text):
    """Number, confidence and form of everything in a file of that name."""
    data = text if isinstance(text, bytes) else text.encode()
    findings = in_source(Source(path, data, language_of(path)))
    for one in findings:
        digits = data[one.start : one.end].decode().replace("_", "")
        assert digits == (str(one.number) if one.form is not Form.ABSENT else "")
    return [(one.number, one.confidence, one.form) for one in findings]


SCRIPTS = {
    "a literal in listen()": ("app.listen(4010)", [(4010, LISTENER, Form.NUMBER)]),
    "a name for it": ("const PORT = 4010;\napp.listen(PORT)", [(4010, LISTENER, Form.NUMBER)]),
    "a name for a name": ("const a = 4010; const b = a;\nserver.listen(b)", [(4010, LISTENER, Form.NUMBER)]),
    "a text": ("app.listen('4010')", [(4010, LISTENER, Form.TEXT)]),
    "digits in groups": ("app.listen(21_987)", [(21987, LISTENER, Form.NUMBER)]),
    "a fall-back of a variable": ("app.listen(process.env.PORT || 4010)", [(4010, LISTENER, Form.DEFAULT)]),
    "the base of parseInt": (
        "app.listen(parseInt(process.env.PORT ?? '4010', 10))",
        [(4010, LISTENER, Form.DEFAULT)],
    ),
    "variables taken apart": (
        "const { PORT = 4010 } = process.env; app.listen(PORT)",
        [(4010, LISTENER, Form.DEFAULT)],
    ),
    "an object": ("await app.listen({ port: 4010, host: '::' })", [(4010, LISTENER, Form.NUMBER)]),
    "settings of Express": (
        "app.set('port', 4010); app.listen(app.get('port'))",
        [(4010, LISTENER, Form.NUMBER)],
    ),
    "a service of Nest's": (
        "await app.listen(config.get<number>('PORT', 4010))",
        [(4010, LISTENER, Form.DEFAULT)],
    ),
    "a gateway of Nest's": ("@WebSocketGateway(4010)\nexport class Chat {}", [(4010, LISTENER, Form.NUMBER)]),
    "a server of sockets": ("new WebSocketServer({ port: 4010 })", [(4010, LISTENER, Form.NUMBER)]),
    "Bun": ("Bun.serve({ port: 4010, fetch })", [(4010, LISTENER, Form.NUMBER)]),
    "an option": ("program.option('-p, --port <n>', 'where', '4010')", [(4010, LISTENER, Form.TEXT)]),
    "an address": ("fetch('http://localhost:4010/x')", [(4010, CLIENT, Form.ADDRESS)]),
    "an address in a template": ("fetch(`http://localhost:4010/${id}`)", [(4010, CLIENT, Form.TEMPLATE)]),
    "an address behind a variable": (
        "const a = process.env.API_URL ?? 'http://localhost:4010'",
        [(4010, CLIENT, Form.DEFAULT)],
    ),
    "an address that is printed": ("console.log('http://localhost:4010')", [(4010, MENTION, Form.ADDRESS)]),
    "a variable beside a database": (
        "module.exports = { database: 'x', port: process.env.PORT || 4010 }",
        [(4010, MENTION, Form.DEFAULT)],
    ),
    "a database": ("new Pool({ host: 'localhost', port: 5432 })", [(5432, CLIENT, Form.NUMBER)]),
    "what is imported": ("import { PORT } from './config.js'; app.listen(PORT)", []),
    "any free port": ("app.listen(0)", []),
    "a socket": ("app.listen('/run/app.sock')", []),
    "a comment": ("// app.listen(4010)\n/* port = 4011 */", []),
    "years, sizes, times": (
        "const year = 2024, width = 1024; setTimeout(f, 3000); const portTimeout = 5000",
        [],
    ),
    "words with port in them": (
        "import x from 'y'; const viewport = 1024, reportSize = 5000; let support = 8080",
        [],
    ),
    "the last of all ports": ("const MAX_PORT = 65535", []),
    "a sum": ("const port = base + 4010; app.listen(port)", []),
    "an elsewhere": ("fetch('https://example.com:8443/x')", []),
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("path", ["server.js", "server.ts", "server.tsx"])
def test_programs_for_node(name, path):
    text, expected = SCRIPTS[name]
    if path == "server.js":
        text = text.replace("<number>", "").replace("export class", "class")
    assert found(path, text) == expected


VITE = {
    "server": ("export default { server: { port: 5173 } }", [(5173, LISTENER, Form.NUMBER)]),
    "a proxy": (
        "export default defineConfig({ server: { port: 5173, proxy: { '/api': 'http://localhost:4010' } } })",
        [(5173, LISTENER, Form.NUMBER), (4010, CLIENT, Form.ADDRESS)],
    ),
    "preview": ("export default { preview: { port: 4173 } }", [(4173, LISTENER, Form.NUMBER)]),
    "no port": ("export default { build: { chunkSizeWarningLimit: 1000 } }", []),
}


@pytest.mark.parametrize("name", VITE)
def test_settings_of_vite(name):
    text, expected = VITE[name]
    assert found("web/vite.config.ts", text) == expected


PYTHONS = {
    "Flask": ("app = Flask(__name__)\napp.run(port=5001)", [(5001, LISTENER, Form.NUMBER)]),
    "Flask's own number": ("app = Flask(__name__)\napp.run(debug=True)", [(5000, LISTENER, Form.ABSENT)]),
    "Flask, given more": ("app = Flask(__name__)\napp.run(**options)", []),
    "uvicorn": ("uvicorn.run('a:app', host='::', port=8001)", [(8001, LISTENER, Form.NUMBER)]),
    "a name for it": ("PORT = 8001\nuvicorn.run(app, port=PORT)", [(8001, LISTENER, Form.NUMBER)]),
    "http.server": ("HTTPServer(('', 9000), Handler).serve_forever()", [(9000, LISTENER, Form.NUMBER)]),
    "a pair with a name": ("at = ('', 9000)\nTCPServer(at, Handler)", [(9000, LISTENER, Form.NUMBER)]),
    "a variable": (
        "uvicorn.run(app, port=int(os.environ.get('PORT', 8001)))",
        [(8001, LISTENER, Form.DEFAULT)],
    ),
    "a variable, by getenv": (
        "p = os.getenv('PORT', '8001')\nuvicorn.run(app, port=int(p))",
        [(8001, LISTENER, Form.DEFAULT)],
    ),
    "an option": ("parser.add_argument('--port', type=int, default=8001)", [(8001, LISTENER, Form.NUMBER)]),
    "a parameter": (
        "def main(port: int = 8001):\n    uvicorn.run(app, port=port)",
        [(8001, LISTENER, Form.NUMBER)],
    ),
    "gRPC": ("server.add_insecure_port('[::]:50051')", [(50051, LISTENER, Form.ADDRESS)]),
    "settings of pydantic": ("class S(BaseSettings):\n    port: int = 8001", [(8001, MENTION, Form.DEFAULT)]),
    "an address": ("requests.get('http://localhost:4010/x')", [(4010, CLIENT, Form.ADDRESS)]),
    "an address in an f-string": ("get(f'http://localhost:4010/{x}')", [(4010, CLIENT, Form.TEMPLATE)]),
    "a database": ("D = {'HOST': 'localhost', 'PORT': '5432'}", [(5432, CLIENT, Form.TEXT)]),
    "a subprocess": ("subprocess.run(['x'], timeout=3000)", []),
    "a comment": ("# app.run(port=5001)\nimport os", []),
    "an index": ("connect(port=remote[10])", []),
    "words with port in them": ("import x\nreport_size = 5000\nsupport = 8080\nport_timeout = 3000", []),
}


@pytest.mark.parametrize("name", PYTHONS)
def test_programs_in_python(name):
    text, expected = PYTHONS[name]
    assert found("api/server.py", text) == expected


OTHERS = {
    "package scripts": (
        "package.json",
        '{"version": "1.2.3", "scripts": {"a": "next dev -p 3001", "b": "PORT=3002 node .", "t": "mocha -t 5000"}}',
        [(3001, LISTENER, Form.FLAG), (3002, LISTENER, Form.FLAG)],
    ),
    "a debugger, and a script for tests": (
        "package.json",
        '{"scripts": {"dev": "nodemon --inspect=0.0.0.0:9229 .", "test": "PORT=8081 mocha"}}',
        [(9229, MENTION, Form.FLAG), (8081, LISTENER, Form.FLAG)],
    ),
    "package scripts with quotes": (
        "package.json",
        '{"scripts": {"dev": "concurrently \\"vite --port 5174\\" \\"node .\\""}}',
        [(5174, LISTENER, Form.FLAG)],
    ),
    "compose": (
        "compose.yaml",
        "services:\n  db:\n    image: postgres:16\n    ports: ['5433:5432']\n    shm_size: 2048\n",
        [(5433, LISTENER, Form.WORD), (5432, MENTION, Form.WORD)],
    ),
    "settings in YAML": (
        "config/app.yaml",
        "server:\n  port: 8080\n  timeout: 3000\n",
        [(8080, MENTION, Form.WORD)],
    ),
    "settings in JSON, with comments": (
        "a.json",
        '{\n // here\n "port": 8080, "size": 4096,\n}',
        [(8080, MENTION, Form.WORD)],
    ),
    "variables": (
        ".env",
        "PORT=3001\nAPI_URL=http://localhost:4010\nTIMEOUT=5000\n# PORT=9999\n",
        [(3001, MENTION, Form.WORD), (4010, CLIENT, Form.WORD)],
    ),
    "Dockerfile": (
        "Dockerfile",
        "FROM node:20\nEXPOSE 3000\nENV PORT=3000\n",
        [(3000, MENTION, Form.WORD), (3000, LISTENER, Form.WORD)],
    ),
    "shell": (
        "run.sh",
        "#!/bin/sh\n# port 1234\nPORT=4010 node server.js &\ncurl -m 3000 http://localhost:4001/health\nsleep 3000\n",
        [(4010, LISTENER, Form.WORD), (4001, CLIENT, Form.WORD)],
    ),
    "Makefile": ("Makefile", "run:\n\tuvicorn app:app --port 8001\n", [(8001, LISTENER, Form.WORD)]),
    "Procfile": ("Procfile", "web: gunicorn -b 0.0.0.0:8001 app\n", [(8001, LISTENER, Form.FLAG)]),
    "nginx": (
        "nginx.conf",
        "upstream api { server 127.0.0.1:4010; }\n"  # noqa: ISC004 - one text
        "server { listen 8080; keepalive_timeout 3000; location / { proxy_pass http://localhost:4001; } }",
        [(4010, CLIENT, Form.WORD), (8080, LISTENER, Form.WORD), (4001, CLIENT, Form.WORD)],
    ),
    "a document": (
        "README.md",
        "Since 2024 it is on port 5173, the API (4010) at http://localhost:4010.\nRanges: 4000-4099, 1500 users.\n",
        [(5173, MENTION, Form.WORD), (4010, MENTION, Form.WORD), (4010, MENTION, Form.WORD)],
    ),
    "a table": (
        "a.md",
        "| service | port | since |\n|---|---|---|\n| web | 5173 | 2021 |\n",
        [(5173, MENTION, Form.WORD)],
    ),
    "a page": ("index.html", '<a href="http://localhost:4010/">', [(4010, CLIENT, Form.WORD)]),
    "what is YAML up to a mistake": ("a.yaml", "port: 80\nb: [", [(80, MENTION, Form.WORD)]),
    "Kubernetes": (
        "k8s/a.yaml",
        "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    targetPort: 3000\n",
        [(80, MENTION, Form.WORD), (3000, MENTION, Form.WORD)],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(name):
    path, text, expected = OTHERS[name]
    assert found(path, text) == expected


def test_places_are_lines_and_characters_whatever_ends_the_lines_and_begins_the_file():
    plain = "// é\nconst a = 'é'; app.listen(4010)"
    for data in (plain.encode(), plain.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + plain.encode()):
        (finding,) = in_source(Source("s.js", data, Language.JAVASCRIPT))
        assert (finding.place.line, finding.place.column) == (2, 27)
        assert finding.expression == "app.listen(4010)"


def test_what_is_said_of_the_inside_of_a_container_is_set_aside():
    (finding,) = in_source(Source("Dockerfile", b"EXPOSE 3000\n", Language.DOCKERFILE))
    assert finding.aside == "container"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.test.ts", "test"),
        ("tests/x.py", "test"),
        ("CHANGELOG.md", "history"),
        ("src/latest.ts", ""),
        ("api/contest.py", ""),
    ],
)
def test_what_counts_for_nothing(path, expected):
    assert aside(path) == expected


@pytest.mark.parametrize(
    "path", ["package-lock.json", "a.min.js", "types.d.ts", "photo.png", "requirements.txt", "LICENSE"]
)
def test_what_is_not_read(path):
    assert language_of(path) is None


@pytest.mark.parametrize("name", ["PORT", "serverPort", "HTTP_PORT", "PORT_METRICS", "web-port", "port"])
def test_names_that_mean_a_port(name):
    assert means_port(name)


@pytest.mark.parametrize(
    "name", ["portTimeout", "MAX_PORT", "viewport", "REPORT", "importPath", "port_count", "airport"]
)
def test_names_that_do_not(name):
    assert not means_port(name)


def test_what_a_name_tells():
    assert telling("BACKEND_URL") == ("backend",)
    assert telling("webReactPort") == ("web",)
    assert telling("PORT") == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.js", "a.listen(4010);\n"),
        ("a.py", "port = 4010\n"),
        ("a.md", "port 4010 "),
        ("a.sh", "PORT=4010 x; "),
    ],
)
def test_a_file_of_data_is_looked_at_up_to_a_limit(path, text):
    data = (text * 3000).encode()
    assert len(in_source(Source(path, data, language_of(path)))) <= MOST


@pytest.mark.parametrize("language", [Language.JAVASCRIPT, Language.PYTHON])
def test_names_that_stand_for_one_another_in_many_ways_are_not_followed_without_end(language, monkeypatch):
    monkeypatch.setattr(programs, "_MOST_FOLLOWED", 100)
    names = [f"aPort{number}" for number in range(20)]
    lines = [
        f"{name} = {names[at * 7 % 20]} or {names[(at + turn) % 20]}"
        for turn in range(8)
        for at, name in enumerate(names)
    ]
    listens = "app.listen({})" if language is Language.JAVASCRIPT else "uvicorn.run(app, port={})"
    text = "\n".join([listens.format(4010), *lines, *map(listens.format, names)])
    if language is Language.JAVASCRIPT:
        text = text.replace(" or ", " || ")
    reader = scripts if language is Language.JAVASCRIPT else pythons
    found = reader.find(Source("x", text.encode(), language)).findings
    assert [one.number for one in found] == [4010]
