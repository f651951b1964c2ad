"""What a teacher's link holds besides the settings: locked and hidden controls, and projector mode.

`?lock=optim,threat.epsilon&hide=advanced&view=projector`. The session keeps it from page to page,
and every page writes it into its address, so that a refresh or a copied address gives the same
view. A lock guides; it does not protect.
"""

from dataclasses import dataclass

import streamlit as st

from rft_core import spec

STATE = "lesson"
EVERYTHING, PROJECTOR = "all", "projector"
# parts of Train that are not settings
PARTS = ("preset", "advanced", "cost", "launch", "trio")
NAMES = ("lock", "hide", "view")
MOST_NAMES = 60


@dataclass(frozen=True)
class Lesson:
    """Locked and hidden controls: settings ("optim.epochs"), whole sections ("optim"),
    parts of Train, or "all".
    """

    locked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    is_projected: bool = False

    def query(self) -> dict[str, str]:
        """Return this lesson as parameters of an address."""
        parameters = {
            "lock": ",".join(self.locked),
            "hide": ",".join(self.hidden),
            "view": PROJECTOR if self.is_projected else "",
        }
        return {name: value for name, value in parameters.items() if value}


def names_offered() -> tuple[str, ...]:
    """Return every name that can be locked or hidden: parts, sections, settings."""
    settings = spec.setting_names()
    return (
        EVERYTHING,
        *PARTS,
        *dict.fromkeys(name.partition(".")[0] for name in settings if "." in name),
        *settings,
    )


def lesson() -> Lesson:
    """Return the lesson of this session."""
    return st.session_state.get(STATE, Lesson())


def take_over() -> None:
    """Take over the lesson of the address if it holds one; otherwise write the lesson into the
    address.
    """
    requested = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if requested and requested != lesson().query():
        st.session_state[STATE] = Lesson(
            _offered_names(requested.get("lock", "")),
            _offered_names(requested.get("hide", "")),
            requested.get("view") == PROJECTOR,
        )
        strange = [
            name
            for part in ("lock", "hide")
            for name in requested.get(part, "").split(",")
            if name and name not in names_offered()
        ]
        st.session_state["lesson.strange"] = strange[:MOST_NAMES]
    _write(lesson())


def project(wanted: bool) -> None:
    """Turn projector mode on or off for this session."""
    now = lesson()
    st.session_state[STATE] = Lesson(now.locked, now.hidden, wanted)
    _write(lesson())


def take_strangers() -> list[str]:
    """Return the names in the link that cannot be locked or hidden; once for each link."""
    return st.session_state.pop("lesson.strange", [])


def is_locked(name: str) -> bool:
    """Return whether the control of a setting or part is shown but cannot be changed."""
    return _names(lesson().locked, name)


def is_hidden(name: str) -> bool:
    """Return whether the control of a setting or part is not shown; it keeps its value."""
    return _names(lesson().hidden, name)


def _names(names: tuple[str, ...], wanted: str) -> bool:
    return any(name in (EVERYTHING, wanted) or wanted.startswith(f"{name}.") for name in names)


def _offered_names(text: str) -> tuple[str, ...]:
    offered = names_offered()
    return tuple(dict.fromkeys(name for name in text.split(",") if name in offered))[:MOST_NAMES]


def _write(now: Lesson) -> None:
    query = now.query()
    for name in NAMES:
        if name in st.query_params and name not in query:
            del st.query_params[name]
        elif name in query and st.query_params.get(name) != query[name]:
            st.query_params[name] = query[name]
