"""What the steps of the story share: points to notice, the figure, its source, the button for live
runs.
"""

import streamlit as st

from pages.ui.shared.frame import mistakes_shown, shown
from pages.ui.shared.gate import closed
from pages.ui.story_page.race import launch_race
from pages.ui.story_page.recorded import recording
from rft_core import format_duration, report

TRIO, RACE = ("standard", "fixed", "scheduled"), ("fixed", "scheduled")
STEP = "story.step"


def notice(*points: str) -> None:
    """List what to notice."""
    st.subheader("What to notice", anchor=False)
    st.markdown("\n".join(f"- {point}" for point in points))


def draw(figure: object, name: str, alt: str) -> None:
    """Draw a figure of the story, without the tool bar, which would cover its labels."""
    with st.container(key="lesson"):
        st.plotly_chart(
            shown(figure),
            key=f"story.figure.{name}",
            config=dict(report.CONFIG) | {"displayModeBar": False},
            alt=alt,
        )


def source(*names: str, more: str = "") -> None:
    """Show which runs were recorded, and the command that repeats each."""
    label = (
        f"A recorded real run: {', '.join(names)}"
        if len(names) == 1
        else f"Recorded real runs: {', '.join(names)}"
    )
    # filled only when opened: the highlighting of the command is a large script that would delay
    # the first figure
    fold = st.expander(label, key=f"story.source.{st.session_state[STEP]}", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for name in names:
            run = recording(name)
            st.caption(report.story.describe_source(run))
            st.code(run.command, language="bash")
        if more:
            st.caption(more)


def show_live_button(names: tuple[str, ...]) -> None:
    """Offer to train the same runs live; they queue one after the other."""
    seconds = sum(recording(name).report["seconds"] for name in names)
    if st.button(
        "Run it live here",
        key="story.live",
        icon=":material/play_circle:",
        **{"help": f"Queues {len(names)} runs: {', '.join(names)}."} | closed(),
    ):
        with mistakes_shown():
            launch_race(names)
    st.caption(
        f"{len(names)} runs, one after the other: about {format_duration(seconds)} on the machine"
        " of the recording, plus loading."
    )
