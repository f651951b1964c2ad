"""Predict, then reveal: a visitor's guesses of final clean accuracy, kept in the session and in the
address.

`?guess=fixed:60,scheduled:20`, in percent. A refresh must neither lose a guess nor reveal the
result.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from rft_core import report

GUESSES, WRITTEN, NAME = "guesses", "guesses.written", "guess"
FIRST_GUESS = 50
LONGEST = 200


def ask(names: Sequence[str], key: str) -> dict[str, float]:
    """Draw one slider per run if the visitor wants to guess; return name -> fraction, empty
    otherwise.
    """
    state, came = st.session_state, take_over()
    kept = state.setdefault(GUESSES, {})
    if came:
        state.update(
            {f"{key}.guess": True}
            | {f"{key}.{name}": percent(kept[name]) for name in names if name in kept}
        )
    state.setdefault(f"{key}.guess", bool(kept))
    if not st.toggle(
        "Guess first",
        key=f"{key}.guess",
        help="Guess the final clean accuracy; the figure marks your guess.",
    ):
        kept.clear()
        _write(kept)
        return {}
    for name in names:
        state.setdefault(f"{key}.{name}", percent(kept.get(name, FIRST_GUESS / 100)))
        kept[name] = (
            st.slider(f"{name.capitalize()} will reach, % clean", 0, 100, key=f"{key}.{name}") / 100
        )
    _write(kept)
    return {name: kept[name] for name in names}


def take_over() -> bool:
    """Take over the guesses of an address that this session did not write; return whether it held
    any.
    """
    text = st.query_params.get(NAME, "")
    if not text or text == st.session_state.get(WRITTEN):
        return False
    st.session_state[GUESSES] = read(text)
    return bool(st.session_state[GUESSES])


def read(text: str) -> dict[str, float]:
    """Return the guesses in `text` of an address, name -> fraction; anything that is not a guess is
    left out.
    """
    pairs = [item.partition(":")[::2] for item in text[:LONGEST].split(",")]
    return {
        name: int(value) / 100
        for name, value in pairs
        if name in report.story.STYLES and value in map(str, range(101))
    }


def percent(guess: float) -> int:
    """Return a guess, a fraction, as whole percent."""
    return round(100 * guess)


def query() -> dict[str, str]:
    """Return the guesses as a parameter of an address."""
    kept = st.session_state.get(GUESSES, {})
    return {NAME: _text(kept)} if kept else {}


def kept_guesses() -> dict[str, float]:
    """Return the guesses so far; those of an address that this session did not write take
    precedence.
    """
    take_over()
    kept = dict(st.session_state.get(GUESSES, {}))
    _write(kept)
    return kept


def _text(kept: Mapping[str, float]) -> str:
    return ",".join(f"{name}:{percent(value)}" for name, value in kept.items())


def _write(kept: Mapping[str, float]) -> None:
    text = _text(kept)
    st.session_state[WRITTEN] = text
    if text and st.query_params.get(NAME) != text:
        st.query_params[NAME] = text
    elif not text:
        st.query_params.pop(NAME, None)


def revealed(key: str) -> bool:
    """Draw the button that shows the result until it is pressed; return whether it was pressed."""
    state_key = f"{key}.revealed"
    if st.session_state.get(state_key):
        return True
    if st.button("Show the result", key=f"{key}.reveal", icon=":material/visibility:"):
        st.session_state[state_key] = True
        st.rerun()
    return False


def verdicts(guesses: dict[str, float], tracks: Sequence[report.story.Track]) -> list[str]:
    """Return one line for each guess whose run is finished."""
    return [
        report.story.describe_guess(track.label, guesses[track.label], track.end["accuracy"])
        for track in tracks
        if track.end and track.label in guesses
    ]
