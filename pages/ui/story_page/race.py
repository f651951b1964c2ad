"""The live race: stored runs drawn as they train, with the recorded result faint behind them."""

from dataclasses import replace

import streamlit as st

from pages.ui.shared.frame import columns, mistakes_shown, show_mistake, shown
from pages.ui.shared.gate import permitted
from pages.ui.shared.run_status import show_status
from pages.ui.shared.session import history, reconciled, store
from pages.ui.story_page import guessing
from pages.ui.story_page.recorded import recording
from rft_core import RunRecord, UserError, find, preset, recordings, report, spec, submit
from rft_core import store as run_store

LIVE_SECONDS = 1.0
MOST_RUNS = len(report.story.STYLES)
TRAINING_POINTS = 200
# the gap is drawn between the first two, the run with the lower accuracy first
ORDER = ("fixed", "scheduled", "standard")


def launch_race(names: tuple[str, ...]) -> None:
    """Queue the presets `names` and go to their race."""
    ids = [permitted(submit)(store(), preset(name)) for name in names]
    st.switch_page("pages/story.py", query_params={"race": ",".join(ids)} | guessing.query())


@st.cache_resource(max_entries=16, show_spinner=False)
def _recorded(name: str) -> report.story.Track:
    run = recording(name)
    return report.story.build_track(name, run.spec, run.events, run.total_steps, run.report)


def recorded_track(name: str, guess: float | None = None) -> report.story.Track:
    """Return the track of a recorded run, with a visitor's guess."""
    return replace(_recorded(name), guess=guess)


def show_race(requested: str) -> None:
    """Draw the race of the runs in the URL, live while one of them is queued or active."""
    records = []
    for run_id in [run_id for run_id in requested.split(",") if run_id][:MOST_RUNS]:
        with mistakes_shown():
            records.append(store().get(run_id))
    if st.button("Back to the story", key="race.back", icon=":material/arrow_back:"):
        del st.query_params["race"]
        st.rerun()
    if not records:
        st.info(
            "These runs are not in this store. Go back to the story and press “Run it live here”.",
            icon=":material/lightbulb:",
        )
        return
    live = any(_is_under_way(record) for record in records)
    st.fragment(run_every=LIVE_SECONDS if live else None, key="race.live")(watch)(
        tuple(dict.fromkeys(record.run_id for record in records))
    )


def watch(run_ids: tuple[str, ...]) -> None:
    """Draw the race as it stands; called again every second while a run is queued or active."""
    reconciled()
    try:
        by_role = cast([store().get(run_id) for run_id in run_ids])
    except UserError as error:
        show_mistake(error)
        return
    if any(record.spec.threat.norm != "linf" for record in by_role.values()):
        st.info(
            "The race only draws runs with the norm linf. Open these in Compare.",
            icon=":material/lightbulb:",
        )
        st.page_link(
            "pages/compare.py",
            label="Compare them",
            icon=":material/compare_arrows:",
            query_params={"runs": ",".join(run_ids)},
        )
        return
    left, right = columns(8, 4)
    guesses = guessing.kept_guesses()
    called = labels(by_role)
    tracks = [
        replace(_live(record, role), label=called[role], guess=guesses.get(called[role]))
        for role, record in by_role.items()
    ]
    with left:
        epsilon = max(record.spec.threat.epsilon for record in by_role.values())
        # the recorded results would give away the answer to a guess
        references = (
            []
            if guesses and not all(track.is_over for track in tracks)
            else recorded_references(by_role, tracks)
        )
        figure = report.story.race_figure(
            tracks, epsilon=epsilon, key=",".join(run_ids), references=references
        )
        race, threshold = (
            report.story.describe_race(tracks),
            report.story.describe_threshold(tracks),
        )
        sentence = f"{race} {threshold}".strip()
        with st.container(key="lesson"):
            st.plotly_chart(
                shown(figure),
                key="race.figure",
                config=dict(report.CONFIG) | {"displayModeBar": False},
                alt=f"Clean accuracy over steps. {sentence}",
            )
        st.caption(sentence)
        for line in guessing.verdicts(guesses, tracks):
            st.markdown(f":material/target: {line}")
    with right:
        show_states(by_role)
        if references:
            st.caption("Faint lines: the recorded runs, with the same settings.")
    live = any(_is_under_way(record) for record in by_role.values())
    if not live and st.session_state.get("race.live"):
        st.session_state["race.live"] = False
        st.rerun()
    st.session_state["race.live"] = live


def show_states(by_role: dict[str, RunRecord]) -> None:
    """List the runs with their status, and links to the next pages."""
    for record in by_role.values():
        st.text(record.name)
        show_status(record, history(record.run_id))
    st.caption("Runs train one after the other and continue when this page is closed.")
    measured = [record.run_id for record in by_role.values() if record.report]
    if len(measured) > 1:
        st.page_link(
            "pages/compare.py",
            label="Compare them",
            icon=":material/compare_arrows:",
            query_params={"runs": ",".join(measured)},
        )
    st.page_link(
        "pages/train.py",
        label="Explore schedules on Train",
        icon=":material/model_training:",
        query_params={"preset": "scheduled"},
    )


def nature(record: RunRecord) -> str:
    """Return what kind of run of the story this is, by its schedule."""
    return (
        "standard"
        if report.comparison.is_standard(record)
        else "fixed"
        if find("schedules", record.spec.schedule.kind).is_constant
        else "scheduled"
    )


def cast(records: list[RunRecord]) -> dict[str, RunRecord]:
    """Return role -> run in the order of the race; the second of two runs with the same schedule
    takes a free role.
    """
    roles = {}
    for record in records:
        wanted = nature(record)
        roles[
            wanted if wanted not in roles else next(role for role in ORDER if role not in roles)
        ] = record
    return {role: roles[role] for role in ORDER if role in roles}


def labels(by_role: dict[str, RunRecord]) -> dict[str, str]:
    """Return role -> label of its run: its kind, numbered where several runs share it."""
    natures = [nature(record) for record in by_role.values()]
    counts = [natures[: index + 1].count(name) for index, name in enumerate(natures)]
    return {
        role: name if count == 1 else f"{name} {count}"
        for role, name, count in zip(by_role, natures, counts)
    }


def recorded_references(
    by_role: dict[str, RunRecord], tracks: list[report.story.Track]
) -> list[report.story.Track]:
    """Return the recorded runs with exactly the settings of the live runs; labelled only until the
    live run has its own result.
    """
    found = []
    for (role, record), track in zip(by_role.items(), tracks):
        if not spec.differences([record.spec, recording(role).spec]):
            found.append(replace(_recorded(role), label="" if track.is_over else "recorded"))
    return found


def _live(record: RunRecord, role: str) -> report.story.Track:
    return _track(
        record.run_id,
        run_store.last_sequence(store().engine, record.run_id),
        role,
        bool(record.report),
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _track(run_id: str, sequence: int, role: str, has_report: bool) -> report.story.Track:
    record = store().get(run_id)
    events = run_store.read_events(
        store().engine, run_id, kinds=("train", "eval", "onset", "status")
    )
    return report.story.build_track(
        role,
        record.spec,
        recordings.thinned(events, TRAINING_POINTS),
        record.total_steps,
        record.report,
    )


def _is_under_way(record: RunRecord) -> bool:
    return record.is_active or record.status == "queued"
