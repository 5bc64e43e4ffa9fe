import pytest

from aura_stack.errors import Place
from aura_stack.stack.environment import (
    Assignment,
    Sources,
    child_environment,
    explained,
    port_variables,
    stack_variables,
)
from aura_stack.stack.model import EnvFile, Port, Service, Stack

HERE = Place("stack.yaml", 1, 1)


def service(name, number=None, env=None, **more):
    ports = () if number is None else (Port("", number, "PORT", "", "", HERE),)
    return Service(name=name, place=HERE, ports=ports, env=env or {}, **more)


def no_files(file, around, override):
    raise AssertionError(f"{file} was read")


def made(own, shell=None, *, coloured=False):
    stack = Stack("shop", "/shop/stack.yaml", "/shop", (own, service("api-gateway", 4001)))
    return child_environment(Sources(stack, port_variables(stack), shell or {}, no_files, coloured), own)


def test_a_service_is_told_its_own_port_and_those_of_the_others():
    found = made(service("web", 4010))
    assert found["PORT"] == "4010"
    assert found["AURA_PORT_WEB"] == "4010"
    assert found["AURA_PORT_API_GATEWAY"] == "4001"
    assert (found["AURA_PROJECT"], found["AURA_SERVICE"], found["AURA_REPLICA"]) == ("shop", "web", "1")


def test_our_port_beats_the_shells_and_the_services_own_word_beats_ours():
    assert made(service("web", 4010), {"PORT": "1"})["PORT"] == "4010"
    assert made(service("web", 4010, {"PORT": "2"}), {"PORT": "1"})["PORT"] == "2"


def test_a_service_without_a_port_keeps_the_shells():
    assert made(service("web"), {"PORT": "1"})["PORT"] == "1"


def test_an_offered_port_is_given_like_a_declared_one():
    assert made(service("web", offered=5000), {"PORT": "1"})["PORT"] == "5000"


def test_null_unsets_a_variable():
    assert "SECRET" not in made(service("web", env={"SECRET": None}), {"SECRET": "x"})


def test_colour_is_forced_only_where_we_are_coloured_and_nobody_objects():
    assert "FORCE_COLOR" not in made(service("web"))
    assert made(service("web"), coloured=True)["FORCE_COLOR"] == "1"
    assert "FORCE_COLOR" not in made(service("web"), {"NO_COLOR": "1"}, coloured=True)
    assert made(service("web"), {"FORCE_COLOR": "3"}, coloured=True)["FORCE_COLOR"] == "3"
    assert made(service("web", env={"FORCE_COLOR": "0"}), coloured=True)["FORCE_COLOR"] == "0"


def test_python_does_not_hold_its_output_back():
    assert made(service("web"))["PYTHONUNBUFFERED"] == "1"
    assert made(service("web", env={"PYTHONUNBUFFERED": ""}))["PYTHONUNBUFFERED"] == ""


# --- files ---

FILES = {
    "stack": {"A": "stack", "B": "stack", "C": "stack", "D": "stack", "PORT": "1", "SEEN": "${B}"},
    "service": {
        "A": "service",
        "B": "service",
        "C": "service",
        "PORT": "2",
        "PYTHONUNBUFFERED": "0",
        "SEEN2": "${D}",
    },
    "profile": {"A": "profile", "B": "profile", "PORT": "3"},
}


def read(file, around, override):
    """Files of one-word values; a value `${X}` is what X is for whoever reads."""
    said = {}
    for name, value in FILES[file.path].items():
        known = {**around, **{n: a.value for n, a in said.items()}} if override else {**said, **around}
        said[name] = Assignment(
            known.get(value[2:-1], "") if value.startswith("$") else value, f"{file.path}:{name}"
        )
    return said


def file(name):
    return EnvFile(name, True, HERE)


LAYERED = Service(
    name="web",
    place=HERE,
    ports=(Port("", 4010, "PORT", "", "", HERE),),
    env={"A": "own", "GONE": None},
    env_places={"A": Place("stack.yaml", 7, 3)},
    env_files=(file("service"),),
    profile_env={"A": "profiles own"},
    profile_files=(file("profile"),),
)
STACK = Stack("shop", "/shop/stack.yaml", "/shop", (LAYERED,), env_files=(file("stack"),))
SHELL = {"A": "shell", "B": "shell", "C": "shell", "D": "shell", "GONE": "shell", "ONLY": "shell"}


def sources(shell):
    return Sources(STACK, port_variables(STACK), shell, read, coloured=False)


@pytest.mark.parametrize(
    ("name", "value", "origin", "over"),
    [
        (
            "A",
            "profiles own",
            "a profile",
            ["stack.yaml:7:3", "profile:A", "service:A", "the shell", "stack:A"],
        ),
        ("B", "profile", "profile:B", ["service:B", "the shell", "stack:B"]),
        ("C", "service", "service:C", ["the shell", "stack:C"]),
        ("D", "shell", "the shell", ["stack:D"]),
        ("PORT", "4010", "aura-stack", ["profile:PORT", "service:PORT", "stack:PORT"]),
        ("PYTHONUNBUFFERED", "0", "service:PYTHONUNBUFFERED", ["aura-stack"]),
        ("GONE", None, "the stack file", ["the shell"]),
        ("ONLY", "shell", "the shell", []),
        ("SEEN", "shell", "stack:SEEN", []),
        ("SEEN2", "shell", "service:SEEN2", []),
    ],
)
def test_every_source_has_its_place(name, value, origin, over):
    found = explained(sources(SHELL), LAYERED)[name]
    assert found.holds == (value, origin)
    assert [one.origin for one in found.over] == over
    environment = child_environment(sources(SHELL), LAYERED)
    assert environment.get(name) == value


def test_what_the_stack_file_sees_is_what_services_get():
    seen = stack_variables([file("stack")], [file("profile")], SHELL, read)
    assert (seen["A"], seen["C"], seen["D"]) == ("profile", "shell", "shell")
    assert stack_variables([file("stack")], [], {}, read)["C"] == "stack"


def test_a_later_file_knows_and_overrides_an_earlier_one():
    two = LAYERED.but(env={}, profile_env={}, profile_files=(), env_files=(file("profile"), file("service")))
    found = child_environment(sources({}), two)
    assert (found["A"], found["B"]) == ("service", "service")
