"""rft_core.spec.presets: named RunSpecs."""

import pytest

from rft_core.cost.schedule_demand import epoch_factors, factors
from rft_core.errors import UnknownNameError
from rft_core.spec.presets import PRESETS, preset
from rft_core.spec.run_spec import differences, parse


@pytest.mark.parametrize("row", PRESETS, ids=lambda row: row.name)
def test_every_preset_is_a_complete_spec(row):
    spec = preset(row.name)
    assert parse(spec.to_json()) == spec
    assert row.help.endswith(".")
    assert row.label
    assert row.source


def test_names_are_unique():
    names = [row.name for row in PRESETS]
    assert len(names) == len(set(names))


def test_the_trio_differs_in_its_schedule_alone():
    changed = differences([preset(name) for name in ("standard", "fixed", "scheduled")])
    assert changed
    assert all(name.startswith("schedule.") for name in changed)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("standard", 0, 0), ("fixed", 1, 1), ("scheduled", 0, 1)]
)
def test_what_the_trio_is_for(name, low, high):
    _, values = factors(preset(name))
    assert (min(values), max(values)) == (low, high)


def test_the_papers_schedule_epoch_by_epoch():
    spec = preset("paper_schedule")
    values = epoch_factors(spec)
    assert spec.threat.epsilon == 4 / 255
    assert len(values) == 50
    assert values[:13] == [0.0] * 13
    assert values[37:] == [1.0] * 13
    assert values[12:38] == pytest.approx([place / 25 for place in range(26)])


def test_an_unknown_preset_says_the_nearest():
    with pytest.raises(
        UnknownNameError, match="unknown preset 'schedule', did you mean 'scheduled'"
    ):
        preset("schedule")


def test_the_schedule_papers_protocol_at_full_size():
    spec = preset("paper_schedule_full")
    assert (spec.data.dataset, spec.data.eval_size, spec.data.train_size, spec.data.augment) == (
        "fgvc_aircraft",
        1000,
        None,
        "paper",
    )
    assert spec.data.image_size in (None, 224)
    assert spec.model.backbone == "swin_base_patch4_window7_224.ms_in22k_ft_in1k"
    assert (spec.threat.norm, spec.threat.epsilon) == ("linf", 4 / 255)
    assert (spec.attack.kind, spec.attack.steps, spec.evaluation.attack, spec.evaluation.steps) == (
        "apgd",
        7,
        "apgd",
        10,
    )
    assert (spec.objective.kind, spec.strategy.kind, spec.optim.epochs, spec.optim.decay) == (
        "adversarial",
        "full_finetune",
        50,
        "cosine",
    )
    assert spec.optim.warmup_fraction > 0
    values = epoch_factors(spec)
    assert (values[12], values[13], values[37]) == (0.0, pytest.approx(1 / 25), 1.0)
    assert set(differences([spec, preset("paper_fixed_full")])) <= {
        f"schedule.{name}" for name in type(spec.schedule).model_fields
    }
    assert set(epoch_factors(preset("paper_fixed_full"))) == {1.0}


def test_the_tradeoff_papers_protocol_at_full_size():
    spec = preset("paper_tradeoff_full")
    assert (spec.data.dataset, spec.data.eval_size, spec.data.augment) == ("cifar10", None, "none")
    assert spec.model.backbone == "vit_base_patch16_224.augreg_in21k"
    assert (spec.objective.kind, spec.threat.epsilon) == ("natural", 1 / 255)
    evaluation = spec.evaluation
    assert (
        evaluation.attack,
        evaluation.steps,
        evaluation.relative_step_size,
        evaluation.tracking_kind,
    ) == ("pgd", 15, 0.25, "paper")
    optim = spec.optim
    assert (
        optim.epochs,
        optim.batch_size,
        optim.learning_rate,
        optim.weight_decay,
        optim.clip_norm,
    ) == (3, 128, 2e-5, 0.01, 1.0)
    assert (optim.warmup_fraction, optim.decay) == (0.0, "linear")
