"""Duplicate and fork, through app.py."""

import pytest

from tests.ui.test_pages import TRAIN, open_app, stored_run, texts
from tests.ui.test_runs import opened, put


class TestDuplicateAndFork:
    def test_duplicate_opens_train_with_all_settings_of_the_run(self, store):
        run_id = stored_run(store, "mine", **{"optim.epochs": 7, "optim.clip_norm": 0.5, "schedule.kind": "cosine", "threat.epsilon": "5/255"})
        app = opened()
        app.button(key="runs.duplicate").click().run()
        assert not app.exception
        assert app.title[0].value == "Train"
        app.switch_page("pages/train.py").run()
        assert app.number_input(key="train.optim.epochs").value == 7
        assert app.number_input(key="train.epsilon").value == pytest.approx(5)
        app.number_input(key="train.optim.epochs").set_value(8).run()
        app.button(key="train.launch").click().run()
        copy = store.get(store.summaries().rows[0].run_id)
        # clip_norm is not on the form
        assert (copy.name, copy.spec.optim.epochs, copy.spec.optim.clip_norm, copy.spec.schedule.kind) == ("mine · copy", 8, 0.5, "cosine")
        assert store.get(run_id).spec.optim.epochs == 7

    def test_a_preset_chosen_afterwards_starts_anew(self, store):
        run_id = stored_run(store, "mine", **{"optim.clip_norm": 0.5})
        app = open_app(TRAIN, **{"from": run_id})
        assert app.text_input(key="train.name").value == "mine · copy"
        app.pills(key="train.preset").set_value("fixed").run()
        app.button(key="train.launch").click().run()
        copy = store.get(store.summaries().rows[0].run_id)
        assert (copy.name, copy.spec.optim.clip_norm) == ("fixed", None)

    def test_duplicating_a_run_that_is_gone(self, store):
        app = open_app(TRAIN, **{"from": "20200101-000000-abcdef"})
        assert not app.exception
        assert "no run" in app.error[0].value
        assert app.number_input(key="train.epsilon").value == 8.0

    def test_nothing_to_fork(self, store):
        stored_run(store, "done")
        assert "runs.fork.launch" not in [one.key for one in opened().button]

    def test_a_fork_says_where_it_comes_from(self, store):
        run_id = stored_run(store, "child", finished=False)
        put(store, run_id, parent="20260101-000000-abcdef", parent_step=5)
        assert "Forked from run 20260101-000000-abcdef at step 5" in texts(opened())
