"""rft_core.files.run_files: the table of a run's files, and what travels in a bundle."""

import pytest

from rft_core.files import run_files
from rft_core.files.run_files import DATA, EVALUATION_FOLDER, RUN_FOLDER, is_readable, travels


def test_every_name_of_the_contract_has_one_row():
    for folder in (RUN_FOLDER, EVALUATION_FOLDER):
        names = [file.name for file in folder]
        assert len(set(names)) == len(names)
    listed = {file.name for file in (*RUN_FOLDER, *EVALUATION_FOLDER)}
    words = {
        value
        for name, value in vars(run_files).items()
        if name.isupper() and isinstance(value, str) and not name.endswith("_KIND")
    }
    assert words - listed == {run_files.EXAMPLES, run_files.EVALUATIONS}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("model.safetensors", True),
        ("journal.jsonl", False),
        ("launch.json", False),
        # a name of another folder
        ("examples/launch.json", True),
        ("state.json", True),
        ("evaluations/20260131-120000-a1b2c3/state.json", False),
        ("evaluations/20260131-120000-a1b2c3/evaluation.json", True),
        ("what a person put there.txt", True),
    ],
)
def test_what_means_something_on_one_machine_only_does_not_travel(path, expected):
    assert travels(path) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [({}, True), ({"version": 1}, True), ({"version": 2}, False), ({"version": "x"}, False)],
)
def test_a_format_that_is_not_known_yet_is_not_read(document, expected):
    assert is_readable(DATA, document) == expected
