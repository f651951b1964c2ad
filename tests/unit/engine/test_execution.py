"""rft_core.engine.execution: whole tiny runs.

Equal specs give equal numbers, however often a run was interrupted.
"""

import math

import numpy as np
import pytest
import torch

from rft_core.engine import execution as module
from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.files.run_files import VERDICTS, WEIGHTS
from rft_core.metrics.measured_by import MeasuredBy
from tests import tiny
from tests.unit.engine.short_runs import (
    TOTAL_STEPS,
    Interrupted,
    before_training,
    go,
    numbers,
    same_weights,
    weights,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(folder, report, reporter) of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    torch.set_num_threads(1)
    report, reporter = go(folder)
    return folder, report, reporter


def test_what_a_run_leaves_behind(whole):
    folder, report, reporter = whole
    assert report.status == "finished"
    assert report.curve.n == 40
    assert report.total_parameters == report.trainable_parameters > 10_000
    assert report.machine["classes"] == 10
    assert report.machine["process_memory_mib"] > 50
    assert {kind for _, kind in reporter.artifacts} == {
        "checkpoint",
        "weights",
        "verdicts",
        "examples",
    }
    assert all(path.is_file() and folder in path.parents for path, _ in reporter.artifacts)
    kept = np.load(folder / VERDICTS)
    assert tuple(kept["verdicts"].sum(0)) == report.curve.correct
    assert kept["epsilons"].tolist() == list(report.curve.epsilons)
    assert len(kept["labels"]) == 40


def test_what_a_run_reports_on_its_way(whole):
    _, report, reporter = whole
    by_kind = {
        kind: [event for event in reporter.events if event["kind"] == kind]
        for kind in ("train", "eval", "examples", "onset")
    }
    assert [event["step"] for event in by_kind["train"]] == list(range(TOTAL_STEPS))
    assert (
        [event["step"] for event in by_kind["eval"]]
        == [event["step"] for event in by_kind["examples"]]
        == [0, 2, TOTAL_STEPS]
    )
    assert all(math.isfinite(event["loss"]) for event in by_kind["train"])
    memory = [event["process_memory_mib"] for event in by_kind["train"]]
    assert memory == sorted(memory)
    assert [round(event["epsilon"] * 255, 6) for event in by_kind["train"]] == pytest.approx(
        [0, 0, 8 / 6, 4, 40 / 6, 8], abs=1e-5
    )
    assert (reporter.step, reporter.total_steps) == (TOTAL_STEPS, TOTAL_STEPS)
    assert by_kind["eval"][0]["curve"][0]["n"] == 32


def test_the_same_spec_gives_the_same_numbers(whole, tmp_path):
    folder, report, _ = whole
    torch.rand(7)
    again, _ = go(tmp_path)
    assert numbers(again) == numbers(report)
    assert same_weights(folder, tmp_path)


def test_another_seed_gives_others_on_the_same_images(whole, tmp_path):
    folder, report, _ = whole
    other, _ = go(tmp_path, seed=2)
    assert not same_weights(folder, tmp_path)
    assert other.images_digest == report.images_digest


@pytest.mark.parametrize(
    ("backbone", "steps"),
    [
        ("bloom_resnet", (0,)),
        ("bloom_resnet", (1,)),
        ("bloom_resnet", (2, 3, 4)),
        ("bloom_resnet", (5,)),
        ("bloom_vit", (2, 4)),
    ],
)
def test_a_run_that_was_paused_and_resumed_gives_exactly_the_same(tmp_path, steps, backbone):
    # dropout-free backbones say nothing of the layers' stream; augmentation, random starts
    # and AdamW are all in it
    changes = {
        "model__backbone": backbone,
        "data__image_size": 32 if backbone == "bloom_vit" else 16,
        "data__augment": "paper",
    }
    expected, _ = go(tmp_path / "whole", **changes)
    folder = tmp_path / "parts"
    for step in steps:
        torch.rand(3)
        assert execute(tiny.run_spec(**changes), Interrupted(folder, step)) is None
    report, reporter = go(folder, **changes)
    assert any(event["kind"] == "resumed" for event in reporter.events)
    assert numbers(report) == numbers(expected)
    assert same_weights(tmp_path / "whole", folder)


def test_auto_remembers_its_validation_across_a_pause(tmp_path):
    changes = {
        "schedule__kind": "auto",
        "schedule__patience": 1,
        "schedule__tolerance": 1.0,
        "optim__epochs": 5,
    }
    expected, _ = go(tmp_path / "whole", **changes)
    execute(tiny.run_spec(**changes), Interrupted(tmp_path / "parts", 10))
    report, _ = go(tmp_path / "parts", **changes)
    assert numbers(report) == numbers(expected)
    assert same_weights(tmp_path / "whole", tmp_path / "parts")


def test_how_often_a_run_is_measured_does_not_change_it(tmp_path):
    seldom, _ = go(tmp_path / "a", evaluation__tracking=2, evaluation__examples=0)
    often, _ = go(tmp_path / "b", evaluation__tracking=8, evaluation__examples=4)
    assert same_weights(tmp_path / "a", tmp_path / "b")
    assert often.curve == seldom.curve
    assert often.gradient_evaluations > seldom.gradient_evaluations


def test_a_stopped_run_is_measured_as_it_stands(tmp_path):
    reporter = Interrupted(tmp_path, 3, "stop")
    report = execute(tiny.run_spec(), reporter)
    assert report.status == "stopped"
    assert report.curve.n == 40
    assert (tmp_path / WEIGHTS).is_file()
    assert [event["step"] for event in reporter.events if event["kind"] == "eval"][-1] == 3


def test_a_linear_probe_moves_the_head_alone(tmp_path):
    report, _ = go(tmp_path, strategy__kind="linear_probe", optim__weight_decay=0.5)
    before, after = before_training(), weights(tmp_path)
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    assert moved == {"backbone.fc.weight", "backbone.fc.bias"}
    assert report.trainable_parameters == sum(before[name].numel() for name in moved)
    assert report.total_parameters > 100 * report.trainable_parameters


def test_full_fine_tuning_moves_every_layer(whole):
    before, after = before_training(), weights(whole[0])
    assert all(
        not torch.equal(after[name], before[name])
        for name in after
        if name.endswith(("weight", "running_mean"))
    )


def test_the_notes_of_a_dataset_reach_the_log(tmp_path, monkeypatch):
    from dataclasses import replace

    load = module.load_dataset
    monkeypatch.setattr(
        module,
        "load_dataset",
        lambda *a, **k: replace(load(*a, **k), notes=("2 files could not be read",)),
    )
    _, reporter = go(tmp_path)
    assert reporter.events[0] == {
        "kind": "log",
        "step": 0,
        "epoch": 0.0,
        "text": "2 files could not be read",
    }


@pytest.mark.parametrize(
    ("attack", "final", "tracked"),
    [
        ("pgd", "PGD-3, n 40", "PGD-3, n 32"),
        ("apgd", "APGD-CE, 3 steps, n 40", "APGD-CE, 3 steps, n 32"),
        ("square", "Square, 100 queries, n 40", "PGD-3, n 32"),
    ],
)
def test_report_and_events_say_by_what_they_were_measured(tmp_path, attack, final, tracked):
    reporter = FolderReporter(tmp_path)
    settings = {"evaluation__attack": attack, "evaluation__examples": 0, "optim__epochs": 1}
    report = execute(tiny.run_spec(**settings), reporter).as_dict()
    assert MeasuredBy.from_dict(report["measured_by"]).chip == final
    found = [event["measured_by"] for event in reporter.events if event["kind"] == "eval"]
    assert {MeasuredBy.from_dict(event).chip for event in found} == {tracked}
