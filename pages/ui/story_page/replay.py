"""Steps 3 and 4: a race that replays in the browser, with a guess before its end."""

import plotly.graph_objects as go
import streamlit as st

from pages.ui.shared.frame import columns
from pages.ui.story_page import guessing
from pages.ui.story_page.parts import STEP, draw, notice, show_live_button, source
from pages.ui.story_page.race import recorded_track
from pages.ui.story_page.recorded import recording
from rft_core import report


# a figure with its frames takes most of a second to build: once for all visitors
@st.cache_resource(max_entries=64, show_spinner=False)
def drawn(
    names: tuple[str, str],
    behind: tuple[str, ...],
    known: str,
    question: str,
    guesses: tuple[tuple[str, float], ...],
    key: str,
) -> go.Figure:
    """Return the replay of the recorded runs `names`, at its end; where there is a `question`, at
    its beginning, with the run that is known already.
    """
    tracks = [recorded_track(name, guess=dict(guesses).get(name)) for name in names]
    first, start = tracks, max(track.end_second for track in tracks)
    if question:
        first = [track if track.label == known else track.until(-1) for track in tracks]
        start = 0.0
    figure = report.story.race_replay(
        tracks,
        first,
        epsilon=recording(known).spec.threat.epsilon,
        key=key,
        references=[recorded_track(name) for name in behind],
        start=start,
    )
    if question:
        style = {
            "xref": "paper",
            "yref": "paper",
            "xanchor": "center",
            "align": "center",
            "font": {"size": 18},
        }
        figure.add_annotation(
            report.drawing.note(f"<b>{question}</b><br>Press ▶ 10×", 0.36, 0.62, **style)
        )
    return figure


def show_replay(
    names: tuple[str, str],
    behind: tuple[str, ...],
    *,
    known_run: str,
    to_guess: tuple[str, ...],
    question: str,
    points: tuple[str, ...],
    live: tuple[str, ...],
) -> None:
    """Draw a race that replays in the browser; until the result is revealed, it only shows
    `known_run`.
    """
    step = st.session_state[STEP]
    left, right = columns(8, 4)
    with right:
        notice(*points)
        guesses = guessing.ask(to_guess, key=f"story.{step}")
        revealed = guessing.revealed(f"story.{step}")
        show_live_button(live)
    tracks = [recorded_track(name, guess=guesses.get(name)) for name in names]
    figure = drawn(
        names,
        behind,
        known_run,
        "" if revealed else question,
        tuple(guesses.items()),
        f"story.{step}",
    )
    with left:
        sentence = (
            report.story.describe_race(tracks)
            if revealed
            else (
                "Lines: validation images while training. Marks at the right end: the final model"
                " on the test images."
            )
        )
        sentence = f"{sentence} {report.story.describe_threshold(tracks)}"
        draw(
            figure,
            f"replay.{step}.{revealed}",
            f"Clean accuracy over steps of {' and '.join(names)}, epsilon below. {sentence}",
        )
        st.caption(sentence)
        for line in guessing.verdicts(guesses, tracks) if revealed else ():
            st.markdown(f":material/target: {line}")
        source(*names, *behind)
