"""The dialog that shows the data: the card of a dataset, made in its own process while the page
shows the progress.
"""

import time

import streamlit as st

from pages.ui.shared.frame import mistakes_shown, plain, shown
from pages.ui.shared.gate import closed, is_instructor, permitted
from pages.ui.shared.session import is_online, store
from pages.ui.train_form.data_menu import needs_download
from rft_core import RunSpec, format_duration, jobs, report

OPEN = "form.looking"
POLL_SECONDS = 1.0
# twelve in a row, so that a row ends with a class when classes have 1, 2, 3, 4 or 6 pictures
PICTURE_PIXELS = 96
ICONS = {
    "ok": ":green[:material/check_circle:]",
    "note": ":gray[:material/info:]",
    "warning": ":orange[:material/warning:]",
}


def look_at(spec: RunSpec | None, mistake: str = "") -> None:
    """Draw the dialog for the data of `spec`; without a spec it shows `mistake`, which prevents
    reading.
    """
    st.session_state[OPEN] = True
    _dialog(spec, mistake)


def is_open() -> bool:
    """Return whether the dialog is open."""
    return st.session_state.get(OPEN, False)


def _close() -> None:
    st.session_state[OPEN] = False


@st.dialog("The data", width="large", on_dismiss=_close)
def _dialog(spec: RunSpec | None, mistake: str) -> None:
    if spec is None:
        st.info(plain(f"There is nothing to look at yet: {mistake}"), icon=":material/lightbulb:")
        return
    st.caption(plain(spec.data.dataset))
    home = store().home
    card = jobs.dataset_cards.read_card(home, spec)
    if card is None and jobs.dataset_cards.reading(home, spec) is None:
        if not is_instructor():
            st.info(
                "These data have not been read yet. The instructor can read them here.",
                icon=":material/lightbulb:",
            )
            return
        if needs_download(spec.data.dataset) and not _agreed(spec):
            return
        permitted(jobs.dataset_cards.ask_for_card)(home, spec)
        card = jobs.dataset_cards.read_card(home, spec)
    if card is None:
        st.fragment(run_every=POLL_SECONDS, key="form.reading")(_wait)(spec)
    elif "error" in card:
        _show_failure(spec, card["error"])
    else:
        _show_card(spec, card)


def _agreed(spec: RunSpec) -> bool:
    """Ask before downloading; return whether the visitor agreed."""
    if is_online():
        st.info(
            "These images are not on this machine yet. Looking at them downloads them; a run then"
            " needs no network.",
            icon=":material/cloud_download:",
        )
        return st.button("Download and look", type="primary", key="form.download")
    st.info(
        "These images are not on this machine, and the network cannot be reached.",
        icon=":material/cloud_off:",
    )
    return st.button(
        "Read from this machine anyway",
        key="form.download",
        help="For images that were copied to this machine by hand.",
    )


def _wait(spec: RunSpec) -> None:
    """Show the progress of reading; called every second until the card exists."""
    home = store().home
    at_work = jobs.dataset_cards.reading(home, spec)
    if at_work is None or jobs.dataset_cards.read_card(home, spec) is not None:
        st.rerun()
    _show_progress(at_work)
    if st.button("Stop reading", key="form.stop_reading", icon=":material/stop:", **closed()):
        with mistakes_shown():
            permitted(jobs.dataset_cards.stop_reading)(home, spec)
            _close()
            st.rerun()


def _show_progress(at_work: jobs.Reading) -> None:
    st.markdown(
        f":material/hourglass_top: Reading for {format_duration(at_work.seconds)}:"
        f" {plain(at_work.line)}"
    )
    st.caption(
        "Images are read at the size that the run will use, and kept for it. Reading continues"
        " when you close this."
    )


def _show_failure(spec: RunSpec, line: str) -> None:
    st.error(plain(line), icon=":material/error:")
    _again(spec, "Read again")


def _again(spec: RunSpec, label: str) -> None:
    if st.button(
        label,
        key="form.read_again",
        icon=":material/refresh:",
        **{"help": "Use this after files have changed."} | closed(),
    ):
        with mistakes_shown():
            permitted(jobs.dataset_cards.ask_for_card)(store().home, spec, again=True)
            st.rerun()


def _show_card(spec: RunSpec, card: dict) -> None:
    st.markdown(plain(report.run.describe_card(card)))
    if card["others"]:
        st.caption(
            plain(
                f"Trained on {', '.join(card['domains'])}; measured only:"
                f" {', '.join(card['others'])}."
            )
        )
    st.markdown(
        "  \n".join(
            f"{ICONS[finding.level]} {_text(finding)}" for finding in report.run.findings(card)
        )
    )
    _show_pictures(spec, card)
    st.subheader("How many training images does each class have?", anchor=False)
    small, large = card["smallest"], card["largest"]
    alt = (
        f"Training images per class, from {small['count']} ({small['name']}) to {large['count']}"
        f" ({large['name']})"
    )
    st.plotly_chart(
        shown(report.run.balance_figure(card)),
        key="form.balance",
        config=dict(report.CONFIG),
        alt=alt,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _again(spec, "Read again")
        st.caption(
            f"read {format_duration(time.time() - card['made'])} ago, in"
            f" {format_duration(card['seconds'])}"
        )


def _show_pictures(spec: RunSpec, card: dict) -> None:
    cells = list(jobs.dataset_cards.cells(card, jobs.dataset_cards.card_folder(store().home, spec)))
    if not cells:
        st.caption("The sample pictures are missing; read the data again.")
        return
    shown = card["samples"]
    classes = len(set(shown))
    part = (
        ""
        if classes == len(card["class_names"])
        else f", {classes} of {len(card['class_names']):,} classes"
    )
    st.subheader(f"Training images{part}", anchor=False)
    st.image(
        cells[: len(shown)],
        caption=[plain(name) for name in shown],
        width=PICTURE_PIXELS,
        alt=shown,
    )
    for pair in card["duplicates"]["examples"]:
        st.caption(plain(f"In training ({pair['classes'][0]}), and in test ({pair['classes'][1]})"))
        st.image(
            [cells[index] for index in pair["cells"]],
            width=PICTURE_PIXELS,
            alt=["training image", "test image"],
        )


def _text(finding: report.run.Finding) -> str:
    return plain(finding.text[:1].upper() + finding.text[1:] + ".")
