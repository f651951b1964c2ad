"""rft_core.store.paces: which earlier runs an estimate rests on."""

from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store import process
from tests.unit.store.listed_runs import submit


def pace(store, **changes) -> tuple[float, str] | None:
    found = store.measured_paces(
        with_settings(
            RunSpec(), {name.replace("__", "."): value for name, value in changes.items()}
        )
    )
    return (found[0].gradient_evaluations / found[0].seconds, found[0].basis) if found else None


class TestMeasuredPace:
    def test_of_the_newest_finished_run_like_it(self, store):
        submit(store, "older", {"gradient_evaluations": 40})
        submit(store, "newer", {})
        submit(store, "other backbone", {}, model__backbone="bloom_vit")
        submit(store, "other size", {}, data__image_size=16)
        submit(store, "not done")
        assert pace(store) == (25.0, "the run 'newer' on this machine")
        assert pace(store, model__backbone="bloom_resnet") is None

    def test_of_the_same_strategy_first(self, store):
        submit(store, "probe", {"gradient_evaluations": 40}, strategy__kind="linear_probe")
        submit(store, "newer", {})
        assert pace(store, strategy__kind="linear_probe") == (
            10.0,
            "the run 'probe' on this machine",
        )
        assert pace(store, strategy__kind="bitfit") == (25.0, "the run 'newer' on this machine")

    def test_it_carries_the_spec_it_was_measured_with(self, store):
        submit(store, "here", {}, optim__epochs=7)
        assert store.measured_paces(RunSpec())[0].spec.optim.epochs == 7

    def test_not_of_another_machine_or_a_run_without_time(self, store, monkeypatch):
        submit(store, "instant", {"seconds": 0.0})
        assert pace(store) is None
        submit(store, "here", {})
        monkeypatch.setattr(process, "this_host", lambda: "elsewhere")
        assert pace(store) is None
