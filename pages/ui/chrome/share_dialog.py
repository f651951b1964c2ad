"""The dialog that shares a page: a link with the view, the settings and what a lesson locks or
hides, as text and as a QR code.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

import segno
import streamlit as st

from pages.ui.shared import lesson, lockable
from pages.ui.shared.gate import is_shared
from rft_core import serving

LIGHT, DARK = "#FFFFFF", "#1B1F24"
LOCKABLE_PAGE = "train"


@st.dialog("Share this page", width="large")
def share_dialog(page: str) -> None:
    """Draw the dialog for the page `page`, named as in its address."""
    left, right = st.columns([7, 5], gap="medium")
    with left:
        wanted = _choose(page)
    query = {
        name: values for name, values in _view().items() if name not in lesson.NAMES
    } | wanted.query()
    address = server_address(st.context.url or "")
    link = build_link(address, page, query)
    with left:
        st.code(link, language=None, wrap_lines=True)
        st.caption(
            "Copy the link with the button on its right. It holds the whole view: page,"
            " settings, seed, step." + _access_note(address)
        )
    with right:
        try:
            st.image(qr_code(link), width="stretch", alt=f"QR code of the link {link}")
        except ValueError:
            st.info(
                "The link is too long for a QR code; shorten the notes, or share it as text.",
                icon=":material/qr_code:",
            )


def _choose(page: str) -> lesson.Lesson:
    now = lesson.lesson()
    projected = st.toggle(
        "Projector mode",
        now.is_projected,
        key="share.projector",
        help="Larger type, thicker lines, fewer controls.",
    )
    if page != LOCKABLE_PAGE:
        return lesson.Lesson(now.locked, now.hidden, projected)
    locked = _choice(
        "Lock", now.locked, "share.lock", "Nothing: everything can be changed", with_parts=False
    )
    hidden = _choice(
        "Hide", now.hidden, "share.hide", "Nothing: everything is shown", with_parts=True
    )
    return lesson.Lesson(locked, hidden, projected)


def _choice(
    label: str, chosen: tuple[str, ...], key: str, nothing: str, *, with_parts: bool
) -> tuple[str, ...]:
    on_form = lockable.drawn()
    # a link may name a part to lock, although parts cannot be locked
    names = list(dict.fromkeys([*lockable.offered(on_form, with_parts=with_parts), *chosen]))
    return tuple(
        st.multiselect(
            label,
            names,
            list(chosen),
            format_func=lambda name: lockable.menu_label(name, on_form),
            key=key,
            placeholder=nothing,
        )
    )


def _view() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def build_link(address: str, page: str, query: Mapping[str, str | list[str]]) -> str:
    """Return the address of `page` with `query`; a list becomes a repeated parameter.

    Characters that need no quoting stay readable.
    """
    text = urlencode(
        {name: values for name, values in query.items() if values},
        doseq=True,
        safe=":,/[]",
        quote_via=quote,
    )
    return f"{address}/{page}" + (f"?{text}" if text else "")


def server_address(url: str) -> str:
    """Return scheme, host and port under which visitors reach this server: those of `url`, or the
    address of this machine where `url` is a loopback and the server is shared.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        parts = urlsplit(f"http://127.0.0.1:{st.get_option('server.port')}")
    others = serving.lan_addresses() if is_shared() and serving.is_loopback(parts.hostname) else ()
    return (
        f"{parts.scheme}://{others[0]}:{parts.port}"
        if others
        else f"{parts.scheme}://{parts.netloc}"
    )


def _access_note(address: str) -> str:
    if not serving.is_loopback(urlsplit(address).hostname):
        return ""
    return (
        " **Only this machine can open it**: start the dashboard with `--share` to let others in."
    )


def qr_code(link: str) -> str:
    """Return an SVG (data URI) of the QR code of `link`, dark on light in both themes; raises
    ValueError where it is too long for one.
    """
    return segno.make(link, error="m", micro=False).svg_data_uri(
        scale=8, border=3, dark=DARK, light=LIGHT
    )
