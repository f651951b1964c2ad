"""A run whose data or weights are gone: said on Runs and Evaluate, and set anew
there, by a real process.
"""

import html
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.dashboard import open_app, stored_run

RUNS, EVALUATE = "pages/runs.py", "pages/evaluate.py"
FIELD = "relocate.path.{}.{}"


@pytest.fixture
def photos(tmp_path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("alpha", "beta"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for place in range(10):
            Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(
                folder / f"{place}.png"
            )
    return tmp_path / "photos"


def warnings(app) -> str:
    return html.unescape(" ".join(one.value for one in app.warning))


def set_path(app, run_id: str, setting: str, path: Path):
    app.text_input(key=FIELD.format(run_id, setting)).set_value(str(path))
    button = next(one for one in app.button if one.label == "Set the path")
    return button.click().run(timeout=120)


@pytest.mark.parametrize("page", [RUNS, EVALUATE])
def test_data_that_are_gone_are_named_with_the_way_out(store, photos, tmp_path, page):
    run_id = stored_run(store, "mine", **{"data.dataset": f"folder:{photos}"})
    assert "data.dataset" not in warnings(open_app(page, run=run_id))
    shutil.move(photos, tmp_path / "moved")
    said = warnings(open_app(page, run=run_id))
    assert f"data.dataset is 'folder:{photos}', and there is no folder or zip '{photos}'" in said
    assert f"python -m rft_core relocate {run_id} data.dataset=folder:PATH" in said


def test_other_images_are_refused(store, photos, tmp_path):
    run_id = stored_run(store, "mine", **{"data.dataset": f"folder:{photos}"})
    other = Path(shutil.move(photos, tmp_path / "moved"))
    app = set_path(open_app(RUNS, run=run_id), run_id, "data.dataset", other)
    assert not app.exception
    assert "test images are not those the run was measured on" in html.unescape(app.error[0].value)
    assert store.get(run_id).spec.data.dataset == f"folder:{photos}"


def test_weights_are_set_anew(store, tmp_path):
    old, new = tmp_path / "old.pt", tmp_path / "new.pt"
    new.touch()
    run_id = stored_run(store, "mine", **{"model.checkpoint": str(old)})
    # its own weights replace what it started from
    assert "model.checkpoint" not in warnings(open_app(EVALUATE, run=run_id))
    app = open_app(RUNS, run=run_id)
    assert f"model.checkpoint is '{old}', and there is no file" in warnings(app)
    app = set_path(app, run_id, "model.checkpoint", new)
    assert not app.exception
    assert not app.error
    assert store.get(run_id).spec.model.checkpoint == str(new)
    assert "model.checkpoint is" not in warnings(app)


@pytest.mark.parametrize("path", ["", "relative.pt", "~nobodyatall/w.pt"])
def test_a_path_that_leads_nowhere_is_one_line(store, tmp_path, path):
    run_id = stored_run(store, "mine", **{"model.checkpoint": str(tmp_path / "old.pt")})
    app = set_path(open_app(RUNS, run=run_id), run_id, "model.checkpoint", path)
    assert not app.exception
    assert "model.checkpoint " in html.unescape(app.error[0].value)
    assert store.get(run_id).spec.model.checkpoint == str(tmp_path / "old.pt")
