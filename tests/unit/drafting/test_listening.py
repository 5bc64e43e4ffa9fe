"""The number that code listens on, and whether another one would reach it."""

import pytest

from aura_stack.drafting import listening
from aura_stack.drafting.findings import Hold


def told(found):
    """Number, line, and the variable that is asked for it; "fixed" for one that stands in the code."""
    if found is None:
        return None
    return (
        found.number,
        int(found.said.rpartition(":")[2]),
        found.variable if found.hold is Hold.INJECTED else "fixed",
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("app.listen(4010)", (4010, 1, "fixed")),
        ("app.listen(4010, '0.0.0.0', () => log(1234))", (4010, 1, "fixed")),
        ("\n\napp.listen(process.env.PORT || 4010)", (4010, 3, "PORT")),
        ("app.listen(process.env['PORT'] ?? '4010')", (4010, 1, "PORT")),
        ("app.listen(Number(process.env.PORT))", (None, 1, "PORT")),
        ("app.listen(parseInt(process.env.PORT, 10) || 3001)", (3001, 1, "PORT")),
        ("const port = parseInt(process.env.PORT, 10);\napp.listen(port)", (None, 1, "PORT")),
        ("const PORT = process.env.API_PORT || 4010;\nserver.listen(PORT, () => {})", (4010, 1, "API_PORT")),
        ("const PORT = 4010\napp.use('/api/*', x)\napp.listen(PORT)", (4010, 1, "fixed")),
        ("const { PORT, HOST } = process.env;\nserver.listen(Number(PORT))", (None, 1, "PORT")),
        ("const { PORT = 4011 } = process.env;\nserver.listen(PORT)", (4011, 1, "PORT")),
        ("var port = normalizePort(process.env.PORT || '3000');\nserver.listen(port);", (3000, 1, "PORT")),
        ("await app.listen(config.get<number>('PORT') ?? 3002)", (3002, 1, "PORT")),
        ("server.listen({ host: '::', port: 3000 })", (3000, 1, "fixed")),
        ("server.listen({\n  port: process.env.PORT ?? 3000,\n})", (3000, 2, "PORT")),
        ("const port = 3000;\nfastify.listen({ port })", (3000, 1, "fixed")),
        ("Bun.serve({ port: 3000, fetch })", (3000, 1, "fixed")),
        ("serve({ fetch: app.fetch, port: 8787 })", (8787, 1, "fixed")),
        ("app.listen(config.port)", (None, 1, "fixed")),
        ("first.listen(config.port)\nsecond.listen(3000)", (3000, 2, "fixed")),
        ("// app.listen(1111)\n/* app.listen(2222)\n */ app.listen(3333)", (3333, 3, "fixed")),
        ("fetch('http://x'); app.listen(3000)", (3000, 1, "fixed")),
        ("server.listen(0)", None),
        ("server.listen('/run/x.sock')", None),
        ("emitter.listen(() => 3000)", None),
        ("emitter.listen((error) => 3000)", None),
        ("emitter.listen()", None),
        ("const x = 3000", None),
    ],
)
def test_javascript(code, expected):
    assert told(listening.in_script(code, "s.js")) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("uvicorn.run('main:app', port=8000, reload=True)", (8000, 1, "fixed")),
        ("uvicorn.run(app, host='x', port=int(os.environ.get('PORT', 8002)))", (8002, 1, "PORT")),
        ("uvicorn.run(app)", (8000, 1, "fixed")),
        ("app = Flask(__name__)\napp.run(debug=True)", (5000, 2, "fixed")),
        ("app = Flask(__name__)\napp.run(port=os.getenv('PORT') or 5001)", (5001, 2, "PORT")),
        ("app.run()", None),
        ("web.run_app(app)", (8080, 1, "fixed")),
        ("HTTPServer(('', 8000), Handler)", (8000, 1, "fixed")),
        ("HTTPServer(('', int(os.environ['PORT'])), Handler)", (None, 1, "PORT")),
        ("HTTPServer(('', int(os.environ.get('PORT', '8003'))), Handler)", (8003, 1, "PORT")),
        ("address = ('', 8003)\nhttp.server.ThreadingHTTPServer(address, Handler)", (8003, 1, "fixed")),
        ("PORT = 8001\nwith socketserver.TCPServer(('', PORT), Handler) as s: ...", (8001, 1, "fixed")),
        (
            "port: int = int(os.getenv('WEB_PORT', '8004'))\nHTTPServer(('127.0.0.1', port), X)",
            (8004, 1, "WEB_PORT"),
        ),
        (
            "p.add_argument('--port', type=int, default=9000)\nuvicorn.run(app, port=args.port)",
            (9000, 1, "fixed"),
        ),
        (
            "port = int(sys.argv[1]) if len(sys.argv) > 1 else 8005\nHTTPServer(('', port), X)",
            (8005, 1, "fixed"),
        ),
        ("wsgiref.simple_server.make_server('', 8004, app)", (8004, 1, "fixed")),
        ("await asyncio.start_server(handle, '127.0.0.1', 8888)", (8888, 1, "fixed")),
        ("s.bind(('', 7000))\ns.listen(5)", (7000, 1, "fixed")),
        ("s.bind(('', 7000))", None),
        ("import tornado\napp.listen(8888)", (8888, 2, "fixed")),
        ("s.listen(128)", None),
        ("class Threaded(Mixin, HTTPServer):\n    pass", None),
        ("# HTTPServer(('', 1111), X)\nHTTPServer(('', 2222), X)", (2222, 2, "fixed")),
        ("HTTPServer(('', 0), X)", None),
        ("port = 8000", None),
    ],
)
def test_python(code, expected):
    assert told(listening.in_python(code, "s.py")) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export default { server: { hmr: { port: 1234 }, port: 5174 } }", (5174, 1, "fixed")),
        (
            "server: {\n  proxy: { '/api': { port: 1 } },\n  port: Number(process.env.PORT) || 5175 }",
            (5175, 3, "PORT"),
        ),
        ("server: command === 'serve' ? { port: Number(required('PORT')) } : undefined", None),
        ("server: { hmr: { port: 1234 } }", None),
        ("preview: { port: 4173 }", None),
    ],
)
def test_vite(code, expected):
    assert told(listening.in_vite(code, "vite.config.ts")) == expected


def test_what_a_text_asks_on_this_machine():
    code = "fetch('http://localhost:4010/x'); // localhost:1111\nget('http://127.0.0.1:4010'); get('ws://localhost:4011')"
    assert listening.asked(code, "a.ts") == {4010: "a.ts:1", 4011: "a.ts:2"}
    assert listening.urls("required('BACKEND_URL')\nAPI_URLS", "a.ts") == {"BACKEND_URL": "a.ts:1"}


@pytest.mark.parametrize(
    "piece",
    [
        "/*",
        " /*",
        "const {",
        ".listen(",
        "(x,",
        "port = port2 = ",
        "a",
        "server: {",
        "\\",
        "add_argument(--port",
    ],
)
@pytest.mark.timeout(30)
def test_a_text_that_was_made_to_be_slow_is_searched_all_the_same(piece):
    text = piece * (100_000 // len(piece))
    for search in (listening.in_script, listening.in_python, listening.in_vite):
        found = search(text, "x.js")  # whoever goes back over its steps does not come back in time
        assert found is None or found.number in (None, 2222)
    assert listening.asked(text, "x.js") == listening.urls(text, "x.js") == {}
