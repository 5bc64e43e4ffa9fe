from aura_stack.errors import Place
from aura_stack.stack.environment import child_environment
from aura_stack.stack.model import Port, Service, Stack

HERE = Place("stack.yaml", 1, 1)


def service(name, number=None, env=None):
    ports = () if number is None else (Port("", number, "PORT", "", "", HERE),)
    return Service(name=name, place=HERE, ports=ports, env=env or {})


def no_files(file, around, override):
    raise AssertionError(f"{file} was read")


def made(own, shell=None, *, coloured=False):
    stack = Stack("shop", "/shop/stack.yaml", "/shop", (own, service("api-gateway", 4001)))
    return child_environment(stack, own, shell or {}, no_files, coloured=coloured)


def test_a_service_is_told_its_own_port_and_those_of_the_others():
    found = made(service("web", 4010))
    assert found["PORT"] == "4010"
    assert found["AURA_PORT_WEB"] == "4010"
    assert found["AURA_PORT_API_GATEWAY"] == "4001"
    assert (found["AURA_PROJECT"], found["AURA_SERVICE"]) == ("shop", "web")


def test_our_port_beats_the_shells_and_the_services_own_word_beats_ours():
    assert made(service("web", 4010), {"PORT": "1"})["PORT"] == "4010"
    assert made(service("web", 4010, {"PORT": "2"}), {"PORT": "1"})["PORT"] == "2"


def test_a_service_without_a_port_keeps_the_shells():
    assert made(service("web"), {"PORT": "1"})["PORT"] == "1"


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
