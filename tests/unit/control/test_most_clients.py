"""How many clients there may be beside the descriptors that services need."""

import pytest

from aura_stack.control.server import CLIENTS, most_clients


@pytest.mark.parametrize(
    ("descriptors", "most"), [(None, CLIENTS), (20_000, CLIENTS), (1024, 255), (256, 63), (4, 1)]
)
def test_clients_stay_below_a_quarter_of_the_descriptors(descriptors, most):
    assert most_clients(descriptors) == most
