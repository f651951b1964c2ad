"""The recorded runs and pictures, read once for all visitors."""

import streamlit as st

from rft_core.recordings.reading import Gallery, Recording, read_gallery, read_recording


@st.cache_resource(show_spinner=False)
def recording(name: str) -> Recording:
    """Return a recorded run."""
    return read_recording(name)


@st.cache_resource(show_spinner=False)
def gallery() -> Gallery:
    """Return the attacked pictures."""
    return read_gallery()
