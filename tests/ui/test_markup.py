"""What files, runs and people say is text on every page: each sentence that repeats it is looked
at, and no mark of it is Markdown.
"""

import html
import json

import numpy as np
import pytest
from PIL import Image

from rft_core.files.home import find_home
from rft_core.files.run_files import EVALUATION, JOB_STATE
from rft_core.files.uploads import list_uploads
from rft_core.jobs import dataset_cards
from rft_core.jobs.dataset_cards import Reading
from rft_core.jobs.evaluations import new_evaluation
from rft_core.store.events import Event, append_events
from rft_core.store.process import this_process
from tests.ui import test_compare
from tests.ui.dashboard import TRAIN, open_app, stored_run
from tests.ui.kept_evaluation import REQUEST, honest, kept
from tests.ui.run_page import opened, put
from tests.ui.test_train_data import CARD, archive

EVALUATE = "pages/evaluate.py"
EVIL = "**evil** <b>evil</b> [evil](http://x.example)"
MARKS = ("**evil", "<b>evil", "[evil](")
KINDS = ("markdown", "caption", "info", "error", "warning", "success", "subheader", "title")


def said(app) -> list[str]:
    """Everything that Streamlit reads as Markdown, words of progress bars and
    below pictures included.
    """
    lines = [str(one.value) for kind in KINDS for one in getattr(app, kind)]
    lines += [one.proto.text for one in app.get("progress")]
    return lines + [picture.caption for one in app.get("image") for picture in one.proto.imgs]


def check(app, *begins: str) -> None:
    """Each of `begins` stands on the page with what was planted after it, and
    nowhere a mark of that.
    """
    assert not app.exception
    lines = said(app)
    for line in lines:
        assert not any(mark in line for mark in MARKS), line
    shown = [html.unescape(line) for line in lines]
    for begin in begins:
        assert any(begin in line and "evil" in line for line in shown), (begin, shown)


class TestRuns:
    def test_why_a_run_stopped(self, store):
        put(store, stored_run(store, "rose"), status="stopped", reason=EVIL)
        check(opened(), "**evil**")

    def test_why_a_run_failed(self, store):
        put(store, stored_run(store, "rose", finished=False), status="failed", reason=EVIL)
        check(opened(), "**evil**")

    def test_what_a_queued_run_waits_for(self, store):
        put(store, stored_run(store, EVIL, finished=False), status="running")
        waiting = stored_run(store, "rose", finished=False)
        put(store, waiting, status="queued")
        check(opened(run=waiting), "in the queue, behind **evil**")

    def test_events_that_cannot_be_read(self, store):
        append_events(store.engine, stored_run(store, "rose"), [Event(9, -1, 0.0, 1.0, EVIL, {})])
        check(opened(), "of kind '**evil**")

    def test_the_device_that_another_home_names(self, store):
        put(store, stored_run(store, "rose"), device=EVIL[:40])
        check(opened(), "on **evil**")

    def test_a_run_outside_the_search(self, store):
        run_id = stored_run(store, EVIL)
        check(opened(**{"run": run_id, "runs.search": "rose"}), "The run below, **evil**")

    def test_a_mistake(self, store):
        stored_run(store, "rose")
        check(open_app("pages/runs.py", run=EVIL), "unknown run '**evil**")


class TestCompare:
    def test_names_in_sentences(self, store):
        records = [
            test_compare.stored(store, f"{EVIL} {number}", shares=(0.9 - number / 50, 0.5))
            for number in range(8)
        ]
        app = test_compare.compare(runs=test_compare.link(*records))
        check(app, "Against **evil**")

    def test_events_that_cannot_be_read(self, store):
        records = [test_compare.stored(store, EVIL), test_compare.stored(store, "rose")]
        append_events(store.engine, records[0].run_id, [Event(99, -1, 0.0, 1.0, "log", {})])
        check(
            test_compare.compare(runs=test_compare.link(*records)),
            "1 of 4 stored events cannot be read",
        )

    def test_what_a_link_asks_for(self, store):
        records = test_compare.link(
            test_compare.stored(store, "rose"), test_compare.stored(store, "tulip")
        )
        app = test_compare.compare(runs=f"{records},{EVIL}", x=EVIL, group=EVIL)
        check(app, "Not in this store: **evil**", "no axis '**evil**", "do not differ in '**evil**")

    def test_endless_text_of_a_link(self, store):
        records = test_compare.link(
            test_compare.stored(store, "rose"), test_compare.stored(store, "tulip")
        )
        app = test_compare.compare(runs=records, x="\x1b[2J" + "x" * 5000)
        assert len(app.warning) == 1
        assert app.warning[0].value.isprintable()
        assert len(app.warning[0].value) < 1000


class TestEvaluate:
    def test_how_far_an_evaluation_is(self, store):
        one = new_evaluation(store, stored_run(store, "rose"), REQUEST)
        pid, start = this_process()
        (one.folder / JOB_STATE).write_text(json.dumps({"pid": pid, "start": start, "line": EVIL}))
        check(open_app(EVALUATE), "**evil**")

    def test_why_one_failed(self, store):
        one = new_evaluation(store, stored_run(store, "rose"), REQUEST)
        (one.folder / EVALUATION).write_text(json.dumps({"error": EVIL}))
        check(open_app(EVALUATE), "**evil**")

    def test_classes_and_reasons(self, store):
        findings = honest("green")
        findings["findings"][0] |= {"name": EVIL, "reason": EVIL}
        rows = [
            {"class": EVIL, "n": 2, "clean_accuracy": 1.0, "robust_accuracy": 0.5 * place}
            for place in range(2)
        ]
        kept(
            store,
            stored_run(store, "rose"),
            findings,
            class_names=[EVIL, f"other {EVIL}"],
            per_class=rows,
        )
        check(open_app(EVALUATE), "before: ", "· **evil**", ": **evil**", "holds up to")

    def test_a_picture_of_ones_own(self, store):
        answer = {
            "prediction": EVIL,
            "confidence": 0.9,
            "falls_at": 2 / 255,
            "taken_for": EVIL,
            "epsilons": [0, 2 / 255, 4 / 255],
        }
        kept(store, stored_run(store, "rose"), is_picture=True, **answer)
        check(open_app(EVALUATE), "The model takes it for **evil**")

    def test_what_a_link_asks_for(self, store):
        run_id = stored_run(store, "rose")
        kept(store, run_id)
        check(open_app(EVALUATE, run=EVIL), "no measured run '**evil**")
        check(open_app(EVALUATE, run=run_id, evaluation=EVIL), "no evaluation '**evil**")


class TestTrain:
    @pytest.fixture(autouse=True)
    def _no_process(self, store, monkeypatch):
        monkeypatch.setattr(dataset_cards, "ask_for_card", lambda home, spec, again=False: True)

    def look(self, dataset: str = "digits"):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value(dataset).run()
        return app.button(key="form.look").click().run()

    def test_an_upload(self, monkeypatch):
        monkeypatch.setattr(dataset_cards, "reading", lambda home, spec: Reading(1.0, "decoding"))
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload(
            "[evil](x) **evil**.zip", archive(), "application/zip"
        ).run()
        check(app, ".zip: 6 images kept", "Deletes [evil](x)")
        again = open_app(TRAIN)
        again.selectbox(key="train.data.dataset").set_value(
            f"folder:{list_uploads(find_home())[0]}"
        ).run()
        check(again, "Uploaded earlier as [evil](x)")
        check(again.button(key="form.look").click().run(), "/[evil](x)")

    def test_what_is_no_zip(self):
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload(
            f"{EVIL}.zip", b"nothing", "application/zip"
        ).run()
        check(app, "is not a zip")

    def test_how_far_reading_is(self, monkeypatch):
        monkeypatch.setattr(dataset_cards, "reading", lambda home, spec: Reading(75.0, EVIL))
        check(self.look(), "Reading for 1 min 15 s: **evil**")

    def test_why_reading_failed(self, monkeypatch):
        monkeypatch.setattr(dataset_cards, "read_card", lambda home, spec: {"error": EVIL})
        check(self.look(), "**evil**")

    def test_a_card(self, monkeypatch, tmp_path):
        Image.fromarray(np.zeros((8, 96, 3), np.uint8)).save(tmp_path / "samples.png")
        pair = CARD["duplicates"] | {"examples": [{"cells": [0, 1], "classes": [EVIL, EVIL]}]}
        splits = [
            *CARD["splits"],
            {"name": EVIL, "is_domain": True, "count": 3, "per_class": [1, 2]},
        ]
        card = (
            CARD
            | {"splits": splits}
            | {
                "samples": [EVIL, "cat"],
                "notes": [EVIL],
                "duplicates": pair,
                "domains": [EVIL],
                "others": [EVIL],
                "name": EVIL,
                "class_names": [EVIL, "cat"],
            }
        )
        monkeypatch.setattr(dataset_cards, "read_card", lambda home, spec: card)
        monkeypatch.setattr(dataset_cards, "card_folder", lambda home, spec: tmp_path)
        check(self.look(), "Trained on **evil**", "In training (**evil**", "**evil**")

    def test_a_folder_that_is_not_there(self):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value("folder").run()
        app.text_input(key="train.folder").set_value(f"/{EVIL}").run()
        check(app, "/**evil**")
        check(app.button(key="form.look").click().run(), "nothing to look at yet")

    def test_weights(self, tmp_path):
        file = tmp_path / "**evil**.pt"
        file.touch()
        app = open_app(TRAIN)
        app.text_input(key="train.model.checkpoint").set_value(f"/{EVIL}").run()
        check(app, "Weights: there is no file", "Cannot be launched: ")
        app.text_input(key="train.model.checkpoint").set_value(str(file)).run()
        check(app, "from the file **evil**.pt")

    def test_what_a_link_asks_for(self):
        check(
            open_app(TRAIN, overlay=EVIL, set=[f"threat.epsilon:{EVIL}", EVIL]),
            "there is no schedule **evil**",
            "From the link: ",
        )
