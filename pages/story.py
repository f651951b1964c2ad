"""Story: suboptimal transfer in five steps, each one claim and one figure of recorded real runs.

Needs no training and no network.
"""

import streamlit as st

from pages.ui.shared.frame import columns, mistakes_shown, open_page
from pages.ui.story_page.attacked_picture import attacked_picture
from pages.ui.story_page.parts import RACE, STEP, TRIO, draw, notice, show_live_button, source
from pages.ui.story_page.race import show_race
from pages.ui.story_page.recorded import recording
from pages.ui.story_page.replay import show_replay
from rft_core import format_epsilon, report

CLAIMS = (
    "A tiny change makes an accurate model wrong",
    "Standard fine-tuning is accurate and fragile",
    "Fixed epsilon never catches up",
    "Letting epsilon rise repairs it",
    "Expected robustness averages over all epsilons",
)
# the slider of the last step starts at 2/255
FIRST_INDEX = 2


def main() -> None:
    if st.query_params.get("race"):
        open_page("The race, live", __file__)
        show_race(st.query_params["race"])
        return
    step = choose_step()
    left, right = columns(8, 4)
    with left, st.container(key="claim"):
        open_page(CLAIMS[step - 1], __file__)
    with right:
        show_pager(step)
    with mistakes_shown():
        (attacked_picture, fragile, delayed, repaired, summed_up)[step - 1]()


def choose_step() -> int:
    """Return the step, 1 to 5: that of the URL when it is new, else the step shown last."""
    requested = st.query_params.get("step", "")
    if requested and requested != st.session_state.get("story.shown"):
        st.session_state[STEP] = (
            int(requested) if requested in map(str, range(1, len(CLAIMS) + 1)) else 1
        )
    step = st.session_state.setdefault(STEP, 1)
    st.query_params["step"] = st.session_state["story.shown"] = str(step)
    return step


def show_pager(step: int) -> None:
    """Draw "step 2 of 5" with the two buttons; page up and page down, which
    clickers send, work as well.
    """
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    ):
        st.markdown(f"step {step} of {len(CLAIMS)}", width="content")
        st.button(
            "Back",
            key="story.back",
            disabled=step == 1,
            on_click=_go,
            args=(step - 1,),
            shortcut="PageUp",
        )
        last = step == len(CLAIMS)
        st.button(
            "Next",
            key="story.next",
            type="primary",
            disabled=last,
            on_click=_go,
            args=(step + 1,),
            shortcut="PageDown",
        )


def _go(step: int) -> None:
    st.session_state[STEP] = step
    st.query_params["step"] = st.session_state["story.shown"] = str(step)


def fragile() -> None:
    """Step 2: the standard run, accurate on clean pictures and not on attacked ones."""
    run = recording("standard")
    left, right = columns(8, 4)
    with left:
        sentence = report.story.describe_fragile(run)
        draw(
            report.story.fragile_figure(run, key="story.fragile"),
            "fragile",
            f"Accuracy over steps, and accuracy over epsilon. {sentence}",
        )
        st.caption(sentence)
        source("standard")
    with right:
        notice(
            report.story.describe_task(run),
            "**Clean accuracy** rises within a few epochs: the pretrained model adapts to its new"
            " task.",
            "**Accuracy under attack** stays at the bottom all the time.",
            "On the right the attack grows stronger from left to right. The curve falls at once.",
        )
        show_live_button(TRIO)


def delayed() -> None:
    """Step 3: fixed epsilon against standard."""
    show_replay(
        ("fixed", "standard"),
        (),
        known_run="standard",
        to_guess=("fixed",),
        question="Where will fixed end?",
        points=(
            (
                "*Fixed* is trained on attacked pictures only, at full epsilon from the first step."
                " Everything else is the same as in *standard*."
            ),
            (
                "Under full attack from the first step, the model does not adapt. The paper"
                " calls the loss against standard **suboptimal transfer**, and **transfer"
                " failure** when nothing is learned. Smaller epsilons and easier tasks lose"
                " less."
            ),
            "A run **adapts** when its clean accuracy passes the dotted grey line.",
        ),
        live=TRIO,
    )


def repaired() -> None:
    """Step 4: the race, fixed against scheduled."""
    show_replay(
        ("fixed", "scheduled"),
        ("standard",),
        known_run="fixed",
        to_guess=("scheduled",),
        question="Where will scheduled end?",
        points=(
            (
                "The purple strip is epsilon. *Scheduled* trains without attack for a quarter of"
                " the time, then epsilon rises."
            ),
            (
                "It adapts first, like *standard*. Then it keeps most of its clean accuracy while"
                " the attack grows."
            ),
            "The shaded **gap** is what fixed epsilon loses.",
        ),
        live=RACE,
    )


def summed_up() -> None:
    """Step 5: the area under the curve, and what it hides."""
    runs = [recording(name) for name in TRIO]
    left, right = columns(8, 4)
    with right:
        notice(
            "Each curve shows how many test pictures a model still gets right as the attack"
            " grows stronger.",
            "**Expected robustness** is the area under it: the mean accuracy when every epsilon"
            " up to the target is equally likely.",
            f"**Its limit.** {report.story.describe_limit(runs)}",
        )
        shaded = st.segmented_control(
            "Shade the area of", TRIO, default="scheduled", key="story.shaded", required=True
        )
        indices = range(len(runs[0].report["curve"]))
        epsilons = [point["epsilon"] for point in runs[0].report["curve"]]
        index = st.select_slider(
            "Read the curves at epsilon",
            indices,
            value=FIRST_INDEX,
            key="story.place",
            format_func=lambda position: format_epsilon(epsilons[position]),
        )
        st.page_link(
            "pages/train.py",
            label="Explore schedules on Train",
            icon=":material/model_training:",
            query_params={"preset": "scheduled"},
        )
    with left:
        sentence = report.story.describe_areas(runs, index)
        draw(
            report.story.area_figure(runs, shaded, index, key="story.area"),
            "area",
            f"Robustness curves of three runs. {sentence} {report.story.describe_limit(runs)}",
        )
        images = runs[0].report["curve"][0]["n"]
        st.caption(
            f"{sentence} {images:,} test images each; whiskers are 95 % intervals. Seed"
            f" {runs[0].spec.seed}; docs/results.md has three seeds."
        )
        source(*TRIO)


main()
