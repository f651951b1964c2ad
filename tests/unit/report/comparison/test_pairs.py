"""Pairing in rft_core.report.comparison.compare: only runs on the same images at the same epsilons,
and the right differences.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from rft_core.files.run_files import VERDICTS
from rft_core.report.comparison.compare import compare
from rft_core.report.comparison.pairs import PAIRED_METRICS, pair_runs
from rft_core.report.comparison.sentences import describe_pairs
from rft_core.spec.run_spec import RunSpec
from tests.unit.report.stored import stored

EPSILONS = (0.0, 4 / 255, 8 / 255)


def finished(store, verdicts, digest="same", epsilons=EPSILONS):
    """A finished run with these verdicts (N, E)."""
    run_id = store.submit(RunSpec())
    np.savez(store.folder(run_id) / VERDICTS, verdicts=verdicts)
    curve = [
        {"epsilon": epsilon, "accuracy": float(verdicts[:, place].mean()), "n": len(verdicts)}
        for place, epsilon in enumerate(epsilons)
    ]
    store.finish(
        run_id, "finished", report={"status": "finished", "images_digest": digest, "curve": curve}
    )
    return store.get(run_id)


def column(share, n=200):
    return np.arange(n) < share * n


def test_two_runs_on_the_same_images_are_paired(store):
    first = finished(store, np.stack([column(0.9), column(0.6), column(0.5)], 1))
    second = finished(store, np.stack([column(0.8), column(0.3), column(0.1)], 1))
    rows = {row["metric"]: row for row in compare([first, second], store.home.runs).paired}
    assert [round(rows[metric]["difference"], 6) for metric in ("clean", "robust", "expected")] == [
        0.1,
        0.4,
        0.275,
    ]
    assert rows["robust"]["low"] < 0.4 < rows["robust"]["high"]
    assert "at 8/255 (APGD-CE + T, 10 steps, n 200) is 40.0 points" in rows["robust"]["sentence"]
    assert rows["robust"]["is_significant"]


def test_equal_runs_do_not_differ(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    rows = compare([finished(store, verdicts), finished(store, verdicts)], store.home.runs).paired
    assert {(row["difference"], row["is_significant"]) for row in rows} == {(0.0, False)}


def test_other_images_or_epsilons_are_not_paired(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    first = finished(store, verdicts)
    assert compare([first, finished(store, verdicts, digest="other")], store.home.runs).paired == []
    assert (
        compare(
            [first, finished(store, verdicts, epsilons=(0.0, 1 / 255, 2 / 255))], store.home.runs
        ).paired
        == []
    )


def test_a_run_whose_verdicts_are_gone_is_left_out(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    first, second = finished(store, verdicts), finished(store, verdicts)
    (store.folder(second.run_id) / VERDICTS).unlink()
    assert compare([first, second], store.home.runs).paired == []


class TestAgainstABaseline:
    def test_the_sign_is_run_minus_baseline(self, store):
        better, worse = (
            stored(store, "better", shares=(0.9, 0.6)),
            stored(store, "worse", shares=(0.8, 0.3)),
        )
        pairs = {
            pair.metric: pair for pair in pair_runs([better, worse], store.home.runs, worse.run_id)
        }
        assert {pair.name for pair in pairs.values()} == {"better"}
        assert [pairs[metric].difference for metric in PAIRED_METRICS] == pytest.approx(
            [0.1, 0.3, 0.2], abs=0.001
        )
        assert all(
            pair.is_paired and pair.is_alike and pair.low < pair.difference < pair.high
            for pair in pairs.values()
        )
        assert (
            pairs["robust"]
            .sentence()
            .startswith(
                "better against worse: the difference at 8/255 (PGD-10, n 200) is 30.0 points, 95 %"
                " interval "
            )
        )

    def test_other_images_of_the_same_data_are_unpaired_and_said_to_be(self, store):
        pairs = pair_runs(
            [stored(store, "a"), stored(store, "b", shares=(0.5, 0.1), digest="other")],
            store.home.runs,
        )
        clean, robust, expected = pairs
        assert not any(pair.is_paired for pair in pairs)
        assert clean.difference == pytest.approx(-0.4)
        assert clean.low < -0.4 < clean.high
        assert "unpaired: measured on other test images" in robust.sentence()
        assert expected.difference is None
        assert "are not compared" in expected.sentence()

    def test_other_data_is_not_compared_at_all(self, store):
        pairs = pair_runs(
            [stored(store, "a"), stored(store, "b", data__dataset="blooms_easy", digest="other")],
            store.home.runs,
        )
        assert [(pair.difference, pair.reason) for pair in pairs] == [
            (None, "they learned different datasets")
        ] * 3

    def test_what_is_not_compared_at_all_is_said_once(self, store):
        pairs = pair_runs(
            [
                stored(store, "a"),
                stored(store, "b", data__dataset="blooms_easy", digest="other"),
                stored(store, "c"),
            ],
            store.home.runs,
        )
        said = describe_pairs(SimpleNamespace(pairs=pairs))
        assert said[0] == "b and a are not compared: they learned different datasets."
        assert [one.startswith("c against a: ") for one in said[1:]] == [True] * 3

    def test_other_targets_are_compared_where_both_were_measured(self, store):
        wide, narrow = (
            stored(store, "wide"),
            stored(store, "narrow", threat__epsilon="4/255", shares=(0.9, 0.8)),
        )
        clean, robust, expected = pair_runs([wide, narrow], store.home.runs)
        assert (clean.difference, clean.is_paired, clean.is_alike) == (0, True, False)
        # wide falls evenly from .9 to .5 at 8/255, so it holds .7 at 4/255
        assert robust.where == "at 4/255"
        assert robust.difference == pytest.approx(0.1, abs=0.011)
        assert "average over different epsilons" in expected.sentence()

    def test_other_norms_are_only_compared_on_clean_images(self, store):
        pairs = pair_runs(
            [stored(store, "a"), stored(store, "b", threat__norm="l2", threat__epsilon=0.5)],
            store.home.runs,
        )
        assert [pair.is_paired for pair in pairs] == [True, False, False]
        assert "different norms" in pairs[1].reason

    def test_verdicts_that_are_gone_are_said_to_be(self, store):
        first, second = stored(store, "a"), stored(store, "b")
        (store.folder(second.run_id) / VERDICTS).unlink()
        assert {pair.reason for pair in pair_runs([first, second], store.home.runs)} == {
            "the results of single images are missing"
        }

    def test_a_baseline_without_a_report_has_no_pairs(self, store):
        assert (
            pair_runs([stored(store, "a", status="failed"), stored(store, "b")], store.home.runs)
            == []
        )
        assert pair_runs([], store.home.runs) == []
