"""A class looks: links, locks, projector mode, and the gate, through app.py."""

import html
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.chrome.share_dialog import build_link, qr_code
from pages.ui.shared import gate, lesson, lockable
from rft_core.serving.launch_limits import LIMITS_VARIABLE, LaunchLimits, to_text
from rft_core.serving.pin import HASH_VARIABLE, hash_pin
from rft_core.store.launches import read_launch
from tests.ui import test_pages
from tests.ui.test_pages import TRAIN, open_app, stored_run

PIN = "open sesame"


@pytest.fixture
def shared(store, monkeypatch):
    """The store of a server that is shared under a PIN."""
    monkeypatch.setenv(HASH_VARIABLE, hash_pin(PIN))
    monkeypatch.setattr(gate, "WRONG_SECONDS", 0.0)
    return store


def texts(app) -> str:
    return html.unescape(test_pages.texts(app))


def enter(app, pin: str):
    app.text_input(key="gate.pin").input(pin)
    return next(one for one in app.button if one.label == "Enter").click().run()


def bar() -> None:
    """A page with nothing but the buttons beside the navigation, which AppTest draws on its first
    run of app.py alone.
    """
    import streamlit as st

    from pages.ui.chrome.topbar import show_topbar
    from pages.ui.shared.gate import ask_for_pin, is_instructor, is_shared

    show_topbar("runs")
    if is_shared() and not is_instructor():
        # a click runs a dialog as a fragment in the browser, the whole script here
        ask_for_pin()
    st.text("instructor" if is_instructor() else "viewer")


def opened_bar(**query: str) -> AppTest:
    app = AppTest.from_function(bar, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


class TestFormInTheAddress:
    def test_a_cold_link_fills_the_form_and_a_change_is_written_back(self, store):
        app = open_app(
            TRAIN, preset="fixed", seed="3", set=["optim.epochs:10", "schedule.kind:cosine"]
        )
        assert not app.exception
        assert (
            app.number_input(key="train.optim.epochs").value,
            app.number_input(key="train.seed").value,
        ) == (10, 3)
        assert app.selectbox(key="train.schedule.kind").value == "cosine"
        app.number_input(key="train.optim.epochs").set_value(12).run()
        assert sorted(app.query_params["set"]) == ["optim.epochs:12", "schedule.kind:cosine"]
        assert (app.query_params["preset"], app.query_params["seed"]) == ("fixed", "3")

    def test_what_cannot_be_taken_is_said_in_one_line(self, store):
        app = open_app(
            TRAIN,
            preset="nothing",
            set=["optim.epochs:-4", "optim.learning_rate:1e-12", "optim.clip_norm:1"],
        )
        assert not app.exception
        said = [html.unescape(one.value) for one in app.warning]
        assert len(said) == 1
        assert all(
            part in said[0]
            for part in ("optim.epochs", "1e-07 is taken", "optim.clip_norm", "no preset 'nothing'")
        )
        assert app.number_input(key="train.optim.learning_rate").value == 1e-7


class TestLesson:
    def test_locked_is_shown_and_fixed_hidden_is_not_shown_and_keeps_its_value(self, store):
        app = open_app(
            TRAIN,
            preset="scheduled",
            lock="threat.epsilon",
            hide="optim.epochs,trio",
            set="optim.epochs:7",
        )
        assert app.number_input(key="train.epsilon").disabled
        assert not app.number_input(key="train.seed").disabled
        assert "train.optim.epochs" not in [one.key for one in app.number_input]
        assert "train.trio" not in [one.key for one in app.button]
        app.button(key="train.launch").click().run()
        assert store.get(store.summaries().rows[0].run_id).spec.optim.epochs == 7

    def test_locks_are_said(self, store):
        said = "Some controls are locked by this link."
        assert said in texts(open_app(TRAIN, lock="threat.epsilon"))
        assert said not in texts(open_app(TRAIN, hide="threat.epsilon"))

    def test_what_can_be_locked_is_called_as_on_the_form_and_what_is_on_it_comes_first(self, store):
        app = open_app(TRAIN, hide="seed")
        labels = app.session_state[lockable.DRAWN]
        assert (labels["optim.epochs"], labels["threat.epsilon"], labels["seed"]) == (
            "Epochs",
            "Target epsilon, n/255",
            "Seed",
        )
        assert "schedule.patience" not in labels
        names = lockable.offered(labels, with_parts=False)
        assert names[: len(labels) + 1] == ["all", *labels]
        assert set(names) == set(lesson.names_offered()) - set(lesson.PARTS)
        assert set(lockable.offered(labels, with_parts=True)) == set(lesson.names_offered())
        called = [lockable.told(name, labels) for name in lockable.offered(labels, with_parts=True)]
        assert len(set(called)) == len(called)
        assert next(one for one in called if "epochs" in one.lower()) == "Epochs (optimiser)"
        assert [lockable.told(name, labels) for name in ("strategy.kind", "schedule.kind")] == [
            "Strategy",
            "Kind (epsilon schedule)",
        ]
        app.selectbox(key="train.schedule.kind").set_value("auto").run()
        assert app.session_state[lockable.DRAWN]["schedule.patience"] == "Patience, epochs"
        app.selectbox(key="train.schedule.kind").set_value("constant").run()
        assert "schedule.patience" not in app.session_state[lockable.DRAWN]

    def test_every_part_and_section_has_words(self):
        assert set(lockable.PARTS) == set(lesson.PARTS)
        assert set(lockable.SECTIONS) == {
            name.partition(".")[0] for name in lesson.names_offered() if "." in name
        }

    def test_projector_mode_is_in_the_address_and_can_be_left(self, store):
        app = opened_bar(view="projector")
        assert app.toggle(key="lesson.toggle").value
        app.toggle(key="lesson.toggle").set_value(False).run()
        assert "view" not in app.query_params
        app.toggle(key="lesson.toggle").set_value(True).run()
        assert app.query_params["view"] in ("projector", ["projector"])

    def test_projector_mode_shows_a_run_with_fewer_controls(self, store):
        stored_run(store, "one")
        app = open_app("pages/runs.py", view="projector")
        assert not app.exception
        assert "runs.delete" not in [one.key for one in app.button]


class TestViewersWhoMayLaunch:
    @pytest.fixture
    def launching(self, shared, monkeypatch):
        """A shared server where viewers may have one run waiting, of at most 2,000 images."""
        monkeypatch.setenv(LIMITS_VARIABLE, to_text(LaunchLimits(queued=1, minutes=5, images=2000)))
        # a page under test has no browser that asks
        monkeypatch.setattr(gate, "_viewer", lambda: "10.0.0.7")
        return shared

    def test_within_the_limits_and_no_further(self, launching):
        asked = {"preset": "fixed", "set": ["data.train_size:400"]}
        app = open_app(TRAIN, **asked)
        assert "1 run of yours waiting or at work, 5 min 00 s a run, 2,000 images a run" in texts(
            app
        )
        app.button(key="train.launch").click().run()
        (record,) = launching.records()
        assert read_launch(launching.home.run_folder(record.run_id)).minutes == 5
        again = open_app(TRAIN, **asked)
        again.button(key="train.launch").click().run()
        assert "limit of 1 (--limit-queued)" in html.unescape(again.error[0].value)
        assert launching.summaries().total == 1

    def test_a_page_that_is_loaded_again_is_the_same_viewer(self, monkeypatch):
        state = {}
        monkeypatch.setattr(
            gate,
            "st",
            SimpleNamespace(context=SimpleNamespace(ip_address="10.0.0.7"), session_state=state),
        )
        assert gate._viewer() == "10.0.0.7"
        gate.st.context.ip_address = None
        assert gate._viewer() == gate._viewer() == state[gate.SESSION]

    def test_more_images_than_allowed(self, launching):
        app = open_app(TRAIN, preset="fixed")
        app.button(key="train.launch").click().run()
        assert "--limit-images" in html.unescape(app.error[0].value)
        assert launching.summaries().total == 0

    def test_nothing_but_launching(self, launching, monkeypatch):
        run_id = stored_run(launching, "one")
        monkeypatch.setattr("pages.ui.runs_page.run_actions.closed", dict)
        app = open_app("pages/runs.py", run=run_id)
        app.button(key="runs.delete").click().run()
        assert "Viewers can look at everything" in html.unescape(app.error[0].value)
        assert launching.discarded() == []

    def test_who_gives_the_pin_is_free(self, launching):
        app = open_app(TRAIN, preset="fixed")
        app.session_state[gate.KEY] = gate.door().enter(PIN, "me")
        app.run()
        assert "You may launch runs here" not in texts(app)
        app.button(key="train.launch").click().run()
        (record,) = launching.records()
        assert read_launch(launching.home.run_folder(record.run_id)) is None


class TestGate:
    def test_a_viewer_sees_and_cannot_launch_though_the_button_is_pressed(
        self, shared, monkeypatch
    ):
        monkeypatch.setattr(gate, "closed", lambda reason="": {})
        app = open_app(TRAIN)
        assert app.button(key="train.launch").disabled
        monkeypatch.setattr("pages.ui.shared.gate.is_instructor", lambda: False)
        with pytest.raises(gate.UserError, match="change nothing"):
            gate.permitted(shared.submit)
        assert shared.summaries().total == 0

    def test_with_the_launch_button_open_the_server_still_refuses(self, shared, monkeypatch):
        monkeypatch.setattr(gate, "may_launch", lambda: True)
        app = open_app(TRAIN, preset="fixed")
        assert not app.button(key="train.launch").disabled
        app.button(key="train.launch").click().run()
        assert "Viewers can look at everything" in html.unescape(app.error[0].value)
        assert shared.summaries().total == 0

    def test_with_the_buttons_open_the_server_still_refuses(self, shared, monkeypatch):
        run_id = stored_run(shared, "one")
        # as if the browser had pressed what it was shown as disabled
        monkeypatch.setattr("pages.ui.runs_page.run_actions.closed", lambda reason="": {})
        app = open_app("pages/runs.py")
        app.button(key="runs.delete").click().run()
        assert "change nothing" in texts(app)
        app.text_input(key=f"runs.name.{run_id}").set_value("mine").run()
        assert (shared.get(run_id).name, shared.discarded()) == ("one", [])

    def test_the_pin_opens_and_leaving_closes(self, shared):
        app = enter(opened_bar(), "wrong one")
        assert "not the PIN" in texts(app)
        assert app.text[0].value == "viewer"
        app = enter(opened_bar(), PIN).run()
        assert app.text[0].value == "instructor"
        app.button(key="topbar.leave").click().run()
        assert app.text[0].value == "viewer"
        # a key that was not given by this server opens nothing
        app.session_state[gate.KEY] = "0" * 32
        assert app.run().text[0].value == "viewer"

    def test_a_wrong_pin_costs_time_and_is_not_shown(self, shared, monkeypatch):
        slept = []
        monkeypatch.setattr(gate.time, "sleep", slept.append)
        monkeypatch.setattr(gate, "WRONG_SECONDS", 1.5)
        app = opened_bar()
        assert (
            app.text_input(key="gate.pin").proto.type
            == app.text_input(key="gate.pin").proto.PASSWORD
        )
        enter(app, "wrong one")
        assert slept.count(1.5) == 1

    def test_a_viewer_cannot_ask_which_files_there_are(self, shared, tmp_path):
        (tmp_path / "secret.csv").write_text("path,label\n")
        for place in (tmp_path / "secret.csv", tmp_path / "nothing.csv"):
            app = open_app(TRAIN, set=f"data.dataset:csv:{place}")
            assert "only the instructor" in html.unescape(app.error[0].value)

    @pytest.mark.parametrize(
        "run_id", ["../../etc/passwd", "..", "/etc", "%2e%2e", "x" * 3000, "\x00"]
    )
    def test_a_run_id_that_is_none(self, store, run_id):
        stored_run(store, "one")
        app = open_app("pages/runs.py", run=run_id)
        assert not app.exception
        assert not (store.home.root.parent / "etc").exists()


def test_a_link_says_lists_as_several_and_its_qr_code_is_a_picture():
    link = build_link(
        "http://10.0.0.2:8501",
        "train",
        {"preset": ["fixed"], "set": ["optim.epochs:10", "name:a b&c"], "lock": ""},
    )
    assert link == "http://10.0.0.2:8501/train?preset=fixed&set=optim.epochs:10&set=name:a%20b%26c"
    assert qr_code(link).startswith("data:image/svg+xml")
    with pytest.raises(ValueError, match="."):
        qr_code("x" * 5000)


@pytest.mark.parametrize(
    ("asked", "shared", "address"),
    [
        ("http://127.0.0.1:8501/train", False, "http://127.0.0.1:8501"),
        ("http://localhost:8501", True, "http://10.0.0.2:8501"),
        ("https://lab.example/x", True, "https://lab.example"),
    ],
)
def test_the_address_is_the_one_visitors_see(monkeypatch, asked, shared, address):
    from pages.ui.chrome import share_dialog

    monkeypatch.setattr(share_dialog, "is_shared", lambda: shared)
    monkeypatch.setattr("rft_core.serving.server.lan_addresses", lambda: ("10.0.0.2",))
    monkeypatch.setattr(share_dialog, "st", SimpleNamespace(get_option=lambda name: 8501))
    assert share_dialog.server_address(asked) == address
