"""rft_core.store.run_store: queue, claims, requests, status.

A status only moves along the drawn arrows.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from rft_core.errors import StoreError, UnknownNameError
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store import process, run_store
from rft_core.store.queue import pick_device
from rft_core.store.run_store import RunStore, open_store
from rft_core.store.schema import runs

CPU = ("cpu",)


def make(store: RunStore, status: str, **values) -> str:
    """A run in `status`, written past all rules."""
    run_id = store.submit(RunSpec())
    with store.engine.begin() as connection:
        connection.execute(
            update(runs).where(runs.c.run_id == run_id).values(status=status, **values)
        )
    return run_id


def test_a_submitted_run_is_queued_as_it_was_described(store):
    spec = with_settings(RunSpec(), {"name": "mine", "optim.epochs": 3})
    record = store.get(store.submit(spec))
    assert record.spec == spec
    assert (record.status, record.name, record.step, record.report, record.pid) == (
        "queued",
        "mine",
        0,
        None,
        None,
    )
    assert not record.is_active
    assert record.heartbeat_age is None
    assert record.progress == 0


def test_a_run_without_a_name_is_called_by_its_id(store):
    run_id = store.submit(RunSpec())
    assert store.get(run_id).name == run_id


def test_ids_are_unique(store):
    assert len({store.submit(RunSpec()) for _ in range(50)}) == 50


def test_a_second_store_sees_the_same_runs(store, home):
    run_id = store.submit(RunSpec())
    assert open_store(home).get(run_id).run_id == run_id
    assert open_store().get(run_id).run_id == run_id


def test_get_by_a_beginning(store, monkeypatch):
    first = make(store, "queued")
    assert store.get(first[:-2]).run_id == first
    for run_id in ("abc-1", "abc-2"):
        monkeypatch.setattr(run_store, "new_run_id", lambda run_id=run_id: run_id)
        store.submit(RunSpec())
    with pytest.raises(StoreError, match="beginning of several"):
        store.get("abc")
    assert store.get("abc-2").run_id == "abc-2"


@pytest.mark.parametrize(
    "run_id",
    [
        "nope",
        "",
        "%",
        "_",
        "'; drop table runs; --",
        "\x1b[2J",
        pytest.param("x" * 60_000, id="long"),
    ],
)
def test_an_unknown_run(store, run_id):
    with pytest.raises(StoreError, match="no run is stored yet") as raised:
        store.get(run_id)
    assert str(raised.value).isprintable()
    store.submit(RunSpec())
    with pytest.raises(UnknownNameError, match="unknown run"):
        store.get(run_id)


def test_records_newest_first_and_by_status(store):
    first, second = store.submit(RunSpec()), store.submit(RunSpec())
    assert [record.run_id for record in store.records()] == [second, first]
    assert [record.run_id for record in store.records(limit=1)] == [second]
    assert store.records(("running",)) == []


class TestClaim:
    def test_the_oldest_first_and_one_a_device(self, store):
        first, second = store.submit(RunSpec()), store.submit(RunSpec())
        record = store.claim(CPU)
        assert (record.run_id, record.status, record.device, record.host) == (
            first,
            "running",
            "cpu",
            process.this_host(),
        )
        assert (record.pid, record.pid_start) == pytest.approx(process.this_process())
        assert record.heartbeat_age < 10
        assert store.claim(CPU) is None
        store.finish(first, "finished")
        assert store.claim(CPU).run_id == second

    def test_nothing_to_claim(self, store):
        assert store.claim(CPU) is None

    def test_a_busy_device_does_not_hold_up_a_run_for_another(self, store):
        wants = [
            with_settings(RunSpec(), {"runtime.device": device})
            for device in ("cpu", "cpu", "cuda:1", "cuda")
        ]
        ids = [store.submit(spec) for spec in wants]
        devices = ("cpu", "cuda:0", "cuda:1")
        claims = [store.claim(devices) for _ in range(4)]
        assert [(claim.run_id, claim.device) for claim in claims[:3]] == [
            (ids[0], "cpu"),
            (ids[2], "cuda:1"),
            (ids[3], "cuda:0"),
        ]
        assert claims[3] is None

    @pytest.mark.parametrize(
        ("wanted", "devices", "busy", "expected"),
        [
            ("auto", ("cpu",), set(), "cpu"),
            ("auto", ("cpu", "cuda:0"), set(), "cuda:0"),
            # a GPU is waited for
            ("auto", ("cpu", "cuda:0"), {"cuda:0"}, None),
            ("auto", ("cpu", "cuda:0", "cuda:1"), {"cuda:0"}, "cuda:1"),
            ("cpu", ("cpu", "cuda:0"), set(), "cpu"),
            ("cuda", ("cpu", "cuda:0"), set(), "cuda:0"),
            ("cuda:1", ("cpu", "cuda:0"), set(), None),
            ("cuda", ("cpu",), set(), None),
        ],
    )
    def test_pick_device(self, wanted, devices, busy, expected):
        assert pick_device(wanted, devices, busy) == expected

    def test_no_run_is_claimed_twice(self, store, home):
        ids = {store.submit(RunSpec()) for _ in range(12)}
        stores = [RunStore(home) for _ in range(4)]
        devices = tuple(f"cuda:{index}" for index in range(16))

        def take(worker_store: RunStore) -> list[str]:
            claimed = []
            while record := worker_store.claim(devices):
                claimed.append(record.run_id)
            return claimed

        with ThreadPoolExecutor(4) as pool:
            claimed = [run_id for part in pool.map(take, stores) for run_id in part]
        assert sorted(claimed) == sorted(ids)
        assert len({store.get(run_id).device for run_id in ids}) == 12

    def test_a_reserved_run_is_left_to_its_own_process(self, store):
        run_id = store.submit(RunSpec(), reserved=True)
        assert store.claim(CPU) is None
        record = store.claim(CPU, run_id)
        assert (record.run_id, record.status, record.request) == (run_id, "running", "")

    def test_a_claim_by_name_takes_only_that_run(self, store):
        store.submit(RunSpec())
        second = store.submit(RunSpec())
        assert store.claim(CPU, second).run_id == second
        assert store.claim(CPU, "nope") is None

    def test_a_resumed_run_keeps_its_first_start(self, store):
        run_id = store.submit(RunSpec())
        started = store.claim(CPU).started
        store.finish(run_id, "paused")
        store.resume(run_id)
        record = store.claim(CPU)
        assert record.started == started
        assert record.ended is None


def test_finish_keeps_the_report(store):
    run_id = store.submit(RunSpec())
    store.claim(CPU)
    store.finish(run_id, "finished", report={"clean_accuracy": 0.5})
    store.finish(run_id, "finished", "again")
    record = store.get(run_id)
    assert (record.status, record.reason, record.report) == (
        "finished",
        "again",
        {"clean_accuracy": 0.5},
    )
    assert record.ended is not None


def test_a_beat_moves_the_progress(store):
    run_id = store.submit(RunSpec())
    store.claim(CPU)
    store.beat(run_id, 5, 20)
    record = store.get(run_id)
    assert (record.step, record.total_steps, record.progress) == (5, 20, 0.25)


def test_adopt_names_the_owner(store, monkeypatch):
    run_id = store.submit(RunSpec())
    store.claim(CPU)
    monkeypatch.setattr(process, "this_process", lambda: (4321, 99.0))
    assert store.adopt(run_id, os.getpid())
    assert (store.get(run_id).pid, store.get(run_id).pid_start) == (4321, 99.0)


@pytest.mark.parametrize("status", ["lost", "running"])
def test_a_run_that_was_given_to_another_is_not_adopted(store, status):
    run_id = store.submit(RunSpec())
    store.claim(CPU)
    # its worker was taken for dead, and the run was perhaps claimed anew
    store._set(run_id, status=status, pid=os.getpid() if status == "lost" else 77)
    assert not store.adopt(run_id, os.getpid())


def test_annotate_changes_words_only(store):
    run_id = store.submit(with_settings(RunSpec(), {"name": "old", "optim.epochs": 3}))
    store.annotate(run_id, name="new", notes="seen")
    record = store.get(run_id)
    assert (record.name, record.spec.name, record.spec.notes, record.spec.optim.epochs) == (
        "new",
        "new",
        "seen",
        3,
    )
    store.annotate(run_id, notes="again")
    assert store.get(run_id).name == "new"


def test_the_summary_holds_the_promised_fields(store):
    summary = store.get(store.submit(RunSpec())).summary()
    assert {
        "run_id",
        "name",
        "status",
        "reason",
        "step",
        "total_steps",
        "pid",
        "heartbeat_age",
        "report",
    } <= set(summary)
    assert json.loads(json.dumps(summary, allow_nan=False))["status"] == "queued"
