"""Single images of an evaluation: those that fall first and hold longest, at an epsilon of
the visitor's choice.
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
        st.caption("No image was read rightly, so there is none to watch falling.")
        return
    labels = [format_epsilon(float(one), norm) for one in saved["epsilons"]]
    chosen = st.select_slider(
        "Epsilon of the attack",
        labels,
        labels[-1],
        key=f"evaluate.epsilon.{evaluation.evaluation_id}",
    )
    place = labels.index(chosen)
    st.caption(
        f"Clean, change magnified {MAGNIFY} times (grey is no change), attacked with {chosen}; what"
        " the model says before and after."
    )
    if evaluation.is_picture:
        _rows(evaluation, saved, [0], place, norm, names, own=True)
        return
    for side, kind in zip(columns(6, 6), TITLES):
        with side:
            st.markdown(f"**{TITLES[kind]}**")
            own = np.flatnonzero(saved["kinds"] == kind)
            if not len(own):
                st.caption(
                    "None: every image that is read rightly falls."
                    if kind == "longest"
                    else "None: no image falls on this grid."
                )
            _rows(evaluation, saved, own.tolist(), place, norm, names)


def _rows(
    evaluation: jobs.Evaluation,
    saved: dict[str, np.ndarray],
    which: list[int],
    place: int,
    norm: str,
    names: list[str],
    own: bool = False,
) -> None:
    path = evaluation.folder / files.run_files.PICTURES
    pictures = drawn(str(path), path.stat().st_mtime_ns, place)
    for index in which:
        truth, said = (
            names[int(saved["labels"][index])],
            names[int(saved["classes"][index, place, 0])],
        )
        alts = (
            f"clean: {truth}",
            f"change, magnified {MAGNIFY} times",
            f"attacked: taken for {said}",
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
        mark = ":green[✓]" if said == truth else ":red[✗]"
        who = "first taken for " if own else ""
        before, after = (_most(saved, index, where, names) for where in (0, place))
        cells[3].markdown(
            f"{mark} {who}**{plain(truth)}**, {end}  \n:small[before: {before}]  \n:small[after:"
            f" {after}]"
        )


def _most(saved: dict[str, np.ndarray], index: int, place: int, names: list[str]) -> str:
    pairs = zip(saved["classes"][index, place], saved["confidences"][index, place])
    return plain(", ".join(f"{names[int(one)]} ({100 * share:.0f} %)" for one, share in pairs))


@st.cache_data(max_entries=64, show_spinner=False)
def drawn(path: str, written: int, place: int) -> list[tuple[str, str, str]]:
    """Return for each image (clean, change magnified, attacked) as data URIs, at
    the epsilon at `place`.
    """
    saved = jobs.evaluations.load_arrays(Path(path).parent, Path(path).name) or {}
    rows = []
    for clean, deltas in zip(saved["clean"], saved["delta"]):
        delta = deltas[place].astype(np.float32)
        change = np.clip(0.5 + MAGNIFY * delta, 0, 1) * 255
        attacked = np.clip(clean / np.float32(255) + delta, 0, 1) * 255
        rows.append(
            tuple(
                picture(one.round().astype(np.uint8))
                for one in (clean.astype(np.float32), change, attacked)
            )
        )
    return rows
