"""rft_core.report.run.measurement_words: runs that were measured differently are named, and nothing
is subtracted between them.
"""

import csv
import io
import json
from html import unescape

import pytest

from rft_core.report.comparison.compare import compare
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.comparison.rows import difference_rows, group_table, number_rows
from rft_core.report.comparison.sentences import (
    describe_curves,
    describe_pairs,
    describe_pareto,
    describe_tracking,
)
from rft_core.report.comparison.view import View, group_rows, pareto_rows
from rft_core.report.files.formats import csv_files, json_document
from rft_core.report.files.html_report import html_report
from rft_core.spec.measured_by import attack_measured_by
from rft_core.spec.run_spec import RunSpec
from tests.unit.report.stored import content, stored

DIFFERENT = "measured by different attacks"
# what two runs may differ in: settings of the second, how the two are called
UNLIKE = [
    ({"evaluation__attack": "autoattack"}, "PGD-10", "AutoAttack"),
    ({"evaluation__steps": 20}, "PGD-10", "PGD-20"),
    ({"evaluation__attack": "apgd_dlr"}, "PGD-10", "APGD-DLR, 10 steps"),
    ({"evaluation__attack": "fgsm"}, "PGD-10", "FGSM"),
    (
        {"evaluation__relative_step_size": 0.5},
        "PGD, cross-entropy, 10 steps, 1 restart",
        "PGD, cross-entropy, 10 steps of 0.5 epsilon, 1 restart",
    ),
]


@pytest.mark.parametrize(("settings", "first", "second"), UNLIKE)
def test_runs_of_different_attacks_are_warned_of_and_not_subtracted(store, settings, first, second):
    one, other = stored(store, "one"), stored(store, "other", shares=(0.7, 0.6), **settings)
    result = compare([one, other], store.home.runs)
    (warning,) = result.warnings
    assert f"one by {first}; other by {second}" in warning
    default = RunSpec().evaluation
    command = f"python -m rft_core evaluate ID --attack {default.attack} --steps {default.steps}"
    assert f"{command}, with {one.run_id}, {other.run_id} for ID" in warning
    # no attack is in clean accuracy, on the same images
    assert [row["metric"] for row in result.paired] == ["clean"]
    pairs = {pair.metric: pair for pair in pair_runs([one, other], store.home.runs)}
    for metric in ("robust", "expected"):
        assert pairs[metric].difference is None
        assert pairs[metric].reason == f"{DIFFERENT}, {first} and {second}"
        assert "are not compared" in pairs[metric].sentence()
    assert pairs["clean"].difference == pytest.approx(-0.2, abs=0.02)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"evaluation__relative_step_size": 0.25},
        {"evaluation__eval_size": 32},
        {"seed": 3},
        {"evaluation__tracking": 5},
    ],
)
def test_runs_of_one_attack_are_compared_without_a_word(store, settings):
    result = compare([stored(store, "one"), stored(store, "other", **settings)], store.home.runs)
    assert result.warnings == []
    assert [row["metric"] for row in result.paired] == ["clean", "robust", "expected"]
    assert "(PGD-10, n 200)" in result.paired[1]["sentence"]


def test_a_setting_that_an_attack_does_not_use_makes_no_difference(store):
    pair = [
        stored(store, str(steps), evaluation__attack="autoattack", evaluation__steps=steps)
        for steps in (10, 50)
    ]
    assert compare(pair, store.home.runs).warnings == []


def test_other_images_are_named_and_not_paired(store):
    pair = [stored(store, "one"), stored(store, "other", digest="another")]
    result = compare(pair, store.home.runs)
    (warning,) = result.warnings
    assert "different test images" in warning
    assert "one on 200 images (same); other on 200 images (another)" in warning
    assert result.paired == []


def test_other_epsilons_are_named_and_their_expected_robustness_is_not_compared(store):
    pair = [stored(store, "one"), stored(store, "other", evaluation__epsilons=[0, "8/255"])]
    result = compare(pair, store.home.runs)
    (warning,) = result.warnings
    assert "one at 9 from 0 to 8/255 (1/255 first); other at 0, 8/255" in warning
    assert [pair.metric for pair in pair_runs(pair, store.home.runs) if pair.is_paired] == [
        "clean",
        "robust",
    ]


def test_of_other_targets_one_warning_speaks(store):
    pair = [stored(store, "one"), stored(store, "other", threat__epsilon="4/255")]
    assert [line[:35] for line in compare(pair).warnings] == ["These runs have different targets ("]


def test_many_runs_are_not_all_listed(store):
    runs = [stored(store, f"run {position}") for position in range(7)]
    runs.append(stored(store, "odd", evaluation__attack="apgd"))
    (warning,) = compare(runs).warnings
    assert "run 4 and 2 more by PGD-10; odd by APGD-CE, 10 steps" in warning


def test_two_runs_of_one_name_are_told_apart(store):
    pair = [stored(store, "same"), stored(store, "same", evaluation__attack="apgd")]
    (warning,) = compare(pair).warnings
    assert all(f"same · {record.run_id[-6:]} by" in warning for record in pair)


def test_clean_accuracies_of_different_tasks_are_not_subtracted(store):
    standard = stored(store, "standard", objective__kind="natural")
    other = stored(store, "other", data__dataset="blooms_easy", digest="other")
    same = stored(store, "same", shares=(0.5, 0.1))
    gaps = [row["transfer_gap"] for row in compare([standard, other, same]).rows]
    assert gaps[:2] == [None, None]
    assert gaps[2] == pytest.approx(0.4, abs=0.01)


@pytest.fixture
def mixed(store):
    """(the comparison of four runs, two by each of two attacks, and the runs)."""
    runs = [
        stored(store, f"{attack} {seed}", evaluation__attack=attack, seed=seed, shares=(0.9, share))
        for attack, share in (("pgd", 0.5), ("autoattack", 0.3))
        for seed in (0, 1)
    ]
    return content(store, runs), runs


def test_no_figure_ranks_runs_of_different_attacks(store, mixed):
    found, _ = mixed
    curves = describe_curves(found)
    assert "not ranked" in curves
    assert "largest" not in curves
    assert curves.count("(PGD-10, n 200)") == curves.count("(AutoAttack, n 200)") == 2
    # both were followed by PGD while they trained
    assert describe_tracking(found).startswith("On validation images (PGD-10, n 200), while")
    areas = describe_pareto(found, pareto_rows(found, store.home.runs))
    assert "test images (PGD-10, n 200 and AutoAttack, n 200)" in areas


def test_what_followed_runs_differently_is_said_and_not_ranked(store):
    pair = [stored(store, "a"), stored(store, "b", evaluation__attack="apgd")]
    said = describe_tracking(content(store, pair))
    assert "a by PGD-10, n 200; b by APGD-CE, 10 steps, n 200" in said
    assert "Robust accuracy" not in said
    assert "Clean accuracy: " in said
    figure_areas = describe_pareto(
        content(store, pair), pareto_rows(content(store, pair), store.home.runs)
    )
    assert "largest area" not in figure_areas


@pytest.mark.parametrize("by", ["seed", "evaluation.attack"])
def test_no_mean_is_taken_over_different_attacks(store, mixed, by):
    _, runs = mixed
    found = content(store, runs, View(group=by))
    assert [
        len({runs[position].measured_by.method for position in group.positions})
        for group in found.groups
    ] == [1] * len(found.groups)
    assert all(
        row["measured_by"] in ("PGD-10, n 200", "AutoAttack, n 200") for row in group_rows(found)
    )
    assert "Measured by" in group_table(found)[0]
    assert len({group.label for group in found.groups}) == len(found.groups)


def test_groups_of_different_attacks_are_not_subtracted(store, mixed):
    _, runs = mixed
    rows = group_rows(content(store, runs, View(group="evaluation.attack")))
    assert [row["shared_seeds"] for row in rows] == [0, 0]
    assert all(row["robust_accuracy_gain"] is None for row in rows)
    alike = [stored(store, f"more {seed}", seed=seed, schedule__kind="constant") for seed in (0, 1)]
    rows = group_rows(content(store, [*runs[:2], *alike], View(group="schedule.kind")))
    assert rows[1]["shared_seeds"] == 2


def test_every_table_and_file_names_the_attack(store, mixed):
    found, runs = mixed
    assert [row["Measured by"] for row in number_rows(found)] == ["PGD-10"] * 2 + ["AutoAttack"] * 2
    assert [row["Measured by"] for row in difference_rows(found)] == ["PGD-10", "–", "–"]
    assert sum("are not compared" in line for line in describe_pairs(found)) == 4
    tables = {
        name: list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        for name, data in csv_files(found).items()
    }
    assert [row["attack"] for row in tables["runs.csv"]] == ["pgd"] * 2 + ["autoattack"] * 2
    assert tables["runs.csv"][0]["measured_by"] == "PGD, cross-entropy, 10 steps, 1 restart, n 200"
    assert tables["runs.csv"][0]["attack_loss"] == "cross-entropy"
    assert tables["runs.csv"][0]["attack_steps"] == "10"
    attacked = [row for row in tables["curves.csv"] if float(row["epsilon"])]
    assert {row["measured_by"] for row in attacked} == {record.measured_by.full for record in runs}
    assert all(row["measured_by"] for row in tables["tracked.csv"])
    compared = [row for row in tables["differences.csv"] if row["difference"]]
    assert {row["measured_by"] for row in compared if row["metric"] != "clean"} == {"PGD-10"}
    document = json_document(found)
    assert [row["measured_by"] for row in document["runs"]] == [
        one.measured_by.as_dict() for one in runs
    ]
    assert DIFFERENT in json.dumps(document["warnings"])
    page = unescape(html_report(found, store.home.runs))
    assert f'<p class="warning">These runs were {DIFFERENT}' in page
    assert "python -m rft_core evaluate ID --attack" in page


def test_a_measurement_of_a_stranger_is_no_markup(store):
    """What a bundle brings is read strictly; anything else falls back on the run's own settings."""
    record = stored(store, "one")
    bad = attack_measured_by("pgd", steps=3, n=200).as_dict() | {
        "label": "<img src=x onerror=alert(1)>"
    }
    store.finish(record.run_id, "finished", report=record.report | {"measured_by": bad})
    record = store.get(record.run_id)
    assert record.measured_by.chip == "PGD-10, n 200"
    assert "<img" not in html_report(content(store, [record]), store.home.runs)
