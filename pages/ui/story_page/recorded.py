"""The recorded runs and pictures, each read once for all visitors."""

import streamlit as st

from rft_core import recordings


@st.cache_resource(show_spinner=False)
def recording(name: str) -> recordings.Recording:
    """Return a recorded run."""
    return recordings.read_recording(name)


@st.cache_resource(show_spinner=False)
def gallery() -> recordings.Gallery:
    """Return the attacked pictures."""
    return recordings.read_gallery()
