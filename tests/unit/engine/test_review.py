"""rft_core.engine.review: a finished run's model looked at again."""

from rft_core.engine.checkpoint import read_tensors
from rft_core.engine.execute import WEIGHTS_FILE, execute
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.review import load_job
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
