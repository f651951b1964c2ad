"""What every page begins with: the deep-link guard, the title, and one way to show a mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from rft_core import UserError

ASSETS = Path(__file__).parent.parent.parent / "assets"


def open_page(title: str, script: str) -> None:
    """Begin a page. A fresh server whose first visitor arrives by deep link runs a page's script without app.py;
    then the visitor is sent through app.py and back, with the query kept."""
    if "framed" not in st.session_state:
        st.session_state["deep_link"] = (script, st.query_params.to_dict())
        st.switch_page("app.py")
    st.title(title, anchor=False)


def as_text(text: str) -> str:
    """Return `text` so that Markdown shows it as it is: what a run is called is never markup."""
    return "".join(f"&#{ord(mark)};" if mark in "\\`*_{}[]#|<>$&~:" else mark for mark in text)


@contextmanager
def mistakes_shown() -> Iterator[None]:
    """Show a user's mistake as one line on the page instead of a trace."""
    try:
        yield
    except UserError as error:
        st.error(str(error), icon=":material/error:")


def columns(left: int, right: int) -> list:
    """Return two columns of a twelve-column page."""
    return st.columns([left, right], gap="medium")
