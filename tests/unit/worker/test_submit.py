"""rft_core.worker.submit: queue a run, and see to it that a worker is there."""

import os
import time

import psutil
import pytest

from rft_core.errors import UserError
from rft_core.spec.run_spec import RunSpec, parse
from rft_core.worker.loop import worker_lock
from rft_core.worker.submit import ensure_worker, submit, worker_is_running


def test_submit_queues(store):
    run_id = submit(store, RunSpec(), start_worker=False)
    assert store.get(run_id).status == "queued"
    assert not store.home.worker_log.exists()


@pytest.mark.parametrize(
    ("backbone", "message"),
    [("resnet5", "unknown backbone 'resnet5'"), ("qwen3_vit_88m_enc", "cannot be fine-tuned")],
)
def test_a_backbone_that_cannot_be_had_is_not_queued(store, backbone, message):
    with pytest.raises(UserError, match=message):
        submit(store, parse({"model": {"backbone": backbone}}), start_worker=False)
    assert not store.records()


def test_a_backbone_by_its_earlier_name_is_queued(store):
    spec = parse({"model": {"backbone": "vit_base_patch16_224_in21k"}})
    assert store.get(submit(store, spec, start_worker=False)).status == "queued"


def test_no_second_worker(home):
    with worker_lock(home).acquire(timeout=0):
        assert ensure_worker(home) is False


def test_a_worker_is_started_for_this_home_apart_from_this_process(home, store):
    submit(store, RunSpec(), start_worker=False)
    store.request(store.records()[0].run_id, "stop")
    started = []
    try:
        assert ensure_worker(home)
        deadline = time.monotonic() + 60
        while not worker_is_running(home):
            assert time.monotonic() < deadline, home.worker_log.read_text()
            time.sleep(0.1)
        assert ensure_worker(home) is False
        started = [child for child in psutil.Process().children() if "worker" in child.cmdline()]
        (worker,) = started
        assert worker.cmdline()[-2:] == ["--home", str(home.root)]
        assert os.getsid(worker.pid) == worker.pid
        assert worker.environ()["RFT_STORE"] == home.store_url
    finally:
        for process in started:
            process.kill()
            process.wait()
