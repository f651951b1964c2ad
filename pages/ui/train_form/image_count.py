"""How many images the data have, if that is unknown until they are read."""

import streamlit as st

from pages.ui.shared.gate import permitted
from pages.ui.shared.session import store
from pages.ui.train_form.data_upload import came_in
from rft_core import RunSpec, cost, jobs, with_settings

COUNT_SECONDS = 2.0


def show_uncounted(spec: RunSpec) -> None:
    """Say how to get an estimate: by looking at the data, or by waiting until they are read."""
    if jobs.dataset_cards.reading(store().home, spec) is None:
        st.caption(
            "Press “Look at the data” to count the images and estimate the time. You can also"
            " launch without it."
        )
    else:
        st.fragment(run_every=COUNT_SECONDS, key="train.counting")(_wait_for_count)(spec)


def _wait_for_count(spec: RunSpec) -> None:
    if jobs.dataset_cards.reading(store().home, spec) is None:
        st.rerun()
    st.caption("The images are being counted to estimate the time. You can launch without waiting.")


def count_uploaded(spec: RunSpec) -> None:
    """Start counting the images of a new upload, in the process that reads data."""
    if came_in(spec.data.dataset):
        permitted(jobs.dataset_cards.ask_for_card)(store().home, spec)


def counted(spec: RunSpec) -> RunSpec:
    """Return `spec` with the number of training images found by reading the data, if it is unknown
    otherwise.
    """
    if cost.train_images(spec) is not None:
        return spec
    card = jobs.dataset_cards.read_card(store().home, spec) or {}
    return with_settings(
        spec,
        {
            "data.train_size": next(
                (split["count"] for split in card.get("splits", []) if split["name"] == "train"),
                None,
            )
        },
    )
