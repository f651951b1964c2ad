"""The Train page's method: what the trio makes of a schedule, what memory an objective takes."""

from rft_core.resources.backbones import training_memory
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.units import format_bytes
from tests.ui.test_pages import open_app, texts


def test_the_trio_keeps_a_ramp_that_was_drawn(store):
    """A custom schedule that rises is the scheduled run; it was replaced without a word."""
    ramp = [(0.0, 0.0), (0.5, 1.0)]
    spec = with_settings(
        preset("scheduled"), {"schedule.kind": "custom", "schedule.points": ramp, "name": "drawn"}
    )
    run_id = store.submit(spec)
    app = open_app("pages/train.py", **{"from": run_id})
    app.button(key="train.trio").click().run()
    made = sorted(store.records(), key=lambda record: record.number)[1:]
    assert [record.spec.schedule.kind for record in made] == ["custom", "constant", "custom"]
    assert list(made[2].spec.schedule.points) == ramp


def test_memory_on_the_form_is_that_of_the_objective(store):
    """TRADES and MART keep two passes at once."""
    app, known = open_app("pages/train.py"), preset("scheduled")
    expected = {
        objective: format_bytes(
            training_memory(
                known.model.backbone,
                batch_size=known.optim.batch_size,
                objective=objective,
            )
        )
        for objective in ("adversarial", "trades", "mart")
    }
    assert expected["trades"] != expected["adversarial"]
    for objective, memory in expected.items():
        app.selectbox(key="train.objective.kind").set_value(objective).run()
        assert f"about {memory} of memory" in texts(app).replace("\\", "")
