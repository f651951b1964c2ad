"""rft_core.engine.measuring.shifts: other domains and corruptions in whole tiny runs, the same
images for every run, nothing disturbed.
"""

import pytest
import torch

from rft_core.cost.tracking_plan import SHIFTED_IMAGES
from rft_core.engine.execution import execute, prepare
from rft_core.engine.measuring.evaluate import predict
from rft_core.engine.measuring.shifts import corrupted, final_shifts
from rft_core.engine.reporter import FolderReporter
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES
from rft_core.spec.presets import NO_PERTURBATION
from rft_core.spec.run_spec import parse
from tests import tiny

STYLES = {
    "data__dataset": "blooms_styles",
    "data__train_size": 64,
    "evaluation__shift_size": 32,
    "evaluation__examples": 0,
}
SHIFTED = STYLES | {"evaluation__corruptions": True, "evaluation__track_shifts": True}


def go(folder, **changes):
    reporter = FolderReporter(folder)
    return execute(tiny.run_spec(**changes), reporter).as_dict(), reporter


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """(report, reporter) of a run that is measured on everything."""
    torch.set_num_threads(1)
    return go(tmp_path_factory.mktemp("shifted"), **SHIFTED)


def test_the_final_report(shifted):
    shifts = shifted[0]["shifts"]
    assert [row["name"] for row in shifts["domains"]] == [
        "painting",
        "sketch",
        "silhouette",
        "night",
        "inverted",
        "photo_noise",
    ]
    assert [(row["kind"], row["severity"]) for row in shifts["corruptions"]] == [
        (kind, severity) for kind in CORRUPTIONS for severity in SEVERITIES
    ]
    for row in (shifts["in_domain"], *shifts["domains"], *shifts["corruptions"]):
        assert row["n"] == 32
        assert 0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1
    assert shifts["domain_mean"] == pytest.approx(
        sum(row["accuracy"] for row in shifts["domains"]) / 6
    )


def test_while_training(shifted):
    measured = [event for event in shifted[1].events if event["kind"] == "eval"]
    assert len(measured) == 3
    for event in measured:
        assert len(event["shifts"]["domains"]) == 6
        assert [(row["kind"], row["severity"]) for row in event["shifts"]["corruptions"]] == [
            (kind, 3) for kind in CORRUPTIONS
        ]
        assert event["shifts"]["in_domain"]["n"] == 32 <= SHIFTED_IMAGES
    assert len({event["shifts"]["images_digest"] for event in measured}) == 1


def test_measuring_changes_no_other_number(shifted, tmp_path):
    plain, reporter = go(tmp_path, **STYLES)
    # the machine's row holds the memory of the process so far
    clocks = ("seconds", "images_per_second", "shifts", "machine")
    assert {name: value for name, value in plain.items() if name not in clocks} == {
        name: value for name, value in shifted[0].items() if name not in clocks
    }
    assert plain["shifts"]["corruptions"] == []
    assert plain["shifts"]["corruption_mean"] is None
    for name in ("in_domain", "domains", "images_digest"):
        assert plain["shifts"][name] == shifted[0]["shifts"][name]
    losses = [
        [event["loss"] for event in recorder.events if event["kind"] == "train"]
        for recorder in (reporter, shifted[1])
    ]
    assert losses[0] == losses[1]


def test_another_seed_is_measured_on_the_same_images(shifted, tmp_path):
    other = go(tmp_path, **STYLES, seed=2)[0]["shifts"]
    assert other["images_digest"] == shifted[0]["shifts"]["images_digest"]


def test_nothing_to_measure(tmp_path):
    assert go(tmp_path)[0]["shifts"] is None


def test_corruptions_of_a_dataset_without_domains(tmp_path):
    job = prepare(
        tiny.run_spec(evaluation__corruptions=True, evaluation__shift_size=20),
        FolderReporter(tmp_path),
    )
    job.model.train()
    flags = {name: module.training for name, module in job.model.named_modules()}
    shifts = final_shifts(job)
    assert {name: module.training for name, module in job.model.named_modules()} == flags
    assert shifts["domains"] == []
    assert len(shifts["corruptions"]) == 75
    assert shifts == final_shifts(job)


def test_the_accuracies_are_those_of_the_images(tmp_path):
    """Counted again by hand, one domain and one corruption."""
    job = prepare(tiny.run_spec(**SHIFTED), FolderReporter(tmp_path))
    shifts = final_shifts(job)
    job.model.eval()
    sketch = job.dataset.others["sketch"]
    assert len(sketch) == 32
    right = (predict(job.model, sketch).argmax(1) == sketch.labels).sum().item()
    assert (
        next(row for row in shifts["domains"] if row["name"] == "sketch")["accuracy"] == right / 32
    )


def test_corrupted_pictures_are_the_same_every_time():
    split = tiny.split(4)
    first, second = (list(corrupted(split, (1, 3))) for _ in range(2))
    assert [(kind, severity) for kind, severity, _ in first] == [
        (kind, severity) for kind in CORRUPTIONS for severity in (1, 3)
    ]
    assert [part.digest() for *_, part in first] == [part.digest() for *_, part in second]
    assert len({part.digest() for *_, part in first}) == 30
    assert all(torch.equal(part.labels, split.labels) for *_, part in first)


def test_the_styles_are_neither_the_same_nor_hopeless(tmp_path):
    """A linear probe trained on plain flowers is above chance on every other style, and
    clearly better at home.
    """
    raw = {
        "data": {"dataset": "blooms_styles", "eval_size": 400},
        "strategy": {"kind": "linear_probe"},
        "schedule": dict(NO_PERTURBATION),
    }
    raw |= {
        "optim": {"epochs": 4, "learning_rate": 0.02},
        "runtime": {"device": "cpu", "threads": 1},
    }
    raw |= {"evaluation": {"epsilons": [0], "tracking": 2, "examples": 0, "shift_size": 400}}
    shifts = execute(parse(raw), FolderReporter(tmp_path)).shifts
    home = shifts["in_domain"]
    assert home["accuracy"] > 0.6
    assert all(row["high"] < home["low"] for row in shifts["domains"])
    assert all(row["low"] > 1 / 16 for row in shifts["domains"])
