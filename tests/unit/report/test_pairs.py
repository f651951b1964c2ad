"""Pairing in rft_core.report.compare: only runs on the same images at the same epsilons, and the right differences."""

import numpy as np

from rft_core.report.compare import compare
from rft_core.report.pairs import VERDICTS_FILE
from rft_core.spec import RunSpec

EPSILONS = (0.0, 4 / 255, 8 / 255)


def finished(store, verdicts, digest="same", epsilons=EPSILONS):
    """A finished run with these verdicts (N, E)."""
    run_id = store.submit(RunSpec())
    np.savez(store.folder(run_id) / VERDICTS_FILE, verdicts=verdicts)
    curve = [{"epsilon": epsilon, "accuracy": float(verdicts[:, place].mean()), "n": len(verdicts)} for place, epsilon in enumerate(epsilons)]
    store.finish(run_id, "finished", report={"status": "finished", "images_digest": digest, "curve": curve})
    return store.get(run_id)


def column(share, n=200):
    return np.arange(n) < share * n


def test_two_runs_on_the_same_images_are_paired(store):
    first = finished(store, np.stack([column(0.9), column(0.6), column(0.5)], 1))
    second = finished(store, np.stack([column(0.8), column(0.3), column(0.1)], 1))
    rows = {row["metric"]: row for row in compare([first, second], store.home.runs).paired}
    assert [round(rows[metric]["difference"], 6) for metric in ("clean", "robust", "expected")] == [0.1, 0.4, 0.275]
    assert rows["robust"]["low"] < 0.4 < rows["robust"]["high"]
    assert "at 8/255 is 40.0 points" in rows["robust"]["sentence"]
    assert rows["robust"]["is_significant"]


def test_equal_runs_do_not_differ(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    rows = compare([finished(store, verdicts), finished(store, verdicts)], store.home.runs).paired
    assert {(row["difference"], row["is_significant"]) for row in rows} == {(0.0, False)}


def test_other_images_or_epsilons_are_not_paired(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    first = finished(store, verdicts)
    assert compare([first, finished(store, verdicts, digest="other")], store.home.runs).paired == []
    assert compare([first, finished(store, verdicts, epsilons=(0.0, 1 / 255, 2 / 255))], store.home.runs).paired == []


def test_a_run_whose_verdicts_are_gone_is_left_out(store):
    verdicts = np.stack([column(0.9), column(0.6), column(0.5)], 1)
    first, second = finished(store, verdicts), finished(store, verdicts)
    (store.folder(second.run_id) / VERDICTS_FILE).unlink()
    assert compare([first, second], store.home.runs).paired == []
