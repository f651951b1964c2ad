"""Tables of paths and labels on the Train page, and what Compare says of runs whose
splits share images.
"""

import html

import pytest

from tests.ui.dashboard import TRAIN, open_app
from tests.ui.test_compare import compare, link, said
from tests.ui.test_train_folders import mistake, told
from tests.unit.cli.test_field_tables import draw, write
from tests.unit.report.stored import stored


@pytest.fixture
def app(store):
    app = open_app(TRAIN)
    return app.selectbox(key="train.data.dataset").set_value("csv").run()


def name(app, table: str) -> None:
    app.text_input(key="train.csv").set_value(table.removeprefix("csv:")).run()
    assert not app.exception


@pytest.mark.parametrize(("header", "more", "line"), [
    ("file_name,label", "", ""),
    ("Image Path,Category,width", ",8", "columns that are not used: 'width'"),
    ("name,label", "", "the column 'name' was taken for the path of each image"),
    ("path,class,split", ",unlabeled", ""),
])  # fmt: skip
def test_a_table_is_told_and_may_be_launched(app, store, tmp_path, header, more, line):
    rows = draw(tmp_path / "set")
    # the last row alone has another split
    lines = [
        f"{path},{label}{',train' if 'split' in header and place < 39 else more}"
        for place, (path, label) in enumerate(rows)
    ]
    table = write(tmp_path / "set", header, lines)
    name(app, table)
    assert mistake(app) == ""
    assert line in told(app)
    if "split" in header:
        assert (
            "1 rows were left out, their split is neither for training nor for measuring: line 41"
            in told(app)
        )
    app.button(key="train.launch").click().run()
    (record,) = store.records()
    assert record.spec.data.dataset == table


@pytest.mark.parametrize(("header", "line"), [
    ("where,what", "its first line names 'where', 'what'"),
    ("path,file", "has no column for its class"),
    ("path,split", "Names that are taken, in any case and spelling: for its class label, class"),
])  # fmt: skip
def test_what_no_run_can_use_is_said_before_launch(app, store, tmp_path, header, line):
    name(app, write(tmp_path, header, ["img/disc/000.png,disc"]))
    assert line in html.unescape(mistake(app))
    assert app.button(key="train.launch").disabled
    assert list(store.records()) == []


def test_compare_warns_of_shared_images(store):
    first, second = stored(store, "a"), stored(store, "b")
    assert "pixel for pixel" not in said(compare(runs=link(first, second)))
    shared = {"train_validation": 20, "train_test": 46, "validation_test": 0}
    store.finish(second.run_id, "finished", report=second.report | {"shared_images": shared})
    warnings = [html.unescape(one.value) for one in compare(runs=link(first, second)).warning]
    expected = (
        "In b, 20 validation images are in the training images too and 46 test images are in the"
        " training images too, pixel for pixel"
    )
    assert sum(expected in warning for warning in warnings) == 1
