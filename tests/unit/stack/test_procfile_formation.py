import pytest
from honcho.environ import expand_processes

from aura_stack.errors import AuraError, Place
from aura_stack.reading.from_procfile import parse
from aura_stack.stack.model import RestartPolicy
from aura_stack.stack.procfile import formation, formed, tree, unheeded
from aura_stack.stack.resolve import Meant, Surroundings, resolve
from aura_stack.stack.selection import Chosen, replicas
from aura_stack.stack.validate import validate

SIGNALS = {"TERM": 15, "INT": 2, "KILL": 9}
AROUND = Surroundings("/p/Procfile", "/p", lambda _: True, SIGNALS)
TEXT = "web: serve -p $PORT ${PORT:-1} $$ $${X}\nworker: work\ncss: watch\n"


def stack(text=TEXT, scale=None, **variables):
    read = parse(text, "Procfile")
    assert read.problems == ()
    valid = validate(tree(read.processes, Place("Procfile", 1, 1)), SIGNALS)
    assert valid.problems == ()
    how = formation(tuple(name.text for name, _ in read.processes), variables, SIGNALS)
    counts = replicas(valid.root, {**how.counts, **(scale or {})})
    resolved = resolve(valid.root, {}, AROUND, Meant(Chosen((), None, ""), counts))
    assert resolved.problems == ()
    return formed(resolved.stack, how, counts, ())


def services(**given):
    return {service.name: service for service in stack(**given).services}


def test_a_command_goes_to_the_shell_as_it_stands():
    assert services()["web"].command.argv == ("/bin/sh", "-c", "serve -p $PORT ${PORT:-1} $$ $${X}")


@pytest.mark.parametrize("scale", [{}, {"web": 2}, {"web": 0, "css": 3}, {"worker": 12}])
@pytest.mark.parametrize("base", ["5000", "3000", "65500"])
def test_ports_are_those_of_honcho(scale, base):
    theirs = expand_processes(dict.fromkeys(("web", "worker", "css"), "x"), dict(scale), {"PORT": base})
    ours = [service.offered for service in services(scale=scale, PORT=base).values()]
    assert ours == [number if (number := int(one.env["PORT"])) <= 65535 else 0 for one in theirs]


def test_the_end_of_each_is_the_end_of_all():
    assert all(service.vital for service in services().values())
    assert {service.restart.policy for service in services().values()} == {RestartPolicy.NO}


def test_overmind_is_told_who_may_end():
    found = services(OVERMIND_CAN_DIE="css, worker")
    assert [service.vital for service in found.values()] == [True, False, False]
    assert not any(service.vital for service in services(OVERMIND_ANY_CAN_DIE="1").values())


def test_overmind_is_told_who_is_started_again():
    found = services(OVERMIND_AUTO_RESTART="worker")["worker"]
    assert (found.restart.policy, found.vital) == (RestartPolicy.ALWAYS, False)
    assert {one.restart.policy for one in services(OVERMIND_AUTO_RESTART="all").values()} == {
        RestartPolicy.ALWAYS
    }


def test_overmind_is_told_how_to_stop():
    found = services(OVERMIND_STOP_SIGNALS="web=INT", OVERMIND_TIMEOUT="3")
    assert (found["web"].stop.signal, found["web"].stop.grace) == (2, 3.0)
    assert found["css"].stop.signal == 15


def test_overminds_formation_names_all_or_some():
    assert list(services(OVERMIND_FORMATION="all=2,web=1,css=0")) == ["web", "worker", "worker-2"]


def test_nobody_is_offered_a_port_that_overmind_does_not_want():
    assert {one.offered for one in services(OVERMIND_NO_PORT="true").values()} == {0}
    assert services(OVERMIND_PORT="7000", PORT="8000")["web"].offered == 7000


def meant(**variables):
    return formation(("web", "worker", "css"), variables, SIGNALS).meant


def test_overmind_is_told_who_runs():
    assert meant() == ("web", "worker", "css")
    assert meant(OVERMIND_PROCESSES="css,web") == ("web", "css")
    assert meant(OVERMIND_IGNORED_PROCESSES="css") == ("web", "worker")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "http", 'PORT should be a number up to 65535, not "http"'),
        ("PORT", "70000", 'PORT should be a number up to 65535, not "70000"'),
        ("OVERMIND_CAN_DIE", "wbe", 'OVERMIND_CAN_DIE: the Procfile has no process "wbe"'),
        (
            "OVERMIND_FORMATION",
            "web",
            'OVERMIND_FORMATION should be of the form NAME=VALUE,NAME=VALUE, not "web"',
        ),
        ("OVERMIND_FORMATION", "web=x", 'OVERMIND_FORMATION should be a number up to 100, not "x"'),
        ("OVERMIND_STOP_SIGNALS", "web=TERN", 'OVERMIND_STOP_SIGNALS: there is no signal called "TERN" here'),
        ("OVERMIND_TIMEOUT", "-1", 'OVERMIND_TIMEOUT should be a number up to 86400, not "-1"'),
    ],
)
def test_nonsense_is_told(variable, value, words):
    with pytest.raises(AuraError) as error:
        services(**{variable: value})
    assert (error.value.message, error.value.exit_code) == (words, 5)


def test_what_nobody_follows_is_known():
    assert unheeded(["OVERMIND_TITLE", "OVERMIND_CAN_DIE", "PATH"]) == ["OVERMIND_TITLE"]
