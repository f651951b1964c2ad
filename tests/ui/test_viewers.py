"""What viewers of a shared server may do, and what the gate refuses them."""

import html
from types import SimpleNamespace

import pytest

from pages.ui.shared import gate
from rft_core.serving.launch_limits import LIMITS_VARIABLE, LaunchLimits, to_text
from rft_core.store.launches import read_launch
from tests.ui.dashboard import TRAIN, open_app, read_aloud, stored_run
from tests.ui.sharing import PIN, enter, opened_bar


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
        assert (
            "1 run of yours waiting or at work, 5 min 00 s a run, 2,000 images a run"
            in read_aloud(app)
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
        assert "You may launch runs here" not in read_aloud(app)
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
        monkeypatch.setattr("pages.ui.train_form.launch.may_launch", lambda: True)
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
        assert "change nothing" in read_aloud(app)
        app.text_input(key=f"runs.name.{run_id}").set_value("mine").run()
        assert (shared.get(run_id).name, shared.discarded()) == ("one", [])

    def test_the_pin_opens_and_leaving_closes(self, shared):
        app = enter(opened_bar(), "wrong one")
        assert "not the PIN" in read_aloud(app)
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
