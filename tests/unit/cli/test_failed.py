"""What is said of an order that failed."""

import pytest

from aura_stack.cli.failed import sentence


@pytest.mark.parametrize(
    ("state", "words", "said"),
    [
        ("failed", "exited 3", "web is not up: exited 3"),
        ("ready", "npm ci failed: exited 1", "web goes on as it was: npm ci failed: exited 1"),
        ("ready", "stopped before it was ready", "web is not up: stopped before it was ready"),
    ],
)
def test_what_still_runs_as_before_is_not_said_to_be_down(state, words, said):
    assert sentence({"service": "web", "state": state, "words": words}) == said
