"""RFT Lab's router: page config, navigation, deep links. Started by `make app`."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parent))
from pages.ui.chrome.topbar import show_topbar  # noqa: E402
from pages.ui.shared import lesson  # noqa: E402  the checkout must be on the path first
from pages.ui.shared.frame import ASSETS  # noqa: E402

st.set_page_config(
    page_title="RFT Lab",
    page_icon=str(ASSETS / "icon.png"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
st.html(ASSETS / "style.css")
st.logo(ASSETS / "logo.svg", size="large")

PAGES = [
    st.Page("pages/story.py", title="Story", icon=":material/auto_stories:", default=True),
    st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
    st.Page("pages/runs.py", title="Runs", icon=":material/monitoring:"),
    st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
    st.Page("pages/evaluate.py", title="Evaluate", icon=":material/troubleshoot:"),
]
page = st.navigation(PAGES, position="top")
st.session_state["framed"] = True
if link := st.session_state.pop("deep_link", None):
    script, query = link
    st.switch_page(script, query_params=query)
show_topbar(page.url_path)
if lesson.lesson().is_projected:
    st.html(ASSETS / "projector.css")
page.run()
