"""rft_core.bundles.arriving_runs: one run that no page could show keeps a whole bundle out."""

from pathlib import Path

import numpy as np
import pytest

from rft_core.bundles import incoming
from tests.unit.bundles.importing import refused
from tests.unit.bundles.rewriting import changed, write


class TestRuns:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"status": "golden"}, "unknown status"),
            ({"run_id": "20260101-000000-aaaaaa"}, "of another run"),
            ({"pid": 1}, "pid"),
            ({"step": -1}, "step"),
            ({"step": 2**40}, "step"),
            ({"created": "now"}, "created"),
            ({"spec": {"optim": {"epoch": 3}}}, "unknown setting 'optim.epoch'"),
            ({"spec": {"threat": {"epsilon": 8}}}, "threat.epsilon"),
            ({"spec": {"data": {"dataset": "file:/etc"}}}, "unknown dataset"),
            ({"parent": "../up"}, "parent"),
            ({"report": {"clean_accuracy": "<b>"}}, "clean_accuracy of its report is not a number"),
            ({"report": {"curve": [{"epsilon": 1}]}}, "cannot be read"),
            ({"reason": "\ud800"}, "cannot be read"),
            ({"report": {"robust_accuracy": float("nan")}}, "cannot be read"),
            (
                {"artifacts": [{"path": "../x", "kind": "model", "size": 1, "sha256": "0" * 64}]},
                "leads out",
            ),
        ],
    )
    def test_a_row_that_is_none(self, files, run_id, other, tmp_path, change, words):
        name = f"runs/{run_id}/run.json"
        refused(
            other,
            write(tmp_path / "bad.zip", files | {name: changed(files[name], **change)}),
            words,
        )

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"kind": "code"}, "unknown kind of event"),
            ({"sequence": 0}, "sequence"),
            ({"sequence": 1}, "not in order"),
            ({"payload": {"file": "../../../etc/x.npz"}}, "leads out"),
            ({"payload": {"file": 3}}, "cannot be read"),
            ({"payload": {"curve": "no"}}, "cannot be read"),
            ({"kind": "log", "payload": {"text": float("nan")}}, "cannot be read"),
            ({"wall_time": float("nan")}, "wall_time"),
        ],
    )
    def test_an_event_that_is_none(self, files, run_id, other, tmp_path, change, words):
        name = f"runs/{run_id}/events.jsonl"
        lines = files[name].splitlines()
        lines[-1] = changed(lines[-1], **change)
        refused(other, write(tmp_path / "bad.zip", files | {name: b"\n".join(lines)}), words)

    @pytest.mark.parametrize("name", ["run.json", "events.jsonl"])
    def test_a_part_that_is_missing(self, files, run_id, other, tmp_path, name):
        del files[f"runs/{run_id}/{name}"]
        refused(other, write(tmp_path / "bad.zip", files), f"{name} is missing")

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("a.pt", b"x"),
            ("a.pkl", b"x"),
            ("weights", b"\x80\x04\x95\x00"),
            ("a.json", b"\x80\x02}q\x00."),
            ("x", b"PK\x03\x04....archive/data.pkl"),
        ],
    )
    def test_a_pickle(self, files, run_id, other, tmp_path, name, data):
        refused(
            other,
            write(tmp_path / "bad.zip", files | {f"runs/{run_id}/files/{name}": data}),
            "unpickling",
        )

    def test_one_bad_run_of_two_keeps_both_out(self, files, run_id, other, tmp_path):
        second = {
            name.replace(run_id, "20260101-000000-aaaaaa"): data for name, data in files.items()
        }
        refused(other, write(tmp_path / "bad.zip", files | second), "of another run")


def test_an_array_of_objects_is_not_unpickled_by_whoever_reads_it(tmp_path):
    """An .npz may hold pickled objects under a harmless name; every reader of the
    program refuses them.
    """
    np.savez(tmp_path / "verdicts.npz", verdicts=np.array([{"a": 1}], dtype=object))
    with (
        np.load(tmp_path / "verdicts.npz", allow_pickle=False) as saved,
        pytest.raises(ValueError, match="allow_pickle"),
    ):
        saved["verdicts"]
    source = [
        path.read_text()
        for folder in ("rft_core", "pages")
        for path in (Path(incoming.__file__).parents[2] / folder).rglob("*.py")
    ]
    assert not [text for text in source if "allow_pickle=True" in text]
