"""Bring an archive into the uploads of a home."""

import io

import pytest

from rft_core.files.uploads import Limits, unpack
from tests.zips import packed


@pytest.fixture
def put(home):
    """Unpack members into the home."""
    return lambda members, name="photos.zip", **limits: unpack(
        io.BytesIO(packed(members)), name, home, Limits(**limits)
    )
