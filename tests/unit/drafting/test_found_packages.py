"""What package.json files come to: the command, its number, what installs it."""

import pytest
from imagined_folders import draft, package, services

from aura_stack.drafting.detect import Source
from aura_stack.drafting.findings import Step

VITE = {("", "vite"): "node_modules/vite/bin/vite.js"}


def only(texts, **kwargs):
    """The one service that is found."""
    (one,) = services(texts, **kwargs).values()
    return one


def of(script, *others, programs=None, **content):
    """The service of a package with this script `dev`."""
    texts = {"package.json": package(scripts={"dev": script, **dict(others)}, **content)}
    return only(texts, programs=programs)


@pytest.mark.parametrize(
    ("script", "command", "number"),
    [
        ("node server.js", ("node", "server.js"), 0),
        ("node server.js --port 4010", ("node", "server.js", "--port", "${port}"), 4010),
        ("node server.js --port=4010", ("node", "server.js", "--port=${port}"), 4010),
        ("PORT=4010 node server.js", ("node", "server.js"), 4010),
        ("python3 -m http.server 8123", ("python3", "-m", "http.server", "${port}"), 8123),
        ("python3 -m http.server", ("python3", "-m", "http.server", "${port}"), 8000),
        ("uvicorn main:app --reload", ("uvicorn", "main:app", "--reload", "--port", "${port}"), 8000),
        ("gunicorn -b 127.0.0.1:8123 a:b", ("gunicorn", "-b", "127.0.0.1:${port}", "a:b"), 8123),
        ("php -S localhost:8123", ("php", "-S", "localhost:${port}"), 8123),
        ("npx vite", ("npm", "run", "dev", "--", "--port", "${port}", "--strictPort"), 5173),
        ("vite", ("npm", "run", "dev", "--", "--port", "${port}", "--strictPort"), 5173),
        ("vite --host 0.0.0.0", ("npm", "run", "dev", "--", "--port", "${port}", "--strictPort"), 5173),
        ("vite --port 3000", ("npm", "run", "dev"), 3000),
        ("next dev", ("npm", "run", "dev"), 3000),
        ("next dev -p 3001", ("npm", "run", "dev"), 3001),
        ("concurrently a b", ("npm", "run", "dev"), 0),
        ("echo $(date) && node server.js", ("npm", "run", "dev"), 0),
        ("some-tool", ("npm", "run", "dev"), 0),
    ],
)
def test_a_script_becomes_a_command_and_a_number(script, command, number):
    one = of(script)
    assert (one.found.command, one.number) == (command, number)


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("vite", ("node", "node_modules/vite/bin/vite.js", "--port", "${port}", "--strictPort")),
        ("vite dev --port 3000", ("node", "node_modules/vite/bin/vite.js", "dev", "--port", "${port}")),
        (
            "npm run other",
            ("node", "node_modules/vite/bin/vite.js", "--open", "--port", "${port}", "--strictPort"),
        ),
    ],
)
def test_a_program_that_is_installed_is_named_itself(script, command):
    assert of(script, ("other", "vite --open"), programs=VITE).found.command == command


def test_hooks_around_a_script_keep_the_package_manager_in_between():
    one = of("node server.js --port 3000", ("predev", "node build.js"))
    assert (one.found.command, one.number) == (("npm", "run", "dev"), 3000)
    assert (
        one.found.remark
        == "npm stays in between, which is slower; a command that names the program is better"
    )


def test_a_script_that_starts_several_programs_says_what_to_do():
    assert of("concurrently 'npm:a' 'npm:b'").found.remark.startswith("it starts several programs")


def test_variables_of_a_script_become_those_of_the_service():
    assert of("cross-env NODE_ENV=development node s.js").found.env == {"NODE_ENV": "development"}
    assert of("react-scripts start").found.env == {"BROWSER": "none"}


@pytest.mark.parametrize(
    ("scripts", "script"),
    [
        ({"start": "a", "dev": "b"}, "dev"),
        ({"serve": "a", "start": "b"}, "start"),
        ({"start": "a", "start:dev": "b", "build": "c"}, "start:dev"),
        ({"dev": "tsc", "start": "b"}, "start"),
        ({"dev": "vitest", "start": "b"}, "start"),
        ({"dev": "tsc --watch"}, "dev"),
    ],
)
def test_the_script_that_serves_is_taken(scripts, script):
    assert only({"package.json": package(scripts=scripts)}).found.command == ("npm", "run", script)


@pytest.mark.parametrize(
    "content", [{}, {"scripts": {"build": "tsc"}}, {"scripts": "x"}, {"scripts": {"dev": "jest"}}]
)
def test_a_package_that_serves_nothing_is_no_service(content):
    assert services({"package.json": package(**content), "lib.js": "module.exports = 1"}) == {}


# --- the number ---


def test_the_number_is_looked_for_in_the_file_that_the_command_names_first():
    texts = {
        "package.json": package(scripts={"dev": "node src/api"}),
        "index.js": "app.listen(1111)",
        "src/api.js": "app.listen(2222)",
    }
    assert only(texts).number == 2222


def test_and_then_in_the_others_but_in_no_test_and_no_other_package():
    texts = {
        "package.json": package(scripts={"dev": "node main.js"}),
        "main.js": "require('./server')",
        "server.test.js": "app.listen(1111)",
        "inner/package.json": package(),
        "inner/a.js": "app.listen(2222)",
        "lib/z.js": "app.listen(3333)",
    }
    assert services(texts)["app"].number == 3333


def test_a_number_in_dotenv_is_the_one_of_the_variable():
    texts = {
        "package.json": package(scripts={"dev": "node main.js"}),
        "main.js": "app.listen(process.env.PORT || 3000)",
        ".env": "A=1\nPORT=3005\n",
    }
    one = only(texts)
    assert (one.number, one.found.listening.said) == (3005, ".env:2")


def test_a_variable_of_another_name_is_set_to_the_port():
    texts = {
        "package.json": package(scripts={"dev": "node m.js"}),
        "m.js": "x.listen(process.env.API_PORT ?? 3000)",
    }
    assert only(texts).found.listening.variable == "API_PORT"


# --- what a save concerns ---


@pytest.mark.parametrize(
    ("script", "watch"),
    [
        ("node server.js", ("lib", "server.js")),
        ("node --watch server.js", ()),
        ("nodemon server.js", ()),
        ("node missing.js", ()),
    ],
)
def test_source_files_are_watched_unless_the_program_does_so_itself(script, watch):
    texts = {
        "package.json": package(scripts={"dev": script}),
        "server.js": "",
        "lib/a.js": "",
        "data/items.json": "{}",
    }
    assert only(texts).found.watch == watch


def test_many_files_are_watched_by_their_folder():
    texts = {f"{name}.js": "" for name in "abcdefg"} | {"package.json": package(scripts={"dev": "node a.js"})}
    assert only(texts).found.watch == (".",)


# --- what installs it ---


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("package-lock.json", "npm ci"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
        ("yarn.lock", "yarn install --frozen-lockfile"),
        ("bun.lock", "bun install --frozen-lockfile"),
    ],
)
def test_the_lock_file_says_what_installs(lock, command):
    texts = {"package.json": package(scripts={"dev": "node s.js"}, dependencies={"express": "5"})}
    assert only(texts, present=[lock]).found.prepare == (
        Step(command, ("package.json", lock), ("node_modules",)),
    )


def test_without_a_lock_file_an_install_is_only_suggested():
    texts = {"package.json": package(scripts={"dev": "node s.js"}, dependencies={"express": "5"})}
    (step,) = only(texts).found.prepare
    assert (step.command, step.sure) == ("npm install", False)


def test_a_new_yarn_is_told_by_its_lock_file():
    texts = {
        "package.json": package(scripts={"dev": "node s.js"}, dependencies={"express": "5"}),
        "yarn.lock": "# generated\n\n__metadata:\n  version: 8\n",
    }
    assert only(texts).found.prepare[0] == Step(
        "yarn install --immutable", ("package.json", "yarn.lock"), (".pnp.cjs",)
    )
    texts[".yarnrc.yml"] = "nodeLinker: node-modules\n"
    assert only(texts).found.prepare[0].outputs == ("node_modules",)


def test_who_depends_on_nothing_installs_nothing():
    texts = {"package.json": package(scripts={"dev": "node s.js"})}
    assert only(texts, present=["package-lock.json"]).found.prepare == ()


def test_a_workspace_is_installed_once():
    texts = {
        "package.json": package(workspaces=["apps/*", "!apps/old"], scripts={"dev": "turbo dev"}),
        "apps/a/package.json": package(scripts={"dev": "node a.js"}, dependencies={"x": "1"}),
        "apps/b/package.json": package(scripts={"dev": "node b.js"}, dependencies={"x": "1"}),
        "apps/old/package.json": package(scripts={"dev": "node o.js"}, dependencies={"x": "1"}),
    }
    made = draft(texts, present=["package-lock.json"])
    steps = {one.name: [(step.command, step.sure) for step in one.found.prepare] for one in made.services}
    assert steps == {"a": [("cd ../.. && npm ci", True)], "b": [], "old": [("npm install", False)]}
    assert made.services[0].found.prepare[0].outputs == ("../../node_modules",)
    assert made.services[1].found.hints == ("what it depends on is installed by the step of a",)
    assert made.notes == (
        '"dev" in package.json starts several programs; each of them is a service here instead',
    )


def test_a_workspace_of_pnpm_reaches_as_deep_as_it_says():
    texts = {
        "package.json": package(packageManager="pnpm@9.1.0"),
        "pnpm-workspace.yaml": "packages:\n  - 'services/**'\n",
        "services/a/b/package.json": package(scripts={"dev": "nest start --watch"}),
        "other/a/b/package.json": package(scripts={"dev": "nest start --watch"}),
    }
    assert only(texts).found.command == ("pnpm", "run", "dev")


# --- without a script ---


def test_main_is_run_if_it_listens_or_else_what_does():
    texts = {"package.json": package(main="./b.js"), "a.js": "x.listen(1111)", "b.js": "x.listen(2222)"}
    one = only(texts)
    assert (one.found.command, one.number) == (("node", "b.js"), 2222)
    assert one.found.why == 'package.json: "main": b.js'
    assert one.found.hints == ("also listening: a.js",)
    del texts["b.js"]
    assert only(texts).found.command == ("node", "a.js")


def test_a_tool_that_is_set_up_is_run():
    texts = {"package.json": package(devDependencies={"vite": "8"}), "vite.config.js": "export default {}"}
    assert only(texts, programs=VITE).found.command[:2] == ("node", "node_modules/vite/bin/vite.js")
    assert only(texts).found.command == ("npx", "vite", "--port", "${port}", "--strictPort")


def test_a_program_that_is_built_is_built_first():
    texts = {
        "package.json": package(scripts={"build": "tsc"}),
        "tsconfig.json": '{"compilerOptions": {"outDir": "./dist"}}',
        "src/main.ts": "app.listen(process.env.PORT)",
    }
    one = only(texts)
    assert (one.found.command, one.number) == (("node", "dist/main.js"), 4000)
    assert one.found.prepare == (Step("npm run build", ("src", "package.json", "tsconfig.json"), ("dist",)),)


def test_programs_without_a_package_are_found_by_listening():
    texts = {
        "api/server.js": "x.listen(1111)",
        "one.mjs": "x.listen(2222)",
        "lib.js": "",
        "a/b/c.js": "x.listen(3333)",
    }
    assert {name: one.found.command for name, one in services(texts).items()} == {
        "api": ("node", "server.js"),
        "one": ("node", "one.mjs"),
    }


# --- what it asks others ---


def test_what_a_proxy_asks_is_suggested_as_a_dependency():
    texts = {
        "api/package.json": package(scripts={"dev": "node s.js"}),
        "api/s.js": "x.listen(4010)",
        "web/package.json": package(scripts={"dev": "vite"}),
        "web/vite.config.ts": "proxy: 'http://localhost:4010'\nrequired('API_URL')",
    }
    web = services(texts)["web"]
    assert web.needs == {"api": "web/vite.config.ts:1 asks localhost:4010"}
    assert web.urls == {"API_URL": "api"}
    assert services(texts)["api"].needs == {}


@pytest.mark.parametrize(
    ("engines", "asked"),
    [
        ([">=20"], ">=20"),
        ([">=20", ">=20"], ">=20"),
        ([">=20", ">=22"], "*"),
        (["lts/*"], "*"),
        ([None], "*"),
    ],
)
def test_the_versions_that_packages_agree_on_are_required(engines, asked):
    texts = {
        f"{number}/package.json": package(
            scripts={"dev": "node x.js"}, engines={"node": engine} if engine else {}
        )
        for number, engine in enumerate(engines)
    }
    assert draft(texts).requires == {"node": asked}


def test_only_packages_are_looked_at_if_that_is_said():
    texts = {
        "Procfile": "web: x\n",
        "package.json": package(name="@me/shop", scripts={"start": "node x.js"}),
        "a.py": "HTTPServer(('', 1111), X)",
    }
    assert set(services(texts, source=Source.PACKAGE)) == {"shop"}
    assert set(services(texts, source=Source.PYTHON)) == {"a"}
    assert set(services(texts)) == {"web"}
