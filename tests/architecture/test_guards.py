"""Every guard of docs/guards.md still has the test that failed without it."""

import pytest

from docs.guards import Guard, current_table, guards

ROWS = list(guards())


def test_there_is_something_to_look_at():
    assert len(ROWS) > 150


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row.test}:{number}" for number, row in enumerate(ROWS)]
)
def test_its_test_is_where_the_table_says(row):
    assert row.is_held, (
        f"{row.test} is not in {row.file} but in {list(row.files_now)}; `make docs` sets a file"
        " anew where it can be only one"
    )


def test_a_test_that_is_gone_is_found():
    row = Guard("a guard", "test_that_never_was", "tests/architecture/test_guards.py")
    assert not row.is_held
    assert row.files_now == ()


def test_a_test_that_moved_is_found_again():
    row = Guard(
        "a guard", "test_a_test_that_moved_is_found_again", "tests/architecture/test_old.py"
    )
    assert not row.is_held
    assert row.files_now == ("tests/architecture/test_guards.py",)


def test_every_row_of_the_table_is_read():
    lines = [line for line in current_table().splitlines() if line.startswith("| ")]
    heads = [line for line in lines if line.startswith(("| guard taken out", "| ---"))]
    assert len(ROWS) == len(lines) - len(heads)
