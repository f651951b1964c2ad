"""rft_core.engine.data.inspect.same_data: what a run keeps of its images; the comparing is
tested with `relocate`.
"""

import pytest

from rft_core.engine.data.inspect.same_data import keep_or_compare
from rft_core.engine.data.load import load_dataset
from rft_core.errors import DataError
from rft_core.files.atomic import write_json
from rft_core.files.run_files import DATA
from tests import tiny


def test_a_description_that_cannot_be_written_does_not_end_the_run_and_leaves_a_note(
    home, tmp_path
):
    dataset = load_dataset(tiny.run_spec(), image_size=8, notify=print)
    notices = []
    keep_or_compare(dataset, tmp_path / "gone", goes_on=False, notify=notices.append)
    assert len(notices) == 1
    assert notices[0].startswith(f"{DATA} could not be written")
    keep_or_compare(dataset, tmp_path, goes_on=False, notify=notices.append)
    assert (tmp_path / DATA).is_file()
    assert len(notices) == 1


def test_a_description_of_a_newer_version_is_not_ignored(home, tmp_path):
    dataset = load_dataset(tiny.run_spec(), image_size=8, notify=print)
    keep_or_compare(dataset, tmp_path, goes_on=False, notify=print)
    keep_or_compare(dataset, tmp_path, goes_on=True, notify=print)
    write_json(tmp_path / DATA, {"version": 2, "images": "described in another way"})
    with pytest.raises(DataError, match="newer version"):
        keep_or_compare(dataset, tmp_path, goes_on=True, notify=print)
    # a run that begins has nothing to compare with
    keep_or_compare(dataset, tmp_path, goes_on=False, notify=print)
    keep_or_compare(dataset, tmp_path, goes_on=True, notify=print)
