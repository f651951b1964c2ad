"""rft_core.engine.data.inspect.same_data: what a run keeps of its images; the comparing is
tested with `relocate`.
"""

from rft_core.engine.data.inspect.same_data import keep_or_compare
from rft_core.engine.data.load import load_dataset
from rft_core.files.run_files import DATA
from tests import tiny


def test_a_description_that_cannot_be_written_ends_no_run_and_is_said(home, tmp_path):
    dataset = load_dataset(tiny.run_spec(), image_size=8, notify=print)
    told = []
    keep_or_compare(dataset, tmp_path / "gone", goes_on=False, notify=told.append)
    assert len(told) == 1
    assert told[0].startswith(f"{DATA} could not be written")
    keep_or_compare(dataset, tmp_path, goes_on=False, notify=told.append)
    assert (tmp_path / DATA).is_file()
    assert len(told) == 1
