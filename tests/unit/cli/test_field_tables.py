"""Tables, copies and deep greys of the field's bug reports through `dataset`, `run`, `show` and
`compare`; all drawn here.
"""

import numpy as np
import pytest
from PIL import Image

from rft_core.report.comparison.view import View
from rft_core.report.files.html_report import html_report
from rft_core.store.events import read_events
from tests.unit.files.layout.test_field_folders import TINY, settings, sizes
from tests.unit.report.stored import content


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (10, 8, 3), dtype=np.uint8))


def draw(folder, count: int = 20):
    """img/disc/000.png ... and img/square/000.png ..., no two alike."""
    for label, name in enumerate(("disc", "square")):
        (folder / "img" / name).mkdir(parents=True)
        for index in range(count):
            noise(1000 * label + index).save(folder / "img" / name / f"{index:03d}.png")
    return [
        (f"img/{name}/{index:03d}.png", name)
        for name in ("disc", "square")
        for index in range(count)
    ]


def write(folder, header, lines, before=""):
    text = before + "".join(line + "\r\n" for line in (header, *lines))
    (folder / "table.csv").write_text(text, encoding="utf-8-sig", newline="")
    return f"csv:{folder / 'table.csv'}"


WRITTEN = {
    "file_name": ("file_name,label", lambda place, path, name: f"{path},{name}", ""),
    "classid": (
        "Filename;Width;Height;ClassId",
        lambda place, path, name: f"{path};8;10;{name == 'square':d}",
        "",
    ),
    "sep": ("path;label", lambda place, path, name: f"{path};{name}", "sep=;\r\n"),
    "windows": (
        "Image Path\tCategory",
        lambda place, path, name: path.replace("/", chr(92)) + "\t" + name,
        "",
    ),
    "is_valid": (
        "name,label,is_valid",
        lambda place, path, name: f"{path},{name},{place % 4 == 0}",
        "",
    ),
    "dev": (
        "path,label,split",
        lambda place, path, name: f"{path},{name},{('train', 'train', 'dev', 'test')[place % 4]}",
        "",
    ),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_dataset_of_a_table(kind, tmp_path, answer):
    header, line, before = WRITTEN[kind]
    rows = draw(tmp_path / "set")
    table = write(
        tmp_path / "set", header, [line(place, *row) for place, row in enumerate(rows)], before
    )
    card = answer("dataset", table, *settings("data.image_size=8"))
    assert sum(sizes(card).values()) == 40
    assert card["class_names"] == (["0", "1"] if kind == "classid" else ["disc", "square"])
    expected = {
        "is_valid": {"validation": 10},
        "dev": {"train": 20, "validation": 10, "test": 10},
    }.get(kind, {"train": 28, "validation": 4, "test": 8})
    assert sizes(card).items() >= expected.items()


@pytest.mark.parametrize("arguments", [("dataset",), ("run", "--set"), ("submit", "--set")])
def test_a_missing_column_is_one_line_before_anything_is_run(tmp_path, call, arguments):
    draw(tmp_path / "set")
    table = write(tmp_path / "set", "where;what", ["img/disc/000.png;disc"])
    code, output, error = call(
        *arguments[:-1],
        *(
            ("dataset", table)
            if arguments == ("dataset",)
            else (*arguments[-1:], f"data.dataset={table}")
        ),
    )
    assert (code, output) == (2, "")
    assert (
        "its first line names 'where', 'what'. Names that are taken, in any case and spelling: for"
        " the path of each image path, file" in " ".join(error.split())
    )


def copies(folder, given: bool):
    """Each picture three times; with `given`, in three splits."""
    for place, kind in enumerate(("train", "val", "test") if given else ("",) * 3):
        for label, name in enumerate(("disc", "square")):
            (folder / kind / name).mkdir(parents=True, exist_ok=True)
            for index in range(12):
                noise(1000 * label + index).save(folder / kind / name / f"{index:02d}-{place}.png")
    return folder


def logged(store, report: dict) -> list[str]:
    return [
        event.payload["text"]
        for event in read_events(store.engine, report["run_id"], kinds=["log"])
    ]


def run(answer, folder) -> dict:
    return answer("run", *settings(f"data.dataset=folder:{folder}", *TINY))


def test_shared_images_are_in_log_report_card_and_comparison(tmp_path, answer, call, store):
    report = run(answer, copies(tmp_path / "set", given=True))
    assert report["shared_images"] == {
        "train_validation": 24,
        "train_test": 24,
        "validation_test": 24,
    }
    logs = logged(store, report)
    assert any(
        text.startswith("24 of 24 test images are in the training images too, pixel for pixel")
        for text in logs
    )
    assert "24 test images are in the training images too" in call("show", report["run_id"])[1]

    card = answer("dataset", f"folder:{tmp_path / 'set'}", *settings("data.image_size=8"))
    assert (card["shared_images"], card["duplicates"]["exact"]) == (report["shared_images"], 24)
    assert (
        "24 of 24 validation images are in the training images too"
        in call("dataset", f"folder:{tmp_path / 'set'}", *settings("data.image_size=8"))[1]
    )

    other = run(answer, copies(tmp_path / "drawn", given=False))
    assert set(other["shared_images"].values()) == {0}
    warning = (
        "24 validation images are in the training images too and 24 test images are in the training"
        " images too"
    )
    compared = answer("compare", report["run_id"], other["run_id"])
    assert sum(warning in line for line in compared["warnings"]) == 1
    assert warning in " ".join(call("compare", report["run_id"], other["run_id"])[2].split())
    records = [store.get(row["run_id"]) for row in (report, other)]
    page = html_report(content(store, records, View()), store.home.runs)
    assert f"{warning} and 24 test images are in the validation images too, pixel for pixel" in page


def test_copies_of_a_folder_without_splits_stay_on_one_side(tmp_path, answer):
    card = answer(
        "dataset", f"folder:{copies(tmp_path / 'set', given=False)}", *settings("data.image_size=8")
    )
    assert set(card["shared_images"].values()) == {0}
    assert (card["duplicates"]["exact"], sum(sizes(card).values())) == (0, 72)
    assert any(
        "24 pictures occur in the files more than once (72 images, equal pixel for pixel)" in note
        for note in card["notes"]
    )


@pytest.mark.parametrize(
    ("largest", "white"),
    [(1900, "4,095 (12 bits)"), (1000, "1,023 (10 bits)"), (60000, "65,535 (16 bits)")],
)
def test_deep_greys(tmp_path, answer, store, largest, white):
    for label, name in enumerate(("disc", "square")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(12):
            values = np.random.default_rng(100 * label + index).integers(0, largest + 1, (8, 8))
            Image.fromarray(values.astype(np.uint16)).save(tmp_path / "set" / name / f"{index}.png")
    card = answer("dataset", f"folder:{tmp_path / 'set'}", *settings("data.image_size=8"))
    assert card["mean"][0] == pytest.approx(
        largest / 2 / float(white.split()[0].replace(",", "")), abs=0.03
    )
    (note,) = [note for note in card["notes"] if "more than 8 bits" in note]
    assert note.endswith(f"in all of them 0 is black and {white} is white")
    report = run(answer, tmp_path / "set")
    assert note in logged(store, report)
