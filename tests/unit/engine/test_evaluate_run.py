"""rft_core.engine.evaluate_run: a finished run's model looked at again."""

import numpy as np
from PIL import Image

from rft_core.engine.evaluate_run import evaluate_picture, evaluate_run, load_job
from rft_core.engine.execution import execute
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.files.run_files import PICTURES, WEIGHTS
from rft_core.spec.measured_by import attack_measured_by, evaluation_measured_by
from tests import tiny


def test_what_a_run_started_from_may_be_gone_when_it_is_looked_at(tmp_path):
    execute(tiny.run_spec(optim__epochs=1), FolderReporter(tmp_path / "first"))
    start = tmp_path / "first" / WEIGHTS
    spec = tiny.run_spec(model__checkpoint=str(start), optim__epochs=1)
    execute(spec, FolderReporter(tmp_path / "second"))
    start.unlink()
    job = load_job(spec, tmp_path / "second")
    kept, _ = read_tensors(tmp_path / "second" / WEIGHTS)
    assert all((tensor == kept[name]).all() for name, tensor in job.model.state_dict().items())
    assert job.spec == spec


def test_an_evaluation_says_by_what_it_measured(tmp_path):
    spec = tiny.run_spec(optim__epochs=1, evaluation__examples=0)
    execute(spec, FolderReporter(tmp_path))
    settings = {"attack": "apgd_dlr", "steps": 2, "epsilons": None, "images": 20, "honesty": False}
    answer = evaluate_run(spec, tmp_path, tmp_path, **settings)
    assert (
        answer["measured_by"] == attack_measured_by("apgd_dlr", steps=2, n=20, classes=10).as_dict()
    )
    # evaluations of earlier versions name attack, steps and images
    earlier = {name: value for name, value in answer.items() if name != "measured_by"}
    assert evaluation_measured_by(earlier) == evaluation_measured_by(answer)


def test_a_deep_grey_of_the_user_is_scaled_as_in_the_dataset(home, tmp_path):
    """Its own largest value is that of 10 bits, and the model was trained on pictures of 12."""
    folder = tmp_path / "scans"
    for label, name in enumerate(("a", "b")):
        (folder / name).mkdir(parents=True)
        for index in range(8):
            values = np.random.default_rng(10 * label + index).integers(0, 4000, (16, 16))
            Image.fromarray(values.astype(np.uint16)).save(folder / name / f"{index}.png")
    changes = {
        "data__dataset": f"folder:{folder}",
        "data__train_size": None,
        "data__eval_size": None,
    }
    spec = tiny.run_spec(optim__epochs=1, evaluation__examples=0, **changes)
    execute(spec, FolderReporter(tmp_path / "run"))
    own = np.full((16, 16), 1000, np.uint16)
    Image.fromarray(own).save(tmp_path / "own.png")
    evaluate_picture(
        spec,
        tmp_path / "run",
        tmp_path,
        tmp_path / "own.png",
        attack="pgd",
        steps=1,
        epsilons=(8 / 255,),
    )
    with np.load(tmp_path / PICTURES) as kept:
        assert kept["clean"][0].mean() == round(1000 * 255 / 4095)
