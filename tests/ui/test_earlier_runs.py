"""Pages of a run whose name, notes and tags an earlier version took and a new run may not have."""

import html

import pytest

from rft_core.spec.sections import HIDDEN
from tests.ui.dashboard import TRAIN, open_app, stored_run
from tests.unit.store.test_earlier_words import NAME, NOTES, make_old


@pytest.fixture
def old(store) -> str:
    return make_old(store, stored_run(store, "one"))


@pytest.mark.parametrize("page", ["", "pages/runs.py", "pages/compare.py", "pages/evaluate.py"])
def test_it_is_shown(store, old, page):
    stored_run(store, "two")
    app = open_app(page, **({"runs": old} if "compare" in page else {"run": old} if page else {}))
    assert not app.exception
    assert not app.error
    said = [
        html.unescape(str(one.value))
        for kind in ("markdown", "caption", "subheader", "warning")
        for one in getattr(app, kind)
    ]
    assert not any(
        HIDDEN.search(line.replace("\n", "").replace("\t", "").replace("\r", "")) for line in said
    )


def test_its_words_can_be_changed_and_the_others_stay(store, old):
    app = open_app("pages/runs.py", run=old)
    app.text_input(key=f"runs.name.{old}").set_value("mine").run()
    assert (store.get(old).name, store.get(old).spec.notes) == ("mine", NOTES)


def test_duplicate_opens_train_with_a_name_that_may_be_launched(store, old):
    app = open_app(TRAIN, **{"from": old})
    assert app.text_input(key="train.name").value == f"{NAME} · copy"
    app.button(key="train.launch").click().run()
    assert not app.error
    assert {record.name for record in store.records()} == {NAME, f"{NAME} · copy"}
