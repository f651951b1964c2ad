"""A class looks: links, locks, projector mode, through app.py."""

import html
from types import SimpleNamespace

import pytest

from pages.ui.chrome.share_dialog import build_link, qr_code
from pages.ui.shared import lesson, lockable
from tests.ui.dashboard import TRAIN, open_app, read_aloud, stored_run
from tests.ui.sharing import opened_bar


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
        said = "This link locks some controls."
        assert said in read_aloud(open_app(TRAIN, lock="threat.epsilon"))
        assert said not in read_aloud(open_app(TRAIN, hide="threat.epsilon"))

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
        called = [
            lockable.menu_label(name, labels) for name in lockable.offered(labels, with_parts=True)
        ]
        assert len(set(called)) == len(called)
        assert next(one for one in called if "epochs" in one.lower()) == "Epochs (optimiser)"
        assert [
            lockable.menu_label(name, labels) for name in ("strategy.kind", "schedule.kind")
        ] == [
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
