"""Hostile rows of the table of events: what is read of them can be drawn, and what cannot
is said in one line.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from rft_core.files.home import Home
from rft_core.recordings.thinning import thinned
from rft_core.report.comparison.sentences import describe_tracking
from rft_core.report.comparison.view import View, assemble
from rft_core.report.run.figures import accuracy_figure
from rft_core.report.run.history import build_history
from rft_core.report.run.sentences import describe_run
from rft_core.report.story.race import race_figure
from rft_core.report.story.track import build_track
from rft_core.spec.presets import preset
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.run_store import RunStore
from rft_core.store.schema import events
from tests.property.hostile_values import FULL, LEAVES, NESTED, NUMBERS
from tests.ui.dashboard import POINTS
from tests.ui.run_page import train

SOUND = (
    Event(
        1,
        0,
        0.0,
        1.0,
        "eval",
        {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 10},
    ),
    Event(
        2,
        0,
        0.0,
        1.0,
        "examples",
        {"file": "examples/0000000.npz", "class_names": ["rose", "tulip"]},
    ),
    train(3, 1, 1.5),
    Event(
        4,
        9,
        1.0,
        2.0,
        "eval",
        {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 20},
    ),
    Event(5, 9, 1.0, 2.0, "onset", {"step": 9, "epoch": 1.0, "accuracy": 0.8, "threshold": 0.07}),
    Event(6, 9, 1.0, 2.0, "resumed", {"text": "resumed from step 9"}),
    Event(7, 9, 1.0, 2.0, "status", {"status": "running"}),
)
# SQLite keeps any value in any column
CELLS = st.one_of(
    st.sampled_from([one for one in NUMBERS if not isinstance(one, int) or abs(one) < 2**63]),
    st.sampled_from(["abc", "", "9" * 30, b"\xff\x00"]),
)
PAYLOADS = st.one_of(
    st.sampled_from(
        ["", "{", "[]", "null", "NaN", "7", '"x"', "[" * 5000, "1" * 5000, "{}", "\x00"]
    ),
    NESTED.map(json.dumps),
)


@st.composite
def strange_payloads(draw) -> str:
    """The payload of a sound event with one or two values replaced, on any level."""
    payload = json.loads(json.dumps(draw(st.sampled_from(SOUND)).payload))
    for _ in range(draw(st.integers(1, 2))):
        place, value = payload, draw(NESTED)
        name = draw(st.sampled_from([*payload, "curve", "text"]))
        if (
            name == "curve"
            and isinstance(payload.get("curve"), list)
            and payload["curve"]
            and draw(st.booleans())
        ):
            place = payload["curve"][draw(st.integers(0, len(payload["curve"]) - 1))]
            name = draw(st.sampled_from(["epsilon", "accuracy", "n", "low"]))
            value = draw(LEAVES)
        if isinstance(place, dict):
            place[name] = value
            if draw(st.integers(0, 5)) == 0:
                del place[name]
    return json.dumps(payload)


@st.composite
def rows(draw) -> list[dict]:
    """Some sound rows, and some with strange kinds, payloads or cells."""
    found = []
    for place in range(draw(st.integers(1, 8))):
        base = draw(st.sampled_from(SOUND))
        row = {
            "sequence": 10 * place + 1,
            "step": base.step,
            "epoch": base.epoch,
            "wall_time": base.wall_time + place,
            "kind": base.kind,
        }
        row["payload"] = draw(
            st.one_of(strange_payloads(), PAYLOADS, st.just(json.dumps(base.payload)))
        )
        if draw(st.integers(0, 4)) == 0:
            row[draw(st.sampled_from(["step", "epoch", "wall_time"]))] = draw(
                CELLS.filter(lambda cell: cell == cell)
            )
        if draw(st.integers(0, 6)) == 0:
            row["kind"] = draw(
                st.sampled_from(
                    [
                        "",
                        "EVAL",
                        "unreadable",
                        "\x1b[2J",
                        "x" * 5000,
                        "train",
                        "eval",
                        "onset",
                        "examples",
                        "log",
                        "status",
                    ]
                )
            )
        found.append(row)
    return found


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> tuple[RunStore, str]:
    """A store with one run, whose events each example replaces."""
    folder: Path = tmp_path_factory.mktemp("events")
    store = RunStore(Home(folder, f"sqlite:///{folder / 'events.db'}"))
    return store, store.submit(preset("scheduled"))


def write(store: RunStore, run_id: str, found: list[dict]) -> None:
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(events))
        into = text(
            "insert into events (run_id, sequence, step, epoch, wall_time, kind, payload) values"
            " (:run_id, :sequence, :step, :epoch, :wall_time, :kind, :payload)"
        )
        for row in found:
            connection.execute(into, {"run_id": run_id, **row})


@settings(max_examples=FULL or 40, suppress_health_check=list(HealthCheck))
@given(found=rows())
def test_any_rows_can_be_drawn(stored, found):
    store, run_id = stored
    write(store, run_id, found)
    read = read_events(store.engine, run_id)
    past = build_history(read)
    assert past.fault == "" or (past.fault.isprintable() and 60 < len(past.fault) < 500)
    assert past.last_sequence == found[-1]["sequence"]
    for column in ("step", "epoch", "seconds", "clean", "robust", "expected"):
        assert np.isfinite(past.column(column)).all()
    assert all(
        0 <= value <= 1
        for column in ("clean", "robust", "expected")
        for value in past.column(column)
    )
    assert all(not np.isinf(values).any() for values in past.training.values())
    record = store.get(run_id)
    figure = accuracy_figure(
        past, total_steps=100, steps_per_epoch=10, target="8/255", key="x", marked_step=None
    )
    assert figure.to_json()
    assert describe_run(record, past)
    assert describe_tracking(assemble([record, record], [past, past], View(baseline=run_id)))
    track = build_track("fixed", record.spec, thinned(read, 200), record.total_steps, None)
    assert race_figure([track, replace(track, label="other")], epsilon=0.01, key="x").to_json()


def test_valid_rows_have_no_fault_and_all_count(stored):
    store, run_id = stored
    write(store, run_id, [])
    append_events(store.engine, run_id, SOUND)
    past = build_history(read_events(store.engine, run_id))
    assert past.fault == ""
    assert (len(past.measurements), len(past.examples), len(past.log), past.onset["step"]) == (
        2,
        1,
        1,
        9,
    )
    assert len(past.training["loss"]) == 1


@pytest.mark.parametrize(
    ("kind", "payload", "answer"),
    [
        ("eval", {}, "curve is missing"),
        (
            "eval",
            {"curve": [POINTS[0] | {"accuracy": 5.0}], "expected_robustness": 0.5},
            "curve is missing or impossible",
        ),
        ("eval", {"curve": POINTS, "expected_robustness": 7}, "not between 0 and 1"),
        (
            "eval",
            {"curve": POINTS, "expected_robustness": 0.5, "gradient_evaluations": "many"},
            "cost is not a number",
        ),
        ("train", {"loss": "low"}, "its loss is not a number"),
        ("train", {"epsilon": True}, "its epsilon is not a number"),
        ("onset", {"step": 3}, "step or epoch is not a number"),
        ("examples", {"file": "../../x.npz", "class_names": []}, "no file in the run's folder"),
        ("examples", {"file": "/x.npz", "class_names": []}, "no file in the run's folder"),
        ("examples", {"file": "x.npz", "class_names": [1]}, "does not name the classes"),
        ("log", {}, "no text"),
        ("resumed", {}, "no text"),
    ],
)
def test_the_first_fault_is_named(kind, payload, answer):
    past = build_history(
        [*SOUND, Event(8, 9, 1.0, 3.0, kind, payload), Event(9, 9, 1.0, 3.0, kind, payload)]
    )
    assert past.fault.startswith(
        f"2 of {len(SOUND) + 2} stored events cannot be read and are left out. The first is number"
        f" 8, of kind '{kind}'"
    )
    assert answer in past.fault
    assert len(past.measurements) == 2


@pytest.mark.parametrize("payload", ["", "{", "[]", "NaN", "[" * 5000])
def test_a_payload_that_is_not_an_object_is_named(stored, payload):
    store, run_id = stored
    write(
        store,
        run_id,
        [
            {
                "sequence": 1,
                "step": 0,
                "epoch": 0.0,
                "wall_time": 0.0,
                "kind": "eval",
                "payload": payload,
            }
        ],
    )
    assert "JSON object" in build_history(read_events(store.engine, run_id)).fault


def test_an_error_is_one_line_whatever_the_kind_and_number():
    fault = build_history(
        [*SOUND, Event("8\n", "nine", 1.0, 3.0, "\x1b[2J" + "x" * 5000, {})]
    ).fault
    assert fault.isprintable()
    assert len(fault) < 500
