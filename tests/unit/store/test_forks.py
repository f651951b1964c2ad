"""A fork goes on from its parent's checkpoint, and nothing but the schedule of
what is left differs.
"""

import pytest

from rft_core.engine.execution import execute
from rft_core.errors import SettingError, StoreError, WeightsError
from rft_core.spec.run_spec import with_settings
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.store.forks import fork, fork_step, read_progress
from rft_core.store.run_store import RunStore
from rft_core.worker.child import work_on
from tests import tiny

AT, TOTAL = 3, 6
CONSTANT = {"schedule.kind": "constant"}


def run_whole(store: RunStore, spec) -> str:
    run_id = store.submit(spec)
    store.claim(("cpu",), run_id)
    work_on(store, run_id, "rft_core.engine.execution:execute")
    return run_id


def pausing(spec, reporter):
    """The engine, with a person who presses pause when training has reached step AT."""
    progress = reporter.progress

    def watched(step: int, total: int) -> None:
        progress(step, total)
        if step >= AT:
            reporter.ask("pause")

    reporter.progress = watched
    return execute(spec, reporter)


def train_events(store: RunStore, run_id: str) -> dict[int, tuple]:
    return {
        event.step: (event.payload["loss"], event.payload["epsilon"])
        for event in read_events(store.engine, run_id, kinds=["train"])
    }


def strip(report: dict) -> dict:
    machine = {
        name: value for name, value in report["machine"].items() if not name.endswith("memory_mib")
    }
    return {
        name: value
        for name, value in report.items()
        if name not in ("run_id", "seconds", "images_per_second", "parent", "parent_step")
    } | {"machine": machine}


@pytest.fixture
def parent(store) -> str:
    """A run of six steps that was paused after three."""
    run_id = store.submit(tiny.run_spec(name="parent", runtime__device="cpu"))
    store.claim(("cpu",), run_id)
    work_on(store, run_id, f"{__name__}:pausing")
    assert (store.get(run_id).status, store.get(run_id).step) == ("paused", AT)
    return run_id


def finish(store: RunStore, run_id: str) -> None:
    store.claim(("cpu",), run_id)
    work_on(store, run_id, "rft_core.engine.execution:execute")
    assert store.get(run_id).status == "finished", store.get(run_id).reason


def test_a_fork_without_a_change_gives_the_numbers_of_the_whole_run(store, parent):
    whole = run_whole(store, tiny.run_spec(name="parent", runtime__device="cpu"))
    child = fork(store, parent, {})
    finish(store, child)
    assert strip(store.get(child).report) == strip(store.get(whole).report)
    assert train_events(store, child) == train_events(store, whole)
    assert (store.get(child).report["parent"], store.get(child).report["parent_step"]) == (
        parent,
        AT,
    )
    assert "parent" not in store.get(whole).report


def test_only_the_schedule_of_what_is_left_changes(store, parent):
    child = fork(store, parent, CONSTANT, name="forked")
    record, origin = store.get(child), store.get(parent)
    assert (record.parent, record.parent_step, record.step, record.total_steps, record.status) == (
        parent,
        AT,
        AT,
        TOTAL,
        "queued",
    )
    assert (
        with_settings(record.spec, {"schedule.kind": origin.spec.schedule.kind, "name": "parent"})
        == origin.spec
    )
    finish(store, child)
    before, after = train_events(store, parent), train_events(store, child)
    assert {step: after[step] for step in range(AT)} == before
    target = record.spec.threat.epsilon
    assert [after[step][1] for step in range(AT, TOTAL)] == [target] * (TOTAL - AT)
    steps = [event.step for event in read_events(store.engine, child, kinds=["eval"])]
    assert steps == [0, 2, TOTAL]
    assert store.get(parent) == origin


def test_the_fork_has_files_of_its_own(store, parent):
    child = fork(store, parent, CONSTANT)
    kept = {artifact.path: artifact.sha256 for artifact in list_artifacts(store.engine, child)}
    assert kept == {
        artifact.path: artifact.sha256 for artifact in list_artifacts(store.engine, parent)
    }
    store.delete(parent)
    finish(store, child)
    assert store.get(child).parent == parent


def test_a_fork_can_be_forked_and_paused_like_any_run(store, parent):
    child = fork(store, parent, CONSTANT)
    again = fork(store, child, {"schedule.kind": "linear"})
    assert (store.get(again).parent, store.get(again).parent_step) == (child, AT)
    finish(store, again)
    assert fork_step(store, store.get(again)) is None


def test_a_finished_run_has_nothing_left(store):
    run_id = run_whole(store, tiny.run_spec(runtime__device="cpu"))
    with pytest.raises(
        StoreError, match="stands at its last step, so nothing is left to train; pause a run"
    ):
        fork(store, run_id, CONSTANT)
    assert [record.run_id for record in store.records()] == [run_id]
    assert [path.name for path in store.home.runs.iterdir()] == [run_id]


def test_a_run_without_a_checkpoint(store):
    run_id = store.submit(tiny.run_spec())
    with pytest.raises(StoreError, match="has no checkpoint yet"):
        fork(store, run_id, CONSTANT)
    assert fork_step(store, store.get(run_id)) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"optim.learning_rate": 0.1},
            "optim.learning_rate cannot change in a fork, only the schedule can",
        ),
        ({"threat.epsilon": 0.1}, "threat.epsilon cannot change"),
        ({"schedule.kind": "auto"}, "validation accuracies from the first epoch"),
        ({"schedule.ramp_end": 0.0}, "ramp_end must be at least ramp_start"),
    ],
)
def test_what_a_fork_cannot_change(store, parent, changes, message):
    with pytest.raises(SettingError, match=message):
        fork(store, parent, changes)
    assert len(store.records()) == 1


def test_the_step_is_read_without_the_weights(store, parent):
    assert fork_step(store, store.get(parent)) == AT
    progress = read_progress(store.folder(parent) / "checkpoint.safetensors")
    assert (progress["step"], [row["step"] for row in progress["tracked"]]) == (AT, [0, 2])


@pytest.mark.parametrize("content", [b"", b"12345678", b"\x02\0\0\0\0\0\0\0{}", b"\xff" * 40])
def test_a_damaged_checkpoint_is_named(store, parent, content):
    (store.folder(parent) / "checkpoint.safetensors").write_bytes(content)
    assert fork_step(store, store.get(parent)) is None
    with pytest.raises(WeightsError, match="checkpoint.safetensors is not a checkpoint of a run"):
        fork(store, parent, CONSTANT)
    assert len(list(store.home.runs.iterdir())) == 1
