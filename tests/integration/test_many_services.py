"""More services than the descriptors that a shell gives would do for."""

import re
import resource
import sys

import pytest

SERVICES = 400
GIVEN = 1024

if sys.platform != "linux":
    pytest.skip("the limit is left as it is on this system", allow_module_level=True)


def few():
    """What `ulimit -Sn 1024` does."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (GIVEN, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


@pytest.mark.long
def test_four_hundred_services_start_and_stop_where_a_shell_may_have_1024_files(stack):
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 4 * GIVEN, "the hard limit has to leave room"
    made = stack({f"s{number}": {"command": ["sleep", "1000"]} for number in range(SERVICES)})
    up = made.start("up", start_new_session=True, preexec_fn=few)
    up.expect("all ready", patience=60)
    members = made.members()
    assert len(members) == SERVICES
    assert {resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] for pid in members} == {GIVEN}
    up.signal(2)
    assert up.finish(60) == 130, up.output[-2000:]
    assert made.members() == []
    assert len(re.findall("· stopped", up.output)) == SERVICES
    assert "killed" not in up.output


def test_an_engine_has_the_hard_limit_and_a_service_what_the_shell_had(stack):
    made = stack({"a": {"command": "ulimit -Sn; exec sleep 1000", "ready": {"log": "^[0-9]+$"}}})
    up = made.start("up", start_new_session=True, preexec_fn=few)
    up.expect("all ready")
    assert re.search(rf"a +\| {GIVEN}$", up.output, re.MULTILINE)
    soft, hard = resource.prlimit(made.engine(), resource.RLIMIT_NOFILE)
    assert soft == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert made.run("down")[0] == 0
