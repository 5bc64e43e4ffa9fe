"""What is said of the programs that a stack requires."""

from typing import NamedTuple

import pytest

from aura_stack.doctor.findings import Finding, Level
from aura_stack.doctor.programs import Asking, check_programs
from aura_stack.errors import Place
from aura_stack.session.asking import Reply
from aura_stack.session.requires import Unmet
from aura_stack.stack.model import Requirement

NODE = Requirement("node", ">=20.19", Place("stack.yaml", 3, 18))
RUBY = Requirement("ruby", "*", Place("stack.yaml", 3, 30))


class Machine(NamedTuple):
    """Programs by name: what they print."""

    programs: dict
    unmet: tuple = ()

    def check(self, *requirements):
        asking = Asking(
            lambda name, path: f"{path}/{name}" if name in self.programs else None,
            lambda files, *_: {name: self.programs[name] for name in files},
            lambda *_: self.unmet,
        )
        return list(check_programs(requirements, "/bin", "", "/shop", asking))


def test_node_is_told_where_no_stack_asks_for_it():
    assert Machine({"node": Reply("v20.20.2\n")}).check() == [Finding("node", Level.OK, "20.20.2, /bin/node")]


def test_no_node_is_fine_where_no_stack_asks_for_it():
    assert Machine({}).check() == [Finding("node", Level.OK, "not on PATH, and nothing here asks for it")]


def test_what_is_required_is_told_with_what_will_do():
    machine = Machine({"node": Reply("v20.20.2\n"), "ruby": Reply("ruby 3.1.2p20 (2022-04-12)\n")})
    assert machine.check(RUBY, NODE) == [
        Finding("ruby", Level.OK, "3.1.2, /bin/ruby, required"),
        Finding("node", Level.OK, "20.20.2, /bin/node, >=20.19 is required"),
    ]


def test_what_is_not_met_is_trouble_with_its_place_and_cure():
    unmet = Unmet(NODE, "stack.yaml:3:18: node >=20.19 is required, but /bin/node is 18.1", "to get node: …")
    assert Machine({"node": Reply("v18.1.0")}, (unmet,)).check(NODE) == [
        Finding("node", Level.TROUBLE, unmet.message, "to get node: …")
    ]


@pytest.mark.parametrize("reply", [Reply("hello"), Reply("", "gave no answer in 5 s"), Reply("")])
def test_a_program_that_tells_no_version_is_still_there(reply):
    assert Machine({"node": reply}).check() == [Finding("node", Level.OK, "of unknown version, /bin/node")]
