import pytest
from imagined import CRASH, SUCCESS

from aura_stack.supervision.endings import KILLED, counted, shut_out, starved
from aura_stack.supervision.process import judge


@pytest.mark.parametrize(("status", "codes"), [(143, (143,)), (-15, (143,)), (3, (0, 3))])
def test_a_code_of_the_list_is_a_success_as_the_shell_counts_it(status, codes):
    verdict = counted(judge(status), codes)
    assert verdict.ok
    assert verdict.words == f"{judge(status).words}, which counts as success"
    assert verdict.code == judge(status).code


def test_no_other_code_is_and_0_always_is():
    assert counted(CRASH, (143,)) == CRASH
    assert counted(SUCCESS, ()) == SUCCESS


def test_a_kill_for_want_of_memory_is_called_so_and_stays_a_failure():
    verdict = starved(judge(-9))
    assert (verdict.ok, verdict.code) == (False, KILLED)
    assert verdict.words == "killed by the kernel (out of memory)"


def test_who_held_the_port_is_told_behind_the_code():
    words = shut_out(CRASH, "pid 812 (node server.js)").words
    assert words == "exited 3: address in use by pid 812 (node server.js)"
