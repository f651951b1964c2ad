"""What a teacher's link asks for beside the settings: locked and hidden
controls, and projector mode.

`?lock=optim,threat.epsilon&hide=advanced&view=projector`. The session keeps it from page to page,
and every page's address says it again, so that a refresh or a copied address gives the same view. A
lock guides; it is no protection.
"""

from dataclasses import dataclass

import streamlit as st

from rft_core import spec

STATE = "lesson"
EVERYTHING, PROJECTOR = "all", "projector"
# parts of Train that are no settings
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
        said = {
            "lock": ",".join(self.locked),
            "hide": ",".join(self.hidden),
            "view": PROJECTOR if self.is_projected else "",
        }
        return {name: value for name, value in said.items() if value}


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
    """Take over what the address says, where it says something; say it in the
    address where it does not.
    """
    asked = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if asked and asked != lesson().query():
        st.session_state[STATE] = Lesson(
            _known(asked.get("lock", "")),
            _known(asked.get("hide", "")),
            asked.get("view") == PROJECTOR,
        )
        strange = [
            name
            for part in ("lock", "hide")
            for name in asked.get(part, "").split(",")
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
    """Return what the link wanted to lock or hide and is not there; once for each link."""
    return st.session_state.pop("lesson.strange", [])


def is_locked(name: str) -> bool:
    """Return whether the control of a setting or part is shown without being changeable."""
    return _names(lesson().locked, name)


def is_hidden(name: str) -> bool:
    """Return whether the control of a setting or part is not shown; it keeps its value."""
    return _names(lesson().hidden, name)


def _names(names: tuple[str, ...], wanted: str) -> bool:
    return any(one in (EVERYTHING, wanted) or wanted.startswith(f"{one}.") for one in names)


def _known(text: str) -> tuple[str, ...]:
    offered = names_offered()
    return tuple(dict.fromkeys(one for one in text.split(",") if one in offered))[:MOST_NAMES]


def _write(now: Lesson) -> None:
    said = now.query()
    for name in NAMES:
        if name in st.query_params and name not in said:
            del st.query_params[name]
        elif name in said and st.query_params.get(name) != said[name]:
            st.query_params[name] = said[name]
