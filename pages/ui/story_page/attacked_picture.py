"""Step 1: one test picture under attack."""

import streamlit as st

from pages.ui.shared.frame import columns
from pages.ui.shared.pictures import picture, prediction_html, rows_of_three
from pages.ui.story_page.parts import draw, notice, source
from pages.ui.story_page.recorded import gallery, recording
from rft_core import format_epsilon, format_percent, report

# the slider of the first step starts at 2/255
FIRST_LEVEL = 4


def attacked_picture() -> None:
    """Step 1: one test picture, clean and attacked, and what the model says."""
    shown, run = gallery(), recording("standard")
    left, right = columns(8, 4)
    with right:
        notice(
            report.story.describe_task(run),
            "The model was trained the ordinary way and gets the clean picture right.",
            "The attack moves every pixel a little, in the direction that misleads the model most.",
            "**Epsilon** is the most a pixel value may move. 1/255 is the smallest step an ordinary"
            " picture file can hold.",
        )
        levels = [float(value) for value in shown.epsilons]
        epsilon = st.select_slider(
            "Strength of the attack, epsilon",
            levels,
            value=levels[FIRST_LEVEL],
            key="story.epsilon",
            format_func=format_epsilon,
        )
        image = st.segmented_control(
            "Picture",
            range(len(shown.truth)),
            default=0,
            key="story.image",
            required=True,
            format_func=lambda index: str(index + 1),
        )
        st.caption(
            f"{report.story.describe_falls(shown)} Shown: for each class, the first test picture"
            " that the model gets right without an attack."
        )
    level = levels.index(epsilon)
    with left:
        sentence = report.story.describe_attack(shown, image, level)
        st.html(attacked_row(image, level))
        draw(
            report.story.confidence_figure(shown, image, level, key="story.attack"),
            "attack",
            f"The classes that the model finds most likely. {sentence}",
        )
        st.caption(sentence)
        source(
            "standard",
            more=(
                f"Pictures: {run.spec.data.dataset} test set, PGD with {run.spec.evaluation.steps}"
                " steps."
            ),
        )


@st.cache_data(max_entries=256, show_spinner=False)
def attacked_row(image: int, level: int) -> str:
    """Return the pictures of step 1 as HTML, which the browser shows before it has loaded the
    plotting script.
    """
    shown = gallery()
    truth, names, sure = (
        shown.truth[image],
        shown.names[image, :, 0],
        shown.confidences[image, :, 0],
    )
    captions = [
        prediction_html(
            str(names[index]), format_percent(float(sure[index])), names[index] == truth
        )
        for index in (0, level)
    ]
    cells = [
        (
            picture(shown.clean[image]),
            f"Clean picture: {truth}",
            f"<b>clean picture</b><br>{captions[0]}",
        ),
        (
            picture(report.story.magnified(shown, image, level)),
            "The change to every pixel",
            f"<b>change, {report.story.MAGNIFY} times magnified</b><br>grey = no change",
        ),
        (
            picture(shown.adversarial(image, level)),
            f"Attacked picture, taken for {names[level]}",
            f"<b>attacked, epsilon {format_epsilon(shown.epsilons[level])}</b><br>{captions[1]}",
        ),
    ]
    return rows_of_three(cells, "attacked")
