"""A folder for pictures."""

import pytest


@pytest.fixture
def photos(tmp_path):
    """An empty folder beside the home."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder
