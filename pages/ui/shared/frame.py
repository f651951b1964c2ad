"""The start of every page: the deep-link guard, the title, and how a mistake is shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import plotly.graph_objects as go
import streamlit as st

from pages.ui.shared.lesson import lesson
from rft_core import UserError, errors, files, report

# characters with a meaning in Streamlit's Markdown
MARKUP = "\\`*_{}[]()#+-!|<>$&~:"
ASSETS = files.CHECKOUT / "assets"


def open_page(title: str, script: str) -> None:
    """Begin a page.

    A fresh server whose first visitor arrives by deep link runs a page's script without app.py;
    then the visitor is sent through app.py and back, with the query kept.
    """
    if "framed" not in st.session_state:
        st.session_state["deep_link"] = (
            script,
            {name: st.query_params.get_all(name) for name in st.query_params},
        )
        st.switch_page("app.py")
    st.title(title, anchor=False)


@contextmanager
def mistakes_shown() -> Iterator[None]:
    """Show a user's mistake as one line on the page instead of a trace."""
    try:
        yield
    except UserError as error:
        show_mistake(error)


def show_mistake(error: UserError) -> None:
    """Show a user's mistake as one line.

    It may repeat text from an address or a file, so it is shown without markup.
    """
    st.error(plain(str(error)), icon=":material/error:")


def columns(left: int, right: int) -> list:
    """Return two columns of a twelve-column page."""
    return st.columns([left, right], gap="medium")


def shown(figure: go.Figure) -> go.Figure:
    """Return `figure` for this session: enlarged in projector mode."""
    return report.drawing.projector.enlarge(figure) if lesson().is_projected else figure


def quoted(text: str) -> str:
    """Return text from an address, safe to repeat in a sentence: no markup, one line, shortened."""
    return plain(errors.printable(text))


def plain(text: str) -> str:
    """Return `text`, which may hold names of files and classes, with all markup escaped.

    Sentences from other modules also go through it where they hold no such name today: the page
    cannot see when that changes.
    """
    return text.translate({ord(mark): f"&#{ord(mark)};" for mark in MARKUP})
