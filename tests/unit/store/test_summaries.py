"""rft_core.store.summaries: a list says what the records say, found, filtered, ordered and
paged in the database.
"""

import pytest
from sqlalchemy import event, update

from rft_core.store import run_store
from rft_core.store.schema import runs
from rft_core.store.status import STATUSES
from rft_core.store.summaries import ORDERS, Wanted, is_listed, list_choices
from tests.unit.store.listed_runs import names, submit
from tests.unit.store.test_run_store import make


def test_a_summary_equals_its_record(store):
    submit(
        store,
        "a",
        {},
        tags=["x", "y z"],
        model__backbone="bloom_vit",
        threat__epsilon="4/255",
        seed=3,
    )
    submit(
        store,
        "b",
        data__dataset="digits",
        strategy__kind="lora",
        objective__kind="trades",
        schedule__kind="cosine",
        threat__norm="l2",
    )
    for status in STATUSES:
        make(store, status, reason="because", step=3, total_steps=7, heartbeat=5.0)
    records, page = store.records(), store.summaries(limit=50)
    assert page.total == len(page.rows) == len(records) == 10
    for row, record in zip(page.rows, records):
        own = (
            "run_id",
            "number",
            "name",
            "status",
            "reason",
            "heartbeat",
            "created",
            "step",
            "total_steps",
            "is_active",
            "progress",
            "parent",
            "host",
            "device",
        )
        assert {name: getattr(row, name) for name in own} == {
            name: getattr(record, name) for name in own
        }
        spec, report = record.spec, record.report or {}
        assert (row.backbone, row.dataset, row.strategy, row.objective) == (
            spec.model.backbone,
            spec.data.dataset,
            spec.strategy.kind,
            spec.objective.kind,
        )
        assert (row.schedule, row.norm, row.epsilon, row.seed) == (
            spec.schedule.kind,
            spec.threat.norm,
            spec.threat.epsilon,
            spec.seed,
        )
        assert row.tags == spec.tags
        assert (row.clean, row.robust, row.expected) == tuple(
            report.get(name)
            for name in ("clean_accuracy", "robust_accuracy", "expected_robustness")
        )
        assert (row.heartbeat_age is None) == (record.heartbeat_age is None)


def test_one_query_and_no_spec_is_read(store, monkeypatch):
    for place in range(4):
        submit(store, f"run {place}")
    statements = []
    event.listen(
        store.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *_: statements.append(statement),
    )
    monkeypatch.setattr(run_store, "parse_stored", lambda _: pytest.fail("a list parsed a spec"))
    assert store.summaries(Wanted("run", order="clean"), limit=2).total == 4
    (query,) = [statement for statement in statements if statement != "BEGIN"]
    assert "runs.spec" not in query
    assert "runs.report" not in query
    assert "events" not in query


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["c", "b", "a"]),
        ("thesis", ["a"]),
        ("THESIS draft", ["a"]),
        ("thesis nothing", []),
        ('"thesis draft"', ["a"]),
        ('"draft thesis"', []),
        ('"', ["c", "b", "a"]),
        ("straße", ["b"]),
        ("STRASSE", ["b"]),
        ("optim.epochs=99", ["c"]),
        ("lora", ["b"]),
        ("100%", ["c"]),
        ("1_0", []),
        ("%", ["c"]),
        ("'; drop table runs; --", []),
        ("\\", []),
    ],
)
def test_search(store, text, found):
    submit(store, "a", tags=["thesis", "draft"])
    submit(store, "b", notes="an der Straße", strategy__kind="lora")
    submit(store, "c", notes="keeps 100% of it", optim__epochs=99)
    assert names(store, text=text) == found


def test_an_id_is_found(store):
    run_id = submit(store, "a")
    submit(store, "b")
    assert names(store, text=run_id[-6:]) == ["a"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"statuses": ("finished",)}, ["a"]),
        ({"statuses": ("finished", "queued")}, ["c", "b", "a"]),
        ({"statuses": ("lost",)}, []),
        ({"datasets": ("digits",)}, ["b"]),
        ({"strategies": ("lora", "bitfit")}, ["c", "b"]),
        ({"schedules": ("constant",), "strategies": ("lora",)}, ["b"]),
        ({"tags": ("x",)}, ["a"]),
        ({"tags": ("x", "y")}, ["b", "a"]),
        ({"tags": ("x y",)}, ["c"]),
        ({"tags": ("%", "_")}, []),
        ({"text": "digits", "tags": ("y",)}, ["b"]),
    ],
)
def test_filters(store, wanted, found):
    submit(store, "a", {}, tags=["x"])
    submit(
        store,
        "b",
        data__dataset="digits",
        strategy__kind="lora",
        schedule__kind="constant",
        tags=["y"],
    )
    submit(store, "c", strategy__kind="bitfit", tags=["x y"])
    assert names(store, **wanted) == found


def test_orders(store):
    for name, clean in (("b", 0.5), ("C", 0.9), ("a", None)):
        submit(store, name, {"clean_accuracy": clean} if clean else None)
    assert names(store, order="newest") == ["a", "C", "b"]
    assert names(store, order="oldest") == ["b", "C", "a"]
    assert names(store, order="name") == ["a", "b", "C"]
    assert names(store, order="clean") == ["C", "b", "a"]
    assert all(len(names(store, order=order)) == 3 for order in ORDERS)


def test_pages(store):
    for place in range(7):
        submit(store, f"run {place}")
    pages = [store.summaries(limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [row.name for page in pages for row in page.rows] == [
        f"run {place}" for place in range(6, -1, -1)
    ]
    assert [page.total for page in pages] == [7, 7, 7]
    assert store.summaries(limit=3, offset=30).rows == ()


def test_what_filters_can_offer(store):
    submit(store, "a", tags=["x", "y z"])
    gone = submit(store, "b", data__dataset="digits", tags=["gone"])
    assert list_choices(store.engine)["datasets"] == ("blooms_hard", "digits")
    store.discard(gone)
    assert list_choices(store.engine) == {
        "datasets": ("blooms_hard",),
        "strategies": ("full_finetune",),
        "schedules": ("two_hinge",),
        "tags": ("x", "y z"),
    }


def test_annotating_is_found_at_once(store):
    run_id = submit(store, "old", tags=["x"])
    store.annotate(run_id, name="new", tags=("y",), notes="seen <b>")
    assert (
        names(store, text="new seen"),
        names(store, tags=("y",)),
        names(store, tags=("x",)),
        names(store, text="old"),
    ) == (["new"], ["new"], [], [])
    assert store.get(run_id).spec.tags == ("y",)


def test_something_moves(store):
    assert not store.is_busy
    run_id = submit(store, "a")
    assert store.is_busy
    for status, busy in (
        ("running", True),
        ("stopping", True),
        ("paused", False),
        ("finished", False),
    ):
        with store.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(status=status))
        assert store.is_busy == busy


def test_whether_a_run_is_among_those_wanted(store):
    run_id = submit(store, "a", tags=["x"])
    other = submit(store, f"names {run_id}")
    assert is_listed(store.engine, Wanted(), run_id)
    assert is_listed(store.engine, Wanted("optim.epochs", tags=("x",)), run_id)
    assert not is_listed(store.engine, Wanted(statuses=("finished",)), run_id)
    assert [
        is_listed(store.engine, Wanted(f"names {run_id}"), each_id) for each_id in (run_id, other)
    ] == [
        False,
        True,
    ]
    store.discard(run_id)
    assert not is_listed(store.engine, Wanted(), run_id)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("x" * 60_000),
        Wanted(" ".join(map(str, range(3000)))),
        Wanted(tags=tuple(map(str, range(3000)))),
        Wanted(tags=("x" * 60_000,)),
    ],
    ids=["long", "words", "tags", "long tag"],
)
def test_an_endless_search_is_answered(store, wanted):
    submit(store, "one")
    assert store.summaries(wanted).total == 0
