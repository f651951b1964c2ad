"""The test images that are followed through a run: clean, perturbation magnified, adversarial, with
the model's predictions.
"""

from zipfile import BadZipFile

import numpy as np
import streamlit as st

from pages.ui.shared.pictures import Cell, picture, prediction_html, rows_of_three
from pages.ui.shared.session import store
from rft_core import RunRecord, report

MAGNIFY, SHOWN_EXAMPLES = 8, 3


def show_examples(
    record: RunRecord, past: report.run.RunHistory, step: int | None, target: str
) -> None:
    """Draw the followed test images as they were at the evaluation of `step`."""
    measured_steps = [
        measured_step
        for measured_step in sorted(past.examples)
        if step is None or measured_step <= step
    ]
    if not measured_steps and not (record.is_active and record.spec.evaluation.examples):
        return
    st.subheader(f"The same test images, attacked at {target}", anchor=False)
    if not measured_steps:
        unknown = (
            picture(np.full((8, 8, 3), 128, np.uint8)),
            "Not measured yet",
            "not measured yet",
        )
        st.html(rows_of_three([unknown] * 3 * min(SHOWN_EXAMPLES, record.spec.evaluation.examples)))
        return
    entry = past.examples[measured_steps[-1]]
    path = store().folder(record.run_id) / entry["file"]
    if not path.is_file():
        st.caption("The example images of this evaluation are missing.")
        return
    try:
        drawn = _drawn(str(path), path.stat().st_mtime_ns, tuple(entry["class_names"]))
    except (OSError, LookupError, TypeError, ValueError, BadZipFile):
        st.caption("The example images of this evaluation cannot be read.")
        return
    st.html(drawn)


@st.cache_data(max_entries=256, show_spinner=False)
def _drawn(path: str, written: int, names: tuple[str, ...]) -> str:
    """Return at most three rows as HTML: clean, perturbation magnified, adversarial."""
    cells = []
    with np.load(path, allow_pickle=False) as saved:
        grey = np.clip(0.5 + MAGNIFY * saved["delta"].astype(np.float32), 0, 1)
        for index in range(min(SHOWN_EXAMPLES, len(saved["labels"]))):
            truth = names[int(saved["labels"][index])]
            clean = _cell(
                saved["clean"][index],
                names[int(saved["clean_prediction"][index])],
                saved["clean_confidence"][index],
                truth,
            )
            adversarial = _cell(
                saved["adversarial"][index],
                names[int(saved["prediction"][index])],
                saved["confidence"][index],
                truth,
            )
            change = picture((255 * grey[index]).round().astype(np.uint8))
            cells += [
                clean,
                (change, f"Perturbation, magnified {MAGNIFY} times", f"change × {MAGNIFY}"),
                adversarial,
            ]
    return rows_of_three(cells)


def _cell(image: np.ndarray, prediction: str, confidence: float, truth: str) -> Cell:
    return (
        picture(image),
        f"{truth}, taken for {prediction}",
        prediction_html(prediction, f"{100 * float(confidence):.0f} %", prediction == truth),
    )
