"""The Runs page in every state, and what it does with a run."""

import html
import json
import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.store.artifacts import register_artifact
from rft_core.store.events import Event, append_events
from tests.ui.dashboard import POINTS, TRAIN, open_app, stored_run, texts
from tests.ui.run_page import buttons, drawn_buttons, listed, opened, put, train


class TestStates:
    def test_empty(self, store):
        app = opened()
        assert "No runs yet" in texts(app)
        assert len(app.dataframe) == 0

    def test_queued(self, store):
        stored_run(store, "waits", finished=False)
        put(store, store.summaries().rows[0].run_id, status="queued", step=0, heartbeat=None)
        app = opened()
        assert buttons(app) == {"stop", "pause", "duplicate", "delete"}
        assert "queued" in texts(app)
        assert "1st in the queue" in texts(app)
        assert "behind" not in texts(app)

    def test_queued_says_its_place_and_what_is_at_work(self, store):
        stored_run(store, "at *work*", finished=False)
        first, second = (
            store.submit(with_settings(preset("scheduled"), {"name": name}))
            for name in ("next", "last")
        )
        assert "1st in the queue, behind at *work*" in html.unescape(texts(opened(run=first)))
        app = opened(run=second)
        assert "2nd in the queue, behind at *work*" in html.unescape(texts(app))
        store.request(first, "pause")
        assert "1st in the queue, behind at *work*" in html.unescape(texts(app.run()))

    @pytest.mark.parametrize(
        "status",
        ["queued", "running", "stopping", "paused", "stopped", "finished", "failed", "lost"],
    )
    def test_no_button_moves_when_the_status_changes(self, store, status):
        put(store, stored_run(store, "one", finished=status == "finished"), status=status)
        assert drawn_buttons(opened()) == [
            "stop",
            "pause",
            "resume",
            "duplicate",
            "evaluate",
            "delete",
        ]

    def test_running_without_news(self, store):
        run_id = stored_run(store, "quiet", finished=False)
        app = opened()
        before = texts(app)
        app.run()
        age = re.compile(r"heartbeat .*? ago")
        assert age.sub("", texts(app)) == age.sub("", before)
        assert buttons(app) == {"stop", "pause", "duplicate"}
        assert "last heartbeat" in before
        assert store.get(run_id).status == "running"

    def test_running_with_news(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()
        assert "time left not known yet" in app.get("progress")[0].proto.text
        started = Event(6, 9, 0.9, 99.0, "status", {"status": "running"})
        measured = Event(9, 14, 1.4, 103.0, "eval", {"curve": POINTS, "expected_robustness": 0.6})
        append_events(
            store.engine, run_id, [started, train(7, 10, 100.0), train(8, 14, 102.0), measured]
        )
        store.beat(run_id, 14, 20)
        app.run()
        assert app.get("progress")[0].proto.text == "step 14 of 20; about 3.0 s left"
        assert "321 images a second" in texts(app)
        assert "1.5 GiB of memory at most" in texts(app)
        assert "At step 14" in texts(app)

    def test_paused(self, store):
        run_id = stored_run(store, "rests", finished=False)
        store.finish(run_id, "paused", "paused by request; resume it to go on")
        app = opened()
        assert buttons(app) == {"resume", "duplicate", "delete"}
        assert "paused by request" in texts(app)
        app.button(key="runs.resume").click().run()
        assert store.get(run_id).status == "queued"

    @pytest.mark.parametrize("status", ["failed", "lost"])
    def test_failed_and_lost_say_why_and_the_way_out(self, store, status):
        run_id = stored_run(store, "bad", finished=False)
        store.finish(
            run_id,
            status,
            "the loss is not a finite number at step 3; lower optim.learning_rate (now 9)",
        )
        (store.folder(run_id) / "run.log").write_text("Traceback: something\n")
        app = opened()
        (said,) = app.error
        assert "lower optim.learning_rate" in html.unescape(said.value)
        assert "log below" in said.value
        assert any("Traceback: something" in one.value for one in app.code)
        assert buttons(app) == {"resume", "duplicate", "delete"}

    def test_stopped_and_finished(self, store):
        run_id = stored_run(store, "done")
        assert buttons(opened()) == {"duplicate", "evaluate", "delete"}
        put(store, run_id, status="stopped")
        assert buttons(opened()) == {"resume", "duplicate", "evaluate", "delete"}

    def test_a_run_that_ends_while_it_is_watched(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()
        assert "stop" in buttons(app)
        store.finish(
            run_id,
            "finished",
            report={
                "clean_accuracy": 0.8,
                "robust_accuracy": 0.4,
                "expected_robustness": 0.6,
                "onset": None,
                "curve": POINTS,
            },
        )
        app.run()
        assert buttons(app) == {"duplicate", "evaluate", "delete"}

    def test_a_run_that_another_page_deleted(self, store):
        first, second = stored_run(store, "first"), stored_run(store, "second")
        app = opened(run=first)
        store.delete(first)
        app.run()
        assert not app.exception
        assert "**second**" in texts(app)
        assert "unknown run" in app.error[0].value
        assert app.session_state["runs.run"] == second


class TestDeleteAndUndo:
    def test_delete_hides_and_undo_brings_back(self, store):
        run_id, other = stored_run(store, "regret"), stored_run(store, "other")
        app = opened(run=run_id)
        app.button(key="runs.delete").click().run()
        assert listed(app) == ["other"]
        assert [one.value for one in app.text] == ["regret was deleted."]
        app.button(key=f"runs.undo.{run_id}").click().run()
        assert listed(app) == ["other", "regret"]
        assert app.session_state["runs.run"] == run_id
        assert store.discarded() == []
        assert store.get(other).name == "other"

    def test_undo_survives_a_refresh(self, store):
        run_id = stored_run(store, "regret")
        opened().button(key="runs.delete").click().run()
        app = opened()
        assert "No runs yet" in texts(app)
        app.button(key=f"runs.undo.{run_id}").click().run()
        assert "**regret**" in texts(app)

    def test_remove_now(self, store):
        run_id = stored_run(store, "regret")
        app = opened()
        app.button(key="runs.delete").click().run()
        app.button(key="runs.empty").click().run()
        assert not store.home.run_folder(run_id).exists()
        assert len(app.text) == 0


class TestDuplicateAndFork:
    def test_duplicate_opens_train_with_all_settings_of_the_run(self, store):
        run_id = stored_run(
            store,
            "mine",
            **{
                "optim.epochs": 7,
                "optim.clip_norm": 0.5,
                "schedule.kind": "cosine",
                "threat.epsilon": "5/255",
            },
        )
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
        assert (
            copy.name,
            copy.spec.optim.epochs,
            copy.spec.optim.clip_norm,
            copy.spec.schedule.kind,
        ) == ("mine · copy", 8, 0.5, "cosine")
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
        app = opened()
        assert "runs.fork.launch" not in [one.key for one in app.button]
        assert "a finished run has nothing left to train" in texts(app)

    def test_no_fork_before_the_first_checkpoint(self, store):
        stored_run(store, "early", finished=False)
        assert "Fork: possible after the first checkpoint" in texts(opened())

    def test_forking_from_the_page(self, store):
        run_id = stored_run(store, "parent", finished=False)
        save_file(
            {"w": np.zeros(1, np.float32)},
            store.folder(run_id) / "checkpoint.safetensors",
            {"progress": json.dumps({"step": 9, "tracked": [{"step": 9}]})},
        )
        register_artifact(
            store.engine,
            run_id,
            store.folder(run_id),
            store.folder(run_id) / "checkpoint.safetensors",
            "checkpoint",
        )
        app = opened()
        assert any("Another schedule from step 9 of 20" in one.value for one in app.markdown)
        assert "Fork:" not in texts(app)
        before = {
            block.proto.id for block in app.get("popover") if block.proto.popover.label == "Fork"
        }
        app.selectbox(key=f"runs.fork.kind.{run_id}").set_value("constant").run()
        app.button(key="runs.fork.launch").click().run()
        assert not app.exception
        child = store.get(app.session_state["runs.run"])
        assert (child.name, child.parent, child.parent_step, child.spec.schedule.kind) == (
            "parent · fork",
            run_id,
            9,
            "constant",
        )
        assert "Forked from run" in texts(app)
        # a menu with another identity begins closed
        assert len(before) == 1
        assert before.isdisjoint(block.proto.id for block in app.get("popover"))

    def test_a_fork_says_where_it_comes_from(self, store):
        run_id = stored_run(store, "child", finished=False)
        put(store, run_id, parent="20260101-000000-abcdef", parent_step=5, total_steps=None)
        assert "Forked from run 20260101-000000-abcdef at step 5" in texts(opened())
