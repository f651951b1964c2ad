"""Predict, then reveal: a visitor's guesses of final clean accuracy, kept in the session. Never in the way."""

from collections.abc import Sequence

import streamlit as st

from rft_core.report.race import Track
from rft_core.report.story_sentences import describe_guess

GUESSES = "guesses"
FIRST_GUESS = 50


def ask(names: Sequence[str], key: str) -> dict[str, float]:
    """Draw a slider a run when the visitor wants to guess; return name -> fraction, empty otherwise."""
    kept = st.session_state.setdefault(GUESSES, {})
    if not st.toggle("Guess first", value=bool(kept), key=f"{key}.guess", help="Place your guess of the final clean accuracy; the figure marks it."):
        kept.clear()
        return {}
    for name in names:
        kept[name] = st.slider(f"{name.capitalize()} will reach, % clean", 0, 100, round(100 * kept.get(name, FIRST_GUESS / 100)), key=f"{key}.{name}") / 100
    return {name: kept[name] for name in names}


def kept_guesses() -> dict[str, float]:
    """Return the guesses placed so far in this session."""
    return dict(st.session_state.get(GUESSES, {}))


def revealed(key: str) -> bool:
    """Draw the button that shows the result, until it was pressed; return whether it was."""
    place = f"{key}.revealed"
    if st.session_state.get(place):
        return True
    if st.button("Show the result", key=f"{key}.reveal", icon=":material/visibility:"):
        st.session_state[place] = True
        st.rerun()
    return False


def verdicts(guesses: dict[str, float], tracks: Sequence[Track]) -> list[str]:
    """Return one line a guess whose run is over."""
    return [describe_guess(track.label, guesses[track.label], track.end["accuracy"]) for track in tracks if track.is_over and track.label in guesses]
