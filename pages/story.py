"""Story: suboptimal transfer in five steps, each one claim and one figure of recorded real runs.

Needs no training and no network.
"""

import streamlit as st

from pages.ui.shared.frame import columns, mistakes_shown, open_page, shown
from pages.ui.shared.gate import closed
from pages.ui.shared.pictures import picture, rows_of_three, said_of
from pages.ui.story_page import guessing
from pages.ui.story_page.race import launch_race, recorded_track, show_race
from pages.ui.story_page.recorded import gallery, recording
from rft_core import format_duration, format_epsilon, format_percent, report

CLAIMS = (
    "A tiny change makes an accurate model wrong",
    "Standard fine-tuning is accurate and fragile",
    "Fixed epsilon never catches up",
    "Letting epsilon rise repairs it",
    "Expected robustness averages over all epsilons",
)
TRIO, RACE = ("standard", "fixed", "scheduled"), ("fixed", "scheduled")
STEP = "story.step"
# where the sliders of the first and the last step stand at first, 2/255 in both
FIRST_LEVEL, FIRST_PLACE = 4, 2


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
    """Return the step, 1 to 5: the one in the URL when it is new, else the one last shown."""
    asked = st.query_params.get("step", "")
    if asked and asked != st.session_state.get("story.shown"):
        st.session_state[STEP] = int(asked) if asked in map(str, range(1, len(CLAIMS) + 1)) else 1
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


def attacked_picture() -> None:
    """Step 1: one test picture, clean and attacked, and what the model says."""
    shown, run = gallery(), recording("standard")
    left, right = columns(8, 4)
    with right:
        notice(
            report.story.describe_task(run),
            "The model was trained the ordinary way. It reads the clean picture rightly.",
            "The attack moves every pixel a little, in the direction that misleads the model most.",
            "**Epsilon** is the most a pixel value may move. 1/255 is the smallest step an ordinary"
            " picture file can hold.",
        )
        levels = [float(one) for one in shown.epsilons]
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
            format_func=lambda place: str(place + 1),
        )
        st.caption(
            f"{report.story.describe_falls(shown)} Chosen: the first test pictures, one a class,"
            " that the model reads rightly without an attack."
        )
    place = levels.index(epsilon)
    with left:
        said = report.story.describe_attack(shown, image, place)
        st.html(attacked_row(image, place))
        draw(
            report.story.confidence_figure(shown, image, place, key="story.attack"),
            "attack",
            f"The classes that the model finds likeliest. {said}",
        )
        st.caption(said)
        source(
            "standard",
            more=(
                f"Pictures: {run.spec.data.dataset} test set, PGD with {run.spec.evaluation.steps}"
                " steps."
            ),
        )


@st.cache_data(max_entries=256, show_spinner=False)
def attacked_row(image: int, place: int) -> str:
    """Return the pictures of step 1 as HTML: they are there before the browser has
    loaded what draws figures.
    """
    shown = gallery()
    truth, names, sure = (
        shown.truth[image],
        shown.names[image, :, 0],
        shown.confidences[image, :, 0],
    )
    said = [
        said_of(str(names[one]), format_percent(float(sure[one])), names[one] == truth)
        for one in (0, place)
    ]
    cells = [
        (
            picture(shown.clean[image]),
            f"Clean picture: {truth}",
            f"<b>clean picture</b><br>{said[0]}",
        ),
        (
            picture(report.story.magnified(shown, image, place)),
            "The change to every pixel",
            f"<b>change, {report.story.MAGNIFY} times magnified</b><br>grey = no change",
        ),
        (
            picture(shown.adversarial(image, place)),
            f"Attacked picture, taken for {names[place]}",
            f"<b>attacked, epsilon {format_epsilon(shown.epsilons[place])}</b><br>{said[1]}",
        ),
    ]
    return rows_of_three(cells, "attacked")


def fragile() -> None:
    """Step 2: the standard run, accurate on clean pictures and not on attacked ones."""
    run = recording("standard")
    left, right = columns(8, 4)
    with left:
        said = report.story.describe_fragile(run)
        draw(
            report.story.fragile_figure(run, key="story.fragile"),
            "fragile",
            f"Accuracy over steps, and accuracy over epsilon. {said}",
        )
        st.caption(said)
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
        known="standard",
        asked=("fixed",),
        question="Where will fixed end?",
        points=(
            (
                "*Fixed* is trained on attacked pictures only, at full epsilon from the first step."
                " Everything else is as in *standard*."
            ),
            (
                "Under full attack from the first step the model does not adapt. The paper calls"
                " what is lost against standard **suboptimal transfer**; where nothing is learned,"
                " **transfer failure**. Smaller epsilons and easier tasks lose less."
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
        known="fixed",
        asked=("scheduled",),
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


def show_replay(
    names: tuple[str, str],
    behind: tuple[str, ...],
    *,
    known: str,
    asked: tuple[str, ...],
    question: str,
    points: tuple[str, ...],
    live: tuple[str, ...],
) -> None:
    """Draw a race that replays in the browser: before the result is asked for, it shows the run
    that is known already.
    """
    step = st.session_state[STEP]
    left, right = columns(8, 4)
    with right:
        notice(*points)
        guesses = guessing.ask(asked, key=f"story.{step}")
        revealed = guessing.revealed(f"story.{step}")
        show_live_button(live)
    tracks = [recorded_track(name, guess=guesses.get(name)) for name in names]
    first = (
        tracks
        if revealed
        else [track if track.label == known else track.until(-1) for track in tracks]
    )
    start = max(track.end_second for track in tracks) if revealed else 0.0
    references = [recorded_track(name) for name in behind]
    epsilon = recording(known).spec.threat.epsilon
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
        said = (
            report.story.describe_race(tracks)
            if revealed
            else (
                "Lines: validation images while training. Marks at the right end: the final model"
                " on the test images."
            )
        )
        said = f"{said} {report.story.describe_threshold(tracks)}"
        draw(
            figure,
            f"replay.{step}.{revealed}",
            f"Clean accuracy over steps of {' and '.join(names)}, epsilon below. {said}",
        )
        st.caption(said)
        for line in guessing.verdicts(guesses, tracks) if revealed else ():
            st.markdown(f":material/target: {line}")
        source(*names, *behind)


def summed_up() -> None:
    """Step 5: the area under the curve, and what it hides."""
    runs = [recording(name) for name in TRIO]
    left, right = columns(8, 4)
    with right:
        notice(
            "Each curve says how many test pictures a model still reads rightly as the attack"
            " grows.",
            "**Expected robustness** is the area under it: mean accuracy when every epsilon up to"
            " the target is as likely.",
            f"**Its limit.** {report.story.describe_limit(runs)}",
        )
        shaded = st.segmented_control(
            "Shade the area of", TRIO, default="scheduled", key="story.shaded", required=True
        )
        places = range(len(runs[0].report["curve"]))
        epsilons = [point["epsilon"] for point in runs[0].report["curve"]]
        place = st.select_slider(
            "Read the curves at epsilon",
            places,
            value=FIRST_PLACE,
            key="story.place",
            format_func=lambda one: format_epsilon(epsilons[one]),
        )
        st.page_link(
            "pages/train.py",
            label="Explore schedules on Train",
            icon=":material/model_training:",
            query_params={"preset": "scheduled"},
        )
    with left:
        said = report.story.describe_areas(runs, place)
        draw(
            report.story.area_figure(runs, shaded, place, key="story.area"),
            "area",
            f"Robustness curves of three runs. {said} {report.story.describe_limit(runs)}",
        )
        images = runs[0].report["curve"][0]["n"]
        st.caption(
            f"{said} {images:,} test images each; whiskers: 95 % intervals. Seed"
            f" {runs[0].spec.seed}; docs/measurements.md has three seeds."
        )
        source(*TRIO)


def notice(*points: str) -> None:
    """List what to notice."""
    st.subheader("What to notice", anchor=False)
    st.markdown("\n".join(f"- {point}" for point in points))


def draw(figure: object, name: str, alt: str) -> None:
    """Draw a figure of the story; the tool bar would cover its labels."""
    with st.container(key="lesson"):
        st.plotly_chart(
            shown(figure),
            key=f"story.figure.{name}",
            config=dict(report.CONFIG) | {"displayModeBar": False},
            alt=alt,
        )


def source(*names: str, more: str = "") -> None:
    """Say what was recorded, and how to make it again."""
    label = (
        f"A recorded real run: {', '.join(names)}"
        if len(names) == 1
        else f"Recorded real runs: {', '.join(names)}"
    )
    # filled when it is opened: what colours the command is a large script, which the first
    # figure would wait for
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
    """Offer the same runs live; they queue one behind the other."""
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
        f"{len(names)} runs, one behind the other: {format_duration(seconds)} on the recording's"
        " machine, and loading."
    )


main()
