"""Single images of an evaluation: those that fall first and those that hold longest, at an epsilon
that the visitor chooses.
"""

from pathlib import Path

import numpy as np
import streamlit as st

from pages.ui.shared.frame import columns, plain
from pages.ui.shared.pictures import picture
from rft_core import files, format_epsilon, jobs

MAGNIFY = 8
TITLES = {"first": "First to fall", "longest": "Hold longest"}


def show_gallery(evaluation: jobs.Evaluation, norm: str, names: list[str]) -> None:
    """Draw the pictures with a slider over epsilon."""
    saved = jobs.evaluations.load_arrays(evaluation.folder, files.run_files.PICTURES)
    if saved is None:
        st.caption("The model got no image right, so there is none to attack.")
        return
    labels = [format_epsilon(float(epsilon), norm) for epsilon in saved["epsilons"]]
    chosen = st.select_slider(
        "Epsilon of the attack",
        labels,
        labels[-1],
        key=f"evaluate.epsilon.{evaluation.evaluation_id}",
    )
    level = labels.index(chosen)
    st.caption(
        f"From left to right: clean, change magnified {MAGNIFY} times (grey means no change),"
        f" attacked with {chosen}; then what the model says before and after."
    )
    if evaluation.is_picture:
        _rows(evaluation, saved, [0], level, norm, names, own=True)
        return
    for side, kind in zip(columns(6, 6), TITLES):
        with side:
            st.markdown(f"**{TITLES[kind]}**")
            own = np.flatnonzero(saved["kinds"] == kind)
            if not len(own):
                st.caption(
                    "None: every image that the model got right falls."
                    if kind == "longest"
                    else "None: no image falls on this grid."
                )
            _rows(evaluation, saved, own.tolist(), level, norm, names)


def _rows(
    evaluation: jobs.Evaluation,
    saved: dict[str, np.ndarray],
    which: list[int],
    level: int,
    norm: str,
    names: list[str],
    own: bool = False,
) -> None:
    path = evaluation.folder / files.run_files.PICTURES
    pictures = drawn(str(path), path.stat().st_mtime_ns, level)
    for index in which:
        truth, prediction = (
            names[int(saved["labels"][index])],
            names[int(saved["classes"][index, level, 0])],
        )
        alts = (
            f"clean: {truth}",
            f"change, magnified {MAGNIFY} times",
            f"attacked: taken for {prediction}",
        )
        cells = st.columns(
            [2, 2, 2, 5] if not own else [1, 1, 1, 5], gap="small", vertical_alignment="center"
        )
        for cell, image, alt in zip(cells, pictures[index], alts):
            cell.image(image, width="stretch", alt=alt)
        falls = float(saved["falls_at"][index])
        end = (
            f"falls at {format_epsilon(falls, norm)}"
            if np.isfinite(falls)
            else f"holds up to {format_epsilon(float(saved['epsilons'][-1]), norm)}"
        )
        mark = ":green[✓]" if prediction == truth else ":red[✗]"
        prefix = "first taken for " if own else ""
        before, after = (_most(saved, index, where, names) for where in (0, level))
        cells[3].markdown(
            f"{mark} {prefix}**{plain(truth)}**, {end}  \n:small[before: {before}]  \n:small[after:"
            f" {after}]"
        )


def _most(saved: dict[str, np.ndarray], index: int, level: int, names: list[str]) -> str:
    pairs = zip(saved["classes"][index, level], saved["confidences"][index, level])
    return plain(", ".join(f"{names[int(label)]} ({100 * share:.0f} %)" for label, share in pairs))


@st.cache_data(max_entries=64, show_spinner=False)
def drawn(path: str, written: int, level: int) -> list[tuple[str, str, str]]:
    """Return (clean, change magnified, attacked) of each image as data URIs, at the epsilon of
    index `level`.
    """
    saved = jobs.evaluations.load_arrays(Path(path).parent, Path(path).name) or {}
    rows = []
    for clean, deltas in zip(saved["clean"], saved["delta"]):
        delta = deltas[level].astype(np.float32)
        change = np.clip(0.5 + MAGNIFY * delta, 0, 1) * 255
        attacked = np.clip(clean / np.float32(255) + delta, 0, 1) * 255
        first, second, third = (
            picture(pixels.round().astype(np.uint8))
            for pixels in (clean.astype(np.float32), change, attacked)
        )
        rows.append((first, second, third))
    return rows
