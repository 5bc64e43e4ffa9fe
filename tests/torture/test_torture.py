"""The hard cases of process supervisors, against this one; `table.py` runs them against others."""

import pytest
from torture.cases import CASES
from torture.tools import TOOLS, Trial

pytestmark = pytest.mark.long


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_holds(tmp_path, case):
    trial = Trial(TOOLS["aura-stack"], tmp_path, case.services, grace=case.grace, reads=case.reads)
    try:
        seen = case.check(trial)
    finally:
        trial.close()
    assert seen == "", trial.printed[-5000:]
