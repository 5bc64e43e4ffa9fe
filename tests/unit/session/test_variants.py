"""Files of variables, profiles, replicas and Procfiles, read from real files."""

import contextlib
import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura_stack.errors import AuraError
from aura_stack.session.definition import read, source
from aura_stack.session.environment import Environment
from aura_stack.stack.variant import Variant, still_scaled

QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, services="{a: {command: x}}", **files):
    """A stack file and whatever else; a name with an underscore stands for a dot."""
    top = files.pop("top", "")
    (folder / "stack.yaml").write_text(f"{top}\nservices: {services}\n")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def environment(folder, name="a", shell=None, variant=Variant(), file="stack.yaml"):  # noqa: B008 - never changes
    files = source(str(folder / file), shell or {}, str(folder))
    definition = files.definition(variant)
    made = Environment(files, definition, shell or {}, coloured=False)
    stack = definition.stack
    return made({one.name: one for one in (*stack.tasks, *stack.services)}[name])


def mistakes(folder, shell=None, **variant):
    with pytest.raises(AuraError) as error:
        environment(folder, shell=shell, variant=Variant(**variant))
    return error.value.message.splitlines(), error.value.exit_code


# --- files of variables ---


def test_a_file_of_the_stack_is_a_default_and_one_of_a_service_is_not(folder):
    write(
        folder,
        "{a: {command: x, env_file: a.env}}",
        top="env_file: .env",
        _env="A=1\nB=1\n",
        a_env="B=2\nC=2\n",
    )
    found = environment(folder, shell={"A": "shell", "B": "shell", "C": "shell"})
    assert (found["A"], found["B"], found["C"]) == ("shell", "2", "2")


def test_the_stack_file_sees_what_the_services_see(folder):
    write(
        folder,
        '{a: {command: x, env: {URL: "${HOST}:${PORT:-1}"}}}',
        top="env_file: .env",
        _env="HOST=h\nPORT=5\n",
    )
    assert environment(folder)["URL"] == "h:5"
    assert environment(folder, shell={"HOST": "shell"})["URL"] == "shell:5"


def test_files_are_read_again_for_every_start(folder):
    write(
        folder,
        '{a: {command: x, env_file: [a.env], env: {U: "${S}"}}}',
        top="env_file: .env",
        _env="S=1",
        a_env="A=1",
    )
    files = source(str(folder / "stack.yaml"), {}, str(folder))
    definition = files.definition(Variant())
    made = Environment(files, definition, {}, coloured=False)
    service = definition.stack.service("a")
    assert (made(service)["A"], made(service)["S"], made(service)["U"]) == ("1", "1", "1")
    (folder / "a.env").write_text("A=22")
    (folder / ".env").write_text("S=22")
    assert (made(service)["A"], made(service)["S"], made(service)["U"]) == ("22", "22", "22")
    (folder / ".env").unlink()
    with pytest.raises(AuraError, match="there is no file"):
        made(service)


def test_who_cannot_begin_a_run_for_want_of_variables_is_known_until_he_can(folder):
    write(folder, "{a: {command: x, env_file: a.env}}", a_env="A=1")
    files = source(str(folder / "stack.yaml"), {}, str(folder))
    definition = files.definition(Variant())
    made = Environment(files, definition, {}, coloured=False)
    service = definition.stack.service("a")
    made.give(service)
    (folder / "a.env").write_text("A 1")
    with pytest.raises(AuraError):
        made(service)  # somebody wants to know, and nothing comes of it
    assert made.lacking == set()
    for begun in (made.require, made.give):
        with pytest.raises(AuraError):
            begun(service)
        assert made.lacking == {"a"}
    (folder / "a.env").write_text("A=1")
    made.give(service)
    assert made.lacking == set()


def test_a_missing_file_is_told_with_the_example_beside_it(folder):
    write(folder, top="env_file: [.env]")
    assert mistakes(folder) == (
        ['stack.yaml:1:12: there is no file ".env" (make it, or write {path: ..., required: false})'], 5,
    )  # fmt: skip
    (folder / ".env.example").write_text("A=1")
    assert mistakes(folder)[0] == ['stack.yaml:1:12: there is no file ".env" (cp .env.example .env)']


def test_a_file_that_is_not_required_may_be_missing(folder):
    write(folder, top="env_file: [{path: .env, required: false}]")
    assert "A" not in environment(folder)
    (folder / ".env").write_text("A=1")
    assert environment(folder)["A"] == "1"


def test_the_name_of_a_file_may_hold_variables_of_the_shell(folder):
    write(folder, top='env_file: ".env.${MODE:-dev}"')
    (folder / ".env.prod").write_text("A=prod")
    assert environment(folder, shell={"MODE": "prod"})["A"] == "prod"


def test_bad_lines_have_places(folder):
    write(folder, top="env_file: .env", _env='A=1\nB="open\n  C D\n')
    lines, code = mistakes(folder)
    assert [line.partition(": ")[0] for line in lines] == [".env:2:3", ".env:3:4"]
    assert code == 5


def test_files_that_the_command_line_names_stand_in_the_place_of_the_stacks(folder):
    write(folder, top="env_file: .env", other_env="A=other")
    assert environment(folder, variant=Variant(env_files=("other.env",)))["A"] == "other"
    assert mistakes(folder, env_files=("none.env",))[0][0].startswith(
        '--env-file:1:1: there is no file "none.env"'
    )


def test_files_can_be_left_unread(folder):
    write(folder, top="env_file: .env")
    assert "A" not in environment(folder, shell={"AURA_DISABLE_DOTENV": "1"})


def test_a_port_in_a_file_moves_no_service_away_from_the_one_that_was_checked(folder):
    write(folder, "{a: {command: x, port: 21001, env_file: a.env}}", a_env="PORT=3000")
    assert environment(folder)["PORT"] == "21001"


# --- profiles, replicas, tasks ---


def test_profiles_name_services(folder):
    write(
        folder,
        "{a: {command: x}, b: {command: x}, c: {command: x}}",
        top="profiles: {p: [a], q: [b, a], r: {env: {X: y}}}",
    )
    path = str(folder / "stack.yaml")
    assert read(path, {}, variant=Variant(("p",))).meant == ("a",)
    assert read(path, {}, variant=Variant(("p", "q"))).meant == ("a", "b")
    assert read(path, {}, variant=Variant(("r",))).meant is None


def test_a_profile_that_says_how_makes_a_stack_of_its_own(folder):
    write(folder, top="profiles: {p: [a], q: {env: {X: y}}, r: {range: 6000-6009}}")
    files = source(str(folder / "stack.yaml"), {})
    assert [files.instance(names) for names in [(), ("p",), ("q",), ("r", "p", "q")]] == ["", "", "q", "q+r"]


def test_an_unknown_profile_is_told(folder):
    write(folder, top="profiles: {minimal: [a]}")
    assert mistakes(folder, profiles=("minimum",)) == (['there is no profile "minimum"'], 4)


def test_a_profile_has_the_last_word(folder):
    write(
        folder, "{a: {command: x, port: 21001, env: {A: own, B: own}, env_file: a.env}}",
        top='profiles: {t: {env: {A: profile, N: null, P: "${port}"}, env_file: t.env, range: 22000-22009}}',
        a_env="C=own", t_env="C=profile\nB=profile",
    )  # fmt: skip
    found = environment(folder, shell={"N": "1"}, variant=Variant(("t",)))
    assert (found["A"], found["B"], found["C"], found["P"], found["PORT"]) == (
        "profile", "own", "profile", "22000", "22000",
    )  # fmt: skip
    assert "N" not in found


def test_replicas_have_names_and_ports_of_their_own(folder):
    write(
        folder,
        '{w: {command: [x, "${port}"], port: 21001, replicas: 3}, v: {command: x, depends_on: [w], port: 21002}}',
    )
    stack = read(str(folder / "stack.yaml"), {}).stack
    assert [(one.name, one.family, one.replica, one.port) for one in stack.services] == [
        ("w", "w", 1, 21001), ("w-2", "w", 2, 21003), ("w-3", "w", 3, 21004), ("v", "v", 1, 21002),
    ]  # fmt: skip
    assert stack.service("w-2").command.argv == ("x", "21003")
    assert list(stack.service("v").depends_on) == ["w", "w-2", "w-3"]
    found = environment(folder, "w-2")
    assert (found["PORT"], found["AURA_REPLICA"], found["AURA_PORT_W_3"]) == ("21003", "2", "21004")


def test_scale_stands_in_the_place_of_replicas(folder):
    write(folder, "{w: {command: x, replicas: 3}, v: {command: x}}")
    stack = read(str(folder / "stack.yaml"), {}, variant=Variant(scale={"w": 0, "v": 2})).stack
    assert [one.name for one in stack.services] == ["v", "v-2"]


def test_a_replica_takes_nobodys_name(folder):
    write(folder, "{w: {command: x, replicas: 2}, w-2: {command: x}}")
    assert mistakes(folder)[0][0].startswith('stack.yaml:2:42: a replica of service "w" is called "w-2", too')


@pytest.mark.parametrize(("name", "words"), [("x", 'no service "x"'), ("db", "db is external")])
def test_only_own_services_are_scaled(folder, name, words):
    write(folder, "{w: {command: x}, db: {external: true, port: 21009}}")
    (message,), code = mistakes(folder, scale={name: 2})
    assert words in message
    assert code == 4


def test_a_task_has_the_folder_and_the_variables_of_its_service(folder):
    (folder / "api").mkdir()
    write(
        folder, "{a: {command: x, cwd: api, port: 21001, env: {A: '1', B: '1'}, env_file: a.env}}",
        top='tasks: {"db:m": {command: "m ${port}", service: a, env: {B: "2"}}, bare: {command: m}}', a_env="F=1",
    )  # fmt: skip
    found = environment(folder, "db:m")
    assert (found["A"], found["B"], found["F"], found["PORT"]) == ("1", "2", "1", "21001")
    assert found["AURA_SERVICE"] == "db:m"
    stack = read(str(folder / "stack.yaml"), {}).stack
    assert [(task.name, task.cwd, task.command.text) for task in stack.tasks] == [
        ("db:m", str(folder / "api"), "m 21001"), ("bare", str(folder), "m"),
    ]  # fmt: skip


def test_tasks_on_which_services_depend_belong_to_the_stack(folder):
    write(
        folder, "{a: {command: x, depends_on: [seed]}}",
        top="tasks: {seed: {command: s, needs: [migrate]}, migrate: {command: m}, other: {command: o}}",
    )  # fmt: skip
    stack = read(str(folder / "stack.yaml"), {}).stack
    assert [(one.name, one.task) for one in stack.services] == [
        ("a", False),
        ("migrate", True),
        ("seed", True),
    ]
    assert stack.service("a").depends_on == {"seed": "completed"}


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ("tasks: {a: {command: m}}", 'service "a" has that name already, on line 2'),
        ("tasks: {t: {command: m, needs: [t]}}", "a dependency cycle: t → t"),
        ("tasks: {t: {command: m, service: db}}", '"db" is external and has no folder of its own'),
        ("profiles: {p: {range: none}}", '"none" is no range of the manifest'),
    ],
)
def test_what_makes_no_sense_is_told(folder, top, words):
    write(folder, "{a: {command: x, port: 21001}, db: {external: true, port: 21009}}", top=top)
    (line,), code = mistakes(folder, profiles=("p",) if "profiles" in top else ())
    assert words in line
    assert code == 5


def test_a_task_that_is_depended_on_is_completed_and_nothing_else(folder):
    write(folder, "{a: {command: x, depends_on: {t: started}}}", top="tasks: {t: {command: m}}")
    assert mistakes(folder)[0] == ['stack.yaml:2:41: task "t" is never started (use completed)']


# --- Procfiles ---


def procfile(folder, text="web: serve\nworker: work\n", **files):
    write(folder, **files)
    (folder / "stack.yaml").unlink()
    (folder / "Procfile").write_text(text)


def test_files_beside_a_procfile_win_over_the_shell(folder):
    procfile(folder, _overmind_env="A=overmind\nB=overmind\n")
    (folder / ".env").write_text("B=env")
    (folder / ".overmind.env").write_text("A=overmind\nB=overmind\n")
    found = environment(folder, "web", {"A": "shell", "B": "shell", "HOME": str(folder)}, file="Procfile")
    assert (found["A"], found["B"], found["PORT"]) == ("overmind", "env", "5000")
    found = environment(folder, "web", {"B": "shell", "OVERMIND_SKIP_ENV": "1"}, file="Procfile")
    assert found["B"] == "overmind"


def test_the_first_port_comes_from_the_file_or_the_shell(folder):
    procfile(folder)
    assert environment(folder, "worker", {"PORT": "7000"}, file="Procfile")["PORT"] == "7100"
    (folder / ".env").write_text("PORT=3000")
    assert environment(folder, "worker", {"PORT": "7000"}, file="Procfile")["PORT"] == "3100"


def test_odd_lines_and_further_procfiles_are_told(folder):
    procfile(folder, "web: serve\nodd line\n", Procfile_dev="web: x\n")
    (folder / ".overmind.env").write_text("OVERMIND_TITLE=x\n")
    assert [str(notice) for notice in read("Procfile", {}).notices] == [
        'Procfile:2:1: "odd line" is left out: it lacks the ":" behind a name (write NAME: COMMAND)',
        "Procfile:1:1: Procfile.dev is here as well (aura-stack -f Procfile.dev up runs that one)",
        "Procfile:1:1: OVERMIND_TITLE is not acted on (.overmind.env:1:1)",
    ]


def test_files_that_are_not_read_have_no_mistakes(folder):
    procfile(folder)
    (folder / ".env").write_text("BAD LINE\n")
    (folder / "other.env").write_text("A=1\n")
    assert read("Procfile", {"OVERMIND_SKIP_ENV": "1"}).notices == ()
    assert read("Procfile", {}, variant=Variant(env_files=("other.env",))).notices == ()


def test_a_procfile_has_no_profiles(folder):
    procfile(folder)
    with pytest.raises(AuraError, match="a Procfile has no profiles such as p"):
        read("Procfile", {}, variant=Variant(("p",)))


# --- whatever is written, only our own errors come out ---

WORDS = [
    "A",
    "B",
    "${A}",
    "${B:-x}",
    "${",
    "$$",
    "${port}",
    "'",
    '"',
    "\\",
    "#",
    "=",
    " ",
    "\n",
    ":",
    "export ",
    "web",
    "\t",
    "é",
    "\0",
]
NOISE = st.lists(st.sampled_from(WORDS) | st.text(alphabet=string.printable, max_size=4), max_size=12).map(
    "".join
)


def only_our_errors(act):
    """What else is raised fails the test."""
    with contextlib.suppress(AuraError):
        act()


@QUIET
@given(
    env=NOISE,
    value=NOISE,
    shell=st.dictionaries(st.sampled_from(["A", "B"]), NOISE.filter(lambda text: "\0" not in text)),
)
def test_any_file_of_variables_and_any_reference_is_read_or_told(folder, env, value, shell):
    document = {
        "env_file": [".env"],
        "services": {"a": {"command": ["x", value], "port": 21001, "env_file": ".env", "env": {"V": value}}},
        "tasks": {"t": {"command": value or "x", "service": "a"}},
    }
    (folder / "stack.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / ".env").write_bytes(env.encode())
    only_our_errors(lambda: environment(folder, shell=shell, file="stack.json"))


@QUIET
@given(
    text=NOISE,
    env=NOISE,
    shell=st.dictionaries(
        st.sampled_from(["PORT", "OVERMIND_FORMATION", "OVERMIND_CAN_DIE"]),
        NOISE.filter(lambda text: "\0" not in text),
    ),
)
def test_any_procfile_is_read_or_told(folder, text, env, shell):
    (folder / "Procfile").write_bytes(text.encode())
    (folder / ".env").write_bytes(env.encode())

    def act():
        for service in read("Procfile", shell).stack.services:
            environment(folder, service.name, shell, file="Procfile")

    only_our_errors(act)


@QUIET
@given(data=st.binary(max_size=60))
def test_bytes_of_any_kind_are_read_or_told(folder, data):
    write(folder, top="env_file: .env")
    (folder / ".env").write_bytes(data)
    (folder / "Procfile").write_bytes(data)
    only_our_errors(lambda: environment(folder))
    only_our_errors(lambda: read("Procfile", {}))


def test_a_definition_knows_how_many_there_are_of_each_service_of_ours_also_where_that_is_none(folder):
    write(folder, "{a: {command: x, replicas: 0}, b: {command: x}, c: {external: true, port: 1}}")
    files = source(str(folder / "stack.yaml"), {}, str(folder))
    assert files.definition(Variant()).counts == {"a": 0, "b": 1}
    assert files.definition(Variant(scale={"a": 2, "b": 0})).counts == {"a": 2, "b": 0}
    write(folder, Procfile="a: x\nb: x\n", _env="OVERMIND_FORMATION=a=0,b=2\n")
    procfile = source(str(folder / "Procfile"), {}, str(folder))
    assert procfile.definition(Variant()).counts == {"a": 0, "b": 2}


def test_what_was_scaled_by_hand_stays_so_while_the_file_says_of_it_what_it_said():
    scale = {"a": 3, "b": 3, "c": 1, "d": 1}
    assert still_scaled(scale, {"a": 1, "b": 1, "c": 0, "d": 0}, {"a": 1, "b": 2, "c": 0}) == {"a": 3, "c": 1}
