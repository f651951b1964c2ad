"""A stored run to damage."""

import pytest

from tests.unit.report.stored import stored


@pytest.fixture
def run_id(store) -> str:
    return stored(store, "one").run_id
