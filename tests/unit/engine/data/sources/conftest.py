"""Pictures for the tests of sources."""

import pytest

from tests.unit.engine.data.sources.test_folder import paint


@pytest.fixture
def pictures(tmp_path):
    """40 pictures: img/000.png ... in two shades."""
    paint(tmp_path / "img", 20, 40)
    paint(tmp_path / "img", 20, 160, start=20)
    return tmp_path
