"""Share this page: a link with the view, the settings and what a lesson locks or hides, as text and as a QR code."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

import segno
import streamlit as st

from pages.ui import lesson
from pages.ui.gate import is_shared
from rft_core.serve import lan_addresses
from rft_core.sharing import is_loopback
from rft_core.spec import describe

LIGHT, DARK = "#FFFFFF", "#1B1F24"
LOCKABLE_PAGE = "train"


@st.dialog("Share this page", width="large")
def share_dialog(page: str) -> None:
    """Draw the dialog for the page `page`, named as in its address."""
    left, right = st.columns([7, 5], gap="medium")
    with left:
        wanted = _choose(page)
    query = {name: values for name, values in _view().items() if name not in lesson.NAMES} | wanted.query()
    address = server_address(st.context.url or "")
    link = build_link(address, page, query)
    with left:
        st.code(link, language=None, wrap_lines=True)
        st.caption("Copy it with the button at its right end. It holds the whole view: page, settings, seed, step." + _who_can_open(address))
    with right:
        try:
            st.image(qr_code(link), width="stretch", alt=f"QR code of the link {link}")
        except ValueError:
            st.info("The link is too long for a QR code; shorten the notes, or share it as text.", icon=":material/qr_code:")


def _choose(page: str) -> lesson.Lesson:
    now = lesson.lesson()
    projected = st.toggle("Projector mode", now.is_projected, key="share.projector", help="Larger type, thicker lines, fewer controls.")
    if page != LOCKABLE_PAGE:
        return lesson.Lesson(now.locked, now.hidden, projected)
    names = lesson.names_offered()
    locked = st.multiselect("Lock", names, list(now.locked), format_func=_told, key="share.lock", placeholder="Nothing: all can be changed")
    hidden = st.multiselect("Hide", names, list(now.hidden), format_func=_told, key="share.hide", placeholder="Nothing: all is shown")
    return lesson.Lesson(tuple(locked), tuple(hidden), projected)


def _told(name: str) -> str:
    if name == lesson.EVERYTHING:
        return "all: everything"
    if name in lesson.PARTS:
        return f"{name}: a part of the page"
    return f"{name}: {describe(name)}" if "." in name or name in ("name", "notes", "tags", "seed") else f"{name}: the whole section"


def _view() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def build_link(address: str, page: str, query: Mapping[str, str | list[str]]) -> str:
    """Return the address of `page` with `query`, where a list is a parameter said several times. What needs no quoting is not quoted."""
    said = urlencode({name: values for name, values in query.items() if values}, doseq=True, safe=":,/[]", quote_via=quote)
    return f"{address}/{page}" + (f"?{said}" if said else "")


def server_address(asked: str) -> str:
    """Return scheme, name and port as visitors see this server: as this browser asked for it, or this machine's own where that is a loopback and it is shared."""
    parts = urlsplit(asked)
    if not parts.hostname:
        parts = urlsplit(f"http://127.0.0.1:{st.get_option('server.port')}")
    others = lan_addresses() if is_shared() and is_loopback(parts.hostname) else ()
    return f"{parts.scheme}://{others[0]}:{parts.port}" if others else f"{parts.scheme}://{parts.netloc}"


def _who_can_open(address: str) -> str:
    if not is_loopback(urlsplit(address).hostname):
        return ""
    return " **Only this machine can open it**: start the dashboard with `--share` to let others in."


def qr_code(link: str) -> str:
    """Return an SVG (data URI) of the QR code of `link`, dark on light in both themes; raises ValueError where it is too long for one."""
    return segno.make(link, error="m", micro=False).svg_data_uri(scale=8, border=3, dark=DARK, light=LIGHT)
