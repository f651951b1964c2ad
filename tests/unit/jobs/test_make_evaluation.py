"""rft_core.jobs.make_evaluation: what the engine finds is kept whole with the run, and a mistake is
said where the page looks.
"""

import json

import pytest

from rft_core.errors import DataError, StoreError, UserError
from rft_core.jobs.evaluations import list_evaluations
from rft_core.jobs.make_evaluation import make_evaluation, request_folder
from rft_core.spec.run_spec import RunSpec
from rft_core.store.artifacts import describe_file, list_artifacts
from rft_core.store.device_lock import holder

WANTED = {"attack": "apgd", "steps": 3, "epsilons": [0, 0.1], "images": 5, "honesty": True}


@pytest.fixture
def run_id(store) -> str:
    run_id = store.submit(RunSpec(name="rose"))
    store.finish(
        run_id,
        "finished",
        report={
            "images_digest": "abc",
            "clean_accuracy": 0.5,
            "robust_accuracy": 0.2,
            "expected_robustness": 0.3,
        },
    )
    return run_id


def evaluated(store, run_id, evaluate_run, evaluate_picture=None, picture=None, evaluation_id=None):
    folder = request_folder(store, run_id, WANTED, picture, evaluation_id)
    return make_evaluation(
        store, run_id, folder, evaluate_run, evaluate_picture, ("cpu",), lambda line: None
    )


def test_it_is_kept_with_its_files_and_their_checksums(store, run_id):
    seen = {}

    def evaluate_run(spec, folder, keep, **wanted):
        seen.update(wanted, device=spec.runtime.device, holder=holder(store.home, "cpu"))
        (keep / "images.npz").write_bytes(b"arrays")
        return {"attack": wanted["attack"], "curve": []}

    document = evaluated(store, run_id, evaluate_run)
    assert {name: seen[name] for name in WANTED} == WANTED
    assert (seen["digest"], seen["device"], seen["holder"]) == (
        "abc",
        "cpu",
        "an evaluation of run rose",
    )
    (kept,) = list_evaluations(store, run_id)
    assert (kept.status, kept.answer, kept.wanted["steps"]) == ("done", document, 3)
    files = list_artifacts(store.engine, run_id, "evaluation")
    assert [file.path.rpartition("/")[2] for file in files] == ["evaluation.json", "images.npz"]
    assert files[1] == describe_file(store.folder(run_id), kept.folder / "images.npz", "evaluation")
    assert holder(store.home, "cpu") == ""


def test_its_time_counts_from_the_moment_it_has_the_device(store, run_id):
    seen = []

    def evaluate_run(spec, folder, keep, **wanted):
        seen.append(list_evaluations(store, run_id)[0].seconds)
        wanted["notify"]("attacking")
        seen.append(list_evaluations(store, run_id)[0].seconds)
        return {"curve": []}

    evaluated(store, run_id, evaluate_run)
    assert seen[0] is None
    assert 0 <= seen[1] < 60


def test_one_picture(store, run_id, tmp_path):
    (tmp_path / "cat.png").write_bytes(b"pixels")

    def evaluate_picture(spec, folder, keep, picture, **wanted):
        return {"prediction": picture.read_bytes().decode(), "steps": wanted["steps"]}

    document = evaluated(store, run_id, None, evaluate_picture, tmp_path / "cat.png")
    assert (document["prediction"], document["steps"]) == ("pixels", 3)
    assert list_evaluations(store, run_id)[0].is_picture
    with pytest.raises(DataError, match="there is no picture"):
        evaluated(store, run_id, None, evaluate_picture, tmp_path / "dog.png")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("the images are gone"), "the images are gone"),
        (ZeroDivisionError("odd"), "ZeroDivisionError: odd; "),
    ],
)
def test_a_mistake_is_said_where_the_page_looks(store, run_id, error, line):
    def evaluate_run(*_, **__):
        raise error

    with pytest.raises(type(error)):
        evaluated(store, run_id, evaluate_run)
    (kept,) = list_evaluations(store, run_id)
    assert kept.status == "failed"
    assert kept.line.startswith(line)
    assert holder(store.home, "cpu") == ""


def test_only_what_was_measured_and_asked(store, run_id):
    unmeasured = store.submit(RunSpec())
    with pytest.raises(StoreError, match="has no report"):
        request_folder(store, unmeasured, WANTED, None, None)
    with pytest.raises(UserError, match="not the id of an evaluation"):
        request_folder(store, run_id, WANTED, None, "../../etc")
    with pytest.raises(StoreError, match="no open evaluation"):
        request_folder(store, run_id, WANTED, None, "20260131-120000-a1b2c3")


def test_what_was_asked_for_is_made_once(store, run_id):
    evaluated(store, run_id, lambda *_, **__: {"attack": "apgd"})
    done = list_evaluations(store, run_id)[0].evaluation_id
    with pytest.raises(StoreError, match="no open evaluation"):
        evaluated(store, run_id, None, evaluation_id=done)
    document = json.loads(
        (list_evaluations(store, run_id)[0].folder / "evaluation.json").read_text()
    )
    assert document["evaluation_id"] == done
