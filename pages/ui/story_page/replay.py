"""Steps 3 and 4: a race that replays in the browser, with a guess before its end."""

import streamlit as st

from pages.ui.shared.frame import columns
from pages.ui.story_page import guessing
from pages.ui.story_page.parts import STEP, draw, notice, show_live_button, source
from pages.ui.story_page.race import recorded_track
from pages.ui.story_page.recorded import recording
from rft_core import report


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
    first = (
        tracks
        if revealed
        else [track if track.label == known_run else track.until(-1) for track in tracks]
    )
    start = max(track.end_second for track in tracks) if revealed else 0.0
    references = [recorded_track(name) for name in behind]
    epsilon = recording(known_run).spec.threat.epsilon
    figure = report.story.race_replay(
        tracks, first, epsilon=epsilon, key=f"story.{step}", references=references, start=start
    )
    if not revealed:
        where = {
            "xref": "paper",
            "yref": "paper",
            "xanchor": "center",
            "align": "center",
            "font": {"size": 18},
        }
        figure.add_annotation(
            report.drawing.note(f"<b>{question}</b><br>Press ▶ 10×", 0.36, 0.62, **where)
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
