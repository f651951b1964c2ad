"""rft_core.engine.review: a finished run's model looked at again."""

from rft_core.engine.checkpoint import read_tensors
from rft_core.engine.execute import WEIGHTS_FILE, execute
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.review import load_job, review
from rft_core.measurements import evaluation_measured_by, measured_by
from tests import tiny


def test_what_a_run_started_from_may_be_gone_when_it_is_looked_at(tmp_path):
    execute(tiny.run_spec(optim__epochs=1), FolderReporter(tmp_path / "first"))
    start = tmp_path / "first" / WEIGHTS_FILE
    spec = tiny.run_spec(model__checkpoint=str(start), optim__epochs=1)
    execute(spec, FolderReporter(tmp_path / "second"))
    start.unlink()
    job = load_job(spec, tmp_path / "second")
    kept, _ = read_tensors(tmp_path / "second" / WEIGHTS_FILE)
    assert all((tensor == kept[name]).all() for name, tensor in job.model.state_dict().items())
    assert job.spec == spec


def test_an_evaluation_says_by_what_it_measured(tmp_path):
    spec = tiny.run_spec(optim__epochs=1, evaluation__examples=0)
    execute(spec, FolderReporter(tmp_path))
    asked = {"attack": "apgd_dlr", "steps": 2, "epsilons": None, "images": 20, "honesty": False}
    answer = review(spec, tmp_path, tmp_path, **asked)
    assert answer["measured_by"] == measured_by("apgd_dlr", steps=2, n=20, classes=10).as_dict()
    # evaluations of earlier versions name attack, steps and images
    earlier = {name: value for name, value in answer.items() if name != "measured_by"}
    assert evaluation_measured_by(earlier) == evaluation_measured_by(answer)
